"""Hair and hats: what lies behind the head and what lies on it."""

from collections.abc import Callable

import numpy as np

from fer_core.sample.looks import Look
from fer_core.sample.paint import Canvas, Points, colour_of, ellipse, smooth, stroke
from fer_core.types import FloatArray

_LIFT = np.array([0, 0.11], np.float32)
"""How much higher hats sit than hair begins, so that raised brows show."""
Brush = Callable[[Canvas, Look], None]


def _nothing(canvas: Canvas, look: Look) -> None:
    """Bald behind or bald in front."""


def _both(points: Points) -> Points:
    """The points and then, backwards, the mirror image of those off the middle."""
    return [*points, *[(-x, y) for x, y in reversed(points) if x]]


def _locks(canvas: Canvas, look: Look, shape: FloatArray, root: tuple[float, float], *, n: int = 120, colour: str = "") -> None:
    """Fill with hair: a base, a dark rim, and strands that run away from the root."""
    base = colour_of(colour or look.hair)
    canvas.fill(shape, base)
    canvas.shade(shape, base * 0.45, 0.6, blur=0.09)
    rng, within = np.random.default_rng(n), canvas.stencil(shape)
    low, high = shape.min(0), shape.max(0)
    for _ in range(n):
        x, y = rng.uniform(low[0], high[0]), rng.uniform(low[1], high[1])
        dx, dy = x - root[0], y - root[1]
        size = max(np.hypot(dx, dy), 0.05)
        dx, dy = dx / size * 0.3, dy / size * 0.3 + 0.06
        bend = rng.normal(0, 0.02)
        tone = base * rng.choice([0.6, 0.75, 1.2]) + (rng.random() < 0.3) * 14
        canvas.fill(
            stroke([(x - dx / 2, y - dy / 2), (x + bend, y), (x + dx / 2, y + dy / 2)], 0.026),
            np.clip(tone, 0, 255),
            0.4,
            within=within,
        )


def _cap_of(look: Look, line: Points, *, top: float = -1.14, out: float = 0.06) -> FloatArray:
    """A cap of hair from ear to ear over the crown; `line` is its lower edge, from the right to the left."""
    w = look.width + out
    f = look.forehead + out + 0.04
    over: Points = [(-w, 0.0), (-w, -0.35), (-f * 0.96, -0.72), (-f * 0.55, top + 0.1), (0, top)]
    return smooth([*over, *[(-x, y) for x, y in reversed(over[:-1])], *line], steps=8)


def _crew(canvas: Canvas, look: Look) -> None:
    w = look.width
    line: Points = [
        (w - 0.05, -0.2),
        (w - 0.13, -0.52),
        (0.35, -0.74),
        (0, -0.72),
        (-0.35, -0.74),
        (-w + 0.13, -0.52),
        (-w + 0.05, -0.2),
    ]
    _locks(canvas, look, _cap_of(look, line, out=0.03), (0, -1.2))


def _side(canvas: Canvas, look: Look) -> None:
    w = look.width
    line: Points = [
        (w - 0.03, -0.15),
        (w - 0.1, -0.48),
        (0.42, -0.62),
        (0.0, -0.62),
        (-0.3, -0.78),
        (-w + 0.16, -0.6),
        (-w + 0.04, -0.2),
    ]
    _locks(canvas, look, _cap_of(look, line, top=-1.24), (-0.4, -1.15), n=160)


def _fringe(canvas: Canvas, look: Look) -> None:
    w = look.width
    line: Points = [
        (w - 0.03, 0.1),
        (w - 0.1, -0.35),
        (0.4, -0.43),
        (0.0, -0.46),
        (-0.4, -0.43),
        (-w + 0.1, -0.35),
        (-w + 0.03, 0.1),
    ]
    _locks(canvas, look, _cap_of(look, line, top=-1.22, out=0.1), (0, -1.6), n=200)


def _curtain(canvas: Canvas, look: Look) -> None:
    w = look.width
    line: Points = [
        (w + 0.0, 0.45),
        (w - 0.1, 0.0),
        (w - 0.2, -0.4),
        (0.25, -0.72),
        (0.0, -0.92),
        (-0.25, -0.72),
        (-w + 0.2, -0.4),
        (-w + 0.1, 0.0),
        (-w, 0.45),
    ]
    _locks(canvas, look, _cap_of(look, line, top=-1.18, out=0.12), (0, -1.1), n=200)


def _spikes(canvas: Canvas, look: Look) -> None:
    w, points = look.width, []
    for k in range(9):
        angle = np.pi * (0.04 + 0.92 * k / 8)
        points += [
            (np.cos(angle) * (w + 0.02), -0.45 - 0.6 * np.sin(angle)),
            (np.cos(angle - 0.18) * (w + 0.22), -0.5 - 0.98 * np.sin(angle - 0.18)),
        ]
    edge: Points = [
        (-w + 0.08, -0.2),
        (-w + 0.14, -0.5),
        (-0.3, -0.68),
        (0, -0.62),
        (0.3, -0.7),
        (w - 0.14, -0.5),
        (w - 0.08, -0.2),
    ]
    _locks(canvas, look, np.array([*points[:-1], *edge], np.float32), (0, -0.5))


