"""Lambda functions: their own code, environment, limits, logs and errors."""

import base64
import io
import json
import shutil
import subprocess
import sys
import urllib.request
import zipfile

import botocore
import psutil
import pytest
from botocore.exceptions import ClientError

from localcloud.functions.packages import FOLDER_VARIABLE, RUNTIME, link_runtime

from .conftest import archive, wait_until


def test_a_function_runs_its_own_files_with_its_own_environment(functions, monkeypatch, local_cloud):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("MACHINE_SECRET", "leaked")
    source = """
import os, sys
from package.helper import double
def handler(event, context):
    return {"doubled": double(event["n"]), "word": os.environ["WORD"], "secret": os.environ.get("MACHINE_SECRET"),
            "path": os.environ.get("PYTHONPATH"), "endpoint": os.environ["AWS_ENDPOINT_URL"],
            "name": context.function_name, "arn": context.invoked_function_arn, "id": context.aws_request_id,
            "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb}
"""
    files = {"package/__init__.py": "", "package/helper.py": "def double(n): return 2 * n"}
    functions.create("own", source, files, Environment={"Variables": {"WORD": "hello"}}, Timeout=30, MemorySize=256)
    answer = functions.invoke("own", {"n": 21})
    payload = answer["Payload"]
    assert (payload["doubled"], payload["word"], payload["memory"]) == (42, "hello", "256")
    assert payload["secret"] is None
    assert payload["path"] is None
    assert payload["endpoint"] == local_cloud.url
    assert payload["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:own"
    assert 20_000 < payload["left"] <= 30_000
    assert "FunctionError" not in answer
    assert functions.invoke(payload["arn"], {"n": 1})["Payload"]["doubled"] == 2


@pytest.mark.parametrize("package", ["pydantic", "numpy", "moto", "localcloud", "kennel", "imgcls", "yaml", "pip"])
def test_a_package_that_neither_the_function_nor_the_runtime_has_cannot_be_imported(functions, package):
    functions.create(f"imports-{package}", f"import {package}\ndef handler(event, context): return 1")
    payload = functions.invoke(f"imports-{package}")["Payload"]
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"] == f"Unable to import module 'main': No module named '{package}'"


def test_the_runtimes_packages_can_be_imported_and_the_functions_own_come_first(functions, client):
    source = """
import boto3, botocore, dateutil, jmespath, s3transfer, six, urllib3
def handler(event, context):
    return [boto3.client("sts").get_caller_identity()["Account"], botocore.__version__]
"""
    functions.create("imports", source, Timeout=30)
    assert functions.invoke("imports")["Payload"] == ["123456789012", botocore.__version__]
    own = "import six\ndef handler(event, context): return six.__version__"
    functions.create("own-six", own, {"six.py": "__version__ = 'mine'"})
    assert functions.invoke("own-six")["Payload"] == "mine"


def test_functions_can_run_on_another_botocore(tmp_path, monkeypatch):
    """The packages of another environment, of which only the runtime's are there."""
    for name in (*RUNTIME, "pydantic"):
        module = {"python-dateutil": "dateutil"}.get(name, name)
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").write_text("__version__ = '1.2.3'\n")
        info = tmp_path / f"{name.replace('-', '_')}-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.2.3\n")
        (info / "RECORD").write_text(f"{module}/__init__.py,,\n")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    linked = link_runtime(tmp_path / "linked")
    asked = "import botocore, importlib.util as util; print(botocore.__version__, util.find_spec('pydantic'))"
    command = [sys.executable, "-S", "-c", asked]
    found = subprocess.run(command, env={"PYTHONPATH": str(linked)}, capture_output=True, text=True)
    assert found.stdout == "1.2.3 None\n", found.stderr
    shutil.rmtree(tmp_path / "six-1.2.3.dist-info")
    with pytest.raises(RuntimeError, match="functions need six, not installed in LOCALCLOUD_FUNCTION_PACKAGES"):
        link_runtime(tmp_path / "again")


