"""Ask several models of one endpoint about one picture, and print the answers side by side.

    python examples/ask_many_models.py ENDPOINT BUCKET PICTURE MODEL [MODEL ...]

Needs nothing but the client: `pip install` of this repository, and AWS credentials (or `eval "$(kennel local env)"`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel import ImageClassifier, Prediction


def ask(
    endpoint: str, bucket: str, picture: Path, models: Sequence[str], *, runtime: Any = None, s3: Any = None
) -> dict[str, Prediction]:
    """Model -> what its current version answers. `bucket` is the artifacts bucket, where the aliases are."""
    classifiers = {
        model: ImageClassifier(endpoint, model=model, bucket=bucket, runtime=runtime, s3=s3) for model in models
    }
    return {model: classifier.predict(picture) for model, classifier in classifiers.items()}


if __name__ == "__main__":
    endpoint, bucket, picture, *models = sys.argv[1:]
    for model, prediction in ask(endpoint, bucket, Path(picture), models).items():
        print(f"{model:<32} {prediction.label:<24} {prediction.probability:.3f}  version {prediction.version}")
