"""The event file is one that TensorBoard itself reads."""

import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from imgcls.profiling import tensorboard
from imgcls.profiling.tensorboard import EventFile


def test_tensorboard_reads_what_is_written(tmp_path):
    (tmp_path / "events.out.tfevents.1.kennel").write_bytes(b"of the run before")
    file = EventFile(tmp_path)
    for step, loss in ((1, 0.5), (300, float("nan")), (70_000, 1e-9)):
        file.scalars({"train:loss": loss, "validation:accuracy": 0.25}, step, when=1_700_000_000.5 + step)
    (path,) = tmp_path.iterdir()
    version, *events = LegacyEventFileLoader(str(path)).Load()
    assert version.file_version == "brain.Event:2"
    assert [(event.step, event.wall_time) for event in events] == [
        (1, 1_700_000_001.5), (300, 1_700_000_300.5), (70_000, 1_700_070_000.5),
    ]  # fmt: skip
    read = [{value.tag: value.simple_value for value in event.summary.value} for event in events]
    assert [item["train/loss"] for item in read] == pytest.approx([0.5, float("nan"), 1e-9], nan_ok=True)
    assert {item["validation/accuracy"] for item in read} == {0.25}


def test_a_records_checksum_is_the_published_one():
    """RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8A9136AA."""
    masked = int.from_bytes(tensorboard._checksum(bytes(32)), "little") - 0xA282EAD8 & 0xFFFFFFFF
    assert (masked >> 17 | masked << 15) & 0xFFFFFFFF == 0x8A9136AA
