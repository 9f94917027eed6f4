"""Weights files compared with the safetensors package, and files that are refused."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from imgcls.contract.artifact import ArtifactError
from imgcls.networks import weights_file

TENSORS = {
    "head.weight": torch.randn(5, 7),
    "steps": torch.tensor(12),
    "half": torch.randn(3, dtype=torch.bfloat16),
    "mask": torch.tensor([True, False, True]),
    "empty": torch.empty(0, 4),
    "transposed": torch.randn(4, 6).T,
    "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
}


def same(left, right):
    assert set(left) == set(right)
    for name, tensor in left.items():
        assert tensor.dtype == right[name].dtype
        assert torch.equal(tensor, right[name]), name


def test_the_package_reads_what_is_written(tmp_path):
    weights_file.save(TENSORS, tmp_path / "w")
    same(load_file(tmp_path / "w"), TENSORS)


def test_what_the_package_writes_is_read(tmp_path):
    save_file(
        {name: tensor.contiguous() for name, tensor in TENSORS.items()}, tmp_path / "w", metadata={"format": "pt"}
    )
    same(weights_file.load(tmp_path / "w"), TENSORS)


def test_equal_tensors_give_equal_bytes(tmp_path):
    weights_file.save(TENSORS, tmp_path / "a")
    weights_file.save(dict(reversed(TENSORS.items())), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("cut", [0, 4, 9, 200, -1])
def test_a_truncated_file_is_refused(tmp_path, cut):
    weights_file.save(TENSORS, tmp_path / "w")
    (tmp_path / "w").write_bytes((tmp_path / "w").read_bytes()[:cut])
    with pytest.raises(ArtifactError, match="w is"):
        weights_file.load(tmp_path / "w")


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,400]}}',
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}',
        b'{"a":{"dtype":"OBJ","shape":[2],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
        b'{"a":7}',
        b"[]",
        b"\x80\x04.",
    ],
)
def test_a_header_that_contradicts_the_file_is_refused(tmp_path, header):
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ArtifactError):
        weights_file.load(tmp_path / "w")
