"""The settings of the serving process, as the container's environment carries them, and the response headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

MODEL_VERSION_HEADER = "X-Model-Version"
CUSTOM_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
TARGET_MODEL_HEADER = "X-Amzn-SageMaker-Target-Model"

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
SNIFFED_TYPES = ("application/x-image", "application/octet-stream")
BATCH_TYPE = "application/json"


@dataclass(frozen=True)
class ServerSettings:
    """One field per environment variable `KENNEL_<FIELD>`. Sizes in bytes, times in seconds; 0 threads = one a core."""

    endpoint_name: str = ""
    max_body_bytes: int = 6 * 1024 * 1024
    max_image_pixels: int = 25_000_000
    max_batch: int = 64
    max_archive_bytes: int = 4 * 1024**3
    max_memory_bytes: int = 0
    """Models are refused with 507 beyond this; 0 = 80 % of the memory the process may use."""
    threads: int = 0
    max_queue: int = 256
    drain_seconds: int = 25
    max_metric_models: int = 20

    def to_environment(self) -> dict[str, str]:
        return {f"KENNEL_{f.name.upper()}": str(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServerSettings:
        """Raises ValueError naming the variable that holds no number."""
        values: dict[str, int | str] = {}
        for f in fields(cls):
            text = environment.get(f"KENNEL_{f.name.upper()}")
            if text is None:
                continue
            if isinstance(f.default, int):
                if not text.isdigit():
                    raise ValueError(f"KENNEL_{f.name.upper()} is {text!r}; it must be a whole number")
                values[f.name] = int(text)
            else:
                values[f.name] = text
        return cls(**values)  # type: ignore[arg-type]
