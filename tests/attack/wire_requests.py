"""Hostile and unusual HTTP as bytes, names and cards, for `test_wire`."""

from __future__ import annotations

from tests.imgcls.serving.tiny_artifact import picture

PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
JPEG = picture()
INVOKE = b"POST /models/m/invoke HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
NOBODY = INVOKE.replace(b"/m/", b"/nope/")
WHOLE = INVOKE + b"Content-Length: %d\r\n\r\n" % len(JPEG) + JPEG
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = PING.replace(b"\r\n\r\n", b"\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


# What must be refused: (bytes, the statuses of all answers on the connection).
MALFORMED: dict[str, tuple[bytes, list[int]]] = {
    "two lengths": (INVOKE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", [400]),
    "two equal lengths": (INVOKE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", [400]),
    "a length and chunks": (INVOKE + b"Content-Length: 5\r\n" + CHUNKED + chunk(JPEG), [400]),
    "chunks and a length": (INVOKE + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", [400]),
    "a length with a sign": (INVOKE + b"Content-Length: +5\r\n\r\nhello", [400]),
    "a length in hex": (INVOKE + b"Content-Length: 0x5\r\n\r\nhello", [400]),
    "lengths in a list": (INVOKE + b"Content-Length: 5, 5\r\n\r\nhello", [400]),
    "coding identity": (INVOKE + b"Transfer-Encoding: identity\r\n\r\n", [400]),
    "coding gzip": (INVOKE + b"Transfer-Encoding: gzip\r\n\r\n", [400]),
    "chunked, then gzip": (INVOKE + b"Transfer-Encoding: chunked, gzip\r\n\r\n", [400]),
    "coding xchunked": (INVOKE + b"Transfer-Encoding: xchunked\r\n\r\n", [400]),
    "coding in a folded line": (INVOKE + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunk(JPEG), [400]),
    "a folded header": (b"GET /ping HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", [400]),
    "space before the colon": (INVOKE + b"Content-Length : 5\r\n\r\nhello", [400]),
    "no name": (b"GET /ping HTTP/1.1\r\n: x\r\n\r\n", [400]),
    "NUL in a header": (b"GET /ping HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", [400]),
    "bare CR in a header": (b"GET /ping HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", [400]),
    "a chunk's size that overflows": (INVOKE + CHUNKED + b"f" * 17 + b"\r\n", [400]),
    "a chunk's size with a sign": (INVOKE + CHUNKED + b"-1\r\n", [400]),
    "a chunk that is longer than said": (INVOKE + CHUNKED + b"1\r\nab\r\n0\r\n\r\n", [400]),
    "NUL in the path": (b"GET /pi\0ng HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    "HTTP/2 without a word before": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    "CONNECT": (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    "an address without a path": (b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", [400]),
    "options of everything": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
    "chunk extensions without an end": (INVOKE + CHUNKED + b"1;" + b"a" * 200_000, [431]),
    "a trailer without an end": (INVOKE + CHUNKED + chunk(JPEG) + b"0\r\nA: " + b"a" * 200_000, [431]),
    "a path that is not UTF-8": (b"DELETE /models/%ff HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
}

# What is HTTP, if rare: it is answered, and the connection goes on or ends as it should.
UNUSUAL: dict[str, tuple[bytes, list[int]]] = {
    "an absolute address": (b"GET http://elsewhere/ping HTTP/1.1\r\nHost: x\r\n\r\n" + PING, [200, 200]),
    "HTTP/1.0": (b"GET /ping HTTP/1.0\r\n\r\n", [200]),
    "HTTP/1.0 that asks to stay": (b"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200]),
    "HTTP/0.9": (b"GET /ping HTTP/0.9\r\n\r\n", [200]),
    "no version": (b"GET /ping\r\n\r\n", [200]),
    "empty lines first": (b"\r\n\r\n" + PING, [200]),
    "chunks of one byte": (INVOKE + CHUNKED + b"".join(chunk(JPEG[i : i + 1]) for i in range(len(JPEG)))
                           + b"0\r\n\r\n" + PING, [200, 200]),
    "chunk extensions": (INVOKE + CHUNKED + chunk(JPEG, b";a=b") + b"0\r\n\r\n" + PING, [200, 200]),
    "trailers": (INVOKE + CHUNKED + chunk(JPEG) + b"0\r\nContent-Type: text/html\r\n\r\n" + PING, [200, 200]),
    "an upgrade to WebSocket": (UPGRADE, [200]),
    "an expected 100": (INVOKE + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG, [100, 200]),
    "an unknown expectation": (INVOKE + b"Expect: more\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG, [200]),
    "many requests at once": (PING * 50 + WHOLE * 3, [200] * 53),
}  # fmt: skip

GARBAGE = (
    b"\0",
    b"garbage\r\n\r\n",
    b"GET",
    b"\x16\x03\x01",
    b"GET /ping HTTP/9\r\n\r\n",
    b"A: b\r\n\r\n",
    b"\xff" * 300_000,
)

FLOODS = {
    "trailers": (INVOKE + CHUNKED + b"3\r\nabc\r\n0\r\n", b"X: " + b"a" * 60_000 + b"\r\n"),
    "small trailers": (INVOKE + CHUNKED + b"3\r\nabc\r\n0\r\n", b"X: a\r\n" * 10_000),
    "a trailer": (INVOKE + CHUNKED + b"3\r\nabc\r\n0\r\nX: ", b"a" * 60_000),
    "a trailer's name": (INVOKE + CHUNKED + b"3\r\nabc\r\n0\r\nX", b"a" * 60_000),
    "trailers of a refused body": (NOBODY + CHUNKED + b"3\r\nabc\r\n0\r\n", b"X: " + b"a" * 60_000 + b"\r\n"),
    "extensions": (INVOKE + CHUNKED, b"1;" + b"a" * 60_000 + b"\r\na\r\n"),
    "a header": (b"GET /ping HTTP/1.1\r\nX: ", b"a" * 60_000),
    "a method": (b"", b"A" * 60_000),
    "a path": (b"GET /", b"a" * 60_000),
    "empty lines": (b"", b"\r\n" * 30_000),
    "a refused body": (NOBODY + CHUNKED, chunk(b"a" * 60_000)),
    "a refused body with a length": (NOBODY + b"Content-Length: 9000000000\r\n\r\n", b"a" * 60_000),
    "a body": (INVOKE + CHUNKED, chunk(b"a" * 60_000)),
    "what follows an upgrade": (UPGRADE, b"a" * 60_000),
    "what follows a last request": (PING.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"a" * 60_000),
    "requests whose answers nobody reads": (b"", PING * 2000),
}  # fmt: skip

DRIPS = {
    "a head": (b"GET /ping HTTP/1.1\r\nX: ", b"a"),
    "nothing": (b"", b""),
    "empty lines": (b"", b"\r\n"),
    "empty lines after a request": (PING, b"\r\n"),
    "a second head": (PING + b"GET /", b"a"),
    "a refused body": (NOBODY + b"Content-Length: 100000\r\n\r\n", b"a"),
    "a refused chunk": (NOBODY + CHUNKED + b"ffff\r\n", b"a"),
    "chunks of a refused body": (NOBODY + CHUNKED, b"1\r\na\r\n"),
    "a trailer of a refused body": (NOBODY + CHUNKED + b"0\r\nX: ", b"a"),
    "what follows an upgrade": (UPGRADE, b"a"),
    "a body of the wrong type": (INVOKE.replace(b"jpeg", b"gif") + b"Content-Length: 9999\r\n\r\n", b"a"),
    "a control body": (b"POST /models HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"{"),
    "a body of a route that has none": (b"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"a"),
    "a body": (INVOKE + b"Content-Length: 9999\r\n\r\n", b"a"),
    "trailers": (INVOKE + CHUNKED + chunk(JPEG) + b"0\r\nX: ", b"a"),
}  # fmt: skip

NAMES = [
    "a/b", "a%2Fb", "..", "../..", ".", "/", "//", "a//b", "/a", "a/", "\0", "a\0b", "x" * 1000, "é", "e\u0301", "Å",
    "A\u030a", "\u202e", " ", "a b", "a?b", "a#b", "invoke", "models", "\U0001f600", "\ufffd", "\x7f", "\r\nX: y",
    "%", "%00", "+", "a;b", "\U0001f600" * 256, "\ufeff",
]  # fmt: skip

CARDS = {
    "version": ["1\r\nX: y", "1\n", "é", "\u2028", "x" * 129, "a b", "\0", "\ud800", "1;request=forged", "1,b"],
    "name": ["a\r\nX: y", "é", "\ud800", "", "\0", "x" * 5000],
    "labels": [["a\r\nX: y", "b", "c"], ["é", "\u2028", "\0"], ["\ud800", "\udfff", "x" * 5000]],
    "training_job": ["a\r\nX: y"],
}
