"""Bucket properties as CloudFormation spells them, in the S3 API's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.cloudformation.providers.base import ProviderError


def reshape(key: str, value: Any) -> Any:
    """CloudFormation's spelling of a bucket property as the S3 API spells it."""
    if key == "BucketEncryption":
        return {
            "Rules": [
                _renamed(rule, {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"})
                for rule in value["ServerSideEncryptionConfiguration"]
            ]
        }
    if key == "LoggingConfiguration":
        enabled = {"TargetBucket": value.get("DestinationBucketName"), "TargetPrefix": value.get("LogFilePrefix", "")}
        return {"LoggingEnabled": enabled}
    if key == "LifecycleConfiguration":
        return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}
    if key == "CorsConfiguration":
        names = {"Id": "ID", "MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
        return {"CORSRules": [_renamed(rule, names) for rule in value["CorsRules"]]}
    if key == "AccelerateConfiguration":
        return {"Status": value["AccelerationStatus"]}
    if key == "WebsiteConfiguration":
        documents = {"IndexDocument": ("IndexDocument", "Suffix"), "ErrorDocument": ("ErrorDocument", "Key")}
        return {name: {inner: value[name]} for name, (_, inner) in documents.items() if name in value}
    if key == "NotificationConfiguration":
        return _notifications(value)
    return value


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): item for key, item in value.items()}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    plain = {
        "Id",
        "Status",
        "Prefix",
        "Transitions",
        "AbortIncompleteMultipartUpload",
        "NoncurrentVersionTransitions",
        "NoncurrentVersionExpiration",
        "ExpirationInDays",
        "ExpirationDate",
        "ExpiredObjectDeleteMarker",
        "TagFilters",
        "NoncurrentVersionExpirationInDays",
    }
    if unknown := sorted(set(rule) - plain):
        raise ProviderError(f"localcloud does not emulate {', '.join(unknown)} of a lifecycle rule")
    if "Id" in rule:
        result["ID"] = rule["Id"]
    if "TagFilters" in rule:
        result["Filter"] = {"And": {"Prefix": rule.get("Prefix", ""), "Tags": rule["TagFilters"]}}
    expiration = {
        "ExpirationInDays": "Days",
        "ExpirationDate": "Date",
        "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    }
    if found := {name: rule[key] for key, name in expiration.items() if key in rule}:
        result["Expiration"] = found
    if "NoncurrentVersionExpirationInDays" in rule:
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "NoncurrentVersionExpiration" in rule:
        result["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "AbortIncompleteMultipartUpload" in rule:
        result["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    names = {"TransitionInDays": "Days", "TransitionDate": "Date"}
    if "Transitions" in rule:
        result["Transitions"] = [_renamed(item, names) for item in rule["Transitions"]]
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays"}
        result["NoncurrentVersionTransitions"] = [_renamed(i, names) for i in rule["NoncurrentVersionTransitions"]]
    return result


def _notifications(value: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    result: dict[str, Any] = {}
    for key, (name, source, target) in kinds.items():
        if key in value:
            result[name] = [
                {"Events": [item["Event"]], target: item[source], **_notification_filter(item)} for item in value[key]
            ]
    if "EventBridgeConfiguration" in value:
        result["EventBridgeConfiguration"] = {}
    return result


def _notification_filter(item: Mapping[str, Any]) -> dict[str, Any]:
    if "Filter" not in item:
        return {}
    return {"Filter": {"Key": {"FilterRules": item["Filter"]["S3Key"]["Rules"]}}}
