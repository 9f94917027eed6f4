"""Cross-origin requests to S3, by the rules of the bucket that they are for, as browsers ask for them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.http_requests import Environ

if TYPE_CHECKING:
    from moto.s3.models import CorsRule

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Allowed:
    """The rule of a bucket that admits a cross-origin request."""

    origin: str
    rule: CorsRule
    asked: str

    def headers(self) -> Headers:
        """What S3 adds to its answer."""
        everyone = "*" in self.rule.allowed_origins
        found = [
            ("Access-Control-Allow-Origin", "*" if everyone else self.origin),
            ("Access-Control-Allow-Methods", ", ".join(self.rule.allowed_methods)),
            ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
        ]
        if not everyone:
            found.append(("Access-Control-Allow-Credentials", "true"))
        if self.asked:
            found.append(("Access-Control-Allow-Headers", self.asked))
        if self.rule.exposed_headers:
            found.append(("Access-Control-Expose-Headers", ", ".join(self.rule.exposed_headers)))
        if self.rule.max_age_seconds:
            found.append(("Access-Control-Max-Age", str(self.rule.max_age_seconds)))
        return found


def allowed(environ: Environ, account_id: str) -> Allowed | None:
    """The first rule of the bucket that takes the origin, the method and, in a preflight, the headers."""
    origin = environ.get("HTTP_ORIGIN", "")
    preflight = environ["REQUEST_METHOD"] == "OPTIONS"
    method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "") if preflight else environ["REQUEST_METHOD"]
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "") if preflight else ""
    wanted = [name.strip().lower() for name in asked.split(",") if name.strip()]
    for rule in _rules(environ, account_id):
        admitted = method in rule.allowed_methods and _matches(origin, rule.allowed_origins)
        if admitted and all(_matches(name, (each.lower() for each in rule.allowed_headers or ())) for name in wanted):
            return Allowed(origin, rule, ", ".join(wanted))
    return None


def _rules(environ: Environ, account_id: str) -> list[CorsRule]:
    from moto.s3.models import s3_backends

    host = environ.get("HTTP_HOST", "").partition(":")[0]
    # As rest_operations has it: the bucket is in the host's name or comes first in the path.
    name = host.removesuffix(".localhost") if host.endswith(".localhost") else environ["PATH_INFO"].split("/")[1]
    bucket = s3_backends[account_id]["aws"].buckets.get(name)
    return list(bucket.cors) if bucket is not None else []


def _matches(value: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]").replace("?", "[?]")) for pattern in patterns)
