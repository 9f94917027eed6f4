"""Whose account the credentials are of: checked against the environment before anything else is asked or changed."""

from __future__ import annotations

import boto3
from botocore.exceptions import ClientError

from config.app import AppConfig
from kennel.errors import KennelError

_REFUSED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


def require(config: AppConfig, boto: boto3.Session) -> None:
    """Raises KennelError unless the environment says account and region, and the credentials are of that account."""
    account = _account(config, boto)
    own = {"account": f'"{account}"', "region": boto3.Session().region_name or config.region}
    missing = [name for name in own if name not in config.model_fields_set]
    if missing:
        lines = ", ".join(f"{name}: {own[name]}" for name in missing)
        raise KennelError(
            f"environments.{config.environment} does not say its {' and '.join(missing)}: add `{lines}` to it in "
            "kennel.yaml if that is where it belongs"
        )
    if account != config.account:
        raise KennelError(
            f"the credentials are of account {account}, and environments.{config.environment}.account is "
            f"{config.account}: log in to that account, for example with AWS_PROFILE, or correct the project file"
        )


def _account(config: AppConfig, boto: boto3.Session) -> str:
    try:
        # Asked in the environment's region: one that the account did not enable does not know the credentials.
        account: str = boto.client("sts", region_name=config.region).get_caller_identity()["Account"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in _REFUSED:
            raise
        raise KennelError(
            f"AWS does not accept the credentials in {config.region} ({code}): log in again, or "
            "enable the region for the account"
        ) from None
    return account
