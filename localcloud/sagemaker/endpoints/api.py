"""The endpoint operations of SageMaker's API."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable

from localcloud.context import Cloud
from localcloud.errors import AwsError, not_emulated
from localcloud.sagemaker.api.listing import ListQuery, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.containers.models import Model
from localcloud.sagemaker.endpoints.endpoint import Endpoint
from localcloud.sagemaker.endpoints.fleet import Fleet
from localcloud.sagemaker.endpoints.hosting_plan import HostingPlan
from localcloud.sagemaker.endpoints.metrics import Flusher, VariantMetrics, send
from localcloud.sagemaker.endpoints.models_and_configs import RecordStore
from localcloud.sagemaker.endpoints.requests import (
    CreateEndpointRequest,
    EndpointConfig,
    EndpointName,
    UpdateEndpointRequest,
)
from localcloud.sagemaker.endpoints.rollout import Rollout
from localcloud.sagemaker.endpoints.settings import EndpointSettings
from localcloud.service_quotas.account import Use


def _use(plan: HostingPlan) -> Use:
    """The whole fleet that is configured; an update runs it beside the old one."""
    return Use("endpoint", plan.instance_type, plan.instances_requested)


class Endpoints:
    """All endpoints of the local cloud."""

    def __init__(
        self,
        cloud: Cloud,
        tags: Tags,
        models: RecordStore[Model],
        configs: RecordStore[EndpointConfig],
        settings: EndpointSettings,
    ) -> None:
        self._cloud = cloud
        self._tags = tags
        self._models = models
        self._configs = configs
        self._settings = settings
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.Lock()
        self._fleet_numbers = itertools.count()
        self._flusher = Flusher()
        cloud.quotas.count(self._uses)

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "DescribeEndpoint": self._describe,
            "DeleteEndpoint": self._delete,
            "ListEndpoints": self._list,
        }

    def find(self, name: str) -> Endpoint:
        """The endpoint, for the runtime; AwsError ValidationError if it does not exist."""
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise AwsError("ValidationError", f"Endpoint {name} of account {self._cloud.account_id} not found.")
        return endpoint

    def close(self) -> None:
        """Stop every process of every endpoint."""
        for endpoint in list(self._endpoints.values()):
            endpoint.close()
        self._flusher.close()

    def _create(self, request: CreateEndpointRequest) -> Answer:
        name = request["EndpointName"]
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:endpoint/{name.lower()}"
        plan = self._plan(name, request["EndpointConfigName"])
        metrics = VariantMetrics(name, plan.variant_name)
        endpoint = Endpoint(name, arn, plan.config_name, self._make_fleet, self._in_alarm, metrics)
        with self._cloud.quotas.admit(_use(plan)):
            with self._lock:
                if name in self._endpoints:
                    raise validation_error(f'Cannot create already existing endpoint "{arn}".')
                self._endpoints[name] = endpoint
            endpoint.deployment = request.get("DeploymentConfig")
            self._tags.add(arn, request.get("Tags", []))
            self._flusher.add(endpoint.name, lambda: send(self._cloud, metrics))
            endpoint.create(plan)
        return {"EndpointArn": arn}

    def _update(self, request: UpdateEndpointRequest) -> Answer:
        endpoint = self._get(request["EndpointName"])
        plan = self._plan(endpoint.name, request["EndpointConfigName"])
        deployment = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = endpoint.deployment
        self._check_scaling(endpoint, plan)
        if deployment and "RollingUpdatePolicy" in deployment:
            raise not_emulated("sagemaker", "UpdateEndpoint with RollingUpdatePolicy")
        rollout = Rollout.of(deployment, plan.instances_requested, self._settings.max_bake_seconds)
        with self._cloud.quotas.admit(_use(plan)):
            endpoint.update(plan, rollout, deployment)
        return {"EndpointArn": endpoint.arn}

    def _check_scaling(self, endpoint: Endpoint, plan: HostingPlan) -> None:
        """Refuse to remove a variant that is a scalable target, or to change its instance type."""
        kept = (plan.variant_name, plan.instance_type)
        running = {each.variant_name: each.instance_type for each in endpoint.plans()}
        changed = [name for name, kind in running.items() if (name, kind) != kept]
        if not changed:
            return
        found = self._cloud.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint.name}/variant/{name}" for name in changed]
        )
        targets = [target["ResourceId"].rpartition("/")[2] for target in found["ScalableTargets"]]
        if targets:
            raise validation_error(
                f'The variant(s) "{", ".join(targets)}" must be deregistered as scalable targets with AWS Auto Scaling '
                "before they can be removed or have their instance type updated."
            )

    def _describe(self, request: EndpointName) -> Answer:
        return self._get(request["EndpointName"]).description()

    def _delete(self, request: EndpointName) -> None:
        endpoint = self._get(request["EndpointName"])
        endpoint.begin_delete()
        threading.Thread(target=self._remove, args=(endpoint,), name=f"delete-{endpoint.name}", daemon=True).start()

    def _remove(self, endpoint: Endpoint) -> None:
        endpoint.close(drain_seconds=30.0)
        self._flusher.remove(endpoint.name)
        self._tags.forget(endpoint.arn)
        with self._lock:
            self._endpoints.pop(endpoint.name, None)

    def _list(self, query: ListQuery) -> Answer:
        found = select(list(self._endpoints.values()), query, sort_order="Descending")
        rows = [
            {
                "EndpointName": each.name,
                "EndpointArn": each.arn,
                "EndpointStatus": each.status,
                "CreationTime": each.created,
                "LastModifiedTime": each.modified,
            }
            for each in found
        ]
        return page(rows, query, "Endpoints")

    def _get(self, name: str) -> Endpoint:
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            prefix = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:endpoint/"
            raise validation_error(f'Could not find endpoint "{prefix}{name.lower()}".')
        return endpoint

    def _plan(self, endpoint_name: str, config_name: str) -> HostingPlan:
        config = self._configs.get(config_name).request
        model = self._models.get(config["ProductionVariants"][0]["ModelName"]).request
        return HostingPlan.of(endpoint_name, config, model, self._settings)

    def _uses(self) -> list[Use]:
        return [_use(plan) for endpoint in list(self._endpoints.values()) for plan in endpoint.plans()]

    def _make_fleet(self, plan: HostingPlan, metrics: VariantMetrics) -> Fleet:
        home = self._cloud.root / "endpoints" / plan.endpoint_name / f"fleet-{next(self._fleet_numbers)}"
        return Fleet(self._cloud, plan, self._settings, self._flusher, metrics, home)

    def _in_alarm(self, names: Iterable[str]) -> list[str]:
        """The named alarms whose state is ALARM."""
        found = self._cloud.client("cloudwatch").describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM"
        )
        alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        return [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
