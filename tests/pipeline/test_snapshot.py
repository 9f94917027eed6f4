"""The definitions that were reviewed. `UPDATE_SNAPSHOT=1` writes them anew; read the difference.

One file has the local environment's definition, the other what each option of the configuration changes in it.
"""

from __future__ import annotations

from pathlib import Path

import config
from config.app import AppConfig
from pipeline import state_machine
from tests.pipeline.variants import HYPERBAND, variant
from tests.snapshots import assert_reviewed, differences

SNAPSHOT = Path(__file__).parent / "state_machine.local.json"
OPTIONS = Path(__file__).parent / "state_machine.options.json"


def options() -> dict[str, AppConfig]:
    """Of the configuration: each that gives the definition other states or fields."""
    gpu = {"instance_type": "ml.g5.xlarge", "fallback_instance_types": ()}
    return {
        "without isolation": variant("local", pipeline={"isolate": False}),
        "without spot instances": variant("local", spot={"enabled": False}),
        "with training instances that have local disks": variant("local", training=gpu),
        "with three zones": variant("local", network={"zones": 3}),
        "with several instances that prepare": variant("local", preparation={"instance_count": 2}),
        "with several instances that train": variant("local", training={"instance_count": 2}),
        "with a search that starts from the last one": variant("local", tuning={"warm_start": True}),
        "with a Hyperband search": variant("local", tuning=HYPERBAND),
        "with longer jobs": variant(
            "local",
            preparation={"max_runtime_seconds": 100},
            training={"max_runtime_seconds": 200},
            evaluation={"max_runtime_seconds": 300},
            spot={"max_wait_seconds": 400},
            pipeline={"execution_timeout_seconds": 500},
        ),
        **{
            f"with SageMaker Debugger's {mode}": variant("local", cloud="aws", pipeline={"sagemaker_debugger": mode})
            for mode in ("rules", "profiler")
        },
    }


def test_the_definition_matches_the_reviewed_snapshot() -> None:
    assert_reviewed(SNAPSHOT, state_machine(config.load("local")))


def test_each_option_changes_what_was_reviewed() -> None:
    base = state_machine(config.load("local"))
    assert_reviewed(
        OPTIONS, {name: dict(differences(base, state_machine(settings))) for name, settings in options().items()}
    )
