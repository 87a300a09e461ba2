"""The head without its features: its outline, its skin in light and shade, its lines."""

import numpy as np

from fer_core.sample.looks import Look, Mood
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, smooth, stroke
from fer_core.types import FloatArray


def outline(look: Look) -> FloatArray:
    """(n, 2): the face from crown to chin."""
    right: Points = [
        (look.forehead * 0.62, -0.90),
        (look.forehead, -0.55),
        (look.width, 0.02),
        ((look.width + look.jaw) / 2 + 0.01, 0.36),
        (look.jaw, 0.62),
        (look.chin, 0.92),
    ]
    return smooth([(0, -1.0), *right, (0, 1.0), *[(-x, y) for x, y in reversed(right)]])


def skin_of(look: Look, light: float = 1.0) -> FloatArray:
    return colour_of(look.skin, light)


def shadow_of(look: Look, depth: float = 0.62) -> FloatArray:
    """Skin in shade: darker and redder than skin times a number."""
    return skin_of(look, depth) * np.array([0.86, 0.93, 1.06], np.float32)


def paint_ears(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        ear = ellipse(side * (look.width + 0.01), 0.08, look.ears, 0.23, side * 8)
        canvas.fill(ear, skin_of(look, 0.94))
        canvas.shade(ear, shadow_of(look, 0.6), 0.6, blur=0.05)
        canvas.fill(
            ellipse(side * (look.width + 0.03), 0.08, look.ears * 0.5, 0.13, side * 8), shadow_of(look, 0.6), 0.5, blur=0.03
        )


def paint_head(canvas: Canvas, look: Look, mood: Mood, seed: int) -> None:
    face, light = outline(look), skin_of(look, 1.25)
    canvas.fill(face, skin_of(look))
    canvas.shade(face, shadow_of(look, 0.58), 0.62, blur=0.17)
    within = canvas.stencil(face)
    canvas.fill(ellipse(-0.05, -0.62, look.forehead * 0.6, 0.2), light, 0.4, blur=0.13, within=within)
    for side in (-1, 1):
        x = side * look.eye_apart
        canvas.fill(
            ellipse(x, look.eye_y - 0.06, 0.25, 0.15), shadow_of(look), 0.25 + 0.5 * look.hollow, blur=0.08, within=within
        )
        canvas.fill(ellipse(x * 1.15, 0.3, 0.2, 0.12), light, 0.34 + 0.2 * mood.cheeks, blur=0.08, within=within)
        hollow = ellipse(side * look.width * 0.8, 0.52, 0.12, 0.3, side * 20)
        canvas.fill(hollow, shadow_of(look), 0.65 * look.hollow, blur=0.1, within=within)
        rosy = colour_of("#d8483c") * 0.55 + skin_of(look) * 0.45
        canvas.fill(
            ellipse(side * look.width * 0.68, 0.3, 0.2, 0.15), rosy, look.rouge + 0.1 * mood.cheeks, blur=0.09, within=within
        )
    canvas.fill(ellipse(0, 0.84, 0.16, 0.1), light, 0.3, blur=0.07, within=within)
    canvas.fill(ellipse(0, look.mouth_y + 0.16, 0.2, 0.045), shadow_of(look), 0.35, blur=0.04, within=within)
    _freckles(canvas, look, seed)
    canvas.grain(face, 2.5, seed, coarse=0.012)


def _freckles(canvas: Canvas, look: Look, seed: int) -> None:
    rng = np.random.default_rng(seed + 1)
    for _ in range(round(90 * look.freckles)):
        x, y = rng.normal(0, 0.36), rng.normal(0.2, 0.13)
        if abs(x) < look.width * 0.85:
            canvas.fill(ellipse(x, y, *(rng.uniform(0.010, 0.022, 2))), colour_of("#7a3d1c"), 0.55)


def paint_lines(canvas: Canvas, look: Look, mood: Mood) -> None:
    dark = shadow_of(look, 0.45)
    w, corner, *_ = lip_lines(look, mood)
    for side in (-1, 1):
        depth = max(mood.fold, look.age)
        out = side * max(w + 0.09, look.nose_width + 0.12)
        fold: Points = [
            (side * (look.nose_width + 0.03), look.nose_y - 0.08),
            (out * 0.93, (look.nose_y + corner) / 2),
            (out, corner + 0.05),
        ]
        canvas.fill(stroke(fold, 0.035), dark, 0.65 * depth, blur=0.01)
        near = max(0.05, look.eye_apart - look.eye_size * 1.05 - mood.brow_near) * 0.6
        y = look.brow_y + mood.brow_in
        crease: Points = [(side * near * 0.75, y + 0.1), (side * near, y - 0.02), (side * near * 0.85, y - 0.12)]
        canvas.fill(stroke(crease, 0.032), dark, max(0.75 * mood.furrow, 0.3 * look.age), blur=0.006)
        _crow_feet(canvas, look, mood, side, dark)
    for row in range(3):
        y = look.brow_y - 0.14 - 0.1 * row + 0.5 * min(mood.brow_in, 0)
        brow: Points = [(-0.34, y + 0.01), (-0.15, y - 0.02), (0.12, y - 0.01), (0.33, y + 0.02)]
        canvas.fill(stroke(brow, 0.022), dark, max(0.5 * look.age, 0.35 * mood.lines), blur=0.008)


def _crow_feet(canvas: Canvas, look: Look, mood: Mood, side: int, dark: FloatArray) -> None:
    x, y = side * (look.eye_apart + look.eye_size + 0.04), look.eye_y
    for rise in (-0.08, 0.0, 0.08):
        foot: Points = [(x, y + rise * 0.4), (x + side * 0.1, y + rise * 1.3)]
        canvas.fill(stroke(foot, 0.016), dark, max(0.55 * look.age, 0.35 * mood.cheeks), blur=0.004)


def lip_lines(look: Look, mood: Mood) -> tuple[float, float, float, float, float]:
    """Half the mouth's width, then y of its corners, of both edges of the gap, and the fullness of the lips."""
    y = look.mouth_y + mood.mouth_down
    return look.mouth_width * mood.wide, y + mood.corner, y - mood.gap_up, y + mood.gap_down, look.lip_full * mood.lips
