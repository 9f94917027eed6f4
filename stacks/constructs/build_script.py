"""What CodeBuild runs to build the images, and the tag that says what went into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

BUILD = """\
set -e
if [ "$TAG" != "$ASKED_TAG" ]; then
  echo "the sources of $ASKED_TAG are not those of this project, which has $TAG: deploy again" >&2
  exit 1
fi
for target in jobs serving; do
  case $target in jobs) uri=$JOBS_REPOSITORY;; serving) uri=$SERVING_REPOSITORY;; esac
  there=$(aws ecr batch-get-image --repository-name "${uri#*/}" --image-ids imageTag="$TAG" \\
    --query 'length(images)' --output text)
  if [ "$there" = 0 ]; then
    docker build --provenance=false --output type=docker --target "$target" --tag "$uri:$TAG" \\
      --build-arg TRAINING_IMAGE="$TRAINING_IMAGE" --build-arg PYTHON_IMAGE="$PYTHON_IMAGE" .
    docker push "$uri:$TAG"
  fi
done
"""
"""ASKED_TAG comes from the custom resource: an update that is rolled back may reach it before the project.

SageMaker takes Docker's own manifests only: `--provenance=false` and `--output type=docker` keep Docker from
writing an OCI index or manifest.
"""

ANSWER = """\
status=SUCCESS reason=
if [ "$CODEBUILD_BUILD_SUCCEEDING" != 1 ]; then
  status=FAILED reason="the image build failed: see $CODEBUILD_BUILD_URL"
fi
ids=$(printf '"StackId":"%s","RequestId":"%s","LogicalResourceId":"%s","PhysicalResourceId":"%s"' \\
  "$STACK_ID" "$REQUEST_ID" "$LOGICAL_ID" "$PHYSICAL_ID")
printf '{"Status":"%s","Reason":"%s",%s}' "$status" "$reason" "$ids" > answer.json
curl --fail --silent --show-error --request PUT --header 'Content-Type:' --data-binary @answer.json "$RESPONSE_URL"
"""


def build_spec(base_image: str) -> dict[str, Any]:
    """The phases. `base_image`: the stock training image, whose registry wants a login."""
    login = "aws ecr get-login-password | docker login --username AWS --password-stdin"
    return {
        "version": "0.2",
        "phases": {
            # All that can fail is in the build phase: only after this phase does post_build run although it failed.
            "build": {"commands": [f'{login} "$REGISTRY"', f"{login} {base_image.split('/')[0]}", BUILD]},
            "post_build": {"commands": [ANSWER]},
        },
    }


def image_tag(source_hash: str, bases: Mapping[str, str], rebuild: str) -> str:
    """A hash of all that goes into an image: context, base images, build script, and the wish to rebuild."""
    inputs = json.dumps([source_hash, dict(bases), BUILD, rebuild], sort_keys=True)
    return hashlib.sha256(inputs.encode()).hexdigest()[:40]
