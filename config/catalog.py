"""The models and data sets of the four kinds of project that the platform is made for.

1. cat or dog with a simple CNN       2. dog breeds with ResNet18, tuned
3. dog breeds with ResNet50, tuned    4. a core and a mobile model behind one endpoint
"""

from __future__ import annotations

from typing import Any

from config.datasets import DatasetSpec, Split
from config.models import Categorical, Continuous, Integer, ModelSpec, TuningSpec

CATS_DOGS = DatasetSpec(
    name="cats-dogs",
    layout="classes",
    split=Split(train=0.7, validation=0.1, test=0.2),
    labels={"cats": "cat", "dogs": "dog"},
)
DOG_BREEDS = DatasetSpec(name="dog-breeds", layout="splits")

BATCH_SIZES = Categorical(values=("32", "64", "128", "256", "512"))

CAT_DOG = ModelSpec(
    name="cat-dog-classifier",
    architecture="simple_cnn",
    dataset=CATS_DOGS.name,
    pretrained=False,
    hyperparameters={"epochs": 15, "batch-size": 32, "lr": 0.002, "optimizer": "adamw", "weight-decay": 0.01},
    response_format="named",
)
BREEDS = ModelSpec(
    name="dog-breed-classifier",
    architecture="resnet18",
    dataset=DOG_BREEDS.name,
    hyperparameters={"epochs": 10},
    tuning=TuningSpec(
        search_space={
            "lr": Continuous(low=0.001, high=0.1, scaling="Logarithmic"),
            "batch-size": Categorical(values=("32", "64", "128")),
        },
        max_jobs=8,
    ),
)
BREEDS_MOBILE = ModelSpec(
    name="dog-breed-classifier-mobile",
    architecture="mobilenet_v3_small",
    dataset=DOG_BREEDS.name,
    hyperparameters={"epochs": 12, "lr": 0.01},
)
BREEDS_RESNET50 = ModelSpec(
    name="dog-breed-resnet50",
    architecture="resnet50",
    dataset=DOG_BREEDS.name,
    tuning=TuningSpec(
        search_space={
            "lr": Continuous(low=0.001, high=0.1, scaling="Logarithmic"),
            "batch-size": BATCH_SIZES,
            "test-batch-size": BATCH_SIZES,
            "epochs": Integer(low=5, high=8),
        },
        max_jobs=12,
        max_parallel_jobs=3,
    ),
    response_format="array",
)

DATASETS = (CATS_DOGS, DOG_BREEDS)
MODELS = (CAT_DOG, BREEDS, BREEDS_MOBILE, BREEDS_RESNET50)


def for_laptop(spec: ModelSpec) -> ModelSpec:
    """The same model, small enough for two cores and drawn data: untrained, small pictures, a short search."""
    # Seen over several seeds on drawn data: from scratch, on a few hundred pictures, weak augmentation learns fastest.
    small: dict[str, dict[str, Any]] = {
        "cat-dog-classifier": {"epochs": 24, "lr": 0.003, "label-smoothing": 0.1},
        "dog-breed-classifier": {"epochs": 16, "lr": 0.01, "warmup-epochs": 1, "patience": 8},
        "dog-breed-classifier-mobile": {"epochs": 40, "lr": 0.05, "warmup-epochs": 2, "patience": 10},
        "dog-breed-resnet50": {"epochs": 6, "lr": 0.003, "warmup-epochs": 1, "optimizer": "adamw"},
    }
    small = {name: {"batch-size": 16, "augmentation": "light", **values} for name, values in small.items()}
    changes: dict[str, Any] = {"pretrained": False, "hyperparameters": spec.hyperparameters | small[spec.name]}
    if spec.architecture != "simple_cnn":
        mobile = spec.architecture.startswith("mobilenet")
        changes["preprocessing"] = {"resize": 90, "crop": 80} if mobile else {"resize": 72, "crop": 64}
    if spec.tuning:
        space = dict(spec.tuning.search_space)
        # A few hundred pictures are few steps an epoch: small batches make more of them.
        for name, values in (("batch-size", ("8", "16")), ("test-batch-size", ("16", "32"))):
            if name in space:
                space[name] = Categorical(values=values)
        if "epochs" in space:
            space["epochs"] = Integer(low=4, high=5)
        if "lr" in space:
            low, high = (0.001, 0.01) if small[spec.name].get("optimizer") == "adamw" else (0.005, 0.05)
            space["lr"] = Continuous(low=low, high=high, scaling="Logarithmic")
        changes["tuning"] = spec.tuning.model_copy(
            update={"search_space": space, "max_jobs": 3, "max_parallel_jobs": 2}
        )
    return ModelSpec.model_validate(spec.model_dump() | changes)
