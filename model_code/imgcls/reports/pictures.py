"""The main plots as PNG, for places that show no HTML; drawn with Pillow, twice as large and reduced."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgcls.reports.scales import Axis, Series, clean, number

_SCALE = 2
_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 56, 48
_COLOURS = ((47, 111, 222), (224, 138, 30), (42, 157, 115), (194, 72, 126), (122, 99, 209), (107, 119, 134))
_INK, _SOFT, _RULE = (29, 36, 48), (93, 104, 120), (221, 226, 233)


def lines(series: Sequence[Series], *, title: str, x_label: str, low: float | None = None) -> bytes:
    """A line chart as PNG."""
    points = [clean(item) for item in series]
    every = [point for line in points for point in line] or [(0.0, 0.0)]
    xs, ys = zip(*every, strict=True)
    x_axis = Axis(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT)
    y_axis = Axis(min(ys) if low is None else low, max(ys), _HEIGHT - _BOTTOM, _TOP, pad=low is None)
    canvas = _Canvas(_WIDTH, _HEIGHT)
    canvas.text((_LEFT, 10), title, 17, _INK)
    for value in y_axis.ticks():
        y = y_axis.place(value)
        canvas.line([(_LEFT, y), (_WIDTH - _RIGHT, y)], _RULE, 1)
        canvas.text((_LEFT - 8, y), number(value), 12, _SOFT, "rm")
    for value in x_axis.ticks(8):
        canvas.text((x_axis.place(value), _HEIGHT - _BOTTOM + 14), number(value), 12, _SOFT, "mm")
    canvas.text(((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12), x_label, 12, _SOFT, "mm")
    place = float(_WIDTH - _RIGHT)
    for index, item in enumerate(series):
        colour = _COLOURS[index % len(_COLOURS)]
        path = [(x_axis.place(x), y_axis.place(y)) for x, y in points[index]]
        canvas.line(path, colour, 2)
        for x, y in path if len(path) <= 40 else []:
            canvas.dot(x, y, 3, colour)
        place -= canvas.text((place, 20), item.name, 13, colour, "rm") + 18
    return canvas.png()


def overlay(pixels: np.ndarray, heat: np.ndarray) -> bytes:
    """A JPEG of `pixels`, uint8 (H, W, 3), under a red veil where `heat`, float (H, W) in 0..1, is high."""
    grey = pixels.mean(2, keepdims=True)
    veil = heat[..., None] * 0.65
    mixed = (1 - veil) * (0.6 * pixels + 0.4 * grey) + veil * np.array([255.0, 40.0, 30.0])
    buffer = io.BytesIO()
    Image.fromarray(mixed.astype(np.uint8)).save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


class _Canvas:
    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width * _SCALE, height * _SCALE), "white")
        self._pen = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[tuple[float, float]], colour: tuple[int, int, int], width: int) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._pen.line(scaled, fill=colour, width=width * _SCALE, joint="curve")

    def dot(self, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        self._pen.circle((x * _SCALE, y * _SCALE), radius * _SCALE, fill=colour)

    def text(
        self, place: tuple[float, float], text: str, size: int, colour: tuple[int, int, int], anchor: str = "la"
    ) -> float:
        """Draws and returns the text's width."""
        font = ImageFont.load_default(size * _SCALE)
        self._pen.text((place[0] * _SCALE, place[1] * _SCALE), text, colour, font, anchor=anchor)
        return self._pen.textlength(text, font) / _SCALE

    def png(self) -> bytes:
        buffer = io.BytesIO()
        self._image.reduce(_SCALE).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
