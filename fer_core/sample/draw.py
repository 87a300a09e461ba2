"""Draw one shopper with one expression: an upright figure, the face in detail, the rest plainly.

The origin is the middle of the face, whose height is two units: chin at y = 1, crown at y = -1.
"""

import numpy as np

from fer_core.sample.eyes import paint_brow, paint_eye, paint_glasses
from fer_core.sample.hair import COVERED, STYLES
from fer_core.sample.head import paint_ears, paint_head, paint_lines, shadow_of, skin_of
from fer_core.sample.looks import Look, Mood
from fer_core.sample.mouth import paint_beard, paint_mouth, paint_nose
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, smooth, stroke
from fer_core.types import FloatArray

BOX = (-1.95, -1.75, 1.95, 8.6)
"""What `figure` draws: x0, y0, x1, y1 in units."""


def figure(
    look: Look, mood: Mood, *, unit: float = 150.0, seed: int = 0, box: tuple[float, float, float, float] = BOX
) -> FloatArray:
    """(h, w, 4) float32: the whole person over `BOX`, BGR times alpha, and alpha. A unit is `unit` px."""
    canvas = Canvas(box, unit)
    back, front = STYLES[look.style]
    back(canvas, look)
    paint_body(canvas, look)
    if look.style not in COVERED:
        paint_ears(canvas, look)
    paint_head(canvas, look, mood, seed)
    paint_nose(canvas, look, mood)
    for side in (-1, 1):
        paint_eye(canvas, look, mood, side)
    paint_beard(canvas, look, mood, seed)
    paint_mouth(canvas, look, mood)
    for side in (-1, 1):
        paint_brow(canvas, look, mood, side, seed)
    paint_lines(canvas, look, mood)
    front(canvas, look)
    paint_glasses(canvas, look)
    return canvas.finished()


def paint_body(canvas: Canvas, look: Look) -> None:
    coat, legs = colour_of(look.coat), colour_of(look.trousers)
    for side in (-1.0, 1.0):
        leg = np.array([(0.04, 5.0), (0.92, 5.0), (0.74, 8.2), (0.18, 8.2)], np.float32) * [side, 1]
        canvas.fill(leg, legs)
        canvas.shade(leg, legs * 0.5, 0.5, blur=0.12)
        canvas.fill(ellipse(side * 0.5, 8.3, 0.42, 0.2), colour_of("#23211f"))
    half: Points = [(0.34, 1.16), (0.95, 1.36), (1.48, 1.66), (1.72, 2.6), (1.74, 4.3), (1.42, 4.4), (1.24, 5.3)]
    torso = smooth([*half, *[(-x, y) for x, y in reversed(half)]], steps=8)
    canvas.fill(torso, coat)
    canvas.shade(torso, coat * 0.45, 0.5, blur=0.2)
    canvas.grain(torso, 4, 7)
    for side in (-1.0, 1.0):
        canvas.fill(stroke([(side * 1.18, 2.35), (side * 1.22, 3.4), (side * 1.14, 4.35)], 0.07), coat * 0.55, 0.7, blur=0.02)
    collar = smooth([(-0.62, 1.2), (0, 1.95), (0.62, 1.2), (0.42, 1.0), (-0.42, 1.0)], steps=6)
    canvas.fill(collar, coat * 0.7)
    neck = smooth([(-0.42, 0.5), (0.42, 0.5), (0.43, 1.1), (0.5, 1.3), (0, 1.68), (-0.5, 1.3), (-0.43, 1.1)], steps=6)
    canvas.fill(neck, skin_of(look, 0.9))
    canvas.fill(ellipse(0, 0.9, 0.52, 0.34), shadow_of(look, 0.5), 0.75, blur=0.08, within=canvas.stencil(neck))
