"""Apparent expressions in a live picture: an engine per viewer, and the drawing of what it found.

    engine = LiveEngine(detector, emotion)        one per camera and viewer; detector and model may be shared
    result = engine.frame(image, time_s)          who is in the picture, smoothed
    shown = draw(image, result, LiveStyle())      a new picture with boxes, names and bars
    engine.history()                              valence of the last minute
    read_picture(image, detector, emotion)        one picture by itself
    mapped(result, categories)                    the same in a shop's own classes

What may be made of the results: `BeforeAfter` (two expressions held, reviewed as a visit), `Audience` (a room over time),
`Drowsiness` (eye closure, a demonstration).

With `gate=` and `embedder=` both leave out who is in masked zones, outside hours, or staff.

Nothing is stored: what the engine knows is a minute of numbers in memory, gone with `reset` or the engine.
"""

from fer_core.live.audience import Audience, AudienceSettings, Mark, Peak, Point, Run, peaks
from fer_core.live.before_after import BeforeAfter, HoldSettings, HoldState, Outcome
from fer_core.live.draw import HIDING, LiveStyle, draw
from fer_core.live.engine import LiveEngine
from fer_core.live.eyes import Drowsiness, EyeReader, EyeSettings, EyeState
from fer_core.live.mapped import mapped
from fer_core.live.steady import steadiness
from fer_core.live.still import read_picture
from fer_core.live.types import PALETTE, LiveFace, LiveResult, LiveSettings, Moment

__all__ = [
    "HIDING", "PALETTE", "Audience", "AudienceSettings", "BeforeAfter", "Drowsiness", "EyeReader", "EyeSettings", "EyeState",
    "HoldSettings", "HoldState", "LiveEngine", "LiveFace", "LiveResult", "LiveSettings", "LiveStyle", "Mark", "Moment",
    "Outcome", "Peak", "Point", "Run", "draw", "mapped", "peaks", "read_picture", "steadiness",
]  # fmt: skip
