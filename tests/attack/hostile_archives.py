"""Hostile tar and zip archives from a seed: every kind of lie that a header can tell, alone and mixed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable

Parts = list[tuple[tarfile.TarInfo, bytes]]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "tar": lambda data: data,
}  # fmt: skip


def info(name: str, size: int = 4, kind: bytes = tarfile.REGTYPE, link: str = "", **pax: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname, made.pax_headers = size, kind, link, dict(pax)
    return made


def tar(*members: tuple[tarfile.TarInfo, bytes], end: bytes = bytes(1024), form: int = tarfile.PAX_FORMAT) -> bytes:
    """The members as they are, however wrong, with the bytes that are given and not those that a header declares."""
    made = b""
    for item, data in members:
        pad = -len(data) % 512
        made += item.tobuf(form, errors="surrogateescape") + data + bytes(pad)
    return made + end


def good(*names: str) -> Parts:
    return [(info(name), b"data") for name in names or ("a/1.jpg", "b/1.jpg")]


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


GOOD_ZIP = (("a/1.jpg", b"data"), ("b/1.jpg", b"data"))


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """`data` with the bytes at `offset` of every record that begins with `signature` replaced."""
    made, start = bytearray(data), 0
    while (start := made.find(signature, start)) >= 0:
        made[start + offset : start + offset + len(value)] = value
        start += 4
    return bytes(made)


def _lying_size(size: int) -> bytes:
    made = zipped(*GOOD_ZIP, method=zipfile.ZIP_STORED)
    return patched(made, b"PK\1\2", 24, struct.pack("<L", size))


def _zip_link() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        item = zipfile.ZipInfo("a/1.jpg")
        item.external_attr = 0o120777 << 16
        archive.writestr(item, "/etc/passwd")
        archive.writestr("b/1.jpg", "data")
    return file.getvalue()


DEEP = "/".join("d" * 2000) + "/1.jpg"
TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "2,000 folders deep": (lambda: tar((info(DEEP), b"data")), "folders deep"),
    "a name of 5,000 bytes": (lambda: tar((info("a/" + "x" * 5000), b"data")), "too long"),
    "a bomb of zeros": (lambda: tar((info("a/1.jpg", 40_000_000), bytes(40_000_000))), "more than"),
    "bombs side by side": (lambda: tar(*((info(f"a/{i}.jpg", 500_000), bytes(500_000)) for i in range(60))), "more"),
    "too many members": (lambda: tar(*((info(f"a/{i}"), b"data") for i in range(5000))), "members"),
    "headers of headers": (
        lambda: tar(*((info("x", 20, tarfile.GNUTYPE_LONGNAME), b"n" * 20) for _ in range(3000)), *good()),
        "without end",
    ),
    "a header of a gigabyte": (lambda: tar((info("x", 1 << 30, tarfile.XHDTYPE), b"")), "header of"),
    "a size that is a lie": (lambda: tar((info("a/1.jpg", 10**12), b"data")), "more than"),
    "cut inside a member": (lambda: tar((info("a/1.jpg", 5000), b"data"), end=b""), "ends inside|not a readable"),
    "cut without its end": (lambda: tar(*good(), end=b""), "none that ends it|not a readable"),
    "something behind its end": (lambda: tar(*good(), end=bytes(1024) + b"hello" * 200), "behind its end"),
    "an archive behind its end": (lambda: tar(*good()) + tar(*good("c/1.jpg")), "behind its end"),
    "a damaged second header": (
        lambda: tar(*good("a/1.jpg")[:1], end=b"") + b"x" * 512 + tar(*good("b/1.jpg")),
        "damaged header|behind",
    ),
    "a sparse file": (
        lambda: tar((info("a/1.jpg", 4, **{"GNU.sparse.map": "0,1", "GNU.sparse.size": "999999999999"}), b"data")),
        "sparse|more than",
    ),
    "an old sparse file": (lambda: tar((info("a/1.jpg", 4, tarfile.GNUTYPE_SPARSE), b"data")), "sparse"),
    **{
        f"{noun} to {target}": (
            lambda kind=kind, target=target: tar((info("a/1.jpg", 0, kind, target), b""), *good("a/1.jpg/x")),
            "neither a file",
        )
        for noun, kind in (("a link", tarfile.SYMTYPE), ("a hard link", tarfile.LNKTYPE))
        for target in ("/etc/passwd", "..", "../../out", "1.jpg")
    },
    **{
        noun: (lambda kind=kind: tar((info("a/1.jpg", 0, kind), b"")), "neither a file")
        for noun, kind in (("a pipe", tarfile.FIFOTYPE), ("a terminal", tarfile.CHRTYPE), ("a disk", tarfile.BLKTYPE))
    },
    **{
        f"the name {name!r}": (lambda name=name: tar((info(name), b"data")), "leads outside")
        for name in ("../out.jpg", "/tmp/kennel-out.jpg", "a/../../out.jpg", "a\\..\\out.jpg", "..")
    },
    "twice": (lambda: tar(*good("a/1.jpg", "a/1.jpg")), "twice"),
    "a file as a folder": (lambda: tar(*good("a/1", "a/1/x.jpg")), "twice"),
    "upper and lower case": (lambda: tar(*good("a/X.jpg", "a/x.jpg")), "upper and lower"),
}
ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": (lambda: patched(zipped(*GOOD_ZIP), b"PK\1\2", 8, b"\1\0"), "encrypted"),
    "an unknown method": (lambda: patched(zipped(*GOOD_ZIP), b"PK\1\2", 10, b"\x61\0"), "not known here"),
    "a size that is too small": (lambda: _lying_size(2), "CRC|not a readable|bytes, not"),
    "a size that is too large": (lambda: _lying_size(9), "bytes, not|CRC|not a readable"),
    "a size of four gigabytes": (lambda: _lying_size(0xFFFFFFFE), "more than"),
    "a wrong checksum": (lambda: patched(zipped(*GOOD_ZIP), b"PK\1\2", 16, b"\0\0\0\0"), "CRC"),
    "a bomb": (lambda: zipped(("a/1.jpg", bytes(40_000_000)), ("b/1.jpg", b"data")), "more than"),
    "overlapping members": (
        lambda: patched(zipped(*((f"a/{i}.jpg", b"x" * 999) for i in range(9)), method=0), b"PK\1\2", 20,
                        struct.pack("<L", 9000)),
        "overlap",
    ),
    "cut": (lambda: zipped(*GOOD_ZIP)[:-30], "not a readable|neither"),
    "something behind its end": (lambda: zipped(*GOOD_ZIP) + b"hello", "behind its end"),
    "a link": (_zip_link, "neither a file"),
    "a way out": (lambda: zipped(("../out.jpg", b"x"), ("/tmp/kennel-out.jpg", b"x")), "leads outside"),
    "2,000 folders deep": (lambda: zipped((DEEP, b"data")), "folders deep"),
    "a directory of lies": (lambda: patched(zipped(*GOOD_ZIP), b"PK\1\2", 42, b"\xff\xff\xff\0"), "not a readable"),
}  # fmt: skip


def mixed(seed: int) -> bytes:
    """Some of the above after each other, or one of them with bytes changed, cut, doubled or packed twice."""
    rng = random.Random(seed)
    names = [name for name in TARS if "bomb" not in name and "many" not in name]
    if rng.random() < 0.3:
        made = ZIPS[rng.choice([name for name in ZIPS if name != "a bomb"])][0]()
    else:
        chosen = [TARS[name][0]() for name in rng.sample(names, rng.randint(1, 3))]
        made = b"".join(item.rstrip(b"\0").ljust(-(-len(item.rstrip(b"\0")) // 512) * 512, b"\0") for item in chosen)
        made += bytes(1024)
    made_ = bytearray(made)
    for _ in range(rng.choice([0, 0, 1, 3, 20])):
        made_[rng.randrange(len(made_))] = rng.randrange(256)
    made = bytes(made_[: rng.randrange(len(made_))] if rng.random() < 0.2 else made_)
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        made = COMPRESS[rng.choice(["gz", "gz", "gz", "bz2", "xz"])](made)
    return made[: rng.randrange(1, len(made))] if made and rng.random() < 0.15 else made
