"""The model artifact: what `model.tar.gz` contains and what its `model.json` says.

An artifact is data. A server reads these files and never runs code out of an archive.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgcls.contract.image_files import same_name

FORMAT = 1
_VERSION = re.compile(r"[\w.:+-]{0,128}", re.ASCII)
"""A version becomes part of response headers, whose text must be plain."""
MODEL_JSON = "model.json"
MAX_CARD_BYTES = 8 * 1024**2
"""Ten thousand classes with names of a hundred characters take one."""
GRAPH = "model.onnx"
GRAPH_INT8 = "model.int8.onnx"
WEIGHTS = "weights.safetensors"
CODE = "code"
ARCHIVE = "model.tar.gz"

GRAPHS = {"fp32": GRAPH, "bf16": GRAPH, "int8": GRAPH_INT8}
"""The graph that each precision serves."""
RESPONSE_FORMATS = ("full", "array", "named")
PRECISIONS = ("fp32", "bf16", "int8")
ARCHITECTURES = ("simple_cnn", "resnet18", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ArtifactError(ValueError):
    """The artifact is not one that this version can read; the message says why and what to do."""


@dataclass(frozen=True)
class Preprocessing:
    """From encoded bytes to the network's input: the same for the evaluation during training and for serving.

    The short side is resized to `resize` pixels, the centre `crop` x `crop` is kept; the result is uint8 NHWC.
    `mean` and `std` are of RGB in 0..1, applied by the training engine and folded into the exported graph.
    """

    resize: int = 256
    crop: int = 224
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Preprocessing:
        """Raises ArtifactError on an unknown or unusable field."""
        if not isinstance(value, Mapping):
            raise ArtifactError("preprocessing is not a JSON object")
        unknown = set(value) - {f.name for f in fields(cls)}
        if unknown:
            raise ArtifactError(f"preprocessing has unknown fields {sorted(unknown)}")
        for name, item in value.items():
            if name in ("resize", "crop") and type(item) is not int:
                raise ArtifactError(f"preprocessing has {name} {item!r}; it must be a whole number of pixels")
            if name in ("mean", "std") and not (
                isinstance(item, list | tuple) and all(type(number) in (int, float) for number in item)
            ):
                raise ArtifactError(f"preprocessing has {name} {item!r}; it must be a list of three numbers")
        spec = cls(**{**value, **{k: tuple(value[k]) for k in ("mean", "std") if k in value}})
        if not 8 <= spec.crop <= spec.resize <= 2048:
            raise ArtifactError(
                f"preprocessing needs 8 <= crop <= resize <= 2048, not crop {spec.crop}, resize {spec.resize}"
            )
        if len(spec.mean) != 3 or len(spec.std) != 3 or min(spec.std) <= 0:
            raise ArtifactError("preprocessing needs three values of mean and three positive values of std")
        return spec

    def to_dict(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return value


@dataclass(frozen=True)
class ModelCard:
    """`model.json`. `labels` is in class-index order; `files` maps a file name to its SHA-256."""

    name: str
    architecture: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    response_format: str = "full"
    temperature: float = 1.0
    precision: str = "fp32"
    validation: Mapping[str, float] = field(default_factory=dict)
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    manifest_id: str = ""
    training_job: str = ""
    started: str = ""
    version: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ModelCard:
        """Raises ArtifactError with the field's name when the card cannot be used."""
        if not isinstance(value, Mapping):
            raise ArtifactError(f"{MODEL_JSON} is not a JSON object")
        if value.get("format") != FORMAT:
            raise ArtifactError(f"{MODEL_JSON} has format {value.get('format')!r}; this version reads format {FORMAT}")
        unknown = set(value) - {f.name for f in fields(cls)}
        if unknown:
            raise ArtifactError(f"{MODEL_JSON} has unknown fields {sorted(unknown)}")
        missing = {"name", "architecture", "labels", "preprocessing", "files"} - set(value)
        if missing:
            raise ArtifactError(f"{MODEL_JSON} lacks {sorted(missing)}")
        _check_types(value)
        labels = value["labels"]
        if not isinstance(labels, list) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
            raise ArtifactError(f"{MODEL_JSON}: labels must be a list of at least two strings")
        if len(set(labels)) != len(labels):
            raise ArtifactError(f"{MODEL_JSON}: two classes have the same label")
        for name, allowed in (("response_format", RESPONSE_FORMATS), ("precision", PRECISIONS)):
            if value.get(name, allowed[0]) not in allowed:
                raise ArtifactError(f"{MODEL_JSON}: {name} is {value[name]!r}; it must be one of {', '.join(allowed)}")
        temperature = value.get("temperature", 1.0)
        if not isinstance(temperature, int | float) or not 0 < temperature < 100:
            raise ArtifactError(f"{MODEL_JSON}: temperature must be between 0 and 100, not {temperature!r}")
        preprocessing = Preprocessing.from_dict(value["preprocessing"])
        return cls(**{**value, "labels": tuple(labels), "preprocessing": preprocessing})

    def to_dict(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(json.dumps({**asdict(self), "preprocessing": self.preprocessing.to_dict()}))
        return value


def _check_types(value: Mapping[str, Any]) -> None:
    for name in ("name", "architecture", "manifest_id", "training_job", "started", "version"):
        if not isinstance(value.get(name, ""), str):
            raise ArtifactError(f"{MODEL_JSON}: {name} must be a string, not {value[name]!r}")
    if not _VERSION.fullmatch(value.get("version", "")):
        raise ArtifactError(f"{MODEL_JSON}: version must be up to 128 letters, digits and any of . _ : + -")
    for name in ("files", "validation", "hyperparameters"):
        if not isinstance(value.get(name, {}), Mapping):
            raise ArtifactError(f"{MODEL_JSON}: {name} must be an object, not {value[name]!r}")


def read_card(folder: Path) -> ModelCard:
    """The card of an unpacked artifact. Raises ArtifactError."""
    try:
        if (size := (folder / MODEL_JSON).stat().st_size) > MAX_CARD_BYTES:
            raise ArtifactError(f"{MODEL_JSON} has {size} bytes; at most {MAX_CARD_BYTES} are read")
        return ModelCard.from_dict(json.loads((folder / MODEL_JSON).read_text()))
    except FileNotFoundError:
        raise ArtifactError(
            f"{folder} does not contain {MODEL_JSON}: it is not a model artifact of this project"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise ArtifactError(f"{MODEL_JSON} is not JSON") from None


def write_card(folder: Path, card: ModelCard) -> None:
    (folder / MODEL_JSON).write_text(json.dumps(card.to_dict(), indent=2, sort_keys=True) + "\n")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version(started: datetime, files: Mapping[str, str]) -> str:
    """`20261120T132415Z-1a2b3c4d`: the training's start in UTC, and 8 hex digits over the files' hashes."""
    digest = hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:8]}"


def label_of(folder: str, renames: Mapping[str, str] | None = None) -> str:
    """The label of a class folder: its name without a number prefix, or what the data set renames it to.

    `001.Affenpinscher` -> `Affenpinscher`, but `3.5mm jack` is a label as it is. `renames` may name the folder or the
    stripped label. Characters are composed (NFC), in which form macOS may not have written them.
    """
    folder = same_name(folder)
    head, _, tail = folder.partition(".")
    label = tail if head.isdigit() and tail and not tail[0].isdigit() else folder
    renames = renames or {}
    return renames.get(folder, renames.get(label, label))
