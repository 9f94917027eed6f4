"""What our images are built on, and by which digest: `images.lock.json`, which `kennel images refresh` writes.

A tag of a base image moves; a digest does not. An image that was never asked about keeps its tag: a digest is never
made up. The file belongs to the clone, like its other pinned versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from config import instances, stock_images
from config.app import AppConfig
from config.base import ConfigError

LOCK = Path(__file__).with_name("images.lock.json")
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.12-slim-bookworm"
"""The same image as on Docker Hub, without limits on anonymous pulls."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read_lock(path: Path = LOCK) -> dict[str, str]:
    """Image with tag -> digest. Raises ConfigError for a file that `kennel images refresh` did not write."""
    try:
        digests = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name} cannot be read ({error}): run `kennel images refresh`") from None
    if not isinstance(digests, dict) or not all(DIGEST.fullmatch(str(digest)) for digest in digests.values()):
        raise ConfigError(f"{path.name} must map images to digests (sha256:...): run `kennel images refresh`")
    return digests


def write_lock(digests: Mapping[str, str], path: Path = LOCK) -> None:
    """Replace the file; sorted, so that a difference shows one line per image."""
    path.write_text(json.dumps(dict(sorted(digests.items())), indent=1) + "\n")


def pinned(image: str, digests: Mapping[str, str]) -> str:
    """`repository@digest` for an image with a known digest, else `image` as it is."""
    return f"{image.rpartition(':')[0]}@{digests[image]}" if image in digests else image


def training_image(config: AppConfig) -> str:
    """What training jobs run: AWS's image, with CUDA if their instance type has a GPU. With its tag."""
    gpu = instances.has_gpu(config.training.instance_type)
    return stock_images.image(config.region, config.images.pytorch_version, gpu=gpu)


def jobs_base(config: AppConfig) -> str:
    """What the jobs image is built on: AWS's CPU image. With its tag."""
    return stock_images.image(config.region, config.images.pytorch_version, gpu=False)


def needed(config: AppConfig) -> tuple[str, ...]:
    """The images of others that this environment runs or builds on, with their tags."""
    training = () if config.images.training_uri else (training_image(config),)
    built = () if config.images.source == "uri" else (jobs_base(config), PYTHON_IMAGE)
    return tuple(dict.fromkeys((*training, *built)))
