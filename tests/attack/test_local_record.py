"""The record of the local cloud and its state directory: nothing of others is signalled, deleted or readable."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from kennel.cli.app import app
from kennel.cloud import local_record, local_state
from localcloud import LocalCloud, state_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KENNEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours other than a local cloud."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as process:
        yield process
        assert process.poll() is None, "it was ended"
        process.kill()


def local(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["local", *arguments])


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("the only copy")
    return folder


def forged(process: subprocess.Popen[bytes], root: Path, **changes: Any) -> str:
    """A record of somebody who knows all about the process."""
    found = psutil.Process(process.pid)
    record = {
        "pid": process.pid, "started": found.create_time(), "executable": found.exe(), "port": 1, "root": str(root),
        "token": "t",
    }  # fmt: skip
    return json.dumps(record | changes)


COMMANDS = [("down",), ("down", "--forget"), ("status",), ("env",)]
CHANGES: list[dict[str, Any]] = [{}, {"started": 0.0}, {"executable": "/bin/true"}, {"pid": 1}]


@pytest.mark.parametrize(("arguments", "change"), [*itertools.product(COMMANDS, CHANGES), (("up", "--port", "-1"), {})])
def test_a_forged_record_ends_and_deletes_nothing(
    arguments: tuple[str, ...], change: dict[str, Any], home: Path, bystander: subprocess.Popen[bytes], precious: Path
) -> None:
    home.mkdir()
    (precious / local_state.MARKER).write_text("t")
    (home / "local.json").write_text(forged(bystander, precious, **change))
    local(*arguments)
    assert bystander.poll() is None
    assert (precious / "thesis.txt").read_text() == "the only copy"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1, "port": 2, "root": "/"}', "\ud800"])
def test_a_record_that_cannot_be_read(text: str, home: Path) -> None:
    home.mkdir()
    (home / "local.json").write_bytes(text.encode(errors="surrogatepass"))
    result = local("down")
    assert result.exit_code == 1
    assert "cannot be read, or is of another version" in str(result.exception)


@pytest.mark.parametrize("field", ["pid", "started", "port", "root", "token", "executable"])
def test_a_record_whose_field_has_another_type(field: str, home: Path, bystander: subprocess.Popen[bytes]) -> None:
    home.mkdir()
    (home / "local.json").write_text(json.dumps(json.loads(forged(bystander, home)) | {field: [1]}))
    assert "cannot be read" in str(local("down").exception)


def test_a_state_folder_that_is_a_link_or_somebody_elses(home: Path, precious: Path) -> None:
    home.mkdir()
    (home / "cloud").symlink_to(precious)
    (precious / local_state.MARKER).write_text("t")
    for arguments in (("up", "--port", "0"), ("down", "--forget")):
        local(*arguments)
        assert (precious / "thesis.txt").exists()
    (home / "cloud").unlink()
    (precious / local_state.MARKER).unlink()
    precious.rename(home / "cloud")
    assert "was not made by `kennel local up`" in str(local("up", "--port", "0").exception)
    local("down", "--forget")
    assert (home / "cloud" / "thesis.txt").exists()


def test_a_link_below_the_state_is_not_followed(home: Path, precious: Path) -> None:
    folder = local_state.root()
    local_state.make()
    (folder / "link").symlink_to(precious)
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to(precious)
    local_state.make()
    assert not (folder / "link").is_symlink() and not (folder / "deep").exists()
    assert (precious / "thesis.txt").exists()


def modes(folder: Path) -> dict[str, int]:
    """Whoever is not the owner, and what they may do, by path."""
    found = [folder, *folder.rglob("*")]
    return {str(path): path.lstat().st_mode & 0o077 for path in found if path.lstat().st_mode & 0o077}


def test_a_running_cloud_is_found_by_its_record_alone(home: Path) -> None:
    """And what it keeps is its owner's, with the umask that most have."""
    before = os.umask(0o022)
    try:
        assert local("up", "--port", "0").exit_code == 0
        record = local_record.require()
        keys = record.credentials()
        assert record.process() is not None
        assert modes(home) == {}
        marker = Path(record.root) / local_state.MARKER
        token = marker.read_text()
        marker.write_text("another")
        result = local("down")
        assert "whose marker says another token" in str(result.exception) and record.process() is not None
        marker.write_text(token)
        assert local("status").exit_code == 0
        assert local("down").exit_code == 0
        assert record.process() is None and not (home / "local.json").exists()
        # The keys of a state stay until it is forgotten.
        assert local("up", "--port", "0").exit_code == 0
        assert local_record.require().credentials() == keys
        assert "stopped and forgotten" in local("down", "--forget").output
        assert not local_state.root().exists()
        local_state.make()
        assert state_folder.secret(local_state.root()).hex() not in json.dumps(keys)
    finally:
        os.umask(before)
        local("down")


