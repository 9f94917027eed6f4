"""The configuration from Python: what each environment of a project costs at rest, and what a run costs at most.

python examples/price_every_environment.py [PROJECT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from kennel import Project
from kennel.cloud import costs


def prices(folder: Path | None) -> dict[str, tuple[float, float]]:
    """Environment in AWS -> USD per month of its endpoint without traffic, and the most that a run may cost in USD."""
    project = Project.load(folder)
    found = {}
    for name in project.environments:
        config = project.config(name)
        if config.cloud == "aws":
            found[name] = (
                costs.of_endpoint(config).per_month(config.endpoint.min_instances),
                costs.of_run(config, {}).usd,
            )
    return found


if __name__ == "__main__":
    for name, (at_rest, run) in prices(Path(sys.argv[1]) if len(sys.argv) > 1 else None).items():
        print(f"{name:<12} endpoint {at_rest:8.2f} USD per month   a run at most {run:8.2f} USD")
