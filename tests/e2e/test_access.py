"""Every call that the deployed roles made while the other tests ran is one that their policies allow."""

from __future__ import annotations

from localcloud import iam_audit

NOT_NEEDED = {"logs:CreateLogGroup"}
"""The stacks make every function's log group; Lambda would make one only where there is none."""


def test_every_call_is_allowed_by_its_role(deployed, default_run):
    made = iam_audit.calls(deployed.client)
    for service in ("s3", "sagemaker", "cloudwatch", "sns", "lambda"):
        assert any(call.action.startswith(f"{service}:") for call in made), f"no call of {service} was recorded"
    denied = [call for call in iam_audit.denied_calls(deployed.client) if call.action not in NOT_NEEDED]
    assert denied == []
