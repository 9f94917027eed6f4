"""One role per kind of job. Only evaluation may read the test split."""

from __future__ import annotations

from constructs import Construct

from imgcls.contract import keys, prepared
from stacks.constructs.assets import CodeArchive
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.sagemaker_role import SageMakerRole
from stacks.constructs.store import Store

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
PROCESSING_LOGS = "/aws/sagemaker/ProcessingJobs"
ANY_MANIFEST = keys.PREPARED + "*/"


def preparation_role(
    scope: Construct, store: Store, *, image: ContainerImage, code: CodeArchive, in_parts: bool
) -> SageMakerRole:
    """`in_parts`: several instances prepare a data set, and each writes its scan for MergeManifest."""
    role = _role(scope, "Preparation", "Checks and packs a data set", image, PROCESSING_LOGS, store, code)
    store.data.allow_read(role, keys.DATASETS)
    store.artifacts.allow_read(role, keys.RUNS)
    store.artifacts.allow_write(role, keys.PREPARED, *([keys.parts("*")] if in_parts else []))
    return role


def training_role(scope: Construct, store: Store, *, image: ContainerImage, code: CodeArchive) -> SageMakerRole:
    role = _role(scope, "Training", "Trains one model, or one trial of a search", image, TRAINING_LOGS, store, code)
    splits = [f"{ANY_MANIFEST}{split}/" for split in (prepared.TRAIN, prepared.VALIDATION)]
    store.artifacts.allow_read(role, *splits, keys.WEIGHTS, keys.RUNS)
    store.artifacts.allow_write(role, keys.RUNS)
    return role


def evaluation_role(scope: Construct, store: Store, *, image: ContainerImage, code: CodeArchive) -> SageMakerRole:
    role = _role(scope, "Evaluation", "Exports and scores one model", image, PROCESSING_LOGS, store, code)
    store.artifacts.allow_read(role, keys.PREPARED, keys.MODELS, keys.NO_CHAMPION, keys.RUNS)
    store.artifacts.allow_write(role, keys.RUNS)
    return role


def _role(
    scope: Construct,
    id: str,
    description: str,
    image: ContainerImage,
    log_group: str,
    store: Store,
    code: CodeArchive,
) -> SageMakerRole:
    role = SageMakerRole(scope, f"{id}Role", description=description, image=image, log_group=log_group)
    code.allow_read(role)
    store.key.allow_volumes(role)
    return role
