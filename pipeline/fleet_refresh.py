"""After the models: one new fleet for every stable key that was overwritten, and an ending that says what is stale."""

from __future__ import annotations

from config.app import AppConfig
from pipeline import functions, recovery
from pipeline.tasks import State

START = "CollectRefreshes"
TASK = "RefreshFleet"
GIVE_UP = "ChooseSummary"
POLL_SECONDS = {"local": 5, "aws": 60}
"""A round of waiting and looking leaves 11 events of the 25,000 that an execution may have."""


def states(config: AppConfig, *, next_state: str, on_failure: str) -> dict[str, State]:
    """Starts at START; a failure ends at GIVE_UP, which decides between `on_failure` and its own summary.

    No states where no key is overwritten, or where that may stay as it is.
    """
    publish = config.pipeline.publish
    if not (publish.stable_key and publish.refresh_stable_key):
        return {}
    return {**_deciding(next_state), **_refreshing(config, next_state), **_failing(on_failure)}


def _deciding(next_state: str) -> dict[str, State]:
    return {
        START: {
            "Type": "Pass",
            "Comment": "The models whose stable key was overwritten: an instance may still answer it from its cache",
            "Parameters": {
                "models.$": "$.outcomes[?(@.refresh == true)].model",
                "step": {"rollout": {}},
            },
            "ResultPath": "$.fleet",
            "Next": "ChooseRefresh",
        },
        "ChooseRefresh": {
            "Type": "Choice",
            "Comment": "One rollout for all of them",
            "Choices": [{"Variable": "$.fleet.models[0]", "IsPresent": True, "Next": TASK}],
            "Default": next_state,
        },
    }


def _refreshing(config: AppConfig, next_state: str) -> dict[str, State]:
    return {
        TASK: functions.REFRESH_FLEET.task(
            comment="Start the rollout, or look how far it is",
            next_state="CheckFleet",
            on_error=recovery.failed(TASK),
            result="$.fleet.step",
        ),
        "CheckFleet": {
            "Type": "Choice",
            "Comment": "Whether every instance is new",
            "Choices": [{"Variable": "$.fleet.step.refresh", "BooleanEquals": True, "Next": "WaitForFleet"}],
            "Default": next_state,
        },
        "WaitForFleet": {"Type": "Wait", "Seconds": POLL_SECONDS[config.cloud], "Next": TASK},
    }


def _failing(on_failure: str) -> dict[str, State]:
    """The models keep their outcomes: they are published, whatever their fleet does."""
    return {
        GIVE_UP: {
            "Type": "Choice",
            "Comment": "Whether the run failed before its models ended, or only their fleet did",
            "Choices": [{"Variable": "$.failed.state", "StringEquals": TASK, "Next": "CollectFailures"}],
            "Default": on_failure,
        },
        "CollectFailures": {
            "Type": "Pass",
            "Comment": "What failed: models, and the fleet of those that are published",
            "Parameters": {
                "models.$": "$.outcomes[?(@.outcome == 'failed')]",
                "fleet": [
                    {
                        "model": "",
                        "outcome": "failed",
                        "state.$": "$.failed.state",
                        "reason.$": "States.Format('{} (published, but an instance may still answer the stable key "
                        "from its cache: {})', $.recovery.reason, States.JsonToString($.fleet.models))",
                        "remedy.$": "$.recovery.remedy",
                    }
                ],
            },
            "ResultPath": "$.failures",
            "Next": "SummarizeStaleFleet",
        },
        "SummarizeStaleFleet": {
            "Type": "Pass",
            "Comment": "Every model's outcome, and that some of the published ones may be stale",
            "Parameters": {
                "execution.$": "$$.Execution.Name",
                "dataset.$": "$.plan.dataset",
                "manifest_id.$": "$.prepared.message.manifest_id",
                "failed": True,
                # One list out of both.
                "failures.$": "$.failures[*][*]",
                "outcomes.$": "$.outcomes",
                "notes.$": "$.plan.notes",
            },
            "Next": "Notify",
        },
    }
