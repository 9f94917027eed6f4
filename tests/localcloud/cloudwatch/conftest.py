"""A running cloud, with helpers that put values and create alarms."""

import datetime
import itertools
import json

import pytest

from localcloud import LocalCloud
from localcloud.cloudwatch import evaluate_now

NOON = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)


class Watch:
    """Metrics in a separate namespace per test, and alarms that publish to a queue."""

    def __init__(self, cloud, namespace):
        self.cloud = cloud
        self.namespace = namespace
        self.client = cloud.client("cloudwatch")
        sns, self._sqs = cloud.client("sns"), cloud.client("sqs")
        self.topic = sns.create_topic(Name=namespace)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=namespace)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def put(self, name, *values, at=NOON, **options):
        data = {"MetricName": name, "Values": list(values), "Timestamp": at, **options}
        self.client.put_metric_data(Namespace=self.namespace, MetricData=[data])

    def alarm(self, name, **options):
        """A new alarm; by default the sum of `errors` over one minute above 0."""
        if "Metrics" in options:
            single = {}
        else:
            single = {"Namespace": self.namespace, "MetricName": "errors", "Statistic": "Sum", "Period": 60}
        defaults = {
            "EvaluationPeriods": 1,
            "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
            "InsufficientDataActions": [self.topic],
        }
        self.client.put_metric_alarm(AlarmName=name, **{**single, **defaults, **options})

    def state(self, name):
        found = self.client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        (alarm,) = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return alarm["StateValue"]

    def evaluate(self, name, at=NOON):
        evaluate_now(self.cloud, at)
        return self.state(name)

    def messages(self):
        """The (subject, message) pairs that have arrived since the last call."""
        found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(message["Body"]) for message in found]
        for message in found:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [(body["Subject"], json.loads(body["Message"])) for body in bodies]


@pytest.fixture(scope="package")
def running_cloud():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALCLOUD_ALARM_TICK_SECONDS", "3600")  # the tests trigger evaluation
        with LocalCloud() as cloud:
            yield cloud.cloud


_numbers = itertools.count()


@pytest.fixture
def watch(running_cloud):
    watch = Watch(running_cloud, f"Test{next(_numbers)}")
    yield watch
    names = [alarm["AlarmName"] for alarm in watch.client.describe_alarms()["MetricAlarms"]]
    composites = watch.client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    watch.client.delete_alarms(AlarmNames=[*names, *(alarm["AlarmName"] for alarm in composites)])
