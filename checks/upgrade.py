"""What an update of the last release's stacks would take away: stateful resources that are replaced or removed.

`python -m checks.upgrade ASSEMBLY_DIR` compares an assembly with the record of the last release; `--record` writes the
record of a new one (see CONTRIBUTING.md). Which properties make CloudFormation replace a resource is said by AWS's own
resource schemas, which cfn-lint brings along.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from checks.assembly import Assembly, AssemblyError, Resource, dig

STATEFUL = (
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::UserProfile",
    "AWS::SNS::Topic",
)
"""What holds something that a replacement loses: images, objects, keys, versions, subscribers; not logs."""
RELEASES = Path(__file__).with_name("releases")
PERMITTED = RELEASES / "permitted.json"
"""Environment -> label of a resource -> why it may be replaced or removed. Emptied when a release is recorded."""
SCHEMA_REGION = "us-east-1"

Record = dict[str, dict[str, Any]]


def record(assembly: Assembly) -> Record:
    """`Stack/LogicalId` -> type, and the properties that only a replacement can change."""
    return {
        resource.label: {"type": resource.kind, "fixed": _fixed(resource)}
        for resource in sorted(assembly.of(*STATEFUL), key=lambda item: item.label)
    }


def losses(released: Record, assembly: Assembly) -> Iterator[tuple[str, str]]:
    """(label, sentence) of each stateful resource of the release that an update replaces or removes."""
    now = record(assembly)
    for label, was in released.items():
        if label not in now:
            yield label, f"{label} ({was['type']}) is gone: an update would remove it"
            continue
        if now[label]["type"] != was["type"]:
            yield label, f"{label} was {was['type']} and is {now[label]['type']}: an update would replace it"
            continue
        for path in sorted(was["fixed"].keys() | now[label]["fixed"].keys()):
            before, after = was["fixed"].get(path), now[label]["fixed"].get(path)
            if before != after:
                yield label, f"{label} has another {path} ({before!r} -> {after!r}): an update would replace it"
                break


def findings(environment: str, assembly: Assembly, folder: Path) -> list[str]:
    """Losses that nobody permitted, and permissions that nothing needs."""
    released: Record = json.loads((folder / f"{environment}.json").read_text())["resources"]
    permitted: Mapping[str, str] = json.loads((folder / PERMITTED.name).read_text()).get(environment, {})
    found = dict(losses(released, assembly))
    unneeded = [
        f"{label} is permitted in {PERMITTED.name}, and nothing happens to it: take it out"
        for label in permitted
        if label not in found
    ]
    return [sentence for label, sentence in found.items() if label not in permitted] + unneeded


def _fixed(resource: Resource) -> dict[str, Any]:
    values = {path: dig(resource.properties, path, None) for path in _create_only(resource.kind)}
    return {path: value for path, value in values.items() if value is not None}


@cache
def _create_only(kind: str) -> tuple[str, ...]:
    """`A.B` for each `/properties/A/B` of the resource's schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(SCHEMA_REGION, kind).schema
    pointers: Sequence[str] = schema.get("createOnlyProperties", ())
    return tuple(pointer.removeprefix("/properties/").replace("/", ".") for pointer in pointers)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.upgrade", description=__doc__)
    parser.add_argument("assembly", type=Path, help="a synthesized assembly")
    parser.add_argument("--record", metavar="VERSION", help="write this release's record instead")
    options = parser.parse_args(arguments)
    try:
        assembly = Assembly.load(options.assembly)
        environment = str(assembly.expected["Environment"])
    except AssemblyError as error:
        print(error, file=sys.stderr)
        return 1
    if options.record:
        document = {"release": options.record, "resources": record(assembly)}
        (RELEASES / f"{environment}.json").write_text(json.dumps(document, indent=1) + "\n")
        return 0
    found = findings(environment, assembly, RELEASES)
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
