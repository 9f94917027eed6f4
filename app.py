"""The CDK entry: choose the configuration, build the stacks, run the rule packs, write the assembly."""

from __future__ import annotations

import sys

import aws_cdk as cdk

import config
from config.base import ConfigError
from stacks.platform import build


def main() -> int:
    # The CDK's own template rules take half of a synth: strict environments run them (stacks.platform), and cfn-lint
    # holds all of them to the same rules in `make check`.
    app = cdk.App(analytics_reporting=False, builtin_cloud_formation_validation=False)
    try:
        build(app, config.load(app.node.try_get_context("env") or "local"))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
