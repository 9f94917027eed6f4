"""Why a request is not answered, in the codes and words of the service that it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from localcloud.errors import AwsError
from localcloud.http_requests import Environ


class Family(Enum):
    """Services whose refusals of a signature look alike."""

    S3 = "s3"
    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    REST_JSON = "rest-json"
    CBOR = "cbor"


def family(environ: Environ, service: str | None) -> Family:
    """By the service and the protocol; `service` is None where the request names none."""
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return Family.CBOR
    if environ.get("HTTP_X_AMZ_TARGET"):
        return Family.JSON
    if service == "s3":
        return Family.S3
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form and (service or environ.get("REQUEST_METHOD") == "POST"):
        return Family.EC2 if service == "ec2" else Family.QUERY
    # What names no service is taken for S3, as moto takes it.
    return Family.REST_JSON if service else Family.S3


_S3, _QUERY, _EC2, _JSON = Family.S3, Family.QUERY, Family.EC2, Family.JSON
_INVALID = "The security token included in the request is invalid."
_NOT_VALIDATED = ("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
_COMPARE = "The request signature we calculated does not match the signature you provided. Check your "
_OTHERS_COMPARE = _COMPARE + "AWS Secret Access Key and signing method. Consult the service documentation for details."

# Problem -> family -> code, message, status. The other JSON families have JSON's codes; EC2 has the query protocol's
# where it has none of its own. {detail} is what the problem is about.
_WORDS: dict[str, dict[Family, tuple[str, str, int]]] = {
    "unsigned": {
        _S3: ("AccessDenied", "Access Denied", 403),
        _QUERY: ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        _JSON: ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    },
    "malformed": {
        _S3: ("AuthorizationHeaderMalformed", "The authorization header is malformed; {detail}", 400),
        _QUERY: ("IncompleteSignature", "{detail}", 400),
        _JSON: ("IncompleteSignatureException", "{detail}", 400),
    },
    "malformed query": {
        _S3: ("AuthorizationQueryParametersError", "{detail}", 400),
        _QUERY: ("IncompleteSignature", "{detail}", 400),
        _JSON: ("IncompleteSignatureException", "{detail}", 400),
    },
    "old signature": {
        _S3: (
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            400,
        ),
        _QUERY: ("IncompleteSignature", "{detail}", 400),
        _JSON: ("IncompleteSignatureException", "{detail}", 400),
    },
    "signed twice": {
        _S3: (
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified",
            400,
        ),
        _QUERY: ("IncompleteSignature", "{detail}", 400),
        _JSON: ("IncompleteSignatureException", "{detail}", 400),
    },
    "unknown key": {
        _S3: ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
        _QUERY: ("InvalidClientTokenId", _INVALID, 403),
        _EC2: _NOT_VALIDATED,
        _JSON: ("UnrecognizedClientException", _INVALID, 400),
    },
    "other token": {
        _S3: ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
        _QUERY: ("InvalidClientTokenId", _INVALID, 403),
        _EC2: _NOT_VALIDATED,
        _JSON: ("UnrecognizedClientException", _INVALID, 400),
    },
    "expired token": {
        _S3: ("ExpiredToken", "The provided token has expired.", 400),
        _QUERY: ("ExpiredToken", "The security token included in the request is expired", 403),
        _JSON: ("ExpiredTokenException", "The security token included in the request is expired", 400),
    },
    "other signature": {
        _S3: ("SignatureDoesNotMatch", _COMPARE + "key and signing method.", 403),
        _QUERY: ("SignatureDoesNotMatch", _OTHERS_COMPARE, 403),
        _EC2: _NOT_VALIDATED,
        _JSON: ("InvalidSignatureException", _OTHERS_COMPARE, 400),
    },
    "other day": {
        _S3: ("SignatureDoesNotMatch", _COMPARE + "key and signing method.", 403),
        _QUERY: ("SignatureDoesNotMatch", "{detail}", 403),
        _EC2: _NOT_VALIDATED,
        _JSON: ("InvalidSignatureException", "{detail}", 400),
    },
    "unsigned header": {
        _S3: ("AccessDenied", "There were headers present in the request which were not signed", 403),
        _QUERY: ("SignatureDoesNotMatch", "{detail} must be a 'SignedHeader' in the AWS Authorization.", 403),
        _EC2: _NOT_VALIDATED,
        _JSON: ("InvalidSignatureException", "{detail} must be a 'SignedHeader' in the AWS Authorization.", 400),
    },
    "skewed": {
        _S3: (
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
        ),
        _QUERY: ("SignatureDoesNotMatch", "{detail}", 403),
        _EC2: ("RequestExpired", "Request has expired.", 400),
        _JSON: ("InvalidSignatureException", "{detail}", 400),
    },
    "expired url": {
        _S3: ("AccessDenied", "Request has expired", 403),
        _QUERY: ("SignatureDoesNotMatch", "{detail}", 403),
        _EC2: ("RequestExpired", "Request has expired.", 400),
        _JSON: ("InvalidSignatureException", "{detail}", 400),
    },
    "early url": {
        _S3: ("AccessDenied", "Request is not valid yet", 403),
        _QUERY: ("SignatureDoesNotMatch", "{detail}", 403),
        _EC2: ("RequestExpired", "Request has expired.", 400),
        _JSON: ("InvalidSignatureException", "{detail}", 400),
    },
}

_STALE = ' (The local cloud has other keys, perhaps new ones: in a shell, eval "$(kennel local env)" sets them.)'
_INCOMPLETE = ("malformed", "malformed query", "old signature", "signed twice")


@dataclass
class NotAdmitted(Exception):
    """A problem of a request's signature, before the words of its service are known."""

    problem: str
    detail: str = ""

    def worded(self, of: Family) -> AwsError:
        """The refusal as services of the family say it."""
        words = _WORDS[self.problem]
        base = {Family.EC2: _QUERY, Family.REST_JSON: _JSON, Family.CBOR: _JSON}.get(of, of)
        code, message, status = words.get(of) or words[base]
        # The REST services say 403 where the others of their family say 400 to everything.
        if of is Family.REST_JSON and self.problem not in _INCOMPLETE:
            status = 403
        if self.problem in ("unknown key", "other token"):
            message += _STALE
        return AwsError(code, message.format(detail=self.detail), status)
