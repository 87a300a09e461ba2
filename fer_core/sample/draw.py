"""Draw one shopper with one expression: an upright figure, the face in detail, the rest plainly.

The origin is the middle of the face, whose height is two units: chin at y = 1, crown at y = -1.
"""

import numpy as np

from fer_core.sample.hair import COVERED, STYLES
from fer_core.sample.looks import Look, Mood
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, mirrored, smooth, stroke
from fer_core.types import FloatArray

BOX = (-1.95, -1.75, 1.95, 8.6)
_DARK = colour_of("#2a1712")
_WHITE = colour_of("#ffffff")


def figure(
    look: Look, mood: Mood, *, unit: float = 150.0, seed: int = 0, box: tuple[float, float, float, float] = BOX
) -> FloatArray:
    """(h, w, 4) float32: the whole person over `BOX`, BGR times alpha, and alpha. A unit is `unit` px."""
    canvas = Canvas(box, unit)
    back, front = STYLES[look.style]
    back(canvas, look)
    _body(canvas, look)
    if look.style not in COVERED:
        _ears(canvas, look)
    _head(canvas, look, mood, seed)
    _nose(canvas, look, mood)
    for side in (-1, 1):
        _eye(canvas, look, mood, side)
    _beard(canvas, look, mood, seed)
    _mouth(canvas, look, mood)
    for side in (-1, 1):
        _brow(canvas, look, mood, side, seed)
    _lines(canvas, look, mood)
    front(canvas, look)
    _glasses(canvas, look)
    return canvas.finished()


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


def _skin(look: Look, light: float = 1.0) -> FloatArray:
    return colour_of(look.skin, light)


def _shadow(look: Look, depth: float = 0.62) -> FloatArray:
    """Skin in shade: darker and redder than skin times a number."""
    return _skin(look, depth) * np.array([0.86, 0.93, 1.06], np.float32)


# ---- body and head --------------------------------------------------------------------------------------------------


def _body(canvas: Canvas, look: Look) -> None:
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
    canvas.fill(neck, _skin(look, 0.9))
    canvas.fill(ellipse(0, 0.9, 0.52, 0.34), _shadow(look, 0.5), 0.75, blur=0.08, within=canvas.stencil(neck))


