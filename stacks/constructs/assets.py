"""The two archives that a deployment uploads: the code of the Lambda functions and the code of the jobs.

Both are staged in the assembly's folder. The same sources give the same bytes: sorted, without times, owners or
compiled files.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from aws_cdk import App, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

ROOT = Path(__file__).resolve().parents[2]
MODEL_CODE = ROOT / "model_code"
CONTRACT = MODEL_CODE / "imgcls" / "contract"
STAGING = "staging"
SOURCE_SUFFIXES = frozenset({".py", ".json", ".html", ".css", ".js"})
DOCKERFILE = MODEL_CODE / "Dockerfile"
DOCKER_SUFFIXES = SOURCE_SUFFIXES | {".lock"}


class CodeArchive(s3_assets.Asset):
    """`model_code/*.py` and `imgcls/` as one tar.gz. Its key ends in `.gz`, which the training toolkit opens too."""

    def __init__(self, scope: Construct, id: str) -> None:
        path = _staging(scope) / "code.tar.gz"
        path.write_bytes(pack(job_sources()))
        super().__init__(scope, id, path=str(path))

    @property
    def file_name(self) -> str:
        """What the archive is called in a job's channel: its key without the prefix that a synthesizer may add."""
        return f"{self.asset_hash}.gz"

    @property
    def siblings(self) -> str:
        """ARN pattern of the objects next to this one: the archives of earlier and later deployments."""
        prefix, found, _ = self.s3_object_key.partition(self.asset_hash)
        return self.bucket.arn_for_objects(f"{prefix if found else ''}*")

    def allow_read(self, role: iam.IRole) -> None:
        """Let a job's role read this one object. SageMaker lists the prefix before it reads."""
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[self.bucket.arn_for_objects(self.s3_object_key)])
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{self.s3_object_key}*"]}},
            )
        )


def function_code(scope: Construct, documents: Mapping[str, str]) -> lambda_.Code:
    """The archive of all functions: `lambdas/`, `imgcls/contract/` and `documents` (file name -> text) at its top."""
    folder = _staging(scope) / "functions"
    if folder.exists():
        shutil.rmtree(folder)
    for name, content in function_sources():
        _write(folder / name, content)
    for name, text in documents.items():
        _write(folder / name, text.encode())
    return lambda_.Code.from_asset(str(folder))


def image_source(scope: Construct) -> Path:
    """The Docker build context: the Dockerfile and what it copies. Other code does not make a new image."""
    folder = _staging(scope) / "images"
    if folder.exists():
        shutil.rmtree(folder)
    _write(folder / DOCKERFILE.name, DOCKERFILE.read_bytes())
    for copied in _copied(DOCKERFILE.read_text()):
        path = MODEL_CODE / copied
        for name, content in _files(MODEL_CODE, path.rglob("*") if path.is_dir() else [path], DOCKER_SUFFIXES):
            _write(folder / name, content)
    return folder


def _copied(dockerfile: str) -> Iterator[str]:
    """The files and folders that `COPY` takes from the build context."""
    for line in dockerfile.replace("\\\n", "").splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            yield from line.split()[1:-1]


def job_sources() -> Iterator[tuple[str, bytes]]:
    """(name in the archive, content) of the files that a job needs, sorted by name."""
    yield from _files(MODEL_CODE, [*MODEL_CODE.glob("*.py"), *(MODEL_CODE / "imgcls").rglob("*")])


def function_sources() -> Iterator[tuple[str, bytes]]:
    """(name in the archive, content) of the files that a Lambda function needs, sorted by name."""
    yield from _files(ROOT, (ROOT / "lambdas").rglob("*"))
    yield from _files(MODEL_CODE, [MODEL_CODE / "imgcls" / "__init__.py", *CONTRACT.rglob("*")])


def pack(files: Iterator[tuple[str, bytes]]) -> bytes:
    """A tar.gz that depends only on names and contents."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def _files(
    base: Path, paths: Iterable[Path], suffixes: frozenset[str] = SOURCE_SUFFIXES
) -> Iterator[tuple[str, bytes]]:
    for path in sorted(set(paths)):
        if path.suffix in suffixes and path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(base).as_posix(), path.read_bytes()


def _staging(scope: Construct) -> Path:
    """A separate folder per stack: the CDK caches the first content that it sees for a path."""
    stage = Stage.of(scope)
    assert isinstance(stage, App), "the stacks must be direct children of the app"
    folder = Path(stage.outdir) / STAGING / Stack.of(scope).stack_name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
