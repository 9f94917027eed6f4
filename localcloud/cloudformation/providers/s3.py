"""Buckets with all their properties, and bucket policies (recorded and readable, not enforced)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from botocore import xform_name
from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import all_tags, as_tag_list
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Document,
    Outcome,
    Provider,
    ProviderError,
    Request,
    answers,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import convert, text
from localcloud.cloudformation.providers.s3_properties import reshape
from localcloud.json_types import JSON, JsonObject
from localcloud.query_protocol import service_model


@dataclass(frozen=True)
class _Setting:
    """A property of a bucket and the call that sets it; `reset` removes it where there is no delete call."""

    put: str
    member: str
    delete: str | None = None
    reset: Mapping[str, JSON] | None = None


_SETTINGS: dict[str, _Setting] = {
    "VersioningConfiguration": _Setting(
        "PutBucketVersioning", "VersioningConfiguration", reset={"Status": "Suspended"}
    ),
    "BucketEncryption": _Setting("PutBucketEncryption", "ServerSideEncryptionConfiguration", "DeleteBucketEncryption"),
    "PublicAccessBlockConfiguration": _Setting(
        "PutPublicAccessBlock", "PublicAccessBlockConfiguration", "DeletePublicAccessBlock"
    ),
    "OwnershipControls": _Setting("PutBucketOwnershipControls", "OwnershipControls", "DeleteBucketOwnershipControls"),
    "LifecycleConfiguration": _Setting(
        "PutBucketLifecycleConfiguration", "LifecycleConfiguration", "DeleteBucketLifecycle"
    ),
    "LoggingConfiguration": _Setting("PutBucketLogging", "BucketLoggingStatus", reset={}),
    "CorsConfiguration": _Setting("PutBucketCors", "CORSConfiguration", "DeleteBucketCors"),
    "WebsiteConfiguration": _Setting("PutBucketWebsite", "WebsiteConfiguration", "DeleteBucketWebsite"),
    "NotificationConfiguration": _Setting("PutBucketNotificationConfiguration", "NotificationConfiguration", reset={}),
    "AccelerateConfiguration": _Setting(
        "PutBucketAccelerateConfiguration", "AccelerateConfiguration", reset={"Status": "Suspended"}
    ),
}


class Bucket(Provider[JsonObject]):
    """AWS::S3::Bucket, each property set by its own call, so that the S3 API returns what was deployed."""

    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"BucketName", "BucketNamePrefix", "BucketNamespace"})

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        _refuse_unknown(properties)
        s3 = request.client("s3")
        name = str(properties.get("BucketName") or request.generated_name(63, lower=True))
        location = (
            {}
            if request.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": request.region}}
        )
        # S3 lets the owner create a bucket again in us-east-1; a stack must not take over one that it did not create.
        if answers(lambda: s3.head_bucket(Bucket=name)):
            raise ProviderError(f"{name} already exists")
        s3.create_bucket(Bucket=name, **location)
        self._apply(request, name, properties, {})
        return self._outcome(request, name)

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        _refuse_unknown(properties)
        if properties.get("BucketName") != previous.get("BucketName"):
            return self.create(request, properties)
        self._apply(request, physical_id, properties, previous)
        return self._outcome(request, physical_id)

    def _apply(self, request: Request, name: str, properties: JsonObject, previous: JsonObject) -> None:
        s3 = request.client("s3")
        for key, setting in _SETTINGS.items():
            value = properties.get(key)
            if value == previous.get(key):
                continue
            if value is not None:
                _put(s3, name, setting, reshape(key, value))
            elif setting.delete:
                getattr(s3, xform_name(setting.delete))(Bucket=name)
            else:
                _put(s3, name, setting, dict(setting.reset or {}))
        if properties.get("AccessControl") != previous.get("AccessControl"):
            s3.put_bucket_acl(Bucket=name, ACL=_canned_acl(str(properties.get("AccessControl", "Private"))))
        tags = all_tags(properties, request.tags)
        if tags != (all_tags(previous, request.previous_tags) if previous else {}):
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": as_tag_list(tags)})

    @staticmethod
    def _outcome(request: Request, name: str) -> Outcome:
        regional = f"{name}.s3.{request.region}.amazonaws.com"
        return Outcome(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": regional,
                "DualStackDomainName": f"{name}.s3.dualstack.{request.region}.amazonaws.com",
                "WebsiteURL": f"http://{name}.s3-website-{request.region}.amazonaws.com",
            },
        )

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        ignore_gone(lambda: request.client("s3").delete_bucket(Bucket=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> bool:
        return answers(lambda: client("s3").head_bucket(Bucket=physical_id))


def _canned_acl(name: str) -> str:
    """LogDeliveryWrite -> log-delivery-write."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _refuse_unknown(properties: JsonObject) -> None:
    unknown = sorted(set(properties) - set(_SETTINGS) - {"BucketName", "Tags", "AccessControl"})
    if unknown:
        raise ProviderError(f"localcloud does not emulate property {', '.join(unknown)} of AWS::S3::Bucket")


def _put(s3: BaseClient, name: str, setting: _Setting, value: object) -> None:
    operation = service_model("s3").operation_model(setting.put)
    assert operation.input_shape is not None
    shape = operation.input_shape.members[setting.member]
    getattr(s3, xform_name(setting.put))(Bucket=name, **{setting.member: convert(value, shape, setting.member)})


class BucketPolicyProperties(TypedDict):
    Bucket: str
    PolicyDocument: Document


class BucketPolicy(Provider[BucketPolicyProperties]):
    """AWS::S3::BucketPolicy."""

    def replaces(self, changed: set[str]) -> bool:
        return "Bucket" in changed

    def create(self, request: Request, properties: BucketPolicyProperties) -> Outcome:
        policy = text(properties["PolicyDocument"])
        request.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
        return Outcome(properties["Bucket"])

    def delete(self, request: Request, physical_id: str, properties: BucketPolicyProperties) -> None:
        ignore_gone(lambda: request.client("s3").delete_bucket_policy(Bucket=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: BucketPolicyProperties) -> bool:
        return answers(lambda: client("s3").get_bucket_policy(Bucket=physical_id))


PROVIDERS: dict[str, AnyProvider] = {"AWS::S3::Bucket": Bucket(), "AWS::S3::BucketPolicy": BucketPolicy()}
