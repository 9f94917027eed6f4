"""A browser opens the page of an attacker while `kennel local up` runs: nothing is deployed, nothing can be read."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from kennel.cloud.local_record import LocalRecord, require
from kennel.workspace import clone

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = Path(__file__).with_name("drive_by.html")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

SCRIPT = """<pre id=out></pre><script>
const url = "TARGET", lines = [];
const form = "Action=CreateStack&Version=2010-05-15&StackName=by-script&TemplateBody=%7B%7D";
const credential = "?X-Amz-Credential=a/20261130/us-east-1/cloudformation/aws4_request";
const tries = {
  read: () => fetch(url + "/"),
  blind: () => fetch(url + "/" + credential, {method: "POST", mode: "no-cors", body: new URLSearchParams(form)}),
  json: () => fetch(url + "/", {method: "POST", headers: {"X-Amz-Target": "Logs_20140328.CreateLogGroup",
    "Content-Type": "application/x-amz-json-1.1"}, body: '{"logGroupName": "by-script"}'}),
  plain: () => fetch(url + "/", {method: "POST", headers: {"Content-Type": "text/plain"}, body: form}),
  put: () => fetch(url + "/by-script", {method: "PUT"}),
  own: () => fetch(url + "/_localcloud/interruptions", {method: "POST", mode: "no-cors", body: '{"job": "*"}'}),
  reset: () => fetch(url + "/moto-api/reset", {method: "POST", mode: "no-cors"}),
};
(async () => {
  for (const [name, attempt] of Object.entries(tries)) {
    try { const r = await attempt(); lines.push(name + ": " + r.type + " " + r.status); }
    catch (error) { lines.push(name + ": " + error.name); }
  }
  document.getElementById("out").textContent = lines.join("\\n") + "\\ndone";
})();
</script>"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRecord]:
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["KENNEL_HOME"] = str(home)

    def local(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "kennel", "local", *arguments], env=environment, check=True, cwd=clone.ROOT
        )

    local("up", "--port", "0")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KENNEL_HOME", str(home))
            yield require()
    finally:
        local("down", "--forget")


@pytest.fixture(scope="module")
def site(cloud: LocalRecord) -> Iterator[int]:
    """The port of a site that serves both pages, aimed at the cloud by the name in the query."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = self.path.partition("?")[2] or cloud.url
            page = SCRIPT if self.path.startswith("/script") else PAGE.read_text()
            body = page.replace("http://localhost:4599", target).replace("TARGET", target).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def visit(url: str, profile: Path) -> str:
    """What the page looks like in the end; evil.example is a name that was rebound to this machine."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP *.example 127.0.0.1", "--virtual-time-budget=8000", "--dump-dom", url,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def deployed(cloud: LocalRecord) -> dict[str, list[str]]:
    """What is there besides what a fresh cloud has."""
    options = {**cloud.credentials(), "region_name": "us-east-1", "endpoint_url": cloud.url}
    formation, functions, logs, s3 = (
        boto3.client(name, **options) for name in ("cloudformation", "lambda", "logs", "s3")
    )
    found = {
        "stacks": [item["StackName"] for item in formation.describe_stacks()["Stacks"]],
        "functions": [item["FunctionName"] for item in functions.list_functions()["Functions"]],
        "groups": [item["logGroupName"] for item in logs.describe_log_groups()["logGroups"]],
        "buckets": [item["Name"] for item in s3.list_buckets()["Buckets"]],
    }
    return {kind: [name for name in names if not re.match("CDKToolkit|cdk-", name)] for kind, names in found.items()}


NOTHING: dict[str, list[str]] = {"stacks": [], "functions": [], "groups": [], "buckets": []}


@pytest.mark.parametrize("place", ["file", "http://evil.example:{site}/form", "http://localhost:{site}/form"])
def test_a_form_deploys_nothing(place: str, cloud: LocalRecord, site: int, tmp_path: Path) -> None:
    url = place.format(site=site)
    if place == "file":
        page = tmp_path / "page.html"
        page.write_text(PAGE.read_text().replace("http://localhost:4599", cloud.url))
        url = page.as_uri()
    assert "AccessForbidden" in visit(url, tmp_path / "profile"), "the form was not answered"
    assert deployed(cloud) == NOTHING


@pytest.mark.parametrize("origin", ["evil.example", "localhost", "127.0.0.1"])
def test_a_script_reads_and_changes_nothing(origin: str, cloud: LocalRecord, site: int, tmp_path: Path) -> None:
    dom = visit(f"http://{origin}:{site}/script", tmp_path / "profile")
    lines = dict(line.split(": ") for line in re.findall(r"\w+: [\w ]+(?=\n)", dom))
    assert lines == {
        "read": "TypeError", "blind": "opaque 0", "json": "TypeError", "plain": "TypeError", "put": "TypeError",
        "own": "opaque 0", "reset": "opaque 0",
    }, dom  # fmt: skip
    assert deployed(cloud) == NOTHING


@pytest.mark.parametrize("page", ["form", "script"])
def test_a_rebound_name_is_not_answered(page: str, cloud: LocalRecord, site: int, tmp_path: Path) -> None:
    """The page's own name leads to the cloud: to the browser it is one origin."""
    dom = visit(f"http://evil.example:{site}/{page}?http://rebound.example:{cloud.port}", tmp_path / "profile")
    assert "localcloud answers to localhost" in dom if page == "form" else "done" in dom
    direct = visit(f"http://rebound.example:{cloud.port}/", tmp_path / "profile")
    assert "localcloud answers to localhost" in direct
    assert deployed(cloud) == NOTHING


def test_a_presigned_link_opens(cloud: LocalRecord, tmp_path: Path) -> None:
    from botocore.config import Config

    options = {**cloud.credentials(), "region_name": "us-east-1", "endpoint_url": cloud.url}
    s3 = boto3.client("s3", **options, config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="a b.html", Body=b"<p>a report</p>", ContentType="text/html")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "reports", "Key": "a b.html"})
    assert "a report" in visit(link, tmp_path / "profile")
    s3.delete_object(Bucket="reports", Key="a b.html")
    s3.delete_bucket(Bucket="reports")
