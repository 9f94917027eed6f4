"""The CDK entry: choose the configuration, build the stacks, run the rule packs, write the assembly.

`-c env=NAME` chooses the environment (local if left out), `-c project=FILE` the project file or its folder (the nearest
one above the current folder if left out, else this clone's), `-c region=NAME` another region than the environment's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk

import config
from config.base import ConfigError
from config.project_file.project import find
from stacks.platform import build


def main() -> int:
    # The CDK's own template rules take half of a synth: strict environments run them (stacks.platform), and cfn-lint
    # holds all of them to the same rules in `make check`.
    app = cdk.App(analytics_reporting=False, builtin_cloud_formation_validation=False)
    environment, project = app.node.try_get_context("env") or "local", app.node.try_get_context("project")
    try:
        file = Path(project) if project else find(Path.cwd())
        build(app, config.load(environment, file, region=app.node.try_get_context("region")))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
