"""Computes the signature of a request as it was received, with botocore's own signers."""

from __future__ import annotations

import datetime
import hmac
from email.message import Message
from urllib.parse import quote, unquote, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from localcloud.access.claims import TIME_FORMAT, Claim
from localcloud.access.keys import Key
from localcloud.access.refusals import NotAdmitted
from localcloud.http_requests import Environ

_S3_SKEW = _QUERY_SKEW = datetime.timedelta(minutes=15)
_SKEW = datetime.timedelta(minutes=5)


class Verification:
    """A claim, its key, and the means to compute what the key would sign."""

    def __init__(self, environ: Environ, claim: Claim, key: Key) -> None:
        self.claim, self._key = claim, key
        signer = S3SigV4Auth if claim.scope.service == "s3" else SigV4Auth
        self._signer = signer(Credentials(key.id, key.secret), claim.scope.service, claim.scope.region)
        headers = _signed_headers(environ, claim)
        # Those that the request lists, some of which botocore itself never signs.
        self._signer.headers_to_sign = lambda request: headers
        self._request = AWSRequest(environ["REQUEST_METHOD"], _url(environ, claim.scope.service))
        self._request.context.update(timestamp=claim.time)

    def check_token(self, now: datetime.datetime) -> None:
        """Raises NotAdmitted unless the session token is the key's and has not expired."""
        given = (self.claim.token or "").encode()
        if not hmac.compare_digest(given, (self._key.token or "").encode()):
            raise NotAdmitted("other token" if self._key.token is None or self.claim.token else "unknown key")
        if self._key.expires is not None and self._key.expires < now:
            raise NotAdmitted("expired token")

    def check_signature(self, payload_hash: str) -> None:
        """Raises NotAdmitted unless the key signed this request with this hash of its body."""
        self._request.headers["X-Amz-Content-SHA256"] = payload_hash
        text = self._signer.string_to_sign(self._request, self._signer.canonical_request(self._request))
        if not self.is_signed(text, self.claim.signature):
            raise NotAdmitted("other signature")

    def is_signed(self, text: str, signature: str) -> bool:
        """Whether the signature of a string to sign, of the request or of a chunk of its body, is the key's."""
        return hmac.compare_digest(self._signer.signature(text, self._request).encode(), signature.encode())

    @property
    def scope(self) -> str:
        """Of a chunk's string to sign."""
        return str(self._signer.credential_scope(self._request))


def check_headers(environ: Environ, claim: Claim) -> None:
    """Raises NotAdmitted unless the host and every header that AWS reads is signed."""
    if "host" not in claim.headers:
        raise NotAdmitted("unsigned header", "'Host' or ':authority'")
    signed = {_variable(name) for name in claim.headers}
    for name in environ:
        if name.startswith("HTTP_X_AMZ_") and name not in signed:
            raise NotAdmitted("unsigned header", f"'{name.removeprefix('HTTP_').replace('_', '-').lower()}'")


def check_time(claim: Claim, now: datetime.datetime, *, form: bool) -> None:
    """Raises NotAdmitted unless the request is of now, by the service's tolerance, or its URL has not expired."""
    made = claim.made
    if claim.scope.day != claim.time[:8]:
        mismatch = f"'{claim.scope.day}' != '{claim.time[:8]}', from '{claim.time}'"
        detail = (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: {mismatch}."
        )
        raise NotAdmitted("other day", detail)
    skew = _S3_SKEW if claim.scope.service == "s3" else _QUERY_SKEW if form else _SKEW
    lifetime = skew if claim.expires is None else datetime.timedelta(seconds=claim.expires)
    minutes = int(skew.total_seconds()) // 60
    current = now.strftime(TIME_FORMAT)
    if now - made > lifetime:
        earliest = (now - lifetime).strftime(TIME_FORMAT)
        detail = f"Signature expired: {claim.time} is now earlier than {earliest} ({current} - {minutes} min.)"
        raise NotAdmitted("skewed" if claim.expires is None else "expired url", detail)
    if made - now > skew:
        latest = (now + skew).strftime(TIME_FORMAT)
        detail = f"Signature not yet current: {claim.time} is still later than {latest} ({current} + {minutes} min.)"
        raise NotAdmitted("skewed" if claim.expires is None else "early url", detail)


def _url(environ: Environ, service: str) -> str:
    """The path and the query as they were sent, without the signature, each character encoded as clients sign it."""
    received = environ.get("REQUEST_URI") or quote(environ.get("PATH_INFO", "/"), encoding="latin-1")
    if not received.startswith("/"):
        received = urlsplit(received)._replace(scheme="", netloc="").geturl()
    path, _, query = received.partition("?")
    if service == "s3":
        path = quote(unquote(path, "latin-1"), safe="/-_.~", encoding="latin-1")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    coded = (f"{_coded(name)}={_coded(value)}" for name, _, value in pairs if unquote(name) != "X-Amz-Signature")
    return f"http://localhost{path}?{'&'.join(coded)}"


def _coded(text: str) -> str:
    return quote(unquote(text, "latin-1"), safe="-_.~", encoding="latin-1")


def _signed_headers(environ: Environ, claim: Claim) -> Message:
    headers: Message = HTTPHeaders()
    for name in claim.headers:
        value = environ.get(_variable(name), "")
        # Headers are bytes, which the server reads as latin-1 and clients sign as UTF-8.
        headers[name] = value.encode("latin-1").decode("utf-8", "replace")
    return headers


def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
