"""The settings of the serving process, as the container's environment carries them, and the response headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

MODEL_VERSION_HEADER = "X-Model-Version"
"""For those who ask the container directly; the caller of an endpoint finds it in CustomAttributes."""
CUSTOM_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
TARGET_MODEL_HEADER = "X-Amzn-SageMaker-Target-Model"

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
SNIFFED_TYPES = ("application/x-image", "application/octet-stream")
BATCH_TYPE = "application/json"

METRIC_NAMESPACE = "Kennel/Serving"
"""Namespace of what the server writes to its log in CloudWatch's embedded metric format; times in milliseconds."""
MODEL_METRICS = ("Invocations", "Errors", "Latency")
"""With dimensions EndpointName and ModelName. `Errors` counts answers of 5xx."""
ENDPOINT_METRICS = ("QueueTime", "DecodeTime", "InferTime", "ModelLoads", "ModelLoadTime", "ModelUnloads")
"""With dimension EndpointName."""
REFUSALS_METRIC = "Refusals"
"""With dimensions EndpointName and Code: answers of 4xx and 5xx by their error code."""
OTHER_MODELS = "_other"


@dataclass(frozen=True)
class ServerSettings:
    """One field per environment variable `KENNEL_<FIELD>`. Bytes and seconds; `threads` 0 is one per core."""

    endpoint_name: str = ""
    max_body_bytes: int = 6 * 1024 * 1024
    max_image_pixels: int = 65_000_000
    max_batch: int = 64
    max_archive_bytes: int = 4 * 1024**3
    max_memory_bytes: int = 0
    """Models are refused with 507 beyond this; 0 = 80 % of the memory the process may use."""
    max_blob_bytes: int = 1024**3
    """Disk space for the compiled graphs of unloaded models, so that they load faster the next time; 0 keeps none."""
    threads: int = 0
    max_queue: int = 256
    max_queue_bytes: int = 256 * 1024 * 1024
    """For bodies that are being read or wait for a thread. Above it, or above `max_queue` images, the answer is 503."""
    body_seconds: int = 20
    """The answer to a request whose body takes longer is 408."""
    drain_seconds: int = 25
    default_attributes: str = ""
    """CustomAttributes of a request that has none. A batch transform job can send no headers of its own."""
    metrics_seconds: int = 60
    max_metric_models: int = 20
    """Models with metrics of their own; the others share `OTHER_MODELS`. Each custom metric costs money."""

    def to_environment(self) -> dict[str, str]:
        return {f"KENNEL_{f.name.upper()}": str(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServerSettings:
        """Raises ValueError naming a variable that is not a whole number."""
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
