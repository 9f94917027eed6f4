"""One role per kind of job. Training cannot read the test split: only evaluation can."""

from __future__ import annotations

from constructs import Construct

from imgcls.contract import keys, prepared
from stacks.constructs.assets import CodeArchive
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.sagemaker_role import SageMakerRole
from stacks.storage import StorageStack

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
PROCESSING_LOGS = "/aws/sagemaker/ProcessingJobs"
ANY_MANIFEST = keys.PREPARED + "*/"


def preparation_role(
    scope: Construct, storage: StorageStack, *, image: ContainerImage, code: CodeArchive
) -> SageMakerRole:
    role = _role(scope, "Preparation", "Checks and packs a data set", image, PROCESSING_LOGS, storage, code)
    storage.data.allow_read(role, keys.DATASETS)
    storage.artifacts.allow_read(role, keys.RUNS)
    storage.artifacts.allow_write(role, keys.PREPARED)
    return role


def training_role(
    scope: Construct, storage: StorageStack, *, image: ContainerImage, code: CodeArchive
) -> SageMakerRole:
    role = _role(scope, "Training", "Trains one model, or one trial of a search", image, TRAINING_LOGS, storage, code)
    splits = [f"{ANY_MANIFEST}{split}/" for split in (prepared.TRAIN, prepared.VALIDATION)]
    storage.artifacts.allow_read(role, *splits, keys.WEIGHTS, keys.RUNS)
    storage.artifacts.allow_write(role, keys.RUNS)
    return role


def evaluation_role(
    scope: Construct, storage: StorageStack, *, image: ContainerImage, code: CodeArchive
) -> SageMakerRole:
    role = _role(scope, "Evaluation", "Exports and scores one model", image, PROCESSING_LOGS, storage, code)
    storage.artifacts.allow_read(role, keys.PREPARED, keys.MODELS, keys.NO_CHAMPION, keys.RUNS)
    storage.artifacts.allow_write(role, keys.RUNS)
    return role


def _role(
    scope: Construct,
    id: str,
    description: str,
    image: ContainerImage,
    log_group: str,
    storage: StorageStack,
    code: CodeArchive,
) -> SageMakerRole:
    role = SageMakerRole(scope, f"{id}Role", description=description, image=image, log_group=log_group)
    code.allow_read(role)
    storage.key.allow_volumes(role)
    return role