def _receding(canvas: Canvas, look: Look) -> None:
    w = look.width
    for side in (-1.0, 1.0):
        tuft: Points = [
            (side * (w + 0.1), 0.12),
            (side * (w + 0.13), -0.3),
            (side * (w - 0.06), -0.68),
            (side * (w - 0.15), -0.5),
            (side * (w - 0.05), -0.2),
        ]
        _locks(canvas, look, smooth(tuft), (side * 0.4, -0.8), n=60)


def _curls(canvas: Canvas, look: Look, rings: list[tuple[float, float, float, float]]) -> None:
    """Round curls along arcs: (radius across, radius down, size, how far round in half turns)."""
    rng = np.random.default_rng(len(look.style))
    base = colour_of(look.hair)
    for across, down, size, round_ in rings:
        count = int(13 * (across + down))
        for k in range(count):
            angle = np.pi * (0.5 + round_ * (k / (count - 1) - 0.5))
            x, y = across * np.cos(angle), -0.25 - down * np.sin(angle)
            curl = ellipse(x + rng.normal(0, 0.02), y + rng.normal(0, 0.02), size, size * 0.95)
            tone = base * rng.uniform(0.75, 1.1)
            canvas.fill(curl, np.clip(tone, 0, 255))
            canvas.shade(curl, base * 0.4, 0.6, blur=size * 0.35)


def _afro_back(canvas: Canvas, look: Look) -> None:
    canvas.fill(ellipse(0, -0.4, look.width + 0.36, 0.98), colour_of(look.hair, 0.8))
    _curls(canvas, look, [(look.width + 0.4, 1.0, 0.16, 1.35), (look.width + 0.22, 0.85, 0.16, 1.3)])


def _afro(canvas: Canvas, look: Look) -> None:
    _curls(canvas, look, [(look.width + 0.12, 0.78, 0.15, 1.15), (look.width - 0.02, 0.6, 0.13, 0.98)])


def _curly(canvas: Canvas, look: Look) -> None:
    _curls(
        canvas,
        look,
        [(look.width + 0.05, 0.86, 0.15, 1.1), (look.width - 0.02, 0.68, 0.14, 0.95), (look.width - 0.2, 0.52, 0.11, 0.7)],
    )


def _long_back(canvas: Canvas, look: Look) -> None:
    w = look.width
    shape = smooth(
        _both([(0, -1.2), (w * 0.8, -1.0), (w + 0.2, -0.3), (w + 0.28, 0.7), (w + 0.3, 1.7), (w - 0.1, 1.9), (0.3, 1.7)])
    )
    _locks(canvas, look, shape, (0, -2.5), n=200)


def _bob_back(canvas: Canvas, look: Look) -> None:
    w = look.width
    shape = smooth(_both([(0, -1.2), (w * 0.85, -1.0), (w + 0.2, -0.3), (w + 0.3, 0.5), (w + 0.2, 0.95), (0.3, 0.9)]))
    _locks(canvas, look, shape, (0, -2.5), n=160)


def _bun_back(canvas: Canvas, look: Look) -> None:
    _locks(canvas, look, ellipse(0, -1.32, 0.36, 0.32), (0, -1.0), n=60)


def _mohawk(canvas: Canvas, look: Look) -> None:
    crest = smooth([(-0.16, -0.72), (-0.2, -1.2), (-0.1, -1.6), (0.1, -1.6), (0.2, -1.2), (0.16, -0.72)])
    _locks(canvas, look, crest, (0, -0.6), n=80, colour=look.cloth)


def _beanie(canvas: Canvas, look: Look) -> None:
    w, cloth = look.width + 0.08, colour_of(look.cloth)
    dome = (
        smooth([(-w, -0.5), (-w * 0.95, -0.95), (-w * 0.5, -1.38), (0, -1.48), (w * 0.5, -1.38), (w * 0.95, -0.95), (w, -0.5)])
        - _LIFT
    )
    canvas.fill(dome, cloth)
    canvas.shade(dome, cloth * 0.5, 0.6, blur=0.14)
    band = (
        smooth([(-w - 0.03, -0.72), (0, -0.84), (w + 0.03, -0.72), (w + 0.03, -0.42), (0, -0.54), (-w - 0.03, -0.42)]) - _LIFT
    )
    canvas.fill(band, np.clip(cloth * 1.18, 0, 255))
    canvas.shade(band, cloth * 0.5, 0.5, blur=0.05)
    stencil = canvas.stencil(band)
    for x in np.linspace(-w, w, 15):
        canvas.fill(stroke([(x, -0.8), (x * 1.01, -0.45)], 0.02) - _LIFT, cloth * 0.5, 0.5, within=stencil)


