"""The errors of a caller: an HTTP status, a stable code and one sentence each."""

from __future__ import annotations

try:
    # AWS's inference toolkit answers with an error's own status only if the error derives from this class.
    from sagemaker_inference.errors import BaseInferenceToolkitError as _Base
except ImportError:

    class _Base(Exception):  # type: ignore[no-redef]
        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            super().__init__(message)
            self.status_code, self.message, self.phrase = status_code, message, phrase


PHRASES = {
    400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout",
    409: "Conflict", 411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
    507: "Insufficient Storage",
}  # fmt: skip


class RequestError(_Base):  # type: ignore[misc]
    """A refused request. The answer's body is `{"error": code, "message": message}`.

    The message ends with the request's id: of an error the caller of an endpoint gets the body and no header.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, message, PHRASES[status])
        self.status = status
        self.code = code
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, str]:
        return {"error": self.code, "message": f"{self.message} (request {request_id})"}
