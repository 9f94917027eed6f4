"""Draws a portrait of one animal from its traits; pose, colours, size and background are random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from samples.scene import Canvas, Colour, background, ellipse, fur_colours, hsv, rounded, shade
from samples.traits import Traits

INK: Colour = (38, 30, 32)


@dataclass(frozen=True)
class Palette:
    fur: Colour
    marking: Colour
    muzzle: Colour
    nose: Colour
    eyes: Colour
    collar: Colour


def portrait(traits: Traits, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """An RGB image of `size` (width, height)."""
    canvas = Canvas(size)
    background(canvas, rng)
    palette = _palette(rng)
    short = min(canvas.width, canvas.height)
    scale = short * rng.uniform(0.20, 0.29)
    centre = (
        canvas.width / 2 + short * rng.uniform(-0.10, 0.10),
        canvas.height / 2 + short * rng.uniform(-0.06, 0.12),
    )
    canvas.place(centre, scale, rng.normal(0, 0.16), bool(rng.random() < 0.5))
    _body(canvas, palette)
    head = _head(traits.head)
    behind = traits.ears in ("pointed", "round", "bat")
    if behind:
        _ears(canvas, traits, head, palette)
    _fur(canvas, head, traits.pattern, palette, rng)
    if not behind:
        _ears(canvas, traits, head, palette)
    _face(canvas, traits, palette, rng)
    return canvas.finish()


def _palette(rng: np.random.Generator) -> Palette:
    fur, marking = fur_colours(rng)
    return Palette(
        fur=fur,
        marking=marking,
        muzzle=shade(fur, 1.45),
        nose=INK if rng.random() < 0.6 else hsv(rng.uniform(0.95, 1.05), 0.45, 0.6),
        eyes=hsv(rng.uniform(0.05, 0.62), 0.7, rng.uniform(0.5, 0.9)),
        collar=hsv(rng.random(), 0.75, 0.8),
    )


def _head(shape: str) -> np.ndarray:
    """The outline: a superellipse that narrows toward the chin."""
    rx, ry, power, taper = {
        "round": (1.0, 0.95, 2.0, 0.0),
        "long": (0.74, 1.18, 2.3, 0.12),
        "square": (0.95, 0.92, 4.5, -0.05),
        "heart": (1.02, 1.05, 2.0, 0.42),
        "wide": (1.28, 0.80, 2.3, -0.08),
    }[shape]
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    x = rx * np.sign(cos) * np.abs(cos) ** (2 / power)
    y = ry * np.sign(sin) * np.abs(sin) ** (2 / power)
    return np.stack([x * (1 - taper * y / ry), y], axis=1)


def _body(canvas: Canvas, palette: Palette) -> None:
    shoulders = np.array([(-0.55, 0.5), (0.55, 0.5), (1.35, 1.9), (1.5, 5.0), (-1.5, 5.0), (-1.35, 1.9)])
    canvas.polygon(rounded(shoulders), shade(palette.fur, 0.82))
    canvas.polygon(rounded(np.array([(-0.5, 1.9), (0, 1.6), (0.5, 1.9), (0.35, 3.2), (-0.35, 3.2)])), palette.muzzle)
    canvas.line(np.array([(-0.82, 1.22), (0, 1.42), (0.82, 1.22)]), palette.collar, 0.2)
    canvas.polygon(ellipse(0, 1.56, 0.14, 0.14, 16), hsv(0.13, 0.7, 0.95))


_EARS = {
    "pointed": [(0.22, -0.72), (0.62, -1.75), (0.78, -1.72), (1.02, -0.25)],
    "bat": [(0.18, -0.70), (0.55, -1.9), (1.15, -2.05), (1.55, -1.5), (1.0, -0.25)],
    "floppy": [(0.48, -0.88), (0.95, -0.95), (1.45, -0.35), (1.50, 0.35), (1.12, 0.62), (0.86, -0.1)],
    "long": [(0.62, -0.70), (1.0, -0.72), (1.38, 0.2), (1.50, 1.45), (1.12, 1.75), (0.82, 1.2), (0.86, 0.1)],
    "button": [(0.30, -0.85), (0.72, -1.35), (1.22, -0.95), (1.42, -0.42), (0.98, -0.52), (0.80, -0.60)],
}
_INNER = {
    "pointed": [(0.40, -0.80), (0.68, -1.48), (0.86, -0.45)],
    "bat": [(0.40, -0.80), (0.70, -1.70), (1.08, -1.82), (1.32, -1.42), (0.92, -0.50)],
    "button": [(0.42, -0.98), (0.74, -1.24), (1.02, -0.98), (0.80, -0.72)],
}


def _ears(canvas: Canvas, traits: Traits, head: np.ndarray, palette: Palette) -> None:
    width = float(np.abs(head[:, 0]).max()) ** 0.8
    for side in (-1, 1):
        stretch = np.array([side * width, 1.0])
        if traits.ears == "round":
            canvas.polygon(ellipse(0.80, -0.80, 0.52, 0.52) * stretch, shade(palette.fur, 0.85))
            canvas.polygon(ellipse(0.80, -0.80, 0.30, 0.30) * stretch, shade(palette.fur, 1.35))
            continue
        canvas.polygon(rounded(np.array(_EARS[traits.ears])) * stretch, shade(palette.fur, 0.78))
        if traits.ears in _INNER:
            tone = 0.6 if traits.ears == "button" else 1.35
            canvas.polygon(rounded(np.array(_INNER[traits.ears]), 1) * stretch, shade(palette.fur, tone))


def _fur(canvas: Canvas, head: np.ndarray, pattern: str, palette: Palette, rng: np.random.Generator) -> None:
    """The head, with its pattern clipped at its outline."""
    canvas.polygon(head, palette.fur)
    if pattern == "plain":
        return
    layer = Image.new("L", canvas.image.size)
    pen = ImageDraw.Draw(layer)
    for shape in _PATTERNS[pattern](rng):
        pen.polygon(canvas.pixels(shape), fill=255)
    inside = Image.new("L", canvas.image.size)
    inside.paste(layer, mask=canvas.mask(head))
    canvas.image.paste(palette.marking, mask=inside)


def _spots(rng: np.random.Generator) -> list[np.ndarray]:
    grid = np.stack(np.meshgrid(np.arange(-1.2, 1.3, 0.5), np.arange(-1.1, 1.2, 0.5)), axis=-1).reshape(-1, 2)
    grid[:, 0] += 0.25 * (np.round(grid[:, 1] / 0.5) % 2)
    grid += rng.uniform(-0.07, 0.07, grid.shape)
    return [ellipse(x, y, r, r, 14) for (x, y), r in zip(grid, rng.uniform(0.12, 0.19, len(grid)), strict=True)]


def _bars(rng: np.random.Generator) -> list[np.ndarray]:
    start = rng.uniform(-1.35, -1.1)
    rows = np.arange(start, 1.4, 0.46)
    return [
        np.array([(-1.5, y), (0, y + 0.12), (1.5, y), (1.5, y + 0.2), (0, y + 0.32), (-1.5, y + 0.2)]) for y in rows
    ]


def _stripes(rng: np.random.Generator) -> list[np.ndarray]:
    columns = np.arange(rng.uniform(-1.45, -1.25), 1.5, 0.46)
    return [np.array([(x, -1.4), (x + 0.2, -1.4), (x + 0.2, 1.4), (x, 1.4)]) for x in columns]


def _checks(rng: np.random.Generator) -> list[np.ndarray]:
    side, offset = 0.42, rng.uniform(-0.1, 0.1)
    return [
        side * np.array([(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]) + offset
        for i in range(-4, 4)
        for j in range(-4, 4)
        if (i + j) % 2
    ]


def _patch(rng: np.random.Generator) -> list[np.ndarray]:
    edge = rng.uniform(-0.08, 0.08)
    return [np.array([(edge, -2), (2, -2), (2, 2), (edge, 2)])]


def _blaze(rng: np.random.Generator) -> list[np.ndarray]:
    width = rng.uniform(0.17, 0.24)
    mask = [rounded(np.array([(s * 0.15, -0.35), (s * 0.9, -0.55), (s * 1.05, 0.1), (s * 0.45, 0.3)])) for s in (-1, 1)]
    return [*mask, np.array([(-width, -1.4), (width, -1.4), (width * 0.6, -0.6), (-width * 0.6, -0.6)])]


_PATTERNS = {
    "spots": _spots,
    "bars": _bars,
    "stripes": _stripes,
    "checks": _checks,
    "patch": _patch,
    "blaze": _blaze,
}


def _face(canvas: Canvas, traits: Traits, palette: Palette, rng: np.random.Generator) -> None:
    long = traits.head in ("long", "heart")
    chin = 0.52 if long else 0.40
    spread = 0.33 if long else 0.42
    canvas.polygon(ellipse(-0.18, chin, 0.28, 0.27), palette.muzzle)
    canvas.polygon(ellipse(0.18, chin, 0.28, 0.27), palette.muzzle)
    if rng.random() < 0.4:
        tongue = [(-0.11, chin + 0.12), (0.11, chin + 0.12), (0.12, chin + 0.46), (-0.12, chin + 0.46)]
        canvas.polygon(rounded(np.array(tongue)), (232, 120, 132))
    canvas.line(np.array([(-0.25, chin + 0.1), (0, chin + 0.17), (0.25, chin + 0.1)]), INK, 0.045)
    canvas.line(np.array([(0, chin - 0.15), (0, chin + 0.15)]), INK, 0.04)
    canvas.polygon(rounded(np.array([(-0.24, chin - 0.28), (0.24, chin - 0.28), (0, chin)])), palette.nose)
    if traits.whiskers:
        for side in (-1, 1):
            for rise in (-0.16, 0.0, 0.16):
                canvas.line(np.array([(side * 0.3, chin), (side * 1.25, chin + rise)]), (245, 245, 245), 0.035)
    gaze = rng.uniform(-0.05, 0.05, 2)
    for side in (-1, 1):
        x, y = side * spread, -0.22
        canvas.polygon(ellipse(x, y, 0.21, 0.21), (250, 250, 248))
        canvas.polygon(ellipse(x + gaze[0], y + gaze[1], 0.155, 0.155), palette.eyes)
        canvas.polygon(ellipse(x + gaze[0], y + gaze[1], 0.045 if traits.slit_eyes else 0.10, 0.13), INK)
        canvas.polygon(ellipse(x + gaze[0] - 0.05, y + gaze[1] - 0.06, 0.035, 0.035, 12), (255, 255, 255))
