"""Keys of the state, of STS and of IAM, and the addresses that are handed out in place of a key."""

from __future__ import annotations

import datetime

import boto3
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localcloud import LocalCloud, state_folder
from localcloud.access.keys import Keyring
from tests.attack import wire
from tests.attack.test_laptop_requests import PROTOCOLS, code, expected
from tests.attack.wire import CALLS, Call


def test_keys_that_sts_and_iam_hand_out(attacked: LocalCloud, url: str) -> None:
    sts, iam = (attacked.cloud.client(name) for name in ("sts", "iam"))
    arn = "arn:aws:iam::123456789012:role/someone"
    given = sts.assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    assumed = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    iam.create_user(UserName="u")
    made = iam.create_access_key(UserName="u")["AccessKey"]
    user = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    call = CALLS["query"]
    for keys in (assumed, user):
        assert wire.send(wire.signed(call, url, keys), url).status == 200
        other = Credentials(keys.access_key, keys.secret_key + "x", keys.token)
        assert code(wire.send(wire.signed(call, url, other), url)) == "SignatureDoesNotMatch"
    bare = Credentials(assumed.access_key, assumed.secret_key)
    assert code(wire.send(wire.signed(call, url, bare), url)) == "InvalidClientTokenId"
    iam.update_access_key(UserName="u", AccessKeyId=user.access_key, Status="Inactive")
    assert code(wire.send(wire.signed(call, url, user), url)) == "InvalidClientTokenId"


def test_credentials_that_moto_gives_to_everyone_are_refused(attacked: LocalCloud) -> None:
    sts = attacked.cloud.client("sts")
    with pytest.raises(ClientError, match="does not emulate sts:GetSessionToken"):
        sts.get_session_token()
    with pytest.raises(ClientError, match="does not emulate sts:GetFederationToken"):
        sts.get_federation_token(Name="someone")
    with pytest.raises(ClientError, match="MissingAuthenticationToken"):
        sts.assume_role_with_web_identity(
            RoleArn="arn:aws:iam::123456789012:role/someone", RoleSessionName="session", WebIdentityToken="t" * 20
        )


def test_a_session_that_has_expired(attacked: LocalCloud, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.sts.models import sts_backends

    given = attacked.cloud.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/someone", RoleSessionName="session"
    )["Credentials"]
    keys = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session = sts_backends["123456789012"]["aws"].get_assumed_role_from_access_key(keys.access_key)
    assert session is not None
    monkeypatch.setattr(session, "expiration", session.expiration - datetime.timedelta(hours=2))
    for protocol in PROTOCOLS:
        answer = wire.send(wire.signed(CALLS[protocol], url, keys), url)
        assert code(answer) == expected(protocol, "ExpiredToken", "ExpiredToken", "ExpiredTokenException")


def test_the_keys_of_one_state_do_not_open_another(keys: Credentials, tmp_path_factory: pytest.TempPathFactory) -> None:
    rings = []
    for name in ("one", "other"):
        root = tmp_path_factory.mktemp(name)
        rings += [Keyring(state_folder.secret(root), "123456789012") for _ in range(2)]
    assert rings[0].developer == rings[1].developer
    assert len({ring.developer.secret for ring in rings} | {keys.secret_key}) == 3
    assert rings[2].find(rings[0].developer.id) is None


def test_an_address_that_is_handed_out_is_for_one_method_and_path(attacked: LocalCloud, url: str) -> None:
    given = attacked.cloud.presigned("PUT", "/_localcloud/custom-resource/x", 60)
    path = given.removeprefix(url)
    assert wire.send(Call("s3", "PUT", path, b"{}"), url).body == b"this ResponseURL has expired"
    for call in (Call("s3", "GET", path), Call("s3", "PUT", path.replace("resource/x", "resource/y"))):
        answer = wire.send(call, url)
        assert answer.status == 403 and b"signature" in answer.body


def test_boto3_finds_the_keys_of_the_cloud_that_runs(attacked: LocalCloud) -> None:
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
