"""Admits a request: its host, its page, its signature."""

from __future__ import annotations

import datetime
import hashlib
import re

from localcloud.access import callers, claims, cors
from localcloud.access.bodies import ChunkCheck, HashCheck, check_while_read
from localcloud.access.keys import Keyring
from localcloud.access.refusals import NotAdmitted, family
from localcloud.access.signatures import Verification, check_headers, check_time
from localcloud.errors import AwsError, not_emulated
from localcloud.http_requests import Environ, credential, read_body

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_TRAILER = f"{_CHUNKS}-TRAILER"
_UNSIGNED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")


class Gate:
    """Decides on every request before anything else reads it."""

    def __init__(self, keys: Keyring, account_id: str) -> None:
        self._keys, self._account_id = keys, account_id

    def admit(self, environ: Environ) -> cors.Allowed | None:
        """The bucket's rule that a browser must be told of, if one admits the page. Raises AwsError for a refusal."""
        callers.check_host(environ)
        page = callers.check_page(environ, self._account_id)
        # A browser asks before a cross-origin request without signing that.
        if environ["REQUEST_METHOD"] != "OPTIONS":
            self._authenticate(environ)
        return page

    def _authenticate(self, environ: Environ) -> None:
        try:
            self._verify(environ)
        except NotAdmitted as refused:
            scope = credential(environ)
            raise refused.worded(family(environ, scope.service.lower() if scope else None)) from None

    def _verify(self, environ: Environ) -> None:
        claim = claims.read_claim(environ)
        if environ.get("CONTENT_TYPE", "").startswith("multipart/form-data") and claim.scope.service == "s3":
            raise not_emulated("s3", "PostObject")
        key = self._keys.find(claim.scope.key)
        if key is None:
            raise NotAdmitted("unknown key")
        now = datetime.datetime.now(datetime.UTC)
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        check_time(claim, now, form=form)
        check_headers(environ, claim)
        verification = Verification(environ, claim, key)
        verification.check_token(now)
        if claim.scope.service == "s3":
            _verify_s3(environ, verification)
        else:
            # The hash of the body that came, whatever the header says of it.
            verification.check_signature(hashlib.sha256(read_body(environ)).hexdigest())


def _verify_s3(environ: Environ, verification: Verification) -> None:
    claim = verification.claim
    payload = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "UNSIGNED-PAYLOAD" if claim.expires is not None else None)
    if payload is None:
        raise AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if payload not in (_CHUNKS, _TRAILER, *_UNSIGNED) and not _SHA256.fullmatch(payload):
        message = f"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, {_CHUNKS} or a valid sha256 value."
        raise AwsError("InvalidArgument", message)
    verification.check_signature(payload)
    if payload in (_CHUNKS, _TRAILER):
        signed, trailer = verification.is_signed, payload == _TRAILER
        check = ChunkCheck(claim.signature, claim.time, verification.scope, signed, trailer=trailer)
        check_while_read(environ, check)
    elif payload not in _UNSIGNED:
        check_while_read(environ, HashCheck(payload))
