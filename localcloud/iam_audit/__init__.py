"""IAM audit: which permissions roles needed, and whether their policies in this cloud grant them.

`actions` says which permissions one request needs, `recorder` records them for every call of a role, `evaluator`
compares them with the role's policies.
"""

from localcloud.iam_audit.evaluator import Call, calls, denied_calls

__all__ = ["Call", "calls", "denied_calls"]
