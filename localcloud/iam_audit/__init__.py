"""IAM audit: which permissions roles needed, and whether their policies in this cloud give them.

`recorder` notes what the calls of roles need, `actions` says what one request needs in IAM's terms, `evaluator`
compares that with the policies.
"""

from localcloud.iam_audit.evaluator import Call, calls, denied_calls

__all__ = ["Call", "calls", "denied_calls"]