def _cap(canvas: Canvas, look: Look) -> None:
    w, cloth = look.width + 0.07, colour_of(look.cloth)
    _receding(canvas, look)
    dome = (
        smooth(
            [(-w, -0.55), (-w * 0.93, -0.95), (-w * 0.5, -1.26), (0, -1.33), (w * 0.5, -1.26), (w * 0.93, -0.95), (w, -0.55)]
        )
        - _LIFT
    )
    canvas.fill(dome, cloth)
    canvas.shade(dome, cloth * 0.5, 0.6, blur=0.14)
    canvas.fill(stroke([(0, -1.33), (0, -0.6)], 0.02) - _LIFT, cloth * 0.5, 0.6)
    canvas.fill(ellipse(0, -0.94, 0.16, 0.14) - _LIFT, colour_of("#f3efe6"), 0.9)
    peak = smooth([(-w * 0.98, -0.58), (0, -0.76), (w * 0.98, -0.58), (w * 0.7, -0.46), (0, -0.52), (-w * 0.7, -0.46)]) - _LIFT
    canvas.fill(peak, cloth * 0.72)
    canvas.shade(peak, cloth * 0.4, 0.6, blur=0.04)


def _brim(canvas: Canvas, look: Look) -> None:
    w, cloth = look.width, colour_of(look.cloth)
    crown = (
        smooth(
            [
                (-w * 0.9, -0.6),
                (-w * 0.86, -1.2),
                (-w * 0.4, -1.5),
                (0, -1.42),
                (w * 0.4, -1.5),
                (w * 0.86, -1.2),
                (w * 0.9, -0.6),
            ]
        )
        - _LIFT
    )
    canvas.fill(crown, cloth)
    canvas.shade(crown, cloth * 0.5, 0.6, blur=0.14)
    canvas.fill(stroke([(-w * 0.88, -0.78), (0, -0.84), (w * 0.88, -0.78)], 0.17, ends=1) - _LIFT, cloth * 0.4)
    rim = smooth([(-1.3, -0.55), (-w, -0.7), (0, -0.77), (w, -0.7), (1.3, -0.55), (w, -0.47), (0, -0.52), (-w, -0.47)]) - _LIFT
    canvas.fill(rim, cloth * 0.92)
    canvas.shade(rim, cloth * 0.5, 0.6, blur=0.05)


def _scarf_back(canvas: Canvas, look: Look) -> None:
    w, cloth = look.width, colour_of(look.cloth)
    shape = smooth(_both([(0, -1.24), (w * 0.8, -1.05), (w + 0.2, -0.3), (w + 0.22, 0.6), (w + 0.35, 1.5), (0.5, 2.0)]))
    canvas.fill(shape, cloth * 0.8)
    canvas.shade(shape, cloth * 0.4, 0.6, blur=0.15)


def _scarf(canvas: Canvas, look: Look) -> None:
    w, j, cloth = look.width, look.jaw, colour_of(look.cloth)
    outer: Points = [(0, -1.26), (w * 0.78, -1.08), (w + 0.16, -0.35), (w + 0.17, 0.35), (j + 0.3, 0.95), (0.42, 1.5)]
    inner: Points = [(0, -0.74), (w * 0.55, -0.66), (w - 0.06, -0.2), (w - 0.04, 0.25), (j - 0.02, 0.66), (0.24, 0.98)]
    left_out, left_in = [(-x, y) for x, y in reversed(outer[1:])], [(-x, y) for x, y in reversed(inner[1:])]
    ring_out = smooth([*outer, (0, 1.62), *left_out], steps=8)
    ring_in = smooth([*inner, (0, 1.02), *left_in], steps=8)
    band = np.concatenate([ring_out, ring_out[:1], ring_in[:1], ring_in[::-1]])
    canvas.fill(band, cloth)
    canvas.shade(band, cloth * 0.5, 0.6, blur=0.07)
    stencil = canvas.stencil(band)
    for k, reach in enumerate((0.1, 0.28, 0.46)):
        fold: Points = [(-w - 0.1, 0.2 + reach), (-0.45, 1.02 + reach * 0.5), (0.1, 1.2 + reach * 0.6), (0.5, 1.1 + k * 0.1)]
        canvas.fill(stroke(fold, 0.03), cloth * 0.55, 0.5, blur=0.01, within=stencil)


STYLES: dict[str, tuple[Brush, Brush]] = {
    "bald": (_nothing, _nothing),
    "receding": (_nothing, _receding),
    "crew": (_nothing, _crew),
    "side": (_nothing, _side),
    "spikes": (_nothing, _spikes),
    "mohawk": (_nothing, _mohawk),
    "curly": (_nothing, _curly),
    "afro": (_afro_back, _afro),
    "bob": (_bob_back, _fringe),
    "long": (_long_back, _curtain),
    "long_fringe": (_long_back, _fringe),
    "bun": (_bun_back, _crew),
    "beanie": (_nothing, _beanie),
    "cap": (_nothing, _cap),
    "brim": (_nothing, _brim),
    "brim_long": (_long_back, _brim),
    "scarf": (_scarf_back, _scarf),
}
"""What is drawn behind and in front of the head, by name."""

COVERED = ("bob", "long", "long_fringe", "brim_long", "scarf")
"""Styles that hide the ears."""
