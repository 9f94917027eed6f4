"""The project file and its templates: what can be known before anybody logs in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from checks.assembly import Assembly
from config import regions, stock_images
from config.app import AppConfig
from kennel.cloud import assembly
from kennel.errors import KennelError
from kennel.preflight.finding import Finding, ok, warning


class Templates:
    """One environment's templates, synthesized once, when the first check asks for them."""

    def __init__(self, config: AppConfig) -> None:
        self.config = config

    @property
    def folder(self) -> Path:
        """Of the assembly. Raises KennelError, each time, where it cannot be synthesized."""
        if isinstance(self._made, KennelError):
            raise self._made
        return self._made

    @cached_property
    def _made(self) -> Path | KennelError:
        try:
            return assembly.write(self.config, _nobody())
        except KennelError as failure:
            return failure


def _nobody() -> dict[str, str]:
    """The process environment without credentials, so that the CDK CLI does not ask whose they are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    hidden = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    return {**kept, **hidden, "AWS_EC2_METADATA_DISABLED": "true"}


def settings(templates: Templates) -> Iterator[Finding]:
    """The project file was read, with every check of its values."""
    config = templates.config
    yield ok(f"environment {config.environment} is right: preset {config.preset}, {config.region}")
    if config.account is None:
        yield warning(
            f"environments.{config.environment} does not say its account: add `account` with its twelve digits in "
            "quotes, with which the credentials are compared before anything is deployed"
        )


def stock_image(templates: Templates) -> Iterator[Finding]:
    """AWS's own table; whether the registry has the image the check `stock-image` asks."""
    images, region = templates.config.images, templates.config.region
    if images.source == "uri" and images.training_uri:
        yield ok("images.training_uri takes the place of AWS's training image")
        return
    account = stock_images.ACCOUNTS[region]  # a region or version without one is refused with the project file
    yield ok(f"AWS's table has a training image of PyTorch {images.pytorch_version} in {region}, of account {account}")


def synthesis(templates: Templates) -> Iterator[Finding]:
    """The templates, and whether the lists that come with Kennel have their resource types in the region."""
    config, made = templates.config, Assembly.load(templates.folder)
    kinds = sorted({item.kind for item in made.resources if not item.kind.startswith("Custom::")})
    for kind in kinds:
        if not regions.has(kind, config.region):
            yield warning(
                f"CloudFormation's list for {config.region} lacked {kind} when Kennel was released: the check `region` "
                "asks for the current one"
            )
    yield ok(f"the templates are synthesized, with {len(made.resources)} resources of {len(kinds)} types")
