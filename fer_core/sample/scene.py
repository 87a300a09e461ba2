"""The sample shop, as its two cameras see it: a glass door by daylight, and shelves by lamplight."""

import cv2
import numpy as np

from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, smooth, stroke
from fer_core.types import FloatArray, Role

WIDTH_PX, HEIGHT_PX = 640, 360
_FLOOR_Y = 250.0
_GOODS = ("#c8553d", "#e0a458", "#588b8b", "#6b5b95", "#f2d0a4", "#7fa650", "#3d6c8f", "#d98880")


def shop(role: Role) -> FloatArray:
    """(360, 640, 3) float32 BGR: the empty shop before that camera, softly out of focus."""
    canvas = Canvas((0, 0, WIDTH_PX, HEIGHT_PX), 2.0)
    if role == "entry":
        _room(canvas, "#dcd6c8", "#a89a86")
        _door(canvas, 225, 415)
        _shelf(canvas, 20, 165, seed=3)
        _plant(canvas, 520, 262)
        _picture(canvas, 470, 70, "#c98f6b")
    else:
        _room(canvas, "#d8c3a5", "#8c6f56")
        _shelf(canvas, 10, 200, seed=5)
        _shelf(canvas, 440, 630, seed=8)
        _counter(canvas)
        _picture(canvas, 268, 60, "#5f7f8f")
        _lamps(canvas)
    small = cv2.resize(canvas.colour, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.6), np.float32)


def light_of(role: Role) -> FloatArray:
    """(3,) float32 BGR factors: the exit is darker and warmer, as real pairs of cameras differ."""
    if role == "entry":
        return np.array([1.03, 1.0, 0.98], np.float32)
    return np.array([0.72, 0.815, 0.90], np.float32)


def _box(x0: float, y0: float, x1: float, y1: float) -> FloatArray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def _room(canvas: Canvas, wall: str, floor: str) -> None:
    canvas.fill(_box(-40, -40, WIDTH_PX + 40, HEIGHT_PX + 40), colour_of(wall))
    canvas.fill(_box(-90, -90, WIDTH_PX + 90, 20), colour_of("#ffffff"), 0.4, blur=18)
    ground = _box(-40, _FLOOR_Y, WIDTH_PX + 40, HEIGHT_PX + 40)
    canvas.fill(ground, colour_of(floor))
    for x in range(-480, 1121, 80):
        seam: Points = [(320 + (x - 320) * 0.55, _FLOOR_Y), (x, HEIGHT_PX + 5)]
        canvas.fill(stroke(seam, 1.6, ends=1), colour_of(floor, 0.8))
    canvas.fill(_box(-40, _FLOOR_Y - 5, WIDTH_PX + 40, _FLOOR_Y), colour_of("#f4efe6"))
    canvas.fill(_box(-60, _FLOOR_Y, WIDTH_PX + 60, _FLOOR_Y + 12), colour_of("#2b2018"), 0.35, blur=8)


def _door(canvas: Canvas, x0: float, x1: float) -> None:
    """Two glass leaves, and the street and the sky behind them."""
    frame = colour_of("#4c5a63")
    canvas.fill(_box(x0 - 10, 28, x1 + 10, _FLOOR_Y + 4), frame)
    canvas.fill(_box(x0, 38, x1, _FLOOR_Y), colour_of("#bfe0ef"))
    canvas.fill(_box(x0, 150, x1, _FLOOR_Y), colour_of("#c9d3cf"))
    rng = np.random.default_rng(4)
    for x in np.arange(x0, x1 - 20, 38):
        top = rng.uniform(85, 130)
        canvas.fill(_box(x, top, min(x + 36, x1), 205), colour_of(("#c7a58b", "#b6bfc4", "#d8c7a8")[int(rng.integers(3))]))
    canvas.fill(_box(x0, 205, x1, _FLOOR_Y), colour_of("#9aa3a3"))
    for x, size in ((x0 + 26, 22), (x1 - 30, 26)):
        canvas.fill(_box(x - 2, 170, x + 2, 212), colour_of("#6d5640"))
        canvas.fill(ellipse(x, 160, size, size * 1.1), colour_of("#7fae6d"), blur=2)
    middle = (x0 + x1) / 2
    canvas.fill(_box(middle - 5, 38, middle + 5, _FLOOR_Y), frame)
    for side in (-1, 1):
        canvas.fill(stroke([(middle + side * 13, 130), (middle + side * 13, 180)], 4, ends=1), colour_of("#e8e2d4"))
        glare: Points = [(middle + side * 45 - 20, 200), (middle + side * 45 + 25, 60)]
        canvas.fill(stroke(glare, 16, ends=1), colour_of("#ffffff"), 0.25, blur=3)
    mat = np.array([(x0 + 8, 262), (x1 - 8, 262), (x1 + 34, 300), (x0 - 34, 300)], np.float32)
    canvas.fill(mat, colour_of("#6f4f45"))
    canvas.shade(mat, colour_of("#2b1d18"), 0.6, blur=5)


