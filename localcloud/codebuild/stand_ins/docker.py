"""A stand-in for `docker`: login, build, tag, push and logout, with its exit codes and sentences.

It reads the Dockerfile and the build context, and makes a record of the image whose digest depends on everything that
went in. It runs no commands and makes no layers.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.codebuild.stand_ins.dockerfile import BuildError, Dockerfile, content_hash
from localcloud.codebuild.stand_ins.registry import AMD64, HOST, Reference, RegistryError, digest_of, is_password, put

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CONFIGS = {
    DOCKER: ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    OCI: ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"),
}
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_FLAGS = {"--no-cache": "", "--pull": "", "--quiet": "", "-q": "", "--rm": "", "--load": "type=docker"}
_WITH_VALUE = {"-f": "--file", "-t": "--tag", "-o": "--output"}
_OPTIONS = (
    "--file",
    "--tag",
    "--output",
    "--target",
    "--build-arg",
    "--platform",
    "--provenance",
    "--progress",
    "--sbom",
)


class Failure(Exception):
    """The command ends with exit code 1 and this on stderr."""


class Usage(Failure):
    """A command line that docker does not understand: exit code 125."""


class State:
    """What the daemon of one build knows: registries that it is logged in to, and images."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        known = json.loads(self._file.read_text()) if self._file.exists() else {"logins": [], "images": {}}
        self.logins: list[str] = known["logins"]
        self.images: dict[str, list[str]] = known["images"]
        """Reference -> media type and manifest."""

    def save(self) -> None:
        self._file.write_text(json.dumps({"logins": self.logins, "images": self.images}))


@dataclass
class BuildOptions:
    context: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        return self.values.get(name, [default])[-1]


def main(arguments: Sequence[str]) -> int:
    commands = {"login": login, "logout": logout, "build": build, "push": push, "tag": tag}
    name, *rest = list(arguments) or [""]
    if name == "buildx" and rest[:1] == ["build"]:
        name, rest = "build", rest[1:]
    try:
        if name not in commands:
            raise Failure(
                f"localcloud does not emulate `docker {name}`: a build has login, build, tag, push and logout"
            )
        folder = os.environ.get("LOCALCLOUD_DOCKER")
        if not folder:  # the project is not privileged
            raise Failure(NO_DAEMON)
        state = State(Path(folder))
        commands[name](rest, state)
        state.save()
        return 0
    except (Failure, BuildError, RegistryError) as error:
        prefix = "ERROR: failed to build: failed to solve: " if isinstance(error, BuildError) else ""
        print(f"{prefix}{error}", file=sys.stderr)
        return 125 if isinstance(error, Usage) else 1


def login(arguments: list[str], state: State) -> None:
    user, password, hosts = "", "", []
    waiting = iter(arguments)
    for argument in waiting:
        if argument in ("--username", "-u"):
            user = next(waiting, "")
        elif argument in ("--password", "-p"):
            password = next(waiting, "")
        elif argument == "--password-stdin":
            password = sys.stdin.read().strip()
        else:
            hosts.append(argument)
    if not password:
        raise Failure(
            "Error: Password Empty" if user else "Error: Cannot perform an interactive login from a non TTY device"
        )
    host = hosts[0] if hosts else "docker.io"
    if not is_password(host, user, password):
        raise Failure(
            f"Error response from daemon: login attempt to https://{host}/v2/ failed with status: 400 Bad Request"
        )
    state.logins = sorted({*state.logins, host})
    print("Login Succeeded")


def logout(arguments: list[str], state: State) -> None:
    state.logins = [host for host in state.logins if host not in arguments]


def build(arguments: list[str], state: State) -> None:
    options = _build_options(arguments)
    context = Path(options.context)
    if not context.is_dir():
        raise Failure(f"ERROR: failed to build: unable to prepare context: path {options.context!r} not found")
    if options.one("--platform", AMD64) != AMD64:
        raise Failure(f"localcloud does not emulate `docker build --platform {options.one('--platform')}`")
    file = Path(options.one("--file")) if options.one("--file") else context / "Dockerfile"
    if not file.exists():
        raise BuildError(f"failed to read dockerfile: open {file.name}: no such file or directory")
    given = {name: _argument(name, value) for name, value in _pairs(options.values.get("--build-arg", []))}
    dockerfile = Dockerfile.parse(file.read_text(), given)
    stages = dockerfile.needed(options.one("--target") or None)
    bases = {name: _base_digest(name, state) for name in dockerfile.base_images(stages)}
    if dockerfile.unused:
        print(f"[Warning] One or more build-args {dockerfile.unused} were not consumed")
    content = content_hash(stages, context, given, bases)
    media_type, manifest = _manifest(content, options)
    for name in options.values.get("--tag", []):
        state.images[str(Reference.parse(name))] = [media_type, manifest]
        print(f"naming to {name}")


