"""Life cycle of the local cloud: start, parts, stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import boto3

from localcloud import state_folder
from localcloud.access.keys import Keyring
from localcloud.context import Cloud
from localcloud.image_table import ImageCommand
from localcloud.isolation import leftovers

if TYPE_CHECKING:
    from localcloud.server import Application

ISOLATION = "isolation.txt"
"""In the state directory: the sentence that says how far processes are kept apart on this machine."""
_ONE_AT_A_TIME = threading.Lock()  # moto keeps its records in module globals


class LocalCloud:
    """An AWS endpoint on localhost; a context manager, or start() and stop().

    root: state directory; None makes a temporary one that stop() removes.
    port: 0 takes a free one.
    images: how to run the images that jobs and endpoints name.
    While it runs, the AWS_* variables of this process point at it: any client made here uses it and cannot reach AWS.
    """

    def __init__(
        self,
        root: Path | str | None = None,
        port: int = 0,
        images: Sequence[ImageCommand] = (),
        *,
        max_jobs: int | None = None,
    ) -> None:
        self._root = Path(root) if root is not None else None
        self._port = port
        self._images = tuple(images)
        self._max_jobs = max_jobs
        self._running = contextlib.ExitStack()
        self._cloud: Cloud | None = None

    @property
    def cloud(self) -> Cloud:
        """What the parts share; RuntimeError before start()."""
        if self._cloud is None:
            raise RuntimeError("the local cloud is not started: call start() or use it in a with statement")
        return self._cloud

    @property
    def url(self) -> str:
        """http://localhost:PORT"""
        return self.cloud.url

    def environment(self) -> dict[str, str]:
        """The variables that point an AWS client, the CDK CLI or any SDK at this cloud."""
        return self.cloud.environment()

    @property
    def credentials_file(self) -> Path:
        """The developer's key, as AWS_SHARED_CREDENTIALS_FILE takes it; any process of the user may read it."""
        return self.cloud.root / state_folder.CREDENTIALS

    def start(self) -> LocalCloud:
        if not _ONE_AT_A_TIME.acquire(blocking=False):
            raise RuntimeError("a local cloud already runs in this process: stop it first")
        with contextlib.ExitStack() as starting:
            starting.callback(_ONE_AT_A_TIME.release)
            root = self._root or Path(starting.enter_context(_temporary_directory()))
            state_folder.prepare(root)
            self._serve(starting, root.resolve())
            self._running = starting.pop_all()
        return self

    def _serve(self, starting: contextlib.ExitStack, root: Path) -> None:
        starting.enter_context(_without_profile())  # moto makes sessions when it is imported
        from localcloud.access.gate import Gate
        from localcloud.moto_backend import moto_records
        from localcloud.server import Application, Server

        keys = Keyring(state_folder.secret(root), Cloud.account_id)
        admit = Gate(keys, Cloud.account_id).admit
        application = Application(starting.enter_context(moto_records(Cloud.account_id, root / "s3")), admit)
        server = Server(application, self._port)
        url = f"http://localhost:{server.port}"
        cloud = Cloud(url=url, root=root, images=self._images, app=application, keys=keys)
        state_folder.write_credentials(root, keys.developer)
        if self._max_jobs is not None:
            cloud.max_jobs = self._max_jobs
        leftovers.end_marked(leftovers.STATE, str(root))  # of a cloud with this state that was killed
        starting.enter_context(_process_environment({**cloud.environment(), "MOTO_PORT": str(server.port)}))
        server.start()
        starting.callback(server.stop)
        starting.callback(cloud.processes.close)
        cloud.processes.probe()
        state_folder.write_private(root / ISOLATION, f"{cloud.processes.support.sentence()}\n".encode())
        starting.callback(cloud.run_stop_callbacks)
        install_parts(cloud, application)
        self._cloud = cloud

    def stop(self) -> None:
        self._running.close()
        self._cloud = None

    def __enter__(self) -> LocalCloud:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def install_parts(cloud: Cloud, application: Application) -> None:
    """Put every part behind the endpoint."""
    from localcloud import cloudformation, cloudwatch, codebuild, functions, stepfunctions
    from localcloud.bootstrap import make_bootstrap_stack
    from localcloud.iam_audit import simulation
    from localcloud.moto_services import ANSWERED
    from localcloud.sagemaker import endpoints, jobs, model_registry, refuse_the_rest, studio
    from localcloud.service_quotas import api as quotas

    application.add_handler(cloud.faults.handle)
    application.add_handler(cloud.calls.handle)
    application.add_handler(simulation.handle)
    application.observe(cloud.calls.observe)
    front = functions.install(cloud, application)
    codebuild.install(cloud, application)
    quotas.install(cloud.quotas, application, cloud.region, cloud.account_id)
    cloudformation.install(cloud, application, front)
    jobs.install(cloud)
    endpoints.install(cloud, application)
    model_registry.install(cloud, application)
    studio.install(cloud, application)
    refuse_the_rest(application)
    application.answer_only(ANSWERED)
    stepfunctions.install(cloud)
    cloudwatch.install(cloud)
    make_bootstrap_stack(cloud)


@contextlib.contextmanager
def _temporary_directory() -> Iterator[str]:
    path = tempfile.mkdtemp(prefix="localcloud-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def _without_profile() -> Iterator[None]:
    names = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def _process_environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    # It keeps the credentials that it found first, and each cloud has its own.
    session, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, None
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = session
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
