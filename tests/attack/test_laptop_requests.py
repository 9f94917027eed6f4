"""What is not signed with a key of the state, or not as it arrives, is not answered, in the words of each protocol."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from botocore.credentials import Credentials

from tests.attack import wire
from tests.attack.wire import CALLS, Answer, Call

REFUSALS = {
    "AccessDenied", "AuthFailure", "AccessForbidden", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
    "InvalidToken", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "UnrecognizedClientException", "XAmzContentSHA256Mismatch",
}  # fmt: skip
PROTOCOLS = list(CALLS)


def code(answer: Answer) -> str:
    assert answer.status >= 400, answer
    return answer.error[0]


def expected(protocol: str, s3: str, query: str, json: str, ec2: str | None = None) -> str:
    return {"rest-xml": s3, "query": query, "ec2": ec2 or query}.get(protocol, json)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_signed_request_is_answered(protocol: str, url: str, keys: Credentials) -> None:
    answer = wire.send(wire.signed(CALLS[protocol], url, keys), url)
    assert answer.error[0] not in REFUSALS, answer
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unsigned(protocol: str, url: str) -> None:
    answer = wire.send(CALLS[protocol], url)
    if protocol == "rest-json":  # no service is named: as S3 answers
        assert code(answer) == "AccessDenied"
    else:
        missing = "MissingAuthenticationToken"
        assert code(answer) == expected(protocol, "AccessDenied", missing, f"{missing}Exception")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("way", ["header", "query"])
def test_an_unknown_key(protocol: str, way: str, url: str, keys: Credentials) -> None:
    sign = wire.signed if way == "header" else wire.presigned
    answer = wire.send(sign(CALLS[protocol], url, Credentials("ASIAOFNOBODY", keys.secret_key, keys.token)), url)
    wanted = expected(
        protocol, "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"
    )
    assert code(answer) == wanted
    assert 'eval "$(kennel local env)"' in answer.error[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("token", ["other", None])
def test_another_session_token_or_none(protocol: str, token: str | None, url: str, keys: Credentials) -> None:
    answer = wire.send(wire.signed(CALLS[protocol], url, Credentials(keys.access_key, keys.secret_key, token)), url)
    s3 = "InvalidToken" if token else "InvalidAccessKeyId"
    assert code(answer) == expected(protocol, s3, "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure")


def mismatch(protocol: str) -> str:
    return expected(
        protocol, "SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("way", ["header", "query"])
def test_another_secret(protocol: str, way: str, url: str, keys: Credentials) -> None:
    sign = wire.signed if way == "header" else wire.presigned
    call = sign(CALLS[protocol], url, Credentials(keys.access_key, keys.secret_key + "x", keys.token))
    assert code(wire.send(call, url)) == mismatch(protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_another_body(protocol: str, url: str, keys: Credentials) -> None:
    call = wire.signed(CALLS[protocol], url, keys)
    wanted = "XAmzContentSHA256Mismatch" if protocol == "rest-xml" else mismatch(protocol)
    for body in (call.body + b" ", call.body[:-1], b""):
        assert code(wire.send(replace(call, body=body), url)) == wanted


def test_the_body_is_compared_whatever_a_header_says_of_it(url: str, keys: Credentials) -> None:
    for protocol in ("json", "query"):
        for claimed in ("UNSIGNED-PAYLOAD", "0" * 64):
            call = CALLS[protocol].with_headers(X_Amz_Content_SHA256=claimed)
            assert code(wire.send(wire.signed(call, url, keys), url)) == mismatch(protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_changed_header_path_query_or_method(protocol: str, url: str, keys: Credentials) -> None:
    call = wire.signed(CALLS[protocol].with_headers(X_Amz_Extra="1", X_Other="1"), url, keys)
    mark = "&" if "?" in call.path else "?"
    changed = [
        call.with_headers(X_Amz_Extra="2"),
        call.with_headers(X_Other="2"),
        call.with_headers(Host="127.0.0.1"),
        replace(call, path=call.path + mark + "versionId=1"),
        replace(call, path=call.path.replace("?", "x?") if "?" in call.path else call.path + "x"),
        replace(call, method="DELETE"),
    ]
    for each in changed:
        assert code(wire.send(each, url)) == mismatch(protocol), each
    assert wire.send(call, url).error[0] not in REFUSALS


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_header_that_is_not_signed(protocol: str, url: str, keys: Credentials) -> None:
    call = wire.signed(CALLS[protocol], url, keys)
    for name in ("X-Amz-Acl", "X-Amz-Meta-a_b"):
        answer = wire.send(replace(call, headers={**call.headers, name: "x"}), url)
        assert code(answer) == ("AccessDenied" if protocol == "rest-xml" else mismatch(protocol))
    if protocol != "json":  # where it is signed, and turns every other protocol into that one
        answer = wire.send(replace(call, headers={**call.headers, "X-Amz-Target": "Logs.DeleteLogGroup"}), url)
        assert code(answer) == "InvalidSignatureException"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("minutes", [-16, -14, -6, -4, 4, 6, 14, 16])
def test_a_clock_that_is_wrong(protocol: str, minutes: int, url: str, keys: Credentials) -> None:
    """15 minutes for S3 and the query protocol, five for the others."""
    with wire.clock(datetime.timedelta(minutes=minutes)):
        call = wire.signed(CALLS[protocol], url, keys)
    answer = wire.send(call, url)
    if abs(minutes) < (15 if protocol in ("rest-xml", "query", "ec2") else 5):
        assert answer.error[0] not in REFUSALS
        return
    wanted = expected(
        protocol, "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"
    )
    assert code(answer) == wanted
    if protocol not in ("rest-xml", "ec2"):
        assert ("is now earlier than" if minutes < 0 else "is still later than") in answer.error[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_url_that_has_expired(protocol: str, url: str, keys: Credentials) -> None:
    call = replace(CALLS[protocol], body=b"")
    for minutes, refused in ((-2, True), (-0.5, False), (20, True)):
        with wire.clock(datetime.timedelta(minutes=minutes)):
            presigned = wire.presigned(call, url, keys, 60)
        answer = wire.send(presigned, url)
        wanted = expected(
            protocol, "AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"
        )
        assert (code(answer) == wanted) if refused else (answer.error[0] not in REFUSALS), (minutes, answer)


@pytest.mark.parametrize(("change", "wanted"), [
    (("X-Amz-Expires=60", "X-Amz-Expires=604801"), "AuthorizationQueryParametersError"),
    (("X-Amz-Expires=60", "X-Amz-Expires=-1"), "AuthorizationQueryParametersError"),
    (("X-Amz-Expires=60", ""), "AuthorizationQueryParametersError"),
    (("X-Amz-Expires=60", "X-Amz-Expires=3600"), "SignatureDoesNotMatch"),
    (("/attacked/", "/attacked2/"), "SignatureDoesNotMatch"),
    (("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "AuthorizationQueryParametersError"),
    (("%2Fs3%2F", "%2Fsns%2F"), "InvalidSignatureException"),
])  # fmt: skip
def test_a_presigned_url_that_was_changed(change: tuple[str, str], wanted: str, url: str, keys: Credentials) -> None:
    call = wire.presigned(Call("s3", "GET", "/attacked/a%20b/%C3%A9%2B%27%28.txt"), url, keys)
    assert wire.send(call, url).body == b"kept"
    assert code(wire.send(replace(call, path=call.path.replace(*change)), url)) == wanted


def test_a_request_signed_twice(url: str, keys: Credentials) -> None:
    call = wire.signed(wire.presigned(Call("s3", "GET", "/attacked"), url, keys), url, keys)
    assert code(wire.send(call, url)) == "InvalidArgument"


@pytest.mark.parametrize(("header", "wanted"), [
    ("AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "InvalidRequest"),
    ("AWS4-HMAC-SHA256 nothing", "AuthorizationHeaderMalformed"),
    ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x", "AuthorizationHeaderMalformed"),
    ("Basic YTpi", "AuthorizationHeaderMalformed"),
    ("Bearer x", "AuthorizationHeaderMalformed"),
])  # fmt: skip
def test_other_authorizations(header: str, wanted: str, url: str) -> None:
    assert code(wire.send(Call("s3", "GET", "/attacked", headers={"Authorization": header}), url)) == wanted


def test_host_must_be_signed(url: str, keys: Credentials) -> None:
    call = wire.signed(Call("s3", "GET", "/attacked"), url, keys)
    header = call.headers["Authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    assert code(wire.send(call.with_headers(Authorization=header), url)) == "AccessDenied"


def test_a_form_to_a_bucket_is_refused_by_name(url: str, keys: Credentials) -> None:
    form = Call("s3", "POST", "/attacked", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert code(wire.send(form, url)) == "AccessDenied"
    assert "does not emulate s3:PostObject" in wire.send(wire.signed(form, url, keys), url).error[1]


def test_the_paths_of_the_cloud_itself_are_not_exempt(url: str, keys: Credentials) -> None:
    paths = ("calls", "quotas", "stacks/CDKToolkit", "interruptions", "build-capacity", "function-code/x")
    for path in (*(f"/_localcloud/{path}" for path in paths), "/moto-api/", "/latest/meta-data/", "/favicon.ico"):
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            assert wire.send(Call("s3", method, path), url).status == 403, (method, path)
    assert wire.send(wire.signed(Call("s3", "GET", "/_localcloud/calls"), url, keys), url).status == 200
