"""The line that bootstraps an account and region for the CDK."""

from __future__ import annotations

DEFAULT_QUALIFIER = "hnb659fds"


def command(place: str, parameter: str, policies: str = "") -> str:
    """place: aws://ACCOUNT/REGION. parameter: of the bootstrap's version. policies: of the execution role."""
    qualifier = parameter.split("/")[2]
    own = f" --qualifier {qualifier} --toolkit-stack-name CDKToolkit-{qualifier}"
    limited = f" --cloudformation-execution-policies {policies}" if policies else ""
    return f"npx cdk bootstrap {place}" + (own if qualifier != DEFAULT_QUALIFIER else "") + limited
