"""What an image is and consists of, by its headers: every refusal says the true reason, and metadata costs nothing."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from imgcls.images import cost, decoders, gate
from imgcls.images import preprocess as pre
from imgcls.images.errors import CORRUPT, UNSUPPORTED, ImageError
from tests.attack.image_seeds import avif, bmp, gif, jpeg, png, tiff, webp
from tests.imgcls.images.test_preprocess import encode, picture

MUTATIONS = 3000
BOMB = zlib.compress(bytes(200_000_000), 9)
XMP = b'<x:xmpmeta tiff:Orientation="6">' + b" " * 300_000 + b"</x:xmpmeta>"


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


def png_with(*chunks: bytes) -> bytes:
    """After its header."""
    data = encode(picture())
    return data[:33] + b"".join(chunks) + data[33:]


def jpeg_with(*segments: bytes) -> bytes:
    data = encode(picture(), "JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def segment(code: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content


def gif_with(comments: int) -> bytes:
    data = encode(picture().convert("P"), "GIF")
    start = data.index(b",\0\0\0\0")
    return data[:start] + b"!\xfe" + (b"\xff" + b"c" * 255) * comments + b"\0" + data[start:]


def tiff_with(**tags: Any) -> bytes:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number in range(600):
        info[40_000 + number] = "text " * 200
    return encode(picture(), "TIFF", tiffinfo=info, **tags)


def tiff_of_many_colours() -> bytes:
    data = bytearray(encode(picture().convert("P"), "TIFF"))
    entry = data.index(struct.pack("<HHI", 320, 3, 768))
    struct.pack_into("<I", data, entry + 4, 1_000_000)
    return bytes(data) + bytes(2_000_000)


def png_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    for number in range(80):
        info.add_text(f"key {number}", "x" * 900_000, zip=True)
    return encode(picture(), pnginfo=info)


@pytest.mark.parametrize(
    ("fmt", "data"),
    [
        ("PNG", png_with(chunk(b"iCCP", b"name\0\0" + BOMB), chunk(b"zTXt", b"key\0\0" + BOMB))),
        (
            "PNG",
            png_with(chunk(b"tEXt", b"key\0text", crc=1), chunk(b"gAMA", b"1234", crc=2), chunk(b"tRNS", b"x", crc=3)),
        ),
        ("PNG", png_text()),
        ("JPEG", jpeg_with(*[segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 40)) + bytes(60_000)) for n in range(40)])),
        ("JPEG", jpeg_with(*[segment(0xE1, b"Exif\0\0" + bytes(10))] * 3000)),
        (
            "JPEG",
            jpeg_with(segment(0xFE, b"first"), bytes(1_000_000), segment(0xFE, b"after what is no segment")),
        ),
        ("GIF", gif_with(3000)),
        ("WEBP", encode(picture(), "WEBP", lossless=True, icc_profile=bytes(2_000_000), xmp=bytes(2_000_000))),
        ("TIFF", tiff_with(icc_profile=bytes(3_000_000))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_metadata_of_any_size_is_left_out(fmt: str, data: bytes) -> None:
    plain = encode(
        picture().convert("P") if fmt == "GIF" else picture(), fmt, **({"lossless": True} if fmt == "WEBP" else {})
    )
    assert (np.asarray(pre.decode(data)) == np.asarray(pre.decode(plain))).all()
    assert len(gate.read(data).decodable(data)) < len(plain) + 1000 or fmt == "TIFF"


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP[:60_000])),
        png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        encode(picture(), "WEBP", lossless=True, xmp=XMP),
    ],
)
def test_the_orientation_may_be_in_xmp(data: bytes) -> None:
    assert (gate.read(data).orientation, pre.decode(data).size) == (6, (90, 120))


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_decoded_alone(fmt: str, frames: int) -> None:
    images = [picture().rotate(90 * number) for number in range(frames)]
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    options = {"lossless": True} if fmt == "WEBP" else {}
    data = encode(images[0], fmt, **options, **more)
    assert gate.read(data).animated == (frames > 1)
    assert (np.asarray(pre.decode(data)) == np.asarray(pre.decode(encode(images[0], fmt, **options)))).all()


@pytest.mark.parametrize(
    "coding", ["jpeg", "group4", "lzma", "zstd", "tiff_lzw", "packbits", "tiff_adobe_deflate", "raw"]
)
def test_tiffs_decode_to_the_pixels_of_pillow(coding: str) -> None:
    """Those of compressions that cannot be bounded in a process with limits."""
    image = picture().convert("1") if coding == "group4" else picture()
    data = encode(image, "TIFF", compression=coding)
    assert gate.read(data).limited == (coding in ("jpeg", "group4", "lzma", "zstd"))
    assert (np.asarray(pre.decode(data)) == np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))).all()


def test_large_lossless_webp_decodes_to_the_pixels_of_pillow() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (500, 500, 4), dtype=np.uint8))
    data = encode(noise, "WEBP", lossless=True)
    assert gate.read(data).limited
    white = Image.new("RGBA", noise.size, "white")
    assert (
        np.abs(np.asarray(pre.decode(data)).astype(int) - Image.alpha_composite(white, noise).convert("RGB")).max() <= 1
    )


@pytest.mark.parametrize(("brand", "name"), [(b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")])
def test_heic_and_avif_are_named_where_they_are_not_read(
    brand: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(decoders._OPTIONAL, "AVIF", "no.such.module")
    boxes = struct.pack(">I4s4sI4s", 20, b"ftyp", brand, 0, b"heic" if name == "HEIC" else b"avif")
    boxes += struct.pack(">I4sIII", 20, b"ispe", 0, 40, 30)
    with pytest.raises(ImageError, match=f"the image is {name}, for which no decoder is installed here") as error:
        pre.decode(boxes)
    assert error.value.code == UNSUPPORTED


def test_avif_is_read_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(picture(), "AVIF", quality=95, subsampling="4:4:4", exif=exif)
    expected = np.asarray(picture().transpose(Image.Transpose.ROTATE_270)).astype(int)
    assert np.abs(np.asarray(pre.decode(data)) - expected).mean() < 3


@pytest.mark.parametrize(
    ("data", "code", "why"),
    [
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)), CORRUPT, "it has no header and pixels"),
        (encode(picture(), "JPEG").replace(b"\xff\xc0", b"\xff\xc3"), UNSUPPORTED, "a lossless or hierarchical coding"),
        (encode(picture().convert("P"), "GIF")[:60], CORRUPT, "damaged or cut short"),
        (tiff.make({**tiff.SEEDS[0], "parts": 27, "shared": 1, "tall": 200}), CORRUPT, "overlap"),
        (tiff_of_many_colours(), CORRUPT, "tag 320 has 1000000 values"),
        (bmp.make({**bmp.SEEDS[0], "bytes": 10, "height": 8_000_000, "depth": 5}), CORRUPT, "fewer bytes than pixels"),
        (png_with(chunk(b"PLTE", bytes(6), crc=0)), CORRUPT, "bad header checksum"),
    ],
)
def test_the_reason_is_the_true_one(data: bytes, code: str, why: str) -> None:
    with pytest.raises(ImageError, match=why) as error:
        pre.decode(data)
    assert error.value.code == code


@pytest.mark.parametrize("seeds", [jpeg, png, gif, webp, tiff, bmp, avif], ids=lambda module: module.__name__[-4:])
def test_headers_that_are_damaged_raise_nothing_else(seeds: Any) -> None:
    rng = random.Random(0)
    make: Callable[[dict[str, int]], bytes] = seeds.make
    small = {name: min(value, 40) for name, value in seeds.SEEDS[0].items()}
    small |= {"parts": 1} if "parts" in small else {}
    sources = [make(small), make({**small, **{name: 1 for name in ("scans", "tiled", "transparent") if name in small}})]
    read = 0
    for _ in range(MUTATIONS):
        data = bytearray(rng.choice(sources))
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(min(len(data), 400))] = rng.choice((0, 1, 255, rng.randrange(256)))
        del data[rng.choice((len(data), rng.randrange(len(data)))) :]
        try:
            structure = gate.read(bytes(data))
            cost.admit(structure, pre.MAX_PIXELS)
            read += len(structure.decodable(bytes(data))) > 0
        except ImageError:
            pass
    assert read > MUTATIONS / 50


def test_a_phones_photograph_looks_alike_to_training_and_serving() -> None:
    """27 megapixels on their side: prepared for training, and shrunk while it is decoded for an answer."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = picture(600, 450).resize((6000, 4500), Image.Resampling.BICUBIC)
    data = encode(photo, "JPEG", quality=90, exif=exif)
    full = photo.transpose(Image.Transpose.ROTATE_270)
    spec = pre.Preprocessing(resize=256, crop=224)
    expected = np.asarray(pre.resize_and_crop(full, spec)).astype(int)
    served = pre.preprocess(data, spec)
    prepared = pre.decode_for_training(data)
    assert prepared.shape == (3000, 2250, 3)
    trained = np.asarray(pre.resize_and_crop(Image.fromarray(np.ascontiguousarray(prepared)), spec))
    assert np.abs(served - expected).mean() < 1 and np.abs(trained - expected).mean() < 1
    assert np.abs(served.astype(int) - trained).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_arrays_are_turned_as_pictures_are(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture(), "JPEG", exif=exif)
    assert (pre.decode_for_training(data) == np.asarray(pre.decode(data))).all()


@pytest.mark.parametrize("path", ["simplejpeg", "other", "pillow"])
def test_no_decoder_is_asked_for_what_costs_too_much(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def called(*_: object, **__: object) -> np.ndarray:
        raise AssertionError("a decoder was asked")

    monkeypatch.setattr(decoders, "decode", called)
    if path != "simplejpeg":
        monkeypatch.setattr(pre, "simplejpeg", None)
    else:
        monkeypatch.setattr(pre.simplejpeg, "decode_jpeg", called)
    for data in (jpeg.make(jpeg.SEEDS[1]), tiff.make({**tiff.SEEDS[4], "parts": 1, "block": 1000})):
        for decode in (
            pre.decode,
            lambda data: pre.decode_for_training(data, other=called if path == "other" else None),
        ):
            with pytest.raises(ImageError) as error:
                decode(data)
            assert error.value.code == pre.TOO_MANY_PIXELS
