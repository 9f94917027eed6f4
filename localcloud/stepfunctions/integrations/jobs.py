"""Tasks that wait for a job: SageMaker jobs and nested executions."""

from __future__ import annotations

import logging

from localcloud.json_types import JSON, JsonObject, as_object
from localcloud.stepfunctions.asl.errors import TASK_FAILED, StatesError
from localcloud.stepfunctions.asl.json_text import to_json
from localcloud.stepfunctions.integrations.api_call import ApiCall
from localcloud.stepfunctions.integrations.shapes import parse_json

log = logging.getLogger(__name__)

SAGEMAKER_JOBS = ("TrainingJob", "ProcessingJob", "HyperParameterTuningJob", "TransformJob")


class SageMakerJob(ApiCall):
    """create<Job>.sync: the Describe response when it is Completed; Failed and Stopped are States.TaskFailed."""

    @property
    def _kind(self) -> str:
        return self.operation_name.removeprefix("Create")

    def poll(self, answer: JSON, parameters: JSON) -> tuple[JSON] | None:
        job = self.call(f"Describe{self._kind}", self._name(parameters))
        status = job[f"{self._kind}Status"]
        if status == "Completed":
            return (job,)
        if status in ("Failed", "Stopped"):
            raise StatesError(TASK_FAILED, to_json(job))
        return None

    def stop(self, answer: JSON, parameters: JSON) -> None:
        try:
            self.call(f"Stop{self._kind}", self._name(parameters))
        except StatesError as failure:  # best effort, as in AWS: the job may have ended in between
            log.warning("%s: %s", self.resource, failure)

    def _name(self, parameters: JSON) -> JsonObject:
        return {f"{self._kind}Name": as_object(parameters)[f"{self._kind}Name"]}


class NestedExecution(ApiCall):
    """states:startExecution.sync and .sync:2, whose Output is parsed."""

    def poll(self, answer: JSON, parameters: JSON) -> tuple[JSON] | None:
        execution = self.call("DescribeExecution", {"ExecutionArn": as_object(answer)["ExecutionArn"]})
        if execution["Status"] == "RUNNING":
            return None
        if self.resource.endswith(":2"):
            parsed: JsonObject = {
                name: parse_json(str(execution[name])) for name in ("Input", "Output") if name in execution
            }
            execution = {**execution, **parsed}
        if execution["Status"] == "SUCCEEDED":
            return (execution,)
        raise StatesError(TASK_FAILED, to_json(execution))

    def stop(self, answer: JSON, parameters: JSON) -> None:
        self.call("StopExecution", {"ExecutionArn": as_object(answer)["ExecutionArn"]})
