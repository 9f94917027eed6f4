"""An account to rehearse in: a copy of the clone that may be changed, and a local cloud of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from checks.upgrade import STATEFUL
from config.project_file.reader import read
from kennel.workspace import clone

ENVIRONMENT = "rehearsal"
BROKEN = "BrokenOnPurpose"
_BREAK = f"""
    for stack in app.node.children:
        if isinstance(stack, cdk.Stack) and stack.stack_name.endswith("-ROLE"):
            parts = [part for part in stack.node.find_all() if cdk.CfnResource.is_cfn_resource(part)]
            broken = cdk.CfnResource(
                stack, "{BROKEN}", type="AWS::Logs::LogGroup", properties={{"LogGroupName": "/{BROKEN}"}}
            )
            for part in parts:
                broken.add_dependency(part)
"""
"""At the end of `build`: one stack gets a group whose name is taken, after all of its other resources."""


@dataclass(frozen=True)
class Rehearsal:
    """`root`: the copied clone. `home`: the state directory of its commands."""

    root: Path
    home: Path

    def kennel(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of the copy; about the rehearsal, where it is about an environment."""
        about = () if arguments[0] == "local" else ("--env", ENVIRONMENT)
        path = os.pathsep.join([str(self.root), str(self.root / "model_code")])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, "-m", "kennel", *arguments, *about],
            cwd=self.root,
            env={**inherited, "KENNEL_HOME": str(self.home), "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"kennel {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.kennel(*arguments, "--json").stdout)

    def client(self, service: str) -> Any:
        """Plain boto3, by the exports of `kennel local env`."""
        exports = dict(re.findall(r"export (\w+)='?([^'\n]*)'?", self.kennel("local", "env").stdout))
        return boto3.client(
            service,
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=exports["AWS_SESSION_TOKEN"],
        )

    # -- what is there ---------------------------------------------------------------------------------------------

    def stacks(self) -> list[dict[str, Any]]:
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        prefix = f"Kennel-{ENVIRONMENT.capitalize()}-"
        return [stack for page in pages for stack in page["Stacks"] if stack["StackName"].startswith(prefix)]

    def stack_statuses(self) -> set[str]:
        return {stack["StackStatus"] for stack in self.stacks()}

    def resources(self) -> dict[str, tuple[str, str]]:
        """`Role/LogicalId` -> type and physical id, of every resource of the stacks."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            f"{stack['StackName'].rpartition('-')[2]}/{item['LogicalResourceId']}": (
                item["ResourceType"],
                item["PhysicalResourceId"],
            )
            for stack in self.stacks()
            for page in pages.paginate(StackName=stack["StackName"])
            for item in page["StackResourceSummaries"]
        }

    def image_tags(self) -> dict[str, list[str]]:
        """The environment's repositories -> the tags in each."""
        ecr = self.client("ecr")
        names = [item["repositoryName"] for item in ecr.describe_repositories()["repositories"]]
        return {
            name: [item["imageTag"] for item in ecr.list_images(repositoryName=name)["imageIds"]]
            for name in names
            if ENVIRONMENT in name
        }

    def aliases(self) -> set[str]:
        """The models that are published."""
        bucket = next(
            output["OutputValue"]
            for stack in self.stacks()
            for output in stack.get("Outputs", ())
            if output["OutputKey"] == "ArtifactsBucket"
        )
        found = self.client("s3").list_objects_v2(Bucket=bucket, Prefix="aliases/").get("Contents", ())
        names = (item["Key"].removeprefix("aliases/") for item in found)
        return {name.removesuffix(".json") for name in names if name.endswith(".json")}

    def leftovers(self) -> dict[str, list[str]]:
        """What a destroy must not leave, by kind; the bootstrap's own bucket and repository stay."""
        ours = re.compile(ENVIRONMENT)
        found = {
            "buckets": [item["Name"] for item in self.client("s3").list_buckets()["Buckets"]],
            "repositories": [
                item["repositoryName"] for item in self.client("ecr").describe_repositories()["repositories"]
            ],
            "log groups": [item["logGroupName"] for item in self.client("logs").describe_log_groups()["logGroups"]],
            "functions": [item["FunctionName"] for item in self.client("lambda").list_functions()["Functions"]],
            "domains": [item["DomainName"] for item in self.client("sagemaker").list_domains()["Domains"]],
        }
        return {kind: left for kind, names in found.items() if (left := [name for name in names if ours.search(name)])}

    # -- what is changed -------------------------------------------------------------------------------------------

    def deploy_after(self, *changes: Change) -> set[str]:
        """Deploy changes; the roles of the stacks that were updated. No stateful resource may be replaced."""
        before, times = self.resources(), self._update_times()
        for change in changes:
            change(self)
        self.kennel("deploy")
        after = self.resources()
        lost = {
            label: physical
            for label, (kind, physical) in before.items()
            if kind in STATEFUL and after.get(label, ("", ""))[1] != physical
        }
        assert not lost, f"replaced or removed: {lost}"
        return {role for role, when in self._update_times().items() if when != times.get(role)}

    def _update_times(self) -> dict[str, Any]:
        return {stack["StackName"].rpartition("-")[2]: stack.get("LastUpdatedTime") for stack in self.stacks()}

    @contextlib.contextmanager
    def breaking(self, role: str) -> Iterator[None]:
        """While it lasts, a deploy of one stack fails at its end."""
        logs = self.client("logs")
        logs.create_log_group(logGroupName=f"/{BROKEN}")
        path = self.root / "stacks" / "platform.py"
        text = path.read_text()
        future = "from __future__ import annotations\n"
        path.write_text(
            text.replace(future, f"{future}import aws_cdk as cdk\n").rstrip() + _BREAK.replace("ROLE", role)
        )
        try:
            yield
        finally:
            path.write_text(text)
            logs.delete_log_group(logGroupName=f"/{BROKEN}")

    def append(self, name: str, line: str) -> None:
        with (self.root / name).open("a") as file:
            file.write(f"{line}\n")

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change kennel.yaml."""
        path = self.root / "kennel.yaml"
        # By YAML 1.2, as the product reads it: the key `on` is a text.
        document = read(path).values
        change(document)
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def configure(self, **changes: Any) -> None:
        """Change the rehearsal's entry of kennel.yaml."""
        self.edit(lambda document: _merge(document["environments"][ENVIRONMENT], changes))


@contextlib.contextmanager
def account(folder: Path) -> Iterator[Rehearsal]:
    """A copy of the clone below `folder`, whose local cloud runs and is empty."""
    made = Rehearsal(_copy(folder / "clone"), folder / "home")
    made.kennel("local", "up", "--port", "0")
    try:
        yield made
    finally:
        made.kennel("local", "down", check=False)


def _copy(root: Path) -> Path:
    """What git knows of the clone, and what it would be told of next, without the tests."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=clone.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith("tests/") and (clone.ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(clone.ROOT / name, root / name)
    (root / "node_modules").symlink_to(clone.ROOT / "node_modules")
    return root


def _merge(target: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict):
            _merge(target.setdefault(key, {}), value)
        else:
            target[key] = value


Change = Callable[[Rehearsal], None]


def serving_code(account: Rehearsal) -> None:
    account.append("model_code/imgcls/serving/__init__.py", "# changed")


def training_code(account: Rehearsal) -> None:
    account.append("model_code/train.py", "# changed")


def base_image(account: Rehearsal) -> None:
    account.configure(images={"rebuild": "2026-12"})


def function_code(account: Rehearsal) -> None:
    account.append("lambdas/quality_gate/gate.py", "# changed")


def alarm(account: Rehearsal) -> None:
    account.configure(monitoring={"p99_latency_ms": 1234})


def instance_type(account: Rehearsal) -> None:
    """With the endpoint off: while it scales, SageMaker refuses another type."""
    assert account.json("endpoint", "status")["status"] == "off"
    account.configure(training={"instance_type": "ml.m5.xlarge"}, endpoint={"instance_type": "ml.m5.xlarge"})


def model_added(account: Rehearsal) -> None:
    account.edit(lambda document: document["models"].update(second=dict(document["models"]["cat-dog-classifier"])))


def model_removed(account: Rehearsal) -> None:
    account.edit(lambda document: document["models"].pop("dog-breed-resnet50"))


def function_renamed(account: Rehearsal) -> None:
    """Another folder, and so another name wherever the state machine and the alarms know it by that."""
    (account.root / "lambdas" / "quality_gate").rename(account.root / "lambdas" / "model_gate")
    for folder in ("lambdas", "stacks", "pipeline"):
        for path in (account.root / folder).rglob("*.py"):
            text = path.read_text()
            for old in ('folder="quality_gate"', "lambdas.quality_gate", "lambdas/quality_gate"):
                text = text.replace(old, old.replace("quality_gate", "model_gate"))
            path.write_text(text)


CHANGES: dict[Change, frozenset[str]] = {
    serving_code: frozenset({"Images", "Training", "Serving"}),
    training_code: frozenset({"Training"}),
    base_image: frozenset({"Images", "Training", "Serving"}),
    function_code: frozenset({"Training"}),
    alarm: frozenset({"Monitoring"}),
    instance_type: frozenset({"Training", "Serving"}),
    model_added: frozenset({"Training"}),
    model_removed: frozenset({"Training"}),
    function_renamed: frozenset({"Training"}),
}
"""Each change, and the stacks that it must reach to be one."""
