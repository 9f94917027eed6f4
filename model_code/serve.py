"""The serving process: many models behind SageMaker's container contract. All settings come from the environment.

With `SAGEMAKER_MULTI_MODEL=true` it waits for POST /models; without, it serves the model in SM_MODEL_DIR
(/opt/ml/model).
`SAGEMAKER_BIND_TO_PORT` is the port (8080), `KENNEL_HOST` the address (127.0.0.1; the image sets 0.0.0.0). The rest is
`imgcls.contract.serving.ServerSettings`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import inference
from imgcls.serving.server import run

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(run(inference, os.environ))
