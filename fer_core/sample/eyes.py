"""Eyes, brows and glasses."""

import numpy as np

from fer_core.sample.head import shadow_of
from fer_core.sample.looks import Look, Mood
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, rounded, smooth, stroke
from fer_core.types import FloatArray

_DARK = colour_of("#2a1712")
_WHITE = colour_of("#ffffff")


def paint_eye(canvas: Canvas, look: Look, mood: Mood, side: int) -> None:
    x, y, half = side * look.eye_apart, look.eye_y, look.eye_size
    up, down = half * look.eye_open * 1.25 * mood.upper, half * look.eye_open * 0.75 * mood.lower
    inner, outer = (x - side * half, y + look.eye_tilt), (x + side * half, y - look.eye_tilt)
    near, far = half * max(mood.slant, 0.0), half * max(-mood.slant, 0.0)
    upper: Points = [
        inner,
        (x - side * half * 0.5, y - up * 0.78 + near),
        (x + side * half * 0.15, y - up + 0.6 * near + 0.5 * far),
        (x + side * half * 0.7, y - up * 0.62 + far),
        (outer[0], outer[1] + 0.4 * far),
    ]
    outer = upper[-1]
    lower: Points = [(x + side * half * 0.5, y + down * 0.8), (x, y + down), (x - side * half * 0.5, y + down * 0.72)]
    eye = smooth([*upper, *lower], steps=8)
    if look.lid:
        lid = [(px, py - 0.05) for px, py in upper]
        canvas.fill(stroke(lid, 0.13, ends=0.4), colour_of(look.lid), 0.75, blur=0.025)
    canvas.fill(eye, colour_of("#f4f1ec"))
    opening = canvas.stencil(eye)
    _iris(canvas, look, x, y - up * 0.12, opening)
    canvas.fill(stroke([(px, py + 0.035) for px, py in upper], 0.06), _DARK, 0.35, blur=0.02, within=opening)
    thick = 0.028 + 0.04 * look.lashes
    canvas.fill(stroke(upper, thick, ends=0.45), _DARK, 0.92)
    if look.lashes > 0.5:
        flick: Points = [(x + side * half * 0.6, y - up * 0.7), outer, (outer[0] + side * 0.07, outer[1] - 0.07)]
        canvas.fill(stroke(flick, thick, ends=0.15), _DARK, 0.9)
    canvas.fill(stroke([outer, *lower, inner], 0.02 + 0.012 * look.lashes), shadow_of(look, 0.42), 0.75)
    crease = [(px * 1.0, py - 0.055 - 0.03 * (mood.upper - 1)) for px, py in upper[1:]]
    canvas.fill(stroke(crease, 0.024), shadow_of(look, 0.45), 0.6)
    bag: Points = [(x - side * half * 0.8, y + down + 0.05), (x, y + down + 0.085), (x + side * half * 0.8, y + down + 0.045)]
    canvas.fill(stroke(bag, 0.03), shadow_of(look, 0.5), 0.2 + 0.4 * mood.cheeks + 0.4 * look.age, blur=0.008)


def _iris(canvas: Canvas, look: Look, x: float, y: float, eye: FloatArray) -> None:
    size = max(0.07, 0.55 * 2 * look.eye_size * look.eye_open)  # no white above or below it at rest
    canvas.fill(ellipse(x, y, size, size), colour_of(look.iris, 0.55), within=eye)
    canvas.fill(ellipse(x, y, size * 0.84, size * 0.84), colour_of(look.iris), within=eye)
    canvas.fill(ellipse(x, y, size * 0.45, size * 0.45), colour_of("#120d0b"), within=eye)
    canvas.fill(ellipse(x - 0.03, y - 0.03, 0.02, 0.02), _WHITE, 0.95, within=eye)


def paint_brow(canvas: Canvas, look: Look, mood: Mood, side: int, seed: int) -> None:
    inner = look.eye_apart - look.eye_size * 1.05 - mood.brow_near
    outer = look.eye_apart + look.eye_size * 1.35
    y_in, y_out = look.brow_y + 0.02 + mood.brow_in, look.brow_y + 0.04 + mood.brow_out
    peak = min(y_in, y_out) * 0.35 + (y_in + y_out) * 0.325 - look.brow_arch
    points: Points = [
        (inner, y_in),
        ((inner * 2 + outer) / 3, (y_in + peak) / 2 - 0.01),
        ((inner + outer * 2) / 3, peak),
        (outer, y_out),
    ]
    line = [(side * px, py) for px, py in points]
    colour = colour_of(look.hair, 0.7)
    canvas.fill(stroke(line, look.brow_thick, ends=0.42), colour, 0.88, blur=0.006)
    rng = np.random.default_rng(seed + 5 + side)
    for at in smooth(line, closed=False, steps=9):
        dx, dy = side * rng.uniform(0.03, 0.06), rng.uniform(-0.03, 0.0)
        jitter = rng.uniform(-0.25, 0.25) * look.brow_thick
        hair: Points = [(at[0] - dx / 2, at[1] + jitter - dy), (at[0] + dx / 2, at[1] + jitter + dy)]
        canvas.fill(stroke(hair, 0.014), colour * 0.75, 0.6)


def paint_glasses(canvas: Canvas, look: Look) -> None:
    if not look.glasses:
        return
    frame, y = colour_of(look.frame), look.eye_y + 0.02
    r = min(look.eye_size * 1.25 + 0.09, look.eye_apart - 0.06)
    for side in (-1, 1):
        x = side * look.eye_apart
        rim = ellipse(x, y, r, r * 0.98) if look.glasses == "round" else rounded(x, y + 0.01, r * 1.02, r * 0.78)
        canvas.fill(rim, _WHITE, 0.08)
        _ring(canvas, rim, frame, 0.035 if look.glasses == "round" else 0.05)
        if look.glasses == "browline":
            canvas.fill(stroke([(x - r, y - r * 0.6), (x, y - r * 0.82), (x + r, y - r * 0.6)], 0.12, ends=0.8), frame)
        glint: Points = [(x - r * 0.5, y + r * 0.2), (x - r * 0.1, y - r * 0.45)]
        canvas.fill(stroke(glint, 0.05), _WHITE, 0.25, blur=0.01)
        arm: Points = [(x + side * r, y - 0.06), (side * (look.width + 0.04), y - 0.03)]
        canvas.fill(stroke(arm, 0.05, ends=0.9), frame)
    bridge: Points = [(-look.eye_apart + r, y - 0.02), (0, y - 0.08), (look.eye_apart - r, y - 0.02)]
    canvas.fill(stroke(bridge, 0.05, ends=0.9), frame)


def _ring(canvas: Canvas, rim: FloatArray, colour: FloatArray, width: float) -> None:
    closed = np.concatenate([rim, rim[:2]])
    middle = rim.mean(0)
    inner = middle + (rim - middle) * (1 - width / np.linalg.norm(rim - middle, axis=1, keepdims=True))
    canvas.fill(np.concatenate([closed, inner[:2][::-1], inner[::-1]]).astype(np.float32), colour)