def _shelf(canvas: Canvas, x0: float, x1: float, *, seed: int) -> None:
    rng = np.random.default_rng(seed)
    canvas.fill(_box(x0 - 6, 52, x1 + 6, _FLOOR_Y + 10), colour_of("#8a6746"))
    canvas.fill(_box(x0, 58, x1, _FLOOR_Y + 4), colour_of("#6a4e36"))
    for base in (104.0, 152.0, 200.0, 249.0):
        x = x0 + 4
        while x < x1 - 16:
            wide, tall = rng.uniform(12, 24), rng.uniform(20, 36)
            _article(
                canvas,
                x,
                base,
                min(wide, x1 - 3 - x),
                tall,
                _GOODS[int(rng.integers(len(_GOODS)))],
                round=bool(rng.random() < 0.4),
            )
            x += wide + rng.uniform(1, 5)
        canvas.fill(_box(x0, base, x1, base + 5), colour_of("#a88058"))
        canvas.fill(_box(x0, base + 5, x1, base + 10), colour_of("#1d130c"), 0.35, blur=2)


def _article(canvas: Canvas, x: float, base: float, wide: float, tall: float, colour: str, *, round: bool) -> None:
    """A box, or a bottle with a neck."""
    if round:
        neck = wide * 0.18
        half: Points = [(neck, -tall), (neck, -tall * 0.75), (wide * 0.42, -tall * 0.58), (wide * 0.42, 0)]
        shape = np.array([*half, *[(-a, b) for a, b in reversed(half)]], np.float32) + np.array(
            [x + wide / 2, base], np.float32
        )
    else:
        shape = _box(x, base - tall, x + wide, base)
    canvas.fill(shape, colour_of(colour))
    canvas.shade(shape, colour_of(colour, 0.55), 0.5, blur=3)
    canvas.fill(_box(x + wide * 0.22, base - tall * 0.45, x + wide * 0.78, base - tall * 0.2), colour_of("#fbf6ea"), 0.7)


def _plant(canvas: Canvas, x: float, y: float) -> None:
    pot = np.array([(x - 24, y - 34), (x + 24, y - 34), (x + 17, y + 14), (x - 17, y + 14)], np.float32)
    rng = np.random.default_rng(6)
    for turn in np.linspace(-1.25, 1.25, 13):
        long = rng.uniform(60, 95)
        tip = (x + np.sin(turn) * long, y - 36 - np.cos(turn) * long)
        leaf: Points = [(x, y - 34), (x + np.sin(turn) * long * 0.45, y - 40 - np.cos(turn) * long * 0.6), tip]
        canvas.fill(stroke(leaf, 13, ends=0.1), colour_of("#4f8a56", rng.uniform(0.75, 1.2)))
    canvas.fill(pot, colour_of("#c77b58"))
    canvas.shade(pot, colour_of("#6b3a26"), 0.6, blur=6)


def _picture(canvas: Canvas, x: float, y: float, colour: str) -> None:
    canvas.fill(_box(x, y, x + 104, y + 70), colour_of("#f7f3ea"))
    canvas.fill(_box(x + 7, y + 7, x + 97, y + 63), colour_of(colour))
    canvas.fill(ellipse(x + 72, y + 25, 10, 10), colour_of("#fff2c4"))
    hill = smooth(
        [(x + 7, y + 63), (x + 20, y + 44), (x + 42, y + 52), (x + 66, y + 40), (x + 97, y + 56), (x + 97, y + 63)],
        closed=False,
    )
    canvas.fill(hill, colour_of(colour, 0.6))


def _counter(canvas: Canvas) -> None:
    canvas.fill(_box(226, 186, 414, 200), colour_of("#efe3cf"))
    canvas.fill(_box(234, 200, 406, _FLOOR_Y + 10), colour_of("#6f8f86"))
    canvas.fill(_box(234, 200, 406, 210), colour_of("#1d2b28"), 0.3, blur=3)
    canvas.fill(_box(345, 156, 392, 186), colour_of("#3a3f46"))
    canvas.fill(_box(349, 160, 388, 180), colour_of("#9fd0d8"))
    canvas.fill(ellipse(262, 178, 14, 9), colour_of("#e7e0d2"))


def _lamps(canvas: Canvas) -> None:
    for x in (236, 404):
        canvas.fill(stroke([(x, -5), (x, 22)], 2.5, ends=1), colour_of("#3c332b"))
        canvas.fill(np.array([(x - 10, 20), (x + 10, 20), (x + 24, 42), (x - 24, 42)], np.float32), colour_of("#4a6a68"))
        canvas.fill(ellipse(x, 44, 17, 5), colour_of("#fff3cf"))
        canvas.fill(ellipse(x, 60, 70, 46), colour_of("#fff0c0"), 0.3, blur=18)