def _ears(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        ear = ellipse(side * (look.width + 0.01), 0.08, look.ears, 0.23, side * 8)
        canvas.fill(ear, _skin(look, 0.94))
        canvas.shade(ear, _shadow(look, 0.6), 0.6, blur=0.05)
        canvas.fill(
            ellipse(side * (look.width + 0.03), 0.08, look.ears * 0.5, 0.13, side * 8), _shadow(look, 0.6), 0.5, blur=0.03
        )


def _head(canvas: Canvas, look: Look, mood: Mood, seed: int) -> None:
    face, light = outline(look), _skin(look, 1.25)
    canvas.fill(face, _skin(look))
    canvas.shade(face, _shadow(look, 0.58), 0.62, blur=0.17)
    within = canvas.stencil(face)
    canvas.fill(ellipse(-0.05, -0.62, look.forehead * 0.6, 0.2), light, 0.4, blur=0.13, within=within)
    for side in (-1, 1):
        x = side * look.eye_apart
        canvas.fill(
            ellipse(x, look.eye_y - 0.06, 0.25, 0.15), _shadow(look), 0.25 + 0.5 * look.hollow, blur=0.08, within=within
        )
        canvas.fill(ellipse(x * 1.15, 0.3, 0.2, 0.12), light, 0.34 + 0.2 * mood.cheeks, blur=0.08, within=within)
        hollow = ellipse(side * look.width * 0.8, 0.52, 0.12, 0.3, side * 20)
        canvas.fill(hollow, _shadow(look), 0.65 * look.hollow, blur=0.1, within=within)
        rosy = colour_of("#d8483c") * 0.55 + _skin(look) * 0.45
        canvas.fill(
            ellipse(side * look.width * 0.68, 0.3, 0.2, 0.15), rosy, look.rouge + 0.1 * mood.cheeks, blur=0.09, within=within
        )
    canvas.fill(ellipse(0, 0.84, 0.16, 0.1), light, 0.3, blur=0.07, within=within)
    canvas.fill(ellipse(0, look.mouth_y + 0.16, 0.2, 0.045), _shadow(look), 0.35, blur=0.04, within=within)
    _freckles(canvas, look, seed)
    canvas.grain(face, 2.5, seed, coarse=0.012)


def _freckles(canvas: Canvas, look: Look, seed: int) -> None:
    rng = np.random.default_rng(seed + 1)
    for _ in range(round(90 * look.freckles)):
        x, y = rng.normal(0, 0.36), rng.normal(0.2, 0.13)
        if abs(x) < look.width * 0.85:
            canvas.fill(ellipse(x, y, *(rng.uniform(0.010, 0.022, 2))), colour_of("#7a3d1c"), 0.55)


# ---- eyes and brows -------------------------------------------------------------------------------------------------


def _eye(canvas: Canvas, look: Look, mood: Mood, side: int) -> None:
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
    canvas.fill(stroke([outer, *lower, inner], 0.02 + 0.012 * look.lashes), _shadow(look, 0.42), 0.75)
    crease = [(px * 1.0, py - 0.055 - 0.03 * (mood.upper - 1)) for px, py in upper[1:]]
    canvas.fill(stroke(crease, 0.024), _shadow(look, 0.45), 0.6)
    bag: Points = [(x - side * half * 0.8, y + down + 0.05), (x, y + down + 0.085), (x + side * half * 0.8, y + down + 0.045)]
    canvas.fill(stroke(bag, 0.03), _shadow(look, 0.5), 0.2 + 0.4 * mood.cheeks + 0.4 * look.age, blur=0.008)


def _iris(canvas: Canvas, look: Look, x: float, y: float, eye: FloatArray) -> None:
    size = max(0.07, 0.55 * 2 * look.eye_size * look.eye_open)  # no white above or below it at rest
    canvas.fill(ellipse(x, y, size, size), colour_of(look.iris, 0.55), within=eye)
    canvas.fill(ellipse(x, y, size * 0.84, size * 0.84), colour_of(look.iris), within=eye)
    canvas.fill(ellipse(x, y, size * 0.45, size * 0.45), colour_of("#120d0b"), within=eye)
    canvas.fill(ellipse(x - 0.03, y - 0.03, 0.02, 0.02), _WHITE, 0.95, within=eye)


def _brow(canvas: Canvas, look: Look, mood: Mood, side: int, seed: int) -> None:
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


# ---- nose, mouth, beard ---------------------------------------------------------------------------------------------


def _nose(canvas: Canvas, look: Look, mood: Mood) -> None:
    w, y, dark = look.nose_width, look.nose_y, _shadow(look, 0.5)
    w *= 1 + 0.1 * mood.fold
    canvas.fill(smooth([(-0.05, -0.2), (0.05, -0.2), (0.07, y - 0.1), (-0.07, y - 0.1)]), _skin(look, 1.3), 0.5, blur=0.035)
    for side in (-1, 1):
        flank: Points = [(side * 0.10, -0.22), (side * 0.085, 0.0), (side * w * 0.8, y - 0.13)]
        canvas.fill(stroke(flank, 0.09), dark, look.nose_bridge * (0.8 if side > 0 else 0.5), blur=0.03)
        wing: Points = [(side * w * 0.78, y - 0.15), (side * w, y - 0.06), (side * w * 0.9, y + 0.015), (side * w * 0.55, y)]
        canvas.fill(stroke(wing, 0.035), dark, 0.75, blur=0.006)
        canvas.fill(ellipse(side * w * 0.48, y - 0.005, w * 0.24, 0.028, side * -12), _DARK, 0.8, blur=0.005)
    canvas.fill(ellipse(0, y + 0.055, w * 0.9, 0.045), dark, 0.4, blur=0.03)
    canvas.fill(ellipse(0, y - 0.11, w * 0.5, 0.085), _skin(look, 1.4), 0.55, blur=0.03)


def _lip_lines(look: Look, mood: Mood) -> tuple[float, float, float, float, float]:
    """Half the mouth's width, then y of its corners, of both edges of the gap, and the fullness of the lips."""
    y = look.mouth_y + mood.mouth_down
    return look.mouth_width * mood.wide, y + mood.corner, y - mood.gap_up, y + mood.gap_down, look.lip_full * mood.lips


def _mouth(canvas: Canvas, look: Look, mood: Mood) -> None:
    w, corner, upper, lower, full = _lip_lines(look, mood)
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
        canvas.fill(dent, _shadow(look, 0.42), 0.55, blur=0.015)


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


def _beard(canvas: Canvas, look: Look, mood: Mood, seed: int) -> None:
    if not look.beard:
        return
    w, corner, upper, lower, full = _lip_lines(look, mood)
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
            shape, colour * 0.5 + _skin(look) * 0.2, 0.42, blur=0.05, within=canvas.stencil(face) if face is not None else None
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


# ---- lines and glasses ----------------------------------------------------------------------------------------------


def _lines(canvas: Canvas, look: Look, mood: Mood) -> None:
    dark = _shadow(look, 0.45)
    w, corner, *_ = _lip_lines(look, mood)
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


def _glasses(canvas: Canvas, look: Look) -> None:
    if not look.glasses:
        return
    frame, y = colour_of(look.frame), look.eye_y + 0.02
    r = min(look.eye_size * 1.25 + 0.09, look.eye_apart - 0.06)
    for side in (-1, 1):
        x = side * look.eye_apart
        box: Points = [
            (x - r, y - r * 0.72),
            (x, y - r * 0.8),
            (x + r, y - r * 0.72),
            (x + r * 1.02, y),
            (x + r * 0.85, y + r * 0.72),
            (x, y + r * 0.8),
            (x - r * 0.85, y + r * 0.72),
            (x - r * 1.02, y),
        ]
        rim = ellipse(x, y, r, r * 0.98) if look.glasses == "round" else smooth(box)
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
