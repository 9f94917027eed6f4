"""What is ours: resources of the assembly, and what an ARN, a URI or a principal says of its account.

Accounts are compared in one form: ours is written OURS, every other one FOREIGN_ACCOUNT, whichever digits it has.
"""

from __future__ import annotations

import re
from typing import Any

from checks.assembly import Assembly
from config import stock_images

OURS, FOREIGN_ACCOUNT = "our-account0", "999999999999"
ARN_PARTS = 6
_ACCOUNT = re.compile(r"(?<!\w)\d{12}(?!\w)")
_OWN = re.compile(r"\$\{AWS::AccountId\}")
_REGISTRY = re.compile(r"(?P<account>[^/]+?)\.dkr\.ecr\.[^/]+/.+")
_BUCKET = re.compile(r"(?:s3://|arn:[^:]*:s3:::)(?P<name>(?:\$\{[^}]*\}|[^/$])+)")
_ASSETS = re.compile(rf"cdk-[a-z0-9]+-(assets|container-assets)-{OURS}-[^/]+")
STARPORT = re.compile(r"prod-[a-z0-9-]+-starport-layer-bucket")
"""Where ECR keeps the layers of images: the bucket of AWS that its documentation names for endpoint policies."""


def canonical(text: str, assembly: Assembly) -> str:
    """`text` with OURS in place of this account, and FOREIGN_ACCOUNT in place of every other one."""
    own = assembly.expected.get("Account")
    named = _ACCOUNT.sub(lambda found: OURS if found[0] == own else FOREIGN_ACCOUNT, text)
    return _OWN.sub(OURS, named)


def account_of(arn: str) -> str:
    """The account in an ARN, which may be empty; empty for other texts."""
    parts = arn.split(":", ARN_PARTS - 1)
    return parts[4] if len(parts) == ARN_PARTS and parts[0] == "arn" else ""


def is_ours(value: Any, assembly: Assembly) -> bool:
    """Whether a value names a resource of the assembly, one of this account, or what the configuration names."""
    if not isinstance(value, str) or not value:
        return False
    if assembly.at(value) is not None or value == assembly.expected.get("ExistingTopic"):
        return True
    text = canonical(value, assembly)
    return own_bucket(text, assembly) or account_of(text) == OURS or text.startswith(f"https://sqs.{OURS}")


def is_here(value: Any, assembly: Assembly) -> bool:
    """Whether a value is a resource of the assembly, or the topic that the configuration names: what else there is in
    the account nobody has checked."""
    return assembly.at(value) is not None or bool(value and value == assembly.expected.get("ExistingTopic"))


def own_bucket(text: str, assembly: Assembly) -> bool:
    """Whether an S3 URI or ARN is in a bucket of the assembly or of the CDK's assets of this account."""
    if assembly.at(text, "AWS::S3::Bucket"):
        return True
    found = _BUCKET.match(canonical(text, assembly))
    if found is None:
        return False
    bucket = re.fullmatch(r"\$\{[^}]*\}", found["name"]) and assembly.at(found["name"], "AWS::S3::Bucket")
    return bool(bucket) or asset_bucket(found["name"], assembly)


def asset_bucket(name: str, assembly: Assembly) -> bool:
    """Whether the CDK publishes assets there: by its name of a bootstrapped account, or by the manifests."""
    text = canonical(name, assembly)
    named = {canonical(bucket, assembly) for bucket in assembly.asset_buckets}
    return _ASSETS.fullmatch(text) is not None or text in named


def own_image(uri: Any, assembly: Assembly) -> bool:
    """Whether an image is in this account's registry, in one of AWS's training images, or configured."""
    text = canonical(str(uri), assembly)
    found = _REGISTRY.fullmatch(text)
    if found is None:
        return str(uri).startswith("${") and assembly.at(uri) is not None
    return found["account"] == OURS or _REGISTRY.fullmatch(str(uri))["account"] in image_accounts(assembly)  # type: ignore[index]


def image_accounts(assembly: Assembly) -> set[str]:
    """The other accounts whose images may run: AWS's training images, and given images of the configuration."""
    return {*stock_images.ACCOUNTS.values(), *assembly.expected.get("ImageAccounts", ())}
