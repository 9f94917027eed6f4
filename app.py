"""The CDK entry: choose the configuration, build the stacks, run the rule packs, write the assembly."""

from __future__ import annotations

import sys

import aws_cdk as cdk

import config
from config.base import ConfigError
from stacks.platform import build


def main() -> int:
    app = cdk.App(analytics_reporting=False)
    try:
        build(app, config.load(app.node.try_get_context("env") or "local"))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
