"""The readings beside the live picture, as HTML: cheap enough to be drawn anew every second beside a video.

The curve is an SVG picture in an <img>: the page lets no other SVG through.
"""

import base64
from collections.abc import Sequence
from html import escape
from itertools import groupby

from fer_core.live import PALETTE, LiveFace, LiveResult, Moment
from ui.plain import number, percent
from ui.theme import MUTED

WIDTH, HEIGHT, MARGIN = 600, 190, 30
MOST_FACES = 6
STEADY = "How alike the readings of the last seconds are: 100 % is one and the same expression all the time."
LEVELS = ((1, "+1"), (0, "0"), (-1, "−1"))
"""What stands beside the curve, by valence."""
_GAP_S = 1.5
STYLE = """<style>
.live-numbers{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin-bottom:.7rem;font-size:.85rem}
.live-numbers b{font-size:1.2rem;font-variant-numeric:tabular-nums}
.live-faces{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.7rem 1.3rem}
.live-face{font-size:.8rem}
.live-face h4{margin:0 0 .2rem;padding:0;font-size:.9rem;white-space:nowrap;font-weight:600}
.live-dot{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.4em;outline:1px solid currentColor}
.live-row span:first-child{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.live-row{display:grid;grid-template-columns:4rem 1fr 2.5rem;align-items:center;gap:.4rem;line-height:1.35}
.live-row span:last-child{text-align:right;font-variant-numeric:tabular-nums}
.live-bar{height:.6rem;border-radius:.2rem;background:color-mix(in srgb,currentColor 14%,transparent)}
.live-bar i{display:block;height:100%;border-radius:.2rem}
.live-hold{display:flex;align-items:center;gap:1rem;margin:.3rem 0 .8rem}
.live-ring{width:4.6rem;height:4.6rem;flex:none;border-radius:50%;display:grid;place-items:center}
.live-ring b{display:grid;place-items:center;width:3.6rem;height:3.6rem;border-radius:50%;font-size:1.7rem;
background:var(--st-background-color,Canvas);font-variant-numeric:tabular-nums}
.live-hold p{margin:0;font-size:1.15rem}
.live-curve{width:100%;height:auto;margin-bottom:.6rem}
</style>"""


def readings(result: LiveResult | None, history: Sequence[Moment], delay_ms: float | None, *, stream: bool = True) -> str:
    """HTML of everything beside the picture: numbers, the valence of the last minute, the bars of up to six faces."""
    if result is None:
        return f"{STYLE}<p>Waiting for the first picture …</p>"
    above = numbers(result, delay_ms) + curve(history, result.time_s) if stream else ""
    return STYLE + above + faces(result)


def numbers(result: LiveResult, delay_ms: float | None) -> str:
    """Pictures a second, delay and people."""
    told = [(f"{result.fps:.0f}", "frames a second"), (f"{result.usual_ms:.0f} ms", "engine")]
    if delay_ms is not None:
        told.insert(1, (f"{delay_ms:.0f} ms", "delay in the server"))
    told.append((str(len(result.faces)), "face" if len(result.faces) == 1 else "faces"))
    return f'<div class="live-numbers">{"".join(f"<span><b>{value}</b> {name}</span>" for value, name in told)}</div>'


def faces(result: LiveResult) -> str:
    """The bars of each face; a sentence where there is none."""
    if not result.faces:
        return f"<p>{_nobody(result)}</p>"
    shown = "".join(_face(face, result.labels) for face in result.faces[:MOST_FACES])
    more = len(result.faces) - MOST_FACES
    return f'<div class="live-faces">{shown}</div>' + (f"<p>and {more} more</p>" if more > 0 else "")


def _nobody(result: LiveResult) -> str:
    if len(result.waiting):
        return "Waiting for a clear view: before staff can be told apart, nobody’s expression is read."
    if len(result.staff):
        return "Only staff are seen. Their expression is not read."
    return "No face is seen. Come nearer, and let the light fall on your face."


