"""Write torchvision's ImageNet weights, downloaded or from a file, in the form that the weights channel needs."""

from __future__ import annotations

import re
import tempfile
import urllib.error
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from imgcls.contract.artifact import ARCHITECTURES, sha256
from imgcls.networks import architectures, weights_file
from imgcls.networks.architectures import NetworkError
from imgcls.runtime.torchvision_operators import import_torchvision

_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")
"""torchvision names a file after the first digits of its SHA-256: `resnet18-f37072fd.pth`."""


def stage(architecture: str, source: Path | None, folder: Path) -> Path:
    """Write `<architecture>.safetensors` into `folder`, from torchvision's own file or `source`. Returns its path.

    Checks the file's hash, and that the weights fit the network except its last layer. Raises NetworkError.
    """
    if architecture not in ARCHITECTURES or architecture == "simple_cnn":
        known = ", ".join(name for name in ARCHITECTURES if name != "simple_cnn")
        raise NetworkError(f"there are no pretrained weights of {architecture}; choose from {known}")
    weights = download(architecture) if source is None else _read(source)
    path = folder / f"{architecture}.safetensors"
    weights_file.save(weights, path)
    architectures.load_pretrained(architectures.build(architecture, 2), architecture, folder)
    return path


def download(architecture: str) -> Mapping[str, Tensor]:
    """Torchvision's weights, by its own loader, which checks the hash. Raises NetworkError without a connection."""
    # V1: the features of the newer training recipe transfer worse to a head that is trained alone.
    url = import_torchvision().models.get_model_weights(architecture)["IMAGENET1K_V1"].url
    try:
        with tempfile.TemporaryDirectory() as folder:
            return torch.hub.load_state_dict_from_url(
                url, folder, map_location="cpu", progress=False, check_hash=True, weights_only=True
            )
    except (urllib.error.URLError, OSError) as error:
        raise NetworkError(
            f"{url} cannot be downloaded ({getattr(error, 'reason', error)}): download it on another machine and pass "
            f"it with --from {url.rpartition('/')[2]}"
        ) from error
    except RuntimeError as error:
        raise NetworkError(f"the download of {url} is damaged ({error}): run the command again") from error


def _read(source: Path) -> Mapping[str, Tensor]:
    if not source.is_file():
        raise NetworkError(f"there is no file {source}")
    named, digest = _HASH_IN_NAME.search(source.name), sha256(source)
    if named and not digest.startswith(named[1]):
        raise NetworkError(
            f"{source.name} has the SHA-256 {digest[:16]}..., its name says {named[1]}: download it again"
        )
    return architectures.read_weights(source)
