"""Which permissions a request needs: IAM actions, the resources that the request names, and context keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from localcloud.http_requests import Environ, Operation, read_body
from localcloud.iam_audit.dependents import passed_roles, tagging_action
from localcloud.iam_audit.resources import resources
from localcloud.json_types import JsonObject
from localcloud.rest_operations import rest_operation

_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}  # signing name -> IAM's prefix, where they differ
_LAMBDA = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_CONTEXT = {"cloudwatch:namespace": "Namespace", "iam:PermissionsBoundary": "PermissionsBoundary"}
_SAGEMAKER_VERB = re.compile("^(Create|Describe|Stop|Delete|Update)")


@dataclass(frozen=True)
class Permission:
    """One permission. resource: an ARN; None where requests do not name it or the action has no resources."""

    action: str
    resource: str | None = None
    context: tuple[tuple[str, str], ...] = ()


def needed_permissions(environ: Environ, operation: Operation, region: str, account_id: str) -> list[Permission]:
    """The permissions that AWS would check before it carries out a request."""
    service = _PREFIXES.get(operation.service, operation.service)
    arn = f"arn:aws:{service}:{region}:{account_id}:"
    if service == "s3":
        return _s3(environ, rest_operation("s3", environ) or "")
    path = environ.get("PATH_INFO", "")
    if service == "sagemaker" and (match := re.fullmatch(r"/endpoints/([^/]+)/invocations", path)):
        context = _context(environ, {"sagemaker:TargetModel": "HTTP_X_AMZN_SAGEMAKER_TARGET_MODEL"})
        return [Permission("sagemaker:InvokeEndpoint", f"{arn}endpoint/{match[1]}", context)]
    if service == "lambda":
        name = rest_operation("lambda", environ) or "Unknown"
        action = f"lambda:{_LAMBDA.get(name, name)}"
        if function := re.match(r"/[\d-]+/functions/([^/]+)", unquote(path)):
            return [Permission(action, f"{arn}function:{function[1].rpartition(':function:')[2]}")]
        return _with_dependents(action, _body(environ), region, account_id)
    name = operation.name or rest_operation(operation.service, environ) or "Unknown"
    body = _body(environ)
    if service == "sagemaker":
        return _sagemaker(name, body, arn)
    if service == "budgets":
        name = "ViewBudget" if name.startswith("Describe") else "ModifyBudget"
    return _with_dependents(f"{service}:{name}", body, region, account_id)


def _with_dependents(action: str, body: JsonObject, region: str, account_id: str) -> list[Permission]:
    context = tuple((key, str(body[field])) for key, field in _CONTEXT.items() if field in body)
    found = resources(action, body, region, account_id)
    needs = [Permission(action, resource, context) for resource in found]
    if tagging := tagging_action(action, body):
        needs += [Permission(tagging, resource) for resource in found]
    return needs + _passing(action, body)


def _passing(action: str, body: JsonObject) -> list[Permission]:
    passed = passed_roles(action, body)
    return [Permission("iam:PassRole", role, (("iam:PassedToService", service),)) for role, service in passed]


def _s3(environ: Environ, name: str) -> list[Permission]:
    host = environ.get("HTTP_HOST", "").partition(":")[0]
    path = environ.get("PATH_INFO", "/").lstrip("/")
    if host.endswith(".localhost"):
        path = f"{host.removesuffix('.localhost')}/{path}"
    bucket, _, key = path.partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    action = "s3:" + _S3.get(name, name)
    if "versionId" in query and action in ("s3:GetObject", "s3:DeleteObject"):
        action += "Version"
    context = tuple((f"s3:{field}", query[field][0]) for field in ("prefix", "delimiter") if query.get(field))
    arn = f"arn:aws:s3:::{bucket}" if bucket else "*"
    if name == "DeleteObjects":
        keys = re.findall(r"<Key>(.*?)</Key>", read_body(environ).decode(errors="replace"))
        return [Permission(action, f"{arn}/{each}") for each in keys]
    needs = [Permission(action, f"{arn}/{key}" if key else arn, context)]
    if source := unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).lstrip("/"):
        needs.append(Permission("s3:GetObject", f"arn:aws:s3:::{source.partition('?')[0]}"))
    if environ.get("HTTP_X_AMZ_TAGGING"):
        needs.append(Permission("s3:PutObjectTagging", f"{arn}/{key}"))
    return needs


def _sagemaker(name: str, body: JsonObject, arn: str) -> list[Permission]:
    noun = _SAGEMAKER_VERB.sub("", name)
    named = [(noun, _text(body, f"{noun}Arn") or _text(body, f"{noun}Name") or _text(body, f"{noun}Id"))]
    if noun == "UserProfile" and "DomainId" in body:
        named = [(noun, f"{body['DomainId']}/{body['UserProfileName']}")]
    if noun == "Endpoint":
        named.append(("EndpointConfig", _text(body, "EndpointConfigName")))
    found = [value if value.startswith("arn:") else f"{arn}{_kebab(kind)}/{value}" for kind, value in named if value]
    if name == "CreateModelPackage" and "ModelPackageGroupName" in body:
        found = [f"{arn}model-package/{body['ModelPackageGroupName']}/1"]
    if resource_arn := _text(body, "ResourceArn"):
        found = [resource_arn]
    named_or_not: list[str | None] = [*found] or [None]
    needs = [Permission(f"sagemaker:{name}", resource) for resource in named_or_not]
    if name.startswith("Create") and body.get("Tags"):
        needs += [Permission("sagemaker:AddTags", resource) for resource in found]
    return needs + _passing(f"sagemaker:{name}", body)


def _kebab(kind: str) -> str:
    """TrainingJob -> training-job, as ARNs have it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()


def _text(body: JsonObject, field: str) -> str | None:
    value = body.get(field)
    return value if isinstance(value, str) else None


def _context(environ: Environ, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, environ[header]) for key, header in headers.items() if environ.get(header))


def _body(environ: Environ) -> JsonObject:
    """The fields of a JSON or query request; none for other encodings."""
    content_type = environ.get("CONTENT_TYPE", "")
    if "json" in content_type:
        body = read_body(environ)
        fields: JsonObject = json.loads(body) if body else {}
        return fields
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(read_body(environ).decode()).items()}
    return {}
