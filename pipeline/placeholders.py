"""Values that are known only at deploy time: a stack replaces each `${Name}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from config.app import AppConfig
from config.platform import MAX_ZONES


class Placeholder(StrEnum):
    """Names for CloudFormation's DefinitionSubstitutions. `str()` is the text in the definition."""

    DATA_BUCKET = "DataBucket"
    ARTIFACTS_BUCKET = "ArtifactsBucket"
    KEY_ARN = "KeyArn"
    TOPIC_ARN = "TopicArn"

    CODE_BUCKET = "CodeBucket"
    """Bucket and key of the code archive's asset."""
    CODE_KEY = "CodeKey"

    TRAINING_IMAGE = "TrainingImage"
    JOBS_IMAGE = "JobsImage"

    PREPARATION_ROLE_ARN = "PreparationRoleArn"
    TRAINING_ROLE_ARN = "TrainingRoleArn"
    EVALUATION_ROLE_ARN = "EvaluationRoleArn"

    SECURITY_GROUP_ID = "SecurityGroupId"
    SUBNET_1 = "Subnet1"
    SUBNET_2 = "Subnet2"
    SUBNET_3 = "Subnet3"
    SUBNET_4 = "Subnet4"
    SUBNET_5 = "Subnet5"
    SUBNET_6 = "Subnet6"

    PLAN_RUN_ARN = "PlanRunArn"
    DIAGNOSE_FAILURE_ARN = "DiagnoseFailureArn"
    EMIT_FINDINGS_ARN = "EmitFindingsArn"
    QUALITY_GATE_ARN = "QualityGateArn"
    REGISTER_MODEL_ARN = "RegisterModelArn"
    STAGE_ARTIFACT_ARN = "StageArtifactArn"
    SMOKE_TEST_ARN = "SmokeTestArn"
    PUBLISH_MODEL_ARN = "PublishModelArn"

    def __str__(self) -> str:
        return f"${{{self.value}}}"


SUBNETS = tuple(Placeholder(f"Subnet{number}") for number in range(1, MAX_ZONES + 1))


def subnets(config: AppConfig) -> list[str]:
    """Those of an existing VPC, or one placeholder per zone of the network that is made."""
    return list(config.network.subnet_ids) or [str(subnet) for subnet in SUBNETS[: config.network.zone_count]]


def security_groups(config: AppConfig) -> list[str]:
    """Those of an existing VPC, or the placeholder of the one that is made."""
    return list(config.network.security_group_ids) or [str(Placeholder.SECURITY_GROUP_ID)]


def used(definition: Mapping[str, Any]) -> frozenset[Placeholder]:
    """The placeholders in a definition. Raises ValueError for a name that is not a `Placeholder`."""
    return frozenset(Placeholder(name) for name in re.findall(r"\$\{([^}]*)\}", json.dumps(definition)))


def substitute(definition: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The definition with each placeholder replaced, as CloudFormation does. Raises KeyError for a missing value."""
    text = re.sub(r"\$\{([^}]*)\}", lambda found: json.dumps(values[found[1]])[1:-1], json.dumps(definition))
    filled: dict[str, Any] = json.loads(text)
    return filled
