"""Every kind of image has one defined result, and bytes that are not an image are refused with a code."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls.contract.artifact import Preprocessing
from imgcls.images import decoders, gate
from imgcls.images import preprocess as pre

SPEC = Preprocessing(resize=64, crop=48)


def picture(width: int = 120, height: int = 90) -> Image.Image:
    """Smooth and without symmetry, so that orientations differ and JPEG stays close to it."""
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)
    return Image.fromarray(np.stack([red, green, blue], -1).astype(np.uint8))


def encode(image: Image.Image, fmt: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def test_output_is_the_centre_of_the_resized_image() -> None:
    pixels = pre.preprocess(encode(picture()), SPEC)
    expected = picture().resize((85, 64), Image.Resampling.BILINEAR).crop((18, 8, 66, 56))
    assert pixels.shape == (48, 48, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - np.asarray(expected).astype(int)).mean() < 2


@pytest.mark.parametrize("fmt", [*gate.FORMATS, "AVIF"])
def test_every_format_gives_the_same_picture(fmt: str) -> None:
    lossy: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}
    pixels = pre.preprocess(encode(picture(), fmt, **lossy.get(fmt, {})), SPEC)
    reference = pre.preprocess(encode(picture()), SPEC)
    assert np.abs(pixels.astype(int) - reference.astype(int)).mean() < (6 if fmt == "GIF" else 2)


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_eight_orientations_agree(fmt: str) -> None:
    lossless = {"lossless": True} if fmt == "WEBP" else {}
    upright = pre.preprocess(encode(picture(), fmt, **lossless), SPEC)
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    for orientation in range(1, 9):
        stored = picture()
        if (transpose := decoders._TRANSPOSE.get(orientation)) is not None:
            stored = stored.transpose(undo.get(orientation, transpose))
        exif = Image.Exif()
        exif[0x0112] = orientation
        pixels = pre.preprocess(encode(stored, fmt, exif=exif, **lossless), SPEC)
        assert np.abs(pixels.astype(int) - upright.astype(int)).mean() < 1.5, orientation


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    source = picture().convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(source).astype(np.uint16) * 257)
    else:
        image = (source if mode != "CMYK" else source.convert("RGB")).convert(mode)
    pixels = np.asarray(pre.decode(encode(image, "TIFF" if mode == "CMYK" else "PNG")))
    assert pixels.shape == (90, 120, 3)
    assert abs(pixels.mean() - np.asarray(source).mean()) < 4
    if mode != "1":
        assert np.abs(pixels.astype(int) - np.asarray(source.convert("RGB")).astype(int)).max() <= 3


def test_transparent_pixels_are_white() -> None:
    clear = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    assert (pre.preprocess(encode(clear), SPEC) == 255).all()
    palette = Image.new("P", (40, 40), 0)
    palette.putpalette([9, 9, 9] * 256)
    assert (pre.preprocess(encode(palette, "PNG", transparency=0), SPEC) == 255).all()


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(pre.preprocess(data, SPEC)[0, 0]) == (255, 0, 0)


def test_draft_decoding_stays_close_to_the_full_decode() -> None:
    large = encode(picture(1200, 900), "JPEG", quality=92)
    small, full = pre.decode(large, min_side=64), pre.decode(large)
    assert small.width < full.width / 4
    difference = np.asarray(pre.resize_and_crop(small, SPEC)).astype(int) - np.asarray(pre.resize_and_crop(full, SPEC))
    assert np.abs(difference).mean() < 2


def test_a_broken_exif_block_does_not_reject_good_pixels() -> None:
    data = encode(picture(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 40)
    assert pre.preprocess(data, SPEC).shape == (48, 48, 3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", pre.EMPTY),
        (b"<html>not found</html>", pre.NOT_AN_IMAGE),
        (png_header(60_000, 60_000), pre.TOO_MANY_PIXELS),
        (png_header(8_000, 8_000), pre.TOO_MANY_PIXELS),
        (png_header(500, 500), pre.CORRUPT),
        (encode(picture(), "JPEG")[:900], pre.CORRUPT),
        (encode(picture(), "ICO"), pre.NOT_AN_IMAGE),
        (encode(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), pre.UNSUPPORTED),
    ],
)
def test_bytes_that_cannot_be_decoded_are_refused_with_their_code(data: bytes, code: str) -> None:
    with pytest.raises(pre.ImageError) as error:
        pre.preprocess(data, SPEC)
    assert error.value.code == code
    assert error.value.sentence


def test_thin_image_costs_no_memory() -> None:
    assert pre.preprocess(encode(Image.new("RGB", (9000, 1), "white")), SPEC).shape == (48, 48, 3)


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"progressive": True}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_training_decoder_gives_the_pixels_of_the_other(mode: str, options: dict[str, Any]) -> None:
    data = encode(picture(401, 303).convert(mode), "JPEG", **options)
    for factor in (1, 2, 4):
        expected = np.asarray(pre.decode(data, min_side=303 // factor))
        assert (pre.decode_for_training(data, 401 * 303 / factor**2) == expected).all()
        assert (pre.decode_for_training(data, 401 * 303 / factor**2 / 1.1) == expected).all()


def test_the_training_decoder_rotates_images_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(picture(), "JPEG", exif=exif)
    assert (pre.decode_for_training(data) == np.asarray(pre.decode(data))).all()


def test_the_training_decoder_refuses_what_the_other_refuses() -> None:
    with pytest.raises(pre.ImageError) as error:
        pre.decode_for_training(encode(picture(), "JPEG")[:900])
    assert error.value.code == pre.CORRUPT


def test_the_training_decoder_works_without_simplejpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(picture(), "JPEG")
    expected = pre.decode_for_training(data, 120 * 90 / 4)
    monkeypatch.setattr(pre, "simplejpeg", None)
    assert expected.shape == (45, 60, 3) and (pre.decode_for_training(data, 120 * 90 / 4) == expected).all()


@pytest.mark.parametrize("min_pixels", [np.inf, 8000])
def test_another_decoder_is_used_where_simplejpeg_is_missing(
    monkeypatch: pytest.MonkeyPatch, min_pixels: float
) -> None:
    data = encode(picture(), "JPEG", exif=_turned(6))
    expected = pre.decode_for_training(data, min_pixels)
    asked = []

    def other(data: bytes) -> np.ndarray:
        asked.append(data)
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    monkeypatch.setattr(pre, "simplejpeg", None)
    assert (pre.decode_for_training(data, min_pixels, other=other) == expected).all()
    assert len(asked) == 1


def test_pillow_decodes_what_the_other_decoder_refuses_or_cannot_shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(data: bytes) -> np.ndarray:
        raise ValueError("not this one")

    data = encode(picture(), "JPEG")
    expected = [pre.decode_for_training(data, min_pixels) for min_pixels in (np.inf, 2000)]
    monkeypatch.setattr(pre, "simplejpeg", None)
    for min_pixels, pixels in zip((np.inf, 2000), expected, strict=True):
        assert (pre.decode_for_training(data, min_pixels, other=other) == pixels).all()
    with pytest.raises(pre.ImageError):
        pre.decode_for_training(data[:900], other=other)


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
