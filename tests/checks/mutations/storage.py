"""Buckets and the key."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.mutations.mutant import MUTATIONS, Mutant, breaks, drop, put

BUCKET = "AWS::S3::Bucket"
drop("bucket.key", BUCKET, "BucketEncryption")
put("bucket.private", BUCKET, False, "PublicAccessBlockConfiguration", "BlockPublicPolicy")
put("bucket.versioned", BUCKET, "Suspended", "VersioningConfiguration", "Status")
drop("bucket.logged", BUCKET, "LoggingConfiguration")
drop("bucket.tidied", BUCKET, "LifecycleConfiguration")
drop("bucket.no-acls", BUCKET, "OwnershipControls")
put("bucket.no-acls", BUCKET, "PublicRead", "AccessControl")


@breaks("bucket.key")
def amazon_key_for_data(mutant: Mutant) -> None:
    bucket = mutant.with_property(BUCKET, "LoggingConfiguration")
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    del rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]


@breaks("bucket.tls")
def tls_not_demanded(mutant: Mutant) -> None:
    statements = mutant.properties("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    statements[:] = [item for item in statements if "SecureTransport" not in json.dumps(item)]


@breaks("bucket.tls")
def tls_for_objects_only(mutant: Mutant) -> None:
    for item in mutant.properties("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]:
        if "SecureTransport" in json.dumps(item):
            item["Resource"] = item["Resource"][1:]


@breaks("bucket.logged")
def logs_log_themselves(mutant: Mutant) -> None:
    target = mutant.with_property(BUCKET, "LoggingConfiguration")["LoggingConfiguration"]
    logs = next(item for item in mutant.all(BUCKET) if "LoggingConfiguration" not in item["Properties"])
    logs["Properties"]["LoggingConfiguration"] = target


@breaks("bucket.kept")
def bucket_goes_with_stack(mutant: Mutant) -> None:
    mutant.first(BUCKET)["DeletionPolicy"] = "Delete"


KEY = "AWS::KMS::Key"
put("key.rotated", KEY, False, "EnableKeyRotation")


@breaks("key.closed")
def key_for_everybody(mutant: Mutant) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    mutant.properties(KEY)["KeyPolicy"]["Statement"].append(statement)


@breaks("key.closed")
def key_for_every_aws_account(mutant: Mutant) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}
    mutant.properties(KEY)["KeyPolicy"]["Statement"].append(statement)


def _service_statement(mutant: Mutant, service: str) -> dict[str, Any]:
    items = mutant.properties(KEY)["KeyPolicy"]["Statement"]
    return next(item for item in items if str(item["Principal"].get("Service", "")).startswith(service))


def _unbound(service: str) -> None:
    def unbound(mutant: Mutant) -> None:
        del _service_statement(mutant, service)["Condition"]

    def gone(mutant: Mutant) -> None:
        mutant.properties(KEY)["KeyPolicy"]["Statement"].remove(_service_statement(mutant, service))

    unbound.__name__, gone.__name__ = f"unbound-{service}", f"without-{service}"
    MUTATIONS.append(("key.services", gone))
    if service != "events.":  # no condition is documented for it
        MUTATIONS.append(("key.closed", unbound))


for _service in ("logs.", "delivery.logs.", "cloudwatch.", "events.", "budgets."):
    _unbound(_service)


@breaks("key.closed")
def key_bound_to_anything(mutant: Mutant) -> None:
    _service_statement(mutant, "budgets.")["Condition"] = {"ArnLike": {"aws:SourceArn": "*"}}


@breaks("iam.evidence")
def rules_under_a_condition_that_eventbridge_does_not_meet(mutant: Mutant) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    _service_statement(mutant, "events.")["Condition"] = condition


@breaks("key.kept")
def key_goes_with_stack(mutant: Mutant) -> None:
    mutant.first(KEY)["UpdateReplacePolicy"] = "Delete"
