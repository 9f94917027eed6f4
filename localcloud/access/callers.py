"""Which pages and names a request may come by: a browser sends any page's requests to this port.

A page cannot choose the Host (a name that was rebound to this machine stays in it), nor its Origin and fetch metadata.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from localcloud.access import cors
from localcloud.errors import AwsError
from localcloud.http_requests import Environ

_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
_SUFFIX = ".localhost"  # s3's hosts of buckets; browsers and resolvers lead every such name to this machine


def check_host(environ: Environ) -> None:
    """Raises AwsError unless the request is to one of this cloud's own names."""
    host = environ.get("HTTP_HOST", "")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if name not in _NAMES and not name.endswith(_SUFFIX):
        message = f"localcloud answers to localhost, 127.0.0.1, [::1] and *.localhost, not to {host[:80]!r}"
        raise AwsError("AccessDenied", message, 403)


def check_page(environ: Environ, account_id: str) -> cors.Allowed | None:
    """Raises AwsError for a request of a foreign page; what admits it where a bucket's CORS rules do."""
    origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE", "none")
    own = origin is None or origin == f"http://{environ['HTTP_HOST']}"
    preflight = environ["REQUEST_METHOD"] == "OPTIONS"
    if own and site != "cross-site" and not preflight:
        return None
    # An origin of "null", as sandboxed frames and files have it, is admitted by a rule for * alone.
    found = cors.allowed(environ, account_id) if origin is not None else None
    if found is None:
        page = f"a page of {origin[:80]!r}" if origin else "a page of another site"
        raise AwsError(
            "AccessForbidden",
            f"CORSResponse: This CORS request is not allowed: it comes from {page}, and no CORS rule of a bucket "
            "admits that",
            403,
        )
    return found
