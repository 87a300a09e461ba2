"""Nose, mouth and beard."""

import numpy as np

from fer_core.sample.head import lip_lines, outline, shadow_of, skin_of
from fer_core.sample.looks import Look, Mood
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, smooth, stroke
from fer_core.types import FloatArray

_DARK = colour_of("#2a1712")


def paint_nose(canvas: Canvas, look: Look, mood: Mood) -> None:
    w, y, dark = look.nose_width, look.nose_y, shadow_of(look, 0.5)
    w *= 1 + 0.1 * mood.fold
    canvas.fill(smooth([(-0.05, -0.2), (0.05, -0.2), (0.07, y - 0.1), (-0.07, y - 0.1)]), skin_of(look, 1.3), 0.5, blur=0.035)
    for side in (-1, 1):
        flank: Points = [(side * 0.10, -0.22), (side * 0.085, 0.0), (side * w * 0.8, y - 0.13)]
        canvas.fill(stroke(flank, 0.09), dark, look.nose_bridge * (0.8 if side > 0 else 0.5), blur=0.03)
        wing: Points = [(side * w * 0.78, y - 0.15), (side * w, y - 0.06), (side * w * 0.9, y + 0.015), (side * w * 0.55, y)]
        canvas.fill(stroke(wing, 0.035), dark, 0.75, blur=0.006)
        canvas.fill(ellipse(side * w * 0.48, y - 0.005, w * 0.24, 0.028, side * -12), _DARK, 0.8, blur=0.005)
    canvas.fill(ellipse(0, y + 0.055, w * 0.9, 0.045), dark, 0.4, blur=0.03)
    canvas.fill(ellipse(0, y - 0.11, w * 0.5, 0.085), skin_of(look, 1.4), 0.55, blur=0.03)


def paint_mouth(canvas: Canvas, look: Look, mood: Mood) -> None:
    w, corner, upper, lower, full = lip_lines(look, mood)
    lips = colour_of(look.lips)
    ends: tuple[Points, Points] = ([(-w, corner)], [(w, corner)])
    arch = mood.round
    mid_up, mid_down = (upper * arch + corner * (1 - arch)), (lower * arch + corner * (1 - arch))
    top: Points = [
        (-w * 0.55, mid_up - full * 0.62),
        (-w * 0.2, upper - full),
        (0, upper - full * 0.78),
        (w * 0.2, upper - full),
        (w * 0.55, mid_up - full * 0.62),
    ]
    bottom: Points = [(w * 0.55, mid_down + full * 0.95), (0, lower + full * 1.4), (-w * 0.55, mid_down + full * 0.95)]
    line_up: Points = [(-w * 0.55, mid_up), (0, upper + 0.01), (w * 0.55, mid_up)]
    line_down: Points = [(w * 0.55, mid_down), (0, lower), (-w * 0.55, mid_down)]
    whole = smooth([*ends[0], *top, *ends[1], *bottom])
    canvas.fill(whole, lips)
    canvas.shade(whole, lips * 0.55, 0.45, blur=0.03)
    canvas.fill(
        ellipse(-0.02, lower + full * 0.7, w * 0.4, full * 0.32),
        colour_of(look.lips, 1.5),
        0.5,
        blur=0.015,
        within=canvas.stencil(whole),
    )
    if mood.gap_up + mood.gap_down > 0.03:
        _inside(canvas, mood, smooth([*ends[0], *line_up, *ends[1], *line_down]), w, upper, lower)
    else:
        canvas.fill(stroke([*ends[0], *line_up, *ends[1]], 0.034, ends=0.5), lips * 0.3, 0.95)
    for side in (-1, 1):
        dent = ellipse(side * (w + 0.015), corner, 0.03, 0.035)
        canvas.fill(dent, shadow_of(look, 0.42), 0.55, blur=0.015)


