"""Bucket properties as CloudFormation spells them, in the S3 API's spelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.cloudformation.providers.base import ProviderError
from localcloud.json_types import JSON, JsonObject, as_list, as_object


def reshape(key: str, value: JSON) -> JSON:
    """CloudFormation's spelling of a bucket property as the S3 API spells it."""
    return _RESHAPES[key](as_object(value)) if key in _RESHAPES else value


def _objects(holder: JsonObject, key: str) -> list[JsonObject]:
    return [as_object(item) for item in as_list(holder[key])]


def _renamed(value: JsonObject, names: Mapping[str, str]) -> JSON:
    return {names.get(key, key): item for key, item in value.items()}


def _encryption(value: JsonObject) -> JSON:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [_renamed(rule, names) for rule in _objects(value, "ServerSideEncryptionConfiguration")]}


def _logging(value: JsonObject) -> JSON:
    enabled: JsonObject = {
        "TargetBucket": value.get("DestinationBucketName"),
        "TargetPrefix": value.get("LogFilePrefix", ""),
    }
    return {"LoggingEnabled": enabled}


def _cors(value: JsonObject) -> JSON:
    names = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
    return {"CORSRules": [_renamed(rule, names) for rule in _objects(value, "CorsRules")]}


def _website(value: JsonObject) -> JSON:
    documents = {"IndexDocument": "Suffix", "ErrorDocument": "Key"}
    return {name: {inner: value[name]} for name, inner in documents.items() if name in value}


_EXPIRATION = {
    "ExpirationInDays": "Days",
    "ExpirationDate": "Date",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
_TRANSITION = {"TransitionInDays": "Days", "TransitionDate": "Date"}
_NONCURRENT_TRANSITION = {"TransitionInDays": "NoncurrentDays"}
_SAME_IN_THE_API = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
_LIFECYCLE = {
    "Id",
    "Status",
    "Prefix",
    "TagFilters",
    "Transitions",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpirationInDays",
    *_EXPIRATION,
    *_SAME_IN_THE_API,
}


def _lifecycle(value: JsonObject) -> JSON:
    return {"Rules": [_lifecycle_rule(rule) for rule in _objects(value, "Rules")]}


def _lifecycle_rule(rule: JsonObject) -> JSON:
    if unknown := sorted(set(rule) - _LIFECYCLE):
        raise ProviderError(f"localcloud does not emulate {', '.join(unknown)} of a lifecycle rule")
    prefix = rule.get("Prefix", "")
    result: JsonObject = {"Status": rule["Status"], "Filter": {"Prefix": prefix}}
    if "Id" in rule:
        result["ID"] = rule["Id"]
    if "TagFilters" in rule:
        result["Filter"] = {"And": {"Prefix": prefix, "Tags": rule["TagFilters"]}}
    if found := {name: rule[key] for key, name in _EXPIRATION.items() if key in rule}:
        result["Expiration"] = found
    if "NoncurrentVersionExpirationInDays" in rule:
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    result |= {key: rule[key] for key in _SAME_IN_THE_API if key in rule}
    for key, names in (("Transitions", _TRANSITION), ("NoncurrentVersionTransitions", _NONCURRENT_TRANSITION)):
        if key in rule:
            result[key] = [_renamed(item, names) for item in _objects(rule, key)]
    return result


def _notifications(value: JsonObject) -> JSON:
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    result: JsonObject = {}
    for key, (name, source, target) in kinds.items():
        if key in value:
            result[name] = [_notification(item, source, target) for item in _objects(value, key)]
    if "EventBridgeConfiguration" in value:
        result["EventBridgeConfiguration"] = {}
    return result


def _notification(item: JsonObject, source: str, target: str) -> JSON:
    result: JsonObject = {"Events": [item["Event"]], target: item[source]}
    if "Filter" in item:
        rules = as_object(as_object(item["Filter"])["S3Key"])["Rules"]
        result["Filter"] = {"Key": {"FilterRules": rules}}
    return result


_RESHAPES: dict[str, Callable[[JsonObject], JSON]] = {
    "BucketEncryption": _encryption,
    "LoggingConfiguration": _logging,
    "LifecycleConfiguration": _lifecycle,
    "CorsConfiguration": _cors,
    "AccelerateConfiguration": lambda value: {"Status": value["AccelerationStatus"]},
    "WebsiteConfiguration": _website,
    "NotificationConfiguration": _notifications,
}
