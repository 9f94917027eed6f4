"""Canvas, colours and backgrounds of the drawings, the same for every class."""

from __future__ import annotations

import colorsys

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
OVERSAMPLING = 2
"""Pillow draws without antialiasing, so drawings are made larger and then reduced."""


class Canvas:
    """An RGB image of `size` (width, height) and a map from an animal's own coordinates to its pixels.

    In those coordinates the head's centre is (0, 0), its radius about 1, and y points down.
    """

    def __init__(self, size: tuple[int, int]):
        self.width, self.height = (side * OVERSAMPLING for side in size)
        self.image = Image.new("RGB", (self.width, self.height))
        self.pen = ImageDraw.Draw(self.image)
        self.place((self.width / 2, self.height / 2), min(size) * OVERSAMPLING / 4, 0.0, False)

    def place(self, centre: tuple[float, float], scale: float, angle: float, mirrored: bool) -> None:
        """Put the animal's origin at `centre` (pixels), with `scale` pixels per unit, turned by `angle` radians."""
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        sign = -1 if mirrored else 1
        self._matrix = np.array([[cos * sign, -sin], [sin * sign, cos]])
        self._centre = np.asarray(centre)
        self.scale = scale

    def pixels(self, points: np.ndarray) -> list[tuple[float, float]]:
        """Pixel coordinates of `points`, an (n, 2) array."""
        return [tuple(point) for point in (np.asarray(points) @ self._matrix.T + self._centre).tolist()]

    def polygon(self, points: np.ndarray, colour: Colour) -> None:
        self.pen.polygon(self.pixels(points), fill=colour)

    def line(self, points: np.ndarray, colour: Colour, width: float) -> None:
        """A line of `width` in the animal's units."""
        self.pen.line(self.pixels(points), fill=colour, width=max(1, round(width * self.scale)), joint="curve")

    def mask(self, points: np.ndarray) -> Image.Image:
        """The region inside `points`, mode L."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self.pixels(points), fill=255)
        return mask

    def finish(self) -> Image.Image:
        return self.image.reduce(OVERSAMPLING)


def ellipse(x: float, y: float, rx: float, ry: float, num: int = 28) -> np.ndarray:
    """The outline as an (num, 2) array."""
    angle = np.linspace(0, 2 * np.pi, num, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def rounded(points: np.ndarray, rounds: int = 2) -> np.ndarray:
    """`points` with the corners cut `rounds` times (Chaikin), so that the polygon looks hand-drawn."""
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], axis=1).reshape(-1, 2)
    return points


def hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, towards white above."""
    if factor <= 1:
        return tuple(round(part * factor) for part in colour)  # type: ignore[return-value]
    return tuple(round(part + (255 - part) * (factor - 1)) for part in colour)  # type: ignore[return-value]


def fur_colours(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """(fur, marking): natural tones, one of them clearly lighter than the other."""
    hue = rng.uniform(0.03, 0.12) if rng.random() < 0.75 else rng.uniform(0.55, 0.70)
    saturation = rng.uniform(0.08, 0.65)
    light = hsv(hue, saturation * 0.6, rng.uniform(0.78, 0.98))
    dark = hsv(hue + rng.uniform(-0.03, 0.03), min(1.0, saturation * 1.2), rng.uniform(0.22, 0.50))
    return (light, dark) if rng.random() < 0.5 else (dark, light)


def background(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw one of four scenes in random hues."""
    hue, other = rng.random(), rng.random()
    sky = hsv(hue, rng.uniform(0.15, 0.55), rng.uniform(0.55, 1.0))
    ground = hsv(other, rng.uniform(0.15, 0.55), rng.uniform(0.45, 0.95))
    canvas.pen.rectangle((0, 0, canvas.width, canvas.height), fill=sky)
    (_hills, _dots, _wall, _rays)[rng.integers(4)](canvas, rng, sky, ground)


def _hills(canvas: Canvas, rng: np.random.Generator, sky: Colour, ground: Colour) -> None:
    width, height = canvas.width, canvas.height
    x, y, radius = rng.uniform(0, width), rng.uniform(0, height * 0.4), rng.uniform(0.08, 0.18) * height
    canvas.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade(sky, 1.6))
    for level in range(3):
        xs = np.linspace(0, width, 24)
        ys = height * (0.5 + 0.17 * level) + height * 0.07 * np.sin(xs / width * rng.uniform(4, 10) + rng.uniform(0, 6))
        canvas.pen.polygon(
            [*zip(xs, ys, strict=True), (width, height), (0, height)], fill=shade(ground, 1.25 - 0.2 * level)
        )


def _dots(canvas: Canvas, rng: np.random.Generator, sky: Colour, ground: Colour) -> None:
    for x, y, size in rng.random((rng.integers(8, 22), 3)):
        radius = (0.02 + 0.07 * size) * canvas.height
        x, y = x * canvas.width, y * canvas.height
        canvas.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade(ground, 0.8 + 0.6 * size))


def _wall(canvas: Canvas, rng: np.random.Generator, sky: Colour, ground: Colour) -> None:
    step = rng.uniform(0.08, 0.25) * canvas.width
    for index in range(int(canvas.width / step) + 1):
        if index % 2:
            canvas.pen.rectangle((index * step, 0, (index + 1) * step, canvas.height), fill=shade(sky, 0.9))
    canvas.pen.rectangle((0, canvas.height * rng.uniform(0.6, 0.85), canvas.width, canvas.height), fill=ground)


def _rays(canvas: Canvas, rng: np.random.Generator, sky: Colour, ground: Colour) -> None:
    x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
    reach, num, turn = canvas.width + canvas.height, int(rng.integers(6, 14)), rng.uniform(0, 6)
    for angle in turn + np.arange(num) * 2 * np.pi / num:
        corners = [(x + reach * np.cos(angle + d), y + reach * np.sin(angle + d)) for d in (0, np.pi / num)]
        canvas.pen.polygon([(x, y), *corners], fill=shade(ground, 1.2))
