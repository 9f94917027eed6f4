"""Where everything is in the two buckets. Every key of the project is built here."""

from __future__ import annotations

import re

MODELS = "models/"
"""Prefix of the multi-model endpoint: a `TargetModel` is a key below it."""
MODELS_SEED = MODELS + ".about"
"""An object that is not a model, for no name begins with a dot: SageMaker refuses an endpoint with an empty prefix."""
DATASETS = "datasets/"
PREPARED = "prepared/"
RUNS = "runs/"
ALIASES = "aliases/"
STAGED = "staged/"
"""Prefix of the documents of versions that wait for the endpoint, one per model."""
WEIGHTS = "weights/"
BATCH = "batch/"
"""Prefix in the data bucket of what batch transform jobs read and write."""
TRIAL_CHECKPOINTS = "/opt/ml/checkpoints/trials"
"""Where a trial keeps its checkpoints, in a folder with its job's name: all trials of a search share one prefix."""
NO_CHAMPION = "aliases/_none/"
"""A prefix with one small object: an input without objects would fail the evaluation job."""

PROJECT_TAG, ENVIRONMENT_TAG = "kennel:project", "kennel:environment"
"""Tags of everything that a project's environment is made of."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Names of models, data sets and executions that may become a part of a key."""


def dataset(name: str) -> str:
    """Prefix of a data set in the data bucket."""
    return f"{DATASETS}{name}/"


def prepared(manifest_id: str) -> str:
    """Prefix in the artifacts bucket of `train/ validation/ test/ manifest.jsonl reports/`."""
    return f"{PREPARED}{manifest_id}/"


def plan(execution: str) -> str:
    """Prefix of the run's resolved plan, an input of its processing jobs."""
    return f"{RUNS}{execution}/plan/"


def parts(execution: str) -> str:
    """Prefix of the per-instance scan results, which MergeManifest merges."""
    return f"{RUNS}{execution}/parts/"


def model_plan(execution: str, model: str) -> str:
    """One model's part of the run's plan, which the state machine reads."""
    return run(execution, model) + "plan.json"


def run(execution: str, model: str) -> str:
    return f"{RUNS}{execution}/{model}/"


def output(execution: str, model: str) -> str:
    return run(execution, model) + "output/"


def checkpoints(execution: str, model: str) -> str:
    return run(execution, model) + "checkpoints/"


def trials(execution: str, model: str) -> str:
    """Prefix of the checkpoints of a search's trials, one folder per trial."""
    return run(execution, model) + "trials/"


def hyperparameters(execution: str, model: str) -> str:
    """The hyperparameters that the model was trained with, and the search and trial that they come from."""
    return run(execution, model) + "hyperparameters.json"


def evaluation(execution: str, model: str) -> str:
    return run(execution, model) + "evaluation.json"


def golden(execution: str, model: str) -> str:
    return run(execution, model) + "golden/"


def reports(execution: str, model: str) -> str:
    return run(execution, model) + "reports/"


def candidate(execution: str, model: str) -> str:
    """The servable archive that the evaluation wrote, before it is published."""
    return run(execution, model) + "model.tar.gz"


def target_model(name: str, version: str | None = None) -> str:
    """`TargetModel` of a version, or of the stable key when no version is given."""
    return f"{name}/{version}/model.tar.gz" if version else f"{name}/model.tar.gz"


def model(name: str, version: str | None = None) -> str:
    return MODELS + target_model(name, version)


def labels(target_model: str) -> str:
    """The labels of a staged version, a JSON list beside its archive: what the name stands for while it is current."""
    return f"{MODELS}{target_model.rpartition('/')[0]}/labels.json"


def evaluation_of(target_model: str) -> str:
    """A staged version's evaluation.json, beside its archive: the run's own copy expires with the run."""
    return f"{MODELS}{target_model.rpartition('/')[0]}/evaluation.json"


def golden_of(target_model: str) -> str:
    """Prefix of a staged version's golden images, beside its archive: a run's own copy expires with the run."""
    return f"{MODELS}{target_model.rpartition('/')[0]}/golden/"


def weights(architecture: str) -> str:
    """Pretrained torchvision weights that `kennel weights stage` puts into the artifacts bucket."""
    return f"{WEIGHTS}{architecture}.safetensors"


def alias(name: str) -> str:
    return f"{ALIASES}{name}.json"


def staged(name: str) -> str:
    return f"{STAGED}{name}.json"


def batch_input(job: str) -> str:
    """Prefix of the images that were uploaded for one batch transform job."""
    return f"{BATCH}{job}/input/"


def batch_output(job: str) -> str:
    """Prefix of one batch transform job's answers."""
    return f"{BATCH}{job}/output/"


def parse_uri(uri: str) -> tuple[str, str]:
    """(bucket, key) of `s3://bucket/key`. Raises ValueError for anything else."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is not an S3 URI such as s3://bucket/key")
    return bucket, key


def uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"
