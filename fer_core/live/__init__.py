"""Apparent expressions in a live picture: an engine per viewer, and the drawing of what it found.

    engine = LiveEngine(detector, emotion)        one per camera and viewer; detector and model may be shared
    result = engine.frame(image, time_s)          who is in the picture, smoothed
    shown = draw(image, result, LiveStyle())      a new picture with boxes, names and bars
    engine.history()                              valence of the last minute
    read_picture(image, detector, emotion)        one picture by itself

With `gate=` and `embedder=` both leave out who is in masked zones, outside hours, or staff.

Nothing is stored: what the engine knows is a minute of numbers in memory, gone with `reset` or the engine.
"""

from fer_core.live.draw import HIDING, LiveStyle, draw
from fer_core.live.engine import LiveEngine
from fer_core.live.still import read_picture
from fer_core.live.types import PALETTE, LiveFace, LiveResult, LiveSettings, Moment

__all__ = [
    "HIDING", "PALETTE", "LiveEngine", "LiveFace", "LiveResult", "LiveSettings", "LiveStyle", "Moment", "draw", "read_picture",
]  # fmt: skip
