"""Every call that the deployed roles made while the other tests ran is one that their policies allow."""

from __future__ import annotations

from localcloud import access


def test_every_call_is_allowed_by_its_role(deployed, default_run):
    roles = {call.role for call in access.calls(deployed.client)}
    assert any("Training" in role for role in roles), "nothing was recorded"
    assert access.denied_calls(deployed.client) == []
