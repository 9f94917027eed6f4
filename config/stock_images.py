"""AWS's PyTorch training images: which versions there are, and whose registry holds them in each region.

`stock_images.json` is the table of `sagemaker.core.image_uris` (framework `pytorch-amzn2023`); a test compares it and
writes it anew. It is kept here because synth must work without the SDK (half a gigabyte), and because a new version
or account then shows in a review.
"""

from __future__ import annotations

import json
from pathlib import Path

from config import regions
from config.base import ConfigError

TABLE = Path(__file__).with_name("stock_images.json")
REPOSITORY = "pytorch"
_table = json.loads(TABLE.read_text())
ACCOUNTS: dict[str, str] = _table["accounts"]
VERSIONS: tuple[str, ...] = tuple(_table["versions"])


def versions_in(region: str) -> tuple[str, ...]:
    """The PyTorch versions that have an image in `region`; none for a region without a registry."""
    if region not in ACCOUNTS:
        return ()
    return tuple(version for version in VERSIONS if region not in _table["versions"][version]["not_in"])


def check(region: str, version: str) -> None:
    """Raises ConfigError with the list of what there is."""
    if region not in ACCOUNTS:
        raise ConfigError(
            f"region is {region}, where AWS has no PyTorch training images: choose from {', '.join(ACCOUNTS)}"
        )
    known = versions_in(region)
    if version not in known:
        raise ConfigError(
            f"images.pytorch_version is {version}, of which AWS has no training image in {region}: "
            f"choose from {', '.join(known)}"
        )


def image(region: str, version: str, *, gpu: bool) -> str:
    """`ACCOUNT.dkr.ecr.REGION.DOMAIN/pytorch:TAG`, with CUDA if `gpu`. Raises ConfigError as `check` does."""
    check(region, version)
    tag = _table["versions"][version]["gpu" if gpu else "cpu"]
    return f"{regions.registry(ACCOUNTS[region], region)}/{REPOSITORY}:{version}-{tag}"
