"""A function's execution environment: what it may write, how much it may say, and what becomes of a broken one."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from localcloud.functions.environment import MAX_LOG_BYTES, _Log
from localcloud.isolation.support import Support

WRITING = """
import os, pathlib
def attempt(path):
    try:
        pathlib.Path(path).write_text("written")
        return "written"
    except OSError as error:
        return error.strerror
def handler(event, context):
    root = os.environ["LAMBDA_TASK_ROOT"]
    return [os.path.dirname(os.path.abspath(__file__)) == root, attempt(root + "/new.py"), attempt(root + "/main.py")]
"""
COUNTING = """
import os, pathlib, tempfile
def handler(event, context):
    folder = pathlib.Path(tempfile.gettempdir())
    (folder / str(len(list(folder.glob("*.call"))))).with_suffix(".call").touch()
    return len(list(folder.glob("*.call")))
"""


@pytest.fixture(params=["as the machine allows", "without a view"])
def views(request, local_cloud, monkeypatch):
    """Both ways of running a function; which of them is this one."""
    if request.param == "without a view":
        monkeypatch.setattr(local_cloud.cloud.processes, "support", Support(reason="switched off by a test"))
    return request.param


def test_the_code_is_read_only_and_of_this_environment_alone(functions, views, local_cloud):
    name = f"writing-{views}".replace(" ", "-")
    functions.create(name, WRITING)
    in_place, *attempts = functions.invoke(name)["Payload"]
    assert in_place
    if local_cloud.cloud.processes.support.view:
        assert attempts == ["Read-only file system"] * 2
    functions.client.update_function_configuration(FunctionName=name, Timeout=20)
    listing = "import os\ndef handler(event, context): return os.listdir(os.environ['LAMBDA_TASK_ROOT'])"
    functions.create(f"{name}-2", listing)
    # A user who is root may write to a copy that is his own; it is not that of another environment.
    assert [file for file in functions.invoke(f"{name}-2")["Payload"] if file != "__pycache__"] == ["main.py"]


def test_each_environment_has_a_temporary_folder_that_lasts_as_long_as_it(functions, views):
    name = f"counting-{views}".replace(" ", "-")
    functions.create(name, COUNTING)
    assert [functions.invoke(name)["Payload"] for _ in range(3)] == [1, 2, 3]
    functions.client.update_function_configuration(FunctionName=name, Timeout=20)
    assert functions.invoke(name)["Payload"] == 1


def test_the_temporary_folder_holds_512_megabytes(functions, local_cloud):
    if not local_cloud.cloud.processes.support.view:
        pytest.skip("without a view /tmp has no limit")
    source = """
import os
def handler(event, context):
    space = os.statvfs("/tmp")
    return space.f_blocks * space.f_frsize
"""
    functions.create("measuring", source)
    assert functions.invoke("measuring")["Payload"] == 512 * 1024**2


def test_output_is_kept_up_to_a_limit(functions, local_cloud):
    source = """
import sys
def handler(event, context):
    line = "x" * 999 + "\\n"
    for _ in range(20_000):
        sys.stdout.write(line)
    return "said"
"""
    functions.create("loud", source, Timeout=60)
    assert functions.invoke("loud")["Payload"] == "said"
    lines = functions.log_lines("/aws/lambda/loud")
    assert sum(len(line) for line in lines if line.startswith("x")) <= MAX_LOG_BYTES
    assert any("left out 13" in line for line in lines), lines[-3:]


def test_short_lines_are_counted_as_cloudwatch_logs_counts_them(tmp_path):
    (tmp_path / "said").write_bytes(b"x\n" * 3_000_000)
    log = _Log()
    with (tmp_path / "said").open("rb") as said:
        while log.read(said.fileno()):
            pass
    lines = log.text().splitlines()
    assert MAX_LOG_BYTES // 28 - 1 <= lines.count("x") < MAX_LOG_BYTES // 20
    assert f"left out {6_000_000 - 2 * lines.count('x')} more" in lines[-1]


def test_an_answer_of_more_than_six_megabytes_is_lambdas_error_and_the_environment_goes_on(functions):
    source = """
calls = []
def handler(event, context):
    calls.append(1)
    return "x" * event if event else len(calls)
"""
    functions.create("large", source)
    answer = functions.invoke("large", 6_291_556)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"
    assert "exceeded maximum allowed payload size (6291556 bytes)" in answer["Payload"]["errorMessage"]
    assert len(functions.invoke("large", 6_291_554)["Payload"]) == 6_291_554
    assert functions.invoke("large", 0)["Payload"] == 3


@pytest.mark.parametrize(
    ("case", "statement", "message"),
    [
        ("garbage", "os.write(3, b'garbage\\n'); time.sleep(9)", "Runtime exited"),
        ("no-object", "os.write(3, b'failed 1\\n'); time.sleep(9)", "Runtime exited"),
        ("no-json", "os.write(3, b'ok {\\n'); time.sleep(9)", "Runtime exited"),
        ("endless", "[os.write(3, b'x' * 65536) for _ in range(200)]", "Runtime exited"),
        ("closed", "os.close(3); time.sleep(9)", "Runtime exited"),
        ("no-reason", "os._exit(0)", "Error: Runtime exited without providing a reason"),
        ("killed", "os.kill(os.getpid(), 9)", "Error: Runtime exited with error: signal: killed"),
        ("fault", "os.kill(os.getpid(), 11)", "Error: Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_broken_answer_is_the_functions_error(functions, case, statement, message):
    functions.create(f"broken-{case}", f"import os, time\ndef handler(event, context):\n    {statement}", Timeout=15)
    answer = functions.invoke(f"broken-{case}")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert message in answer["Payload"]["errorMessage"]


def test_an_environment_whose_function_ended_it_is_not_used_again(functions):
    source = """
import os
calls = []
def handler(event, context):
    calls.append(1)
    if event:
        os._exit(event)
    return len(calls)
"""
    functions.create("dying", source)
    assert functions.invoke("dying", 0)["Payload"] == 1
    assert functions.invoke("dying", 3)["Payload"]["errorType"] == "Runtime.ExitError"
    assert functions.invoke("dying", 0)["Payload"] == 1


def test_a_background_thread_stands_still_between_invocations(functions):
    source = """
import threading, time
ticks = []
def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    return len(ticks)
"""
    functions.create("ticking", source)
    before = functions.invoke("ticking")["Payload"]
    time.sleep(1)
    assert functions.invoke("ticking")["Payload"] - before < 50


def test_variables_of_more_than_four_kilobytes_are_refused(functions):
    source = "import os\ndef handler(event, context): return len(os.environ['LONG'])"
    fitting = 4096 - len(json.dumps({"LONG": ""}, separators=(",", ":")))
    functions.create("fits", source, Environment={"Variables": {"LONG": "x" * fitting}})
    assert functions.invoke("fits")["Payload"] == fitting
    for change in (functions.client.update_function_configuration, None):
        with pytest.raises(ClientError, match=r"exceeded the 4KB limit\. String measured: ") as raised:
            variables = {"Variables": {"LONG": "x" * (fitting + 1)}}
            if change:
                change(FunctionName="fits", Environment=variables)
            else:
                functions.create("too-long", source, Environment=variables)
        assert raised.value.response["Error"]["Code"] == "InvalidParameterValueException"
