"""One deploy for all end-to-end tests: the local cloud, the six stacks, the drawn data sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials

from kennel.cloud.session import Session
from kennel.workspace import clone, project
from localcloud import faults as interruptions
from localcloud import orders
from samples import draw

BREED_CLASSES = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is end to end. What the roles asked for is known, and the stacks are torn down, at the end."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    last = {"test_access.py": 1, "test_teardown.py": 2}
    items.sort(key=lambda item: last.get(item.path.name, 0))


@dataclass(frozen=True)
class Deployed:
    """A project's deployed local environment. `home` is the state directory, `variables` lead any AWS client to it.

    `folder` is where its commands are typed.
    """

    home: Path
    session: Session
    variables: dict[str, str]
    folder: Path = clone.ROOT

    def kennel(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run_kennel(self.home, *arguments, check=check, folder=self.folder)

    def client(self, service: str) -> Any:
        """Plain boto3, as any user would make it from the exports."""
        return boto3.client(
            service,
            endpoint_url=self.variables["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.variables["AWS_SESSION_TOKEN"],
        )

    def run(self, *arguments: str) -> dict[str, Any]:
        """Start an execution with the command, follow it, and return what `pipeline show --json` says of it."""
        return self.finish(self.start(*arguments))

    def start(self, *arguments: str) -> str:
        """The name of an execution that runs from now on."""
        return json.loads(self.kennel("pipeline", "start", "--json", *arguments).stdout)["name"]

    def finish(self, name: str) -> dict[str, Any]:
        return json.loads(self.kennel("pipeline", "watch", name, "--json", check=False).stdout)

    def interrupt(self, job: str, **options: Any) -> None:
        """Take the instances of the next spot job of that name away, as `localcloud.interrupt` does."""
        url = self.variables["AWS_ENDPOINT_URL"] + interruptions.PATH
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        keys = Credentials(*(self.variables[name] for name in names))
        orders.order(url, {"job": job, **options}, keys=keys)

    def job_log(self, job: str) -> list[str]:
        """The lines of all containers of a training job, by time."""
        pages = (
            self.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=job)
        )
        events = sorted((event for page in pages for event in page["events"]), key=lambda event: event["timestamp"])
        return [event["message"] for event in events]

    def ask(self, image: Path | bytes, target_model: str, **request: Any) -> Any:
        """InvokeEndpoint as a user would write it; the parsed JSON answer."""
        response = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.session.output("EndpointName"),
            TargetModel=target_model,
            ContentType=request.pop("ContentType", "application/x-image"),
            Body=image if isinstance(image, bytes) else image.read_bytes(),
            **request,
        )
        return json.loads(response["Body"].read())


def run_kennel(
    home: Path, *arguments: str, check: bool = True, folder: Path = clone.ROOT
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "kennel", *arguments],
        cwd=folder,
        env={**environment, "KENNEL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(f"kennel {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("kennel-home")
    run_kennel(home, "local", "up", "--port", "0")
    try:
        run_kennel(home, "deploy")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KENNEL_HOME", str(home))
            session = Session("local")
            yield Deployed(home, session, session.variables())
    finally:
        run_kennel(home, "local", "down", check=False)


@pytest.fixture(scope="session")
def own_project(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A project outside the clone, made by `kennel init` and deployed beside the clone's; its images are uploaded.

    It trains on two instances: their traffic is encrypted only where the configuration has several.
    """
    root = tmp_path_factory.mktemp("elsewhere")
    photos, folder = root / "My Photos", root / "project"
    draw(photos, "cats-dogs", 2, 30, seed=6)
    flags = ("--data", str(photos), "--name", "pets", "--architecture", "simple_cnn", "--yes")
    run_kennel(deployed.home, "init", str(folder), *flags)
    file = folder / project.FILE
    several = "preset: laptop\n    training: {instance_count: 2}\n"
    file.write_text(file.read_text().replace("preset: laptop\n", several, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(project.VARIABLE, str(folder))
        own = replace(deployed, session=Session("local"), folder=folder)
    own.kennel("deploy")
    own.kennel("data", "upload", str(photos), "--dataset", "my-photos")
    return own


@pytest.fixture(scope="session")
def breeds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "breeds"
    draw(folder, "breeds", BREED_CLASSES, 60, seed=3)
    return folder


@pytest.fixture(scope="session")
def cats_dogs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "cats-dogs"
    draw(folder, "cats-dogs", 2, 90, seed=4)
    return folder


@pytest.fixture(scope="session")
def breeds(deployed: Deployed, breeds_folder: Path) -> str:
    """The data set of the breed models, uploaded with the command."""
    deployed.kennel("data", "upload", str(breeds_folder), "--dataset", "dog-breeds")
    return "dog-breeds"


@pytest.fixture(scope="session")
def cats_dogs(deployed: Deployed, cats_dogs_folder: Path) -> str:
    deployed.kennel("data", "upload", str(cats_dogs_folder), "--dataset", "cats-dogs")
    return "cats-dogs"


@pytest.fixture(scope="session")
def started(deployed: Deployed, breeds: str, cats_dogs: str) -> dict[str, str]:
    """The good runs, all started at once: where one of them waits for a function, another one trains."""
    return {
        "cat-dog": deployed.start("--model", "cat-dog-classifier"),
        "default": deployed.start(),
        "resnet50": deployed.start("--model", "dog-breed-resnet50"),
    }


@pytest.fixture(scope="session")
def default_run(deployed: Deployed, started: dict[str, str]) -> dict[str, Any]:
    """The environment's default run, `{}`: the core model tuned, the mobile one trained."""
    return deployed.finish(started["default"])


@pytest.fixture(scope="session")
def cat_dog_run(deployed: Deployed, started: dict[str, str]) -> dict[str, Any]:
    return deployed.finish(started["cat-dog"])


@pytest.fixture(scope="session")
def resnet50_run(deployed: Deployed, started: dict[str, str]) -> dict[str, Any]:
    return deployed.finish(started["resnet50"])


@pytest.fixture(scope="session")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[tuple[Path, str]]]:
    """(image, label) pairs drawn with a seed that no run has seen, by layout."""
    drawn: dict[str, list[tuple[Path, str]]] = {}

    def images(layout: str) -> list[tuple[Path, str]]:
        if layout not in drawn:
            folder = tmp_path_factory.mktemp("held-out")
            draw(
                folder, layout, BREED_CLASSES if layout == "breeds" else 2, 40 if layout == "breeds" else 25, seed=2026
            )
            root = folder / "test" if layout == "breeds" else folder
            names = {"cats": "cat", "dogs": "dog"}
            drawn[layout] = [
                (path, names.get(path.parent.name, path.parent.name.partition(".")[2]))
                for path in sorted(root.glob("*/*.jpg"))
            ]
        return drawn[layout]

    return images
