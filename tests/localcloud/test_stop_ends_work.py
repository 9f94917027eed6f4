"""Stopping the cloud ends the work of its parts."""

import json
import socket
import sys
import time

from localcloud import ImageCommand, LocalCloud

ROLE = "arn:aws:iam::123456789012:role/any"
PING = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["SAGEMAKER_BIND_TO_PORT"].encode())
    do_POST = do_GET
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def test_executions_are_aborted_and_endpoints_stopped():
    image = ImageCommand("ping:*", "serving", (sys.executable, "-c", PING))
    with LocalCloud(images=[image]) as cloud:
        states = cloud.cloud.client("stepfunctions")
        wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
        machine = states.create_state_machine(name="m", definition=json.dumps(wait), roleArn=ROLE)["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine)["executionArn"]
        port = serving_port(cloud.cloud)
        cloud.cloud.run_stop_callbacks()
        assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"
        assert not answers(port)


def serving_port(cloud):
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "ping:1"})
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    deadline = time.monotonic() + 15
    while sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] != "InService":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"x")
    return int(answer["Body"].read())


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_moto_is_left_as_it_was():
    import moto.logs.models
    from moto.cloudwatch.models import CloudWatchBackend
    from moto.cloudwatch.responses import CloudWatchResponse
    from moto.logs.responses import LogsResponse

    owners = (CloudWatchBackend, CloudWatchResponse, LogsResponse, moto.logs.models)
    before = [dict(vars(owner)) for owner in owners]

    def replaced():
        known = zip(owners, before, strict=True)
        return [name for owner, old in known for name in old if vars(owner).get(name) is not old[name]]

    with LocalCloud():
        assert set(replaced()) >= {"put_metric_data", "put_metric_alarm", "filter_log_events", "EventMessageFilter"}
    assert replaced() == []
