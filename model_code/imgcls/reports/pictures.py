"""The main plots as PNG, for places that cannot show HTML; drawn with Pillow in double size and then reduced."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgcls.reports.scales import Axis, Series, clean, number

_SCALE = 2
_MAX_NAMED = 12
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


def bars(values: Mapping[str, float], *, title: str, unit: str) -> bytes:
    """Horizontal bars as PNG, one row per name."""
    canvas = _Canvas(_WIDTH, _TOP + 34 * len(values) + 16)
    canvas.text((24, 10), title, 17, _INK)
    longest = max(values.values(), default=0.0) or 1.0
    for index, (name, value) in enumerate(values.items()):
        y, right = _TOP + 34 * index, max(151.0, 150 + (_WIDTH - 260) * value / longest)
        canvas.text((140, y + 12), name, 13, _INK, "rm")
        canvas.box((150, y), (right, y + 24), _COLOURS[0])
        canvas.text((right + 8, y + 12), f"{value:.3g} {unit}", 13, _SOFT, "lm")
    return canvas.png()


def matrix(counts: Sequence[Sequence[float]], labels: Sequence[str], *, title: str) -> bytes:
    """A confusion matrix as PNG, each row shaded relative to its sum; a small one has names and numbers."""
    is_small = len(labels) <= _MAX_NAMED
    left, cell = (150, 40) if is_small else (40, max(4, 640 // len(labels)))
    side = cell * len(labels)
    canvas = _Canvas(max(left + side + 40, _WIDTH // 2), _TOP + side + 76)
    canvas.text((24, 10), title, 17, _INK)
    canvas.text((left, _TOP + side + (44 if is_small else 20)), "rows: true, columns: predicted", 12, _SOFT)
    for i, row in enumerate(counts):
        total = sum(row) or 1.0
        for j, value in enumerate(row):
            x, y = left + j * cell, _TOP + i * cell
            if value:
                canvas.box((x, y), (x + cell, y + cell), _shade(value / total))
            if is_small:
                ink = (255, 255, 255) if value / total > 0.5 else _INK
                canvas.text((x + cell / 2, y + cell / 2), number(value), 12, ink, "mm")
        if is_small:
            canvas.text((left - 8, _TOP + (i + 0.5) * cell), labels[i][:20], 12, _INK, "rm")
            canvas.text((left + (i + 0.5) * cell, _TOP + side + 14), labels[i][: cell // 7], 12, _INK, "mm")
    frame = [(left, _TOP), (left + side, _TOP), (left + side, _TOP + side), (left, _TOP + side), (left, _TOP)]
    canvas.line(frame, _RULE, 1)
    return canvas.png()


def _shade(share: float) -> tuple[int, int, int]:
    """A colour between almost white and the first colour of the palette."""
    part = 0.12 + 0.88 * share
    red, green, blue = (round(255 - part * (255 - channel)) for channel in _COLOURS[0])
    return red, green, blue


def overlay(pixels: np.ndarray, heat: np.ndarray) -> bytes:
    """A JPEG of `pixels`, uint8 (H, W, 3), tinted red where `heat`, float (H, W) in 0..1, is high."""
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

    def box(self, corner: tuple[float, float], other: tuple[float, float], colour: tuple[int, int, int]) -> None:
        x, y = other
        self._pen.rectangle((corner[0] * _SCALE, corner[1] * _SCALE, x * _SCALE - 1, y * _SCALE - 1), fill=colour)

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