def test_a_wider_folder_of_an_older_version_is_narrowed(home: Path) -> None:
    folder = local_state.root()
    folder.mkdir(parents=True)
    for path in (home, folder):
        path.chmod(0o755)
    for name in (local_state.LOG, local_state.IMAGES):
        (folder / name).write_text("old")
    local_state.make()
    assert modes(home) == {}
    assert sorted(path.name for path in folder.iterdir()) == [local_state.MARKER]


def test_the_folder_of_a_cloud_without_kennel(tmp_path: Path) -> None:
    """Also where it was there before, and its secret could be read: then it is not a secret."""
    root = tmp_path / "deep" / "state"
    root.mkdir(parents=True)
    root.chmod(0o777)
    (root / state_folder.SECRET).write_bytes(b"x" * 32)
    (root / state_folder.SECRET).chmod(0o644)
    before = os.umask(0)
    try:
        with LocalCloud(root=root):
            assert not root.stat().st_mode & 0o077
            assert modes(root) == {}
    finally:
        os.umask(before)
    secret = state_folder.secret(root)
    assert secret != b"x" * 32 and state_folder.secret(root) == secret
    (root / state_folder.SECRET).write_bytes(b"short")
    assert len(state_folder.secret(root)) == 32


def test_two_ups_at_once_start_one_cloud(home: Path) -> None:
    ups = [subprocess.Popen([sys.executable, "-m", "kennel", "local", "up", "--port", "0"]) for _ in range(2)]
    try:
        assert [up.wait(60) for up in ups] == [0, 0]
        lines = [" ".join(found.info["cmdline"] or ()) for found in psutil.process_iter(["cmdline"])]
        assert sum(f"-m localcloud --port 0 --root {home}" in line for line in lines) == 1
    finally:
        assert local("down", "--forget").exit_code == 0


def test_env_leads_past_profiles_endpoints_and_proxies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "cloud").mkdir(parents=True)
    (home / "cloud" / "credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    record = local_record.LocalRecord(1, 0.0, "", 9, str(home / "cloud"), "t")
    monkeypatch.setattr(local_record, "read", lambda: record)
    elsewhere = {"AWS_PROFILE": "x", "AWS_ENDPOINT_URL_S3": "http://1.2.3.4", "no_proxy": "a.b"}
    elsewhere["HTTP_PROXY"] = "http://1.2.3.4"
    shell = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | elsewhere
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    look = "import boto3, botocore.utils as u; url = boto3.client('s3').meta.endpoint_url"
    look += "; print(url, u.get_environ_proxies(url))"
    script = local("env").stdout + f'"{sys.executable}" -c "{look}"; echo $no_proxy'
    said = subprocess.run(["sh", "-c", script], env=shell, capture_output=True, text=True, check=True).stdout
    assert said.split("\n")[:2] == ["http://localhost:9 {}", "a.b,localhost,127.0.0.1"]


def test_the_cloud_starts_in_a_shell_whose_profile_is_not_there() -> None:
    code = "from localcloud import LocalCloud\nwith LocalCloud(images=[]): pass"
    shell = {**os.environ, "AWS_PROFILE": "of-work", "AWS_DEFAULT_PROFILE": "of-work"}
    subprocess.run([sys.executable, "-c", code], env=shell, check=True, timeout=60)
