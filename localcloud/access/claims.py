"""What a request says of its signature: in its Authorization header, or in its query when it is presigned."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from localcloud.access.refusals import NotAdmitted
from localcloud.http_requests import Credential, Environ, credential, query_values

ALGORITHM = "AWS4-HMAC-SHA256"
TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_IN_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
_LONGEST_SECONDS = 7 * 24 * 3600
_PARAMETERS_NEEDED = (
    f"Query-string authentication version 4 requires the {', '.join(_IN_QUERY[:-1])}, and {_IN_QUERY[-1]} parameters."
)


@dataclass(frozen=True)
class Claim:
    """A signature and what it covers. headers: lower case. expires: seconds, of a presigned URL only."""

    scope: Credential
    headers: tuple[str, ...]
    signature: str
    time: str
    token: str | None
    expires: int | None = None

    @property
    def made(self) -> datetime.datetime:
        """When it was signed. Raises NotAdmitted."""
        try:
            return datetime.datetime.strptime(self.time, TIME_FORMAT).replace(tzinfo=datetime.UTC)
        except ValueError:
            raise NotAdmitted("malformed", f"Date must be in ISO-8601 'basic format'. Got '{self.time}'") from None


def read_claim(environ: Environ) -> Claim:
    """Raises NotAdmitted where there is none, or one that cannot be read."""
    header, query = environ.get("HTTP_AUTHORIZATION"), query_values(environ)
    in_query = [name for name in _IN_QUERY if name in query and name != "X-Amz-Date"]
    if header and in_query:
        raise NotAdmitted("signed twice", "the request is signed in its header and in its query")
    if header:
        return _from_header(header, environ)
    if in_query:
        return _from_query(query, environ)
    if "AWSAccessKeyId" in query:
        raise NotAdmitted("old signature", "Unsupported AWS 'algorithm': 'AWS'.")
    raise NotAdmitted("unsigned")


def _from_header(header: str, environ: Environ) -> Claim:
    algorithm, _, rest = header.partition(" ")
    if algorithm == "AWS":
        raise NotAdmitted("old signature", "Unsupported AWS 'algorithm': 'AWS'.")
    if algorithm != ALGORITHM:
        raise NotAdmitted("malformed", f"Unsupported AWS 'algorithm': '{algorithm[:40]}'.")
    parts = [part.strip().partition("=")[::2] for part in rest.split(",")]
    fields = dict(parts)
    if len(parts) > len(fields):
        raise NotAdmitted("malformed", "Authorization header has a parameter twice.")
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    if missing:
        sentences = (f"Authorization header requires '{name}' parameter." for name in missing)
        raise NotAdmitted("malformed", " ".join(sentences))
    return Claim(
        _scope(environ, "malformed"),
        headers=_names(fields["SignedHeaders"]),
        signature=fields["Signature"],
        time=_time(environ),
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
    )


def _from_query(query: dict[str, str], environ: Environ) -> Claim:
    if any(not query.get(name) for name in _IN_QUERY):
        raise NotAdmitted("malformed query", _PARAMETERS_NEEDED)
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise NotAdmitted("malformed query", f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    given = query["X-Amz-Expires"]
    expires = int(given[:10]) if given.isdecimal() else -1
    if not 0 <= expires <= _LONGEST_SECONDS:
        limit = f"a week (in seconds); that is, the given X-Amz-Expires must be less than {_LONGEST_SECONDS} seconds"
        problem = "should be a non-negative number" if expires < 0 else f"must be less than {limit}"
        raise NotAdmitted("malformed query", f"X-Amz-Expires {problem}")
    return Claim(
        _scope(environ, "malformed query"),
        headers=_names(query["X-Amz-SignedHeaders"]),
        signature=query["X-Amz-Signature"],
        time=query["X-Amz-Date"],
        token=query.get("X-Amz-Security-Token"),
        expires=expires,
    )


def _scope(environ: Environ, problem: str) -> Credential:
    found = credential(environ)
    if found is None:
        expected = "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"
        raise NotAdmitted(problem, f'the Credential is mal-formed; expecting "{expected}".')
    return found


def _names(signed_headers: str) -> tuple[str, ...]:
    return tuple(sorted(name.strip().lower() for name in signed_headers.split(";")))


def _time(environ: Environ) -> str:
    if (given := environ.get("HTTP_X_AMZ_DATE")) is not None:
        return str(given)
    date = environ.get("HTTP_DATE")
    if date is None:
        needed = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        raise NotAdmitted("malformed", needed)
    try:
        return parsedate_to_datetime(date).astimezone(datetime.UTC).strftime(TIME_FORMAT)
    except (ValueError, OverflowError):
        return str(date)  # ISO-8601, or what cannot be read