def _face(face: LiveFace, labels: Sequence[str]) -> str:
    valence = "" if face.valence is None else f' <span title="apparent valence">{number(face.valence)}</span>'
    steady = "" if face.steadiness is None else f'<div title="{STEADY}">steadiness {percent(face.steadiness)}</div>'
    dot = f'<span class="live-dot" style="background:{PALETTE[face.colour]}"></span>'
    head = f"<h4>{dot}{face.number} · {escape(labels[face.leading])}{valence}</h4>"
    rows = (_row(label, float(share), PALETTE[face.colour]) for label, share in zip(labels, face.probabilities, strict=True))
    return f'<div class="live-face">{head}{"".join(rows)}{steady}</div>'


def _row(label: str, share: float, colour: str) -> str:
    bar = f'<span class="live-bar"><i style="width:{100 * share:.0f}%;background:{colour}"></i></span>'
    return f'<div class="live-row"><span>{escape(label)}</span>{bar}<span>{100 * share:.0f} %</span></div>'


def curve(history: Sequence[Moment], now_s: float, span_s: float = 60.0) -> str:
    """The valence of everybody over the last minute, as a picture; nothing where the model knows no valence."""
    last = {moment.number: moment.valence for moment in history}
    alt = f"Apparent valence of the last minute, at its end {'; '.join(f'person {n}: {number(v)}' for n, v in last.items())}"
    return drawn_curve(history, now_s, span_s, "apparent valence, last minute", alt)


def drawn_curve(
    history: Sequence[Moment], now_s: float, span_s: float, title: str, alt: str,
    levels: Sequence[tuple[int, str]] = LEVELS, *, ends: bool = True,
) -> str:  # fmt: skip
    """A picture of the values (−1 to 1) of each number over the last span_s seconds; nothing where there is none.

    levels: what stands beside it. ends: whether the number stands at the end of its curve.
    """
    if not history:
        return ""
    people = {name: list(points) for name, points in groupby(sorted(history, key=lambda m: m.number), lambda m: m.number)}
    lines = "".join(_line(points, now_s, span_s, ends) for points in people.values())
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="{MUTED}" font-size="15" '
        f'font-family="sans-serif"><text x="{MARGIN}" y="13">{escape(title)}</text>{_axes(levels, span_s)}{lines}</svg>'
    )
    data = base64.b64encode(drawn.encode()).decode()
    return f'<img class="live-curve" alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def _axes(levels: Sequence[tuple[int, str]], span_s: float) -> str:
    dash = {1: "2 5", 0: "none", -1: "2 5"}
    grid = "".join(
        f'<line x1="{MARGIN}" x2="{WIDTH - 14}" y1="{_y(v)}" y2="{_y(v)}" stroke="{MUTED}" '
        f'stroke-opacity="0.6" stroke-dasharray="{dash[v]}"/><text x="2" y="{_y(v) + 5}">{name}</text>'
        for v, name in levels
    )
    low = HEIGHT - 4
    ends = f'<text x="{MARGIN}" y="{low}">{span_s:.0f} s ago</text>'
    return f'{grid}{ends}<text x="{WIDTH - 14}" y="{low}" text-anchor="end">now</text>'


def _line(points: Sequence[Moment], now_s: float, span_s: float, ends: bool) -> str:
    """One person's curve, broken where the person was away, with the number at its end where asked."""
    colour = PALETTE[points[-1].colour]
    strokes: list[list[str]] = [[]]
    before = points[0].time_s
    for point in points:
        if point.time_s - before > _GAP_S:
            strokes.append([])
        strokes[-1].append(f"{_x(now_s - point.time_s, span_s)},{_y(point.valence)}")
        before = point.time_s
    lines = "".join(f'<polyline points="{" ".join(stroke)}"/>' for stroke in strokes)
    x, y = _x(now_s - points[-1].time_s, span_s), _y(points[-1].valence)
    end = f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/><text x="{x - 6}" y="{max(28, y - 7)}" text-anchor="end">'
    name = points[-1].number if ends else ""
    return f'<g fill="none" stroke="{colour}" stroke-width="2.5">{lines}</g>{end}{name}</text>'


def _x(age_s: float, span_s: float) -> float:
    return round(WIDTH - 14 - (WIDTH - 14 - MARGIN) * min(max(age_s / span_s, 0.0), 1.0), 1)


def _y(valence: float) -> float:
    top, bottom = 26, HEIGHT - 28
    return round((top + bottom) / 2 - valence * (bottom - top) / 2, 1)
