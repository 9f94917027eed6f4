"""The policy of a project's environments, from their templates, and the commands that put it to use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.assembly import Assembly
from config.app import AppConfig
from kennel.bootstrap.command import command
from kennel.bootstrap.needs import Statement, bootstrap_parameter, needs
from kennel.bootstrap.policy import MAX_INLINE_BYTES, Template, template
from kennel.errors import KennelError
from kennel.workspace import clone


@dataclass(frozen=True)
class Made:
    """`name` is the stack's, and the beginning of the policies' names."""

    name: str
    template: Template
    places: str
    parameter: str

    def commands(self, file: Path) -> tuple[str, str]:
        """What deploys the template in `file`, and what bootstraps with its policies.

        BUCKET is any bucket of the account: the AWS CLI refuses to send a large template without one.
        """
        bucket = " --s3-bucket BUCKET" if file.stat().st_size > MAX_INLINE_BYTES else ""
        deploy = f"aws cloudformation deploy --capabilities CAPABILITY_NAMED_IAM{bucket}"
        outputs = "aws cloudformation describe-stacks --query 'Stacks[0].Outputs[0].OutputValue' --output text"
        return (
            f"{deploy} --stack-name {self.name} --template-file {file}",
            command(self.places, self.parameter, f'"$({outputs} --stack-name {self.name})"'),
        )


def make(file: Path, configs: Sequence[AppConfig]) -> Made:
    """One policy for the environments. Raises KennelError for those of several accounts, or that have no templates."""
    accounts = sorted({config.account for config in configs if config.account})
    if len(accounts) > 1:
        raise KennelError(
            f"{', '.join(config.environment for config in configs)} are in the accounts {', '.join(accounts)}: make a "
            "policy for each account"
        )
    assemblies = [_assembly(file, config) for config in configs]
    statements: dict[Statement, None] = {}
    for config, assembly in zip(configs, assemblies, strict=True):
        statements |= dict.fromkeys(needs(config, assembly))
    project = configs[0].stack_prefix.rpartition("-")[0]
    name = "-".join([project, *(config.environment.capitalize() for config in configs), "Execution"])
    account = accounts[0] if accounts else "ACCOUNT"
    places = " ".join(dict.fromkeys(f"aws://{account}/{config.region}" for config in configs))
    return Made(name, template(name, statements), places, bootstrap_parameter(assemblies[0]))


def _assembly(file: Path, config: AppConfig) -> Assembly:
    with tempfile.TemporaryDirectory() as folder:
        code = clone.cdk(
            ["synth", "--quiet"],
            project=file,
            environment_name=config.environment,
            variables=os.environ,
            output=Path(folder),
            quiet=True,
        )
        if code:
            raise KennelError(f"{config.environment} cannot be synthesized: see above")
        return Assembly.load(Path(folder))