def _inside(canvas: Canvas, mood: Mood, hole: FloatArray, w: float, upper: float, lower: float) -> None:
    canvas.fill(hole, colour_of("#3a0d10"))
    opening = canvas.stencil(hole)
    if mood.teeth:
        row = smooth(
            [
                (-w * 0.95, upper - 0.2),
                (w * 0.95, upper - 0.2),
                (w * 0.8, lower - 0.1),
                (0, lower - 0.035),
                (-w * 0.8, lower - 0.1),
            ]
        )
        canvas.fill(row, colour_of("#fbf8f0"), within=opening)
        for tooth in np.linspace(-0.75, 0.75, 8):
            canvas.fill(
                stroke([(w * tooth, upper - 0.2), (w * tooth, lower)], 0.008), colour_of("#b8aea0"), 0.4, within=opening
            )
        canvas.shade(hole, colour_of("#3a0d10"), 0.5, blur=0.02)
    else:
        canvas.fill(ellipse(0, lower, w * 0.6, 0.09), colour_of("#b04a4a"), 0.8, blur=0.02, within=opening)


def paint_beard(canvas: Canvas, look: Look, mood: Mood, seed: int) -> None:
    if not look.beard:
        return
    w, corner, upper, lower, full = lip_lines(look, mood)
    under = lower + full * 1.4
    reach, hang = look.mouth_width * 1.12 + 0.04, 0.5 * corner + 0.5 * look.mouth_y + 0.02
    lip: Points = [
        (-reach, hang),
        (-reach * 0.6, upper - full - 0.10),
        (0, upper - full - 0.07),
        (reach * 0.6, upper - full - 0.10),
        (reach, hang),
    ]
    moustache = smooth([*lip, (reach * 0.7, hang - 0.05), (0, upper - full * 0.3), (-reach * 0.7, hang - 0.05)])
    face = outline(look)
    if look.beard in ("full", "stubble"):
        j, c = look.jaw, 0.04 if look.beard == "stubble" else 0.16
        side: Points = [(look.width + 0.02, 0.05), (look.width + 0.03, 0.4), (j + c, 0.72), (look.chin + c, 1.0 + c * 0.8)]
        inner: Points = [(look.width * 0.86, 0.1), (look.width * 0.74, 0.42), (w + 0.14, corner - 0.02)]
        shape = smooth(
            [
                *side,
                (0, 1.0 + c * 1.3),
                *[(-x, y) for x, y in reversed(side)],
                *[(-x, y) for x, y in inner],
                (-w * 0.6, upper - full - 0.1),
                (0, upper - full - 0.06),
                (w * 0.6, upper - full - 0.1),
                *reversed(inner),
            ],
            steps=6,
        )
        _fur(canvas, look, shape, seed, stubble=look.beard == "stubble", face=face)
    if look.beard == "goatee":
        chin = smooth(
            [(-0.2, under + 0.03), (0, under + 0.0), (0.2, under + 0.03), (0.24, 0.98), (0.1, 1.2), (-0.1, 1.2), (-0.24, 0.98)],
            steps=6,
        )
        _fur(canvas, look, chin, seed)
    if look.beard == "walrus":
        bush = smooth(
            [
                (-reach - 0.1, hang + 0.14),
                (-reach * 0.7, upper - 0.2),
                (0, upper - 0.17),
                (reach * 0.7, upper - 0.2),
                (reach + 0.1, hang + 0.14),
                (reach * 0.7, hang),
                (0, upper - full * 0.3),
                (-reach * 0.7, hang),
            ]
        )
        _fur(canvas, look, bush, seed)
    elif look.beard in ("goatee", "moustache", "full"):
        _fur(canvas, look, moustache, seed + 3)


def _fur(
    canvas: Canvas, look: Look, shape: FloatArray, seed: int, *, stubble: bool = False, face: FloatArray | None = None
) -> None:
    colour = colour_of(look.hair)
    if stubble:
        canvas.fill(
            shape,
            colour * 0.5 + skin_of(look) * 0.2,
            0.42,
            blur=0.05,
            within=canvas.stencil(face) if face is not None else None,
        )
        return
    canvas.fill(shape, colour * 0.82, 0.97, blur=0.012)
    rng, within = np.random.default_rng(seed + 11), canvas.stencil(shape)
    low, high = shape.min(0), shape.max(0)
    for _ in range(160):
        x, y = rng.uniform(low[0], high[0]), rng.uniform(low[1], high[1])
        lean = 0.25 * x + rng.normal(0, 0.03)
        tone = colour * rng.choice([0.55, 0.7, 1.15])
        canvas.fill(
            stroke([(x, y), (x + lean * 0.5, y + 0.07), (x + lean * 0.6, y + 0.14)], 0.014),
            np.clip(tone, 0, 255),
            0.5,
            within=within,
        )