def tag(arguments: list[str], state: State) -> None:
    if len(arguments) != 2:
        raise Usage("docker: 'docker tag' requires 2 arguments")
    source, target = (str(Reference.parse(name)) for name in arguments)
    if source not in state.images:
        raise Failure(f"Error response from daemon: No such image: {arguments[0]}")
    state.images[target] = state.images[source]


def push(arguments: list[str], state: State) -> None:
    names = [argument for argument in arguments if argument not in ("--quiet", "-q")]
    if len(names) != 1:
        raise Usage("docker: 'docker push' requires 1 argument")
    reference = Reference.parse(names[0])
    if str(reference) not in state.images:
        raise Failure(f"An image does not exist locally with the tag: {names[0].rpartition(':')[0] or names[0]}")
    match = HOST.fullmatch(reference.host)
    if not match:
        raise Failure(f"localcloud does not emulate `docker push` to {reference.host}: push to Amazon ECR")
    if reference.host not in state.logins:
        raise Failure("no basic auth credentials")
    if match["account"] != os.environ["LOCALCLOUD_ACCOUNT"]:
        raise Failure(f"denied: not authorized to perform: ecr:InitiateLayerUpload in the registry {match['account']}")
    media_type, manifest = state.images[str(reference)]
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    put(reference, manifest, media_type, digest)
    print(f"{reference.tag}: digest: {digest} size: {len(manifest)}")


def _build_options(arguments: list[str]) -> BuildOptions:
    options, waiting = BuildOptions(), iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        name = _WITH_VALUE.get(name, name)
        if argument in _FLAGS:
            if _FLAGS[argument]:
                options.values.setdefault("--output", []).append(_FLAGS[argument])
        elif name in _OPTIONS:
            options.values.setdefault(name, []).append(value if equals else next(waiting, ""))
        elif argument.startswith("-"):
            raise Usage(f"unknown flag: {argument}\n\nSee 'docker build --help'.")
        elif options.context:
            raise Usage("docker: 'docker build' requires 1 argument")
        else:
            options.context = argument
    if not options.context:
        raise Usage("docker: 'docker build' requires 1 argument")
    return options


def _base_digest(name: str, state: State) -> str:
    """What identifies a base image. Raises BuildError for one that could not be pulled."""
    reference = Reference.parse(name)
    match = HOST.fullmatch(reference.host)
    if match is None:
        return name  # a public image: nothing here could ask for it
    if reference.host not in state.logins:
        raise BuildError(f"{name}: failed to resolve source metadata for {name}: no basic auth credentials")
    if match["account"] != os.environ["LOCALCLOUD_ACCOUNT"]:
        return name
    try:
        return digest_of(reference)
    except RegistryError as error:
        raise BuildError(f"{name}: failed to resolve source metadata for {name}: {error}") from error


def _manifest(content: str, options: BuildOptions) -> tuple[str, str]:
    """(media type, manifest). As Docker 29 does, OCI's unless the options ask for Docker's own."""
    docker = options.one("--output").replace(" ", "").startswith("type=docker")
    plain = options.one("--provenance") == "false"
    media_type = DOCKER if docker and plain else OCI
    config, layer = CONFIGS[media_type]
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": config, "size": len(content), "digest": f"sha256:{content}"},
        "layers": [{"mediaType": layer, "size": len(content), "digest": f"sha256:{content}"}],
    }
    if plain:
        return media_type, json.dumps(manifest, indent=3)
    inner = hashlib.sha256(json.dumps(manifest, indent=3).encode()).hexdigest()
    platform = {"architecture": "amd64", "os": "linux"}
    entries = [{"mediaType": OCI, "size": len(content), "digest": f"sha256:{inner}", "platform": platform}]
    return OCI_INDEX, json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}, indent=3)


def _argument(name: str, value: str | None) -> str:
    return os.environ.get(name, "") if value is None else value


def _pairs(given: list[str]) -> list[tuple[str, str | None]]:
    split = (text.partition("=") for text in given)
    return [(name, value if equals else None) for name, equals, value in split]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