def test_the_environment_stays_warm_until_the_function_changes(functions):
    functions.create("warm", "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)")
    assert [functions.invoke("warm")["Payload"] for _ in range(2)] == [1, 2]
    functions.client.update_function_configuration(FunctionName="warm", Environment={"Variables": {"WORD": "1"}})
    assert functions.invoke("warm")["Payload"] == 1


def test_updated_code_runs_in_the_next_invocation(functions):
    functions.create("changing", "def handler(event, context): return 'old'")
    assert functions.invoke("changing")["Payload"] == "old"
    new = archive({"main.py": "def handler(event, context): return 'new'"})
    functions.client.update_function_code(FunctionName="changing", ZipFile=new)
    assert functions.invoke("changing")["Payload"] == "new"


def test_an_exception_is_a_function_error_in_the_format_of_aws(functions):
    functions.create("raising", "def inner(): raise KeyError('k')\ndef handler(event, context): inner()")
    answer = functions.invoke("raising", LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    payload = answer["Payload"]
    assert payload["errorType"] == "KeyError"
    assert payload["errorMessage"] == "'k'"
    assert any("main.py" in line and "inner" in line for line in payload["stackTrace"])
    assert not any("runtime.py" in line for line in payload["stackTrace"])
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "[ERROR] KeyError" in tail
    assert tail.startswith("START RequestId: ")


@pytest.mark.parametrize(
    ("source", "options", "kind", "message"),
    [
        (
            "import nowhere",
            {},
            "Runtime.ImportModuleError",
            "Unable to import module 'main': No module named 'nowhere'",
        ),
        ("x = 1", {}, "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
        ("def handler(:", {}, "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
        ("def handler(e, c): return object()", {}, "Runtime.MarshalError", "Unable to marshal response"),
        ("import os\ndef handler(e, c): os._exit(3)", {}, "Runtime.ExitError", "exit status 3"),
        ("import time\ndef handler(e, c): time.sleep(9)", {"Timeout": 1}, "Sandbox.Timedout", "timed out after 1.00 s"),
    ],
)
def test_failures_of_the_runtime_have_the_error_types_of_aws(functions, source, options, kind, message):
    name = kind.replace(".", "-")
    functions.create(name, source, **options)
    payload = functions.invoke(name)["Payload"]
    assert payload["errorType"] == kind
    assert message in payload["errorMessage"]


def test_a_timeout_ends_the_functions_child_processes(functions):
    source = """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "61.25"])
    time.sleep(60)
"""
    functions.create("spawning", source, Timeout=2)
    functions.invoke("spawning")
    assert not running("sleep", "61.25")


def test_prints_and_logging_reach_the_log_group(functions):
    source = """
import logging
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("printed", event)
    logging.info("logged")
"""
    functions.create("talking", source)
    functions.invoke("talking", {"a": 1})
    lines = functions.log_lines("/aws/lambda/talking")
    assert any(line == "printed {'a': 1}" for line in lines)
    assert any(line.startswith("[INFO]\t") and line.endswith("\tlogged") for line in lines)
    assert lines[0].startswith("START RequestId")
    assert lines[-1].startswith("REPORT RequestId")


def test_logging_may_be_json(functions):
    source = """
import logging
def handler(event, context):
    logging.warning("low %s", "space", extra={"a": 1})
"""
    functions.create("structured", source, LoggingConfig={"LogFormat": "JSON"})
    functions.invoke("structured")
    records = [json.loads(line) for line in functions.log_lines("/aws/lambda/structured") if line.startswith("{")]
    assert [(record["level"], record["message"]) for record in records] == [("WARNING", "low space")]


def test_a_function_may_name_its_log_group(functions):
    options = {"LoggingConfig": {"LogGroup": "/kennel/talking"}}
    functions.create("elsewhere", "def handler(event, context): print('here')", **options)
    functions.invoke("elsewhere")
    assert "here" in functions.log_lines("/kennel/talking")
    configuration = functions.client.get_function_configuration(FunctionName="elsewhere")
    assert configuration["LoggingConfig"]["LogGroup"] == "/kennel/talking"
    assert functions.client.update_function_configuration(
        FunctionName="elsewhere", LoggingConfig={"LogGroup": "/kennel/changed"}
    )["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/kennel/changed"}


def test_the_code_can_be_downloaded(functions):
    functions.create("downloaded", "def handler(event, context): return 1")
    location = functions.client.get_function(FunctionName="downloaded")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as archived:
        assert archived.read("main.py") == b"def handler(event, context): return 1"


def test_functions_can_call_other_services_of_the_local_cloud(functions, client):
    client("s3").create_bucket(Bucket="of-a-function")
    source = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="of-a-function", Key="k", Body=b"written")
"""
    functions.create("writing", source, Timeout=30)
    assert "FunctionError" not in functions.invoke("writing")
    assert client("s3").get_object(Bucket="of-a-function", Key="k")["Body"].read() == b"written"


def test_functions_that_cannot_run_are_refused_by_name(functions):
    functions.create("javascript", "", Runtime="nodejs20.x")
    with pytest.raises(ClientError, match=r"does not emulate the Lambda runtime nodejs20\.x"):
        functions.invoke("javascript")
    with pytest.raises(ClientError, match="Function not found: nobody"):
        functions.invoke("nobody")
    functions.create("strict", "def handler(event, context): return event")
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        functions.client.invoke(FunctionName="strict", Payload=b"{")


def test_events_run_asynchronously_and_are_retried(functions, client):
    client("s3").create_bucket(Bucket="attempts")
    source = """
import boto3
def handler(event, context):
    s3 = boto3.client("s3")
    done = s3.list_objects_v2(Bucket="attempts")["KeyCount"]
    s3.put_object(Bucket="attempts", Key=str(done))
    if done < event["failures"]:
        raise RuntimeError("not yet")
    return "done"
"""
    queue = client("sqs").create_queue(QueueName="outcomes")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create("retried", source, Timeout=30)
    functions.client.put_function_event_invoke_config(
        FunctionName="retried",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}},
    )

    def outcome():
        messages = client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
        return json.loads(messages[0]["Body"]) if messages else None

    answer = functions.client.invoke(FunctionName="retried", InvocationType="Event", Payload=b'{"failures": 1}')
    assert answer["StatusCode"] == 202
    succeeded = wait_until(outcome)
    assert (succeeded["responsePayload"], succeeded["requestPayload"]) == ("done", {"failures": 1})
    functions.client.invoke(FunctionName="retried", InvocationType="Event", Payload=b'{"failures": 9}')
    failed = wait_until(outcome)
    assert failed["requestContext"]["condition"] == "RetriesExhausted"
    assert failed["responsePayload"]["errorMessage"] == "not yet"
    assert client("s3").list_objects_v2(Bucket="attempts")["KeyCount"] == 4


def test_a_topic_calls_the_function_that_subscribes_to_it(functions, client):
    source = """
import boto3
def handler(event, context):
    boto3.client("ssm").put_parameter(Name="/heard", Type="String", Value=event["Records"][0]["Sns"]["Message"])
"""
    functions.create("listening", source, Timeout=30)
    arn = functions.client.get_function(FunctionName="listening")["Configuration"]["FunctionArn"]
    topic = client("sns").create_topic(Name="news")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    client("sns").publish(TopicArn=topic, Message="extra")
    assert client("ssm").get_parameter(Name="/heard")["Parameter"]["Value"] == "extra"


def running(*command):
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == list(command)]


def test_the_import_does_not_count_towards_the_timeout(functions):
    source = """
import time
time.sleep(2)
def handler(event, context): return context.get_remaining_time_in_millis()
"""
    functions.create("slow-import", source, Timeout=1)
    assert 500 < functions.invoke("slow-import")["Payload"] <= 1000


def test_a_process_left_behind_does_not_delay_the_answer(functions):
    source = """
import subprocess
def handler(event, context):
    subprocess.Popen(["sleep", "60"])
    return "at once"
"""
    functions.create("leaving", source, Timeout=30)
    assert functions.invoke("leaving")["Payload"] == "at once"
