"""The usual handler, for multi-model-server and TorchServe alike: Pillow, torchvision's transforms, eager fp32."""

import io
import json
import os

import torch
from PIL import Image

from imgcls.runtime.torchvision_operators import import_torchvision

torch.set_num_threads(1)
_state: dict[str, torch.nn.Module] = {}


def handle(data, context):  # type: ignore[no-untyped-def]
    """Called with no data once, when a worker starts."""
    if not _state:
        _load(context.system_properties["model_dir"])
    if not data:
        return None
    return [_answer(item.get("body") or item.get("data")) for item in data]


def _load(folder: str) -> None:
    torchvision = import_torchvision()
    from torchvision.transforms import v2

    weights = torch.load(os.path.join(folder, "weights.pt"), weights_only=True)
    network = torchvision.models.resnet18(num_classes=weights["fc.bias"].shape[0])
    network.load_state_dict(weights)
    _state["network"] = network.eval()
    _state["transform"] = v2.Compose(
        [
            v2.Resize(256),
            v2.CenterCrop(224),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )


def _answer(body: bytes) -> str:
    image = Image.open(io.BytesIO(body)).convert("RGB")
    with torch.inference_mode():
        logits = _state["network"](_state["transform"](image).unsqueeze(0))
        return json.dumps(logits.softmax(1)[0].tolist())
