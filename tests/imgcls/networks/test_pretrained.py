"""Weights for the channel: the hash in the name is checked, the weights fit, and a failed download says what to do."""

import shutil
import urllib.error

import pytest
import torch

from imgcls.contract.artifact import sha256
from imgcls.networks import architectures, pretrained, weights_file
from imgcls.networks.architectures import NetworkError


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """A file as torchvision publishes them: a thousand classes, the first digits of its SHA-256 in its name."""
    folder = tmp_path_factory.mktemp("torchvision")
    torch.manual_seed(1)
    path = folder / "weights.pth"
    torch.save(architectures.build("resnet18", 1000).state_dict(), path)
    return path.rename(folder / f"resnet18-{sha256(path)[:8]}.pth")


def test_a_file_is_staged_as_the_channel_needs_it(official, tmp_path):
    path = pretrained.stage("resnet18", official, tmp_path)
    source, staged = torch.load(official, weights_only=True), weights_file.load(path)
    assert path.name == "resnet18.safetensors"
    assert set(staged) == set(source) and all(torch.equal(staged[name], source[name]) for name in source)


def test_a_file_whose_hash_differs_from_its_name_is_refused(official, tmp_path):
    wrong = shutil.copy(official, tmp_path / "resnet18-f37072fd.pth")
    with pytest.raises(NetworkError, match=r"its name says f37072fd: download it again"):
        pretrained.stage("resnet18", wrong, tmp_path)


def test_the_weights_of_another_network_are_refused(official, tmp_path):
    with pytest.raises(NetworkError, match="not those of resnet50"):
        pretrained.stage("resnet50", official, tmp_path)


@pytest.mark.parametrize("architecture", ["simple_cnn", "vgg16"])
def test_a_network_without_pretrained_weights_is_refused(architecture, tmp_path):
    with pytest.raises(NetworkError, match=f"no pretrained weights of {architecture}; choose from resnet18, resnet50"):
        pretrained.stage(architecture, None, tmp_path)


def test_a_download_is_torchvisions_own_with_its_hash(official, tmp_path, monkeypatch):
    asked = {}

    def download(url, to, hash_prefix, progress):
        asked.update(url=url, hash=hash_prefix)
        shutil.copy(official, to)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    pretrained.stage("resnet18", None, tmp_path)
    assert asked == {"url": "https://download.pytorch.org/models/resnet18-f37072fd.pth", "hash": "f37072fd"}


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (urllib.error.URLError("no route"), r"no route\): download it on another .* --from resnet18-"),
        (TimeoutError("timed out"), r"timed out\): download it on another machine"),
        (RuntimeError('invalid hash value (expected "f3", got "00")'), "the download of .* is damaged"),
    ],
)  # fmt: skip
def test_a_download_that_fails_says_what_to_do(error, sentence, tmp_path, monkeypatch):
    def download(*_, **__):
        raise error

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    with pytest.raises(NetworkError, match=sentence):
        pretrained.stage("resnet18", None, tmp_path)
