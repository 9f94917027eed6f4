"""Buckets: private, encrypted, versioned, access-logged, with lifecycle rules, retained."""

from __future__ import annotations

from checks.assembly import Assembly, Resource, as_list
from checks.control import each
from checks.policies import attached
from imgcls.contract import keys

BUCKET = "AWS::S3::Bucket"
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
KEPT = (keys.DATASETS, keys.MODELS, keys.STAGED, keys.ALIASES, keys.WEIGHTS)
MIN_HISTORY, OLDER = 7, "NoncurrentVersionExpirationInDays"
EXPIRATIONS = ("ExpirationInDays", "ExpirationDate")


def receives_logs(bucket: Resource, assembly: Assembly) -> bool:
    return any(
        bucket.points_at(other.get("LoggingConfiguration.DestinationBucketName")) for other in assembly.of(BUCKET)
    )


def encrypted(bucket: Resource, assembly: Assembly) -> bool:
    """S3 delivers access logs only to a bucket that is encrypted with S3's own key."""
    rules = as_list(bucket.get("BucketEncryption.ServerSideEncryptionConfiguration"))
    defaults = [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]
    if receives_logs(bucket, assembly):
        return [item.get("SSEAlgorithm") for item in defaults] == ["AES256"]
    return len(defaults) == 1 and bool(
        defaults[0].get("SSEAlgorithm") == "aws:kms" and assembly.at(defaults[0].get("KMSMasterKeyID"), "AWS::KMS::Key")
    )


def tls_only(bucket: Resource, assembly: Assembly) -> bool:
    denied = {
        resource
        for statement in attached(assembly, "AWS::S3::BucketPolicy", "Bucket", bucket)
        if statement.denies_without_tls("s3:*")
        for resource in statement.resources
    }
    arn = f"${{{bucket.label}.Arn}}"
    return {arn, f"{arn}/*"} <= denied


def logged(bucket: Resource, assembly: Assembly) -> bool:
    target = bucket.get("LoggingConfiguration.DestinationBucketName")
    if receives_logs(bucket, assembly):
        return target is None
    return assembly.at(target, BUCKET) is not None


def has_lifecycle(bucket: Resource, _: Assembly) -> bool:
    whole = [
        rule
        for rule in as_list(bucket.get("LifecycleConfiguration.Rules"))
        if rule.get("Status") == "Enabled" and not rule.get("Prefix") and not rule.get("TagFilters")
    ]
    return any("NoncurrentVersionExpiration" in rule for rule in whole) and any(
        "AbortIncompleteMultipartUpload" in rule for rule in whole
    )


def keeps_data(bucket: Resource, assembly: Assembly) -> bool:
    """What users, models and aliases are in is never deleted by age; runs and logs may be."""
    rules = [rule for rule in as_list(bucket.get("LifecycleConfiguration.Rules")) if rule.get("Status") == "Enabled"]
    expiring = [rule for rule in rules if any(name in rule for name in EXPIRATIONS)]
    return receives_logs(bucket, assembly) or not any(
        kept.startswith(prefix) or prefix.startswith(kept)
        for rule in expiring
        for prefix in [str(rule.get("Prefix") or "")]
        for kept in KEPT
    )


def keeps_history(bucket: Resource, _: Assembly) -> bool:
    """A version that is deleted at once cannot be restored."""
    rules = as_list(bucket.get("LifecycleConfiguration.Rules"))
    days = [
        rule["NoncurrentVersionExpiration"].get("NoncurrentDays")
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    ] + [rule[OLDER] for rule in rules if OLDER in rule]
    return all(isinstance(value, int) and value >= MIN_HISTORY for value in days)


def retained(resource: Resource, _: Assembly) -> bool:
    """A creation that fails deletes it all the same: what it leaves would be in the way of the next one."""
    policies = (resource.raw.get("DeletionPolicy"), resource.raw.get("UpdateReplacePolicy"))
    return policies == ("RetainExceptOnCreate", "Retain")


def owner_enforced(bucket: Resource, _: Assembly) -> bool:
    rules = as_list(bucket.get("OwnershipControls.Rules"))
    return [rule.get("ObjectOwnership") for rule in rules] == ["BucketOwnerEnforced"] and not bucket.get(
        "AccessControl"
    )


CONTROLS = (
    each(
        "bucket.key",
        "be encrypted with the customer managed key (the access-log bucket with S3's key)",
        BUCKET,
        encrypted,
    ),
    each(
        "bucket.private",
        "block all four kinds of public access",
        BUCKET,
        lambda bucket, _: all(bucket.get(f"PublicAccessBlockConfiguration.{name}") is True for name in BLOCKS),
    ),
    each(
        "bucket.versioned",
        "have versioning enabled",
        BUCKET,
        lambda bucket, _: bucket.get("VersioningConfiguration.Status") == "Enabled",
    ),
    each("bucket.tls", "reject bucket and object requests without TLS", BUCKET, tls_only),
    each("bucket.logged", "have access logging (the access-log bucket must not log itself)", BUCKET, logged),
    each("bucket.tidied", "expire noncurrent versions and abort incomplete uploads", BUCKET, has_lifecycle),
    each("bucket.keeps-data", "not expire datasets, models and aliases: they have no other copy", BUCKET, keeps_data),
    each("bucket.history", "keep noncurrent versions for a week or longer", BUCKET, keeps_history, when="Strict"),
    each("bucket.kept", "be retained when its stack is deleted", BUCKET, retained, when="Retain"),
    each("bucket.no-acls", "have access control lists disabled", BUCKET, owner_enforced),
)
