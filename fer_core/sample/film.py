"""Render one camera's film, and say where every face was."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from fer_core.sample import draw
from fer_core.sample.cast import LOOKS, MOODS
from fer_core.sample.plan import FPS, PRESENCE_S, Walk, length_s
from fer_core.sample.scene import HEIGHT_PX, WIDTH_PX, light_of, shop
from fer_core.types import FloatArray, Role

PathRow = tuple[str, int, float, int, int, int, int]
"""camera, visitor, time_s, x0, y0, x1, y1: a square in px around the face, 1.4 times as high as the face."""

_DRAWN_PX = 130.0
_FAR_PX, _NEAR_PX = 24.0, 76.0
"""Half the face's height at both ends of a walk."""
_FADE_S = 0.25
_FACE_BOX = 1.4
_REACH = 2.3
"""Half the figure's width, turned, over half the face's height."""


def render(path: Path, role: Role, walks: list[Walk], visitors: dict[str, int], seed: int) -> list[PathRow]:
    """Write the film (H.264, 640 by 360, 10 pictures a second) and give where the faces were. Raises OSError."""
    import av

    rows: list[PathRow] = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "21", "preset": "veryfast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for picture in _pictures(role, walks, visitors, seed, rows):
            frame = av.VideoFrame.from_ndarray(cv2.convertScaleAbs(picture), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return rows


def _pictures(role: Role, walks: list[Walk], visitors: dict[str, int], seed: int, rows: list[PathRow]) -> Iterator[FloatArray]:
    empty, figures = shop(role) * light_of(role), [_sizes_of(walk) for walk in walks]
    rng = np.random.default_rng((seed, role == "exit"))
    noise = rng.normal(0, 1.2, (4, HEIGHT_PX, WIDTH_PX, 1)).astype(np.float32)
    for index in range(round(length_s(walks) * FPS)):
        now, picture = round(index / FPS, 3), empty.copy()
        present = [(walk, sizes) for walk, sizes in zip(walks, figures, strict=True) if walk.start_s <= now < walk.end_s]
        for walk, sizes in present:
            x, y, unit, turn, shown = _place(walk, now)
            _paste(picture, sizes, x, y, unit, turn, shown)
            half = _FACE_BOX * unit
            box = (round(x - half), round(y - half), round(x + half), round(y + half))
            rows.append((role, visitors[walk.part.name], now, *box))
        yield picture + noise[index % len(noise)]


def _sizes_of(walk: Walk) -> list[FloatArray]:
    """The drawn figure in the camera's light, at full size and halved twice: warping then never skips pixels."""
    drawn = draw.figure(LOOKS[walk.part.name], MOODS[walk.expression], unit=_DRAWN_PX)
    sizes = [drawn * np.append(light_of(walk.role), np.float32(1))]
    for _ in range(2):
        height, width = sizes[-1].shape[:2]
        sizes.append(cv2.resize(sizes[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return sizes


def _place(walk: Walk, now: float) -> tuple[float, float, float, float, float]:
    """Where the face is: its middle x, y and half its height in px, its turn in degrees, and how opaque it is."""
    part = (now - walk.start_s) / PRESENCE_S
    unit = _FAR_PX * (_NEAR_PX / _FAR_PX) ** part
    step = 2 * np.pi * 0.95 * now + walk.phase
    x = (walk.from_x + (walk.to_x - walk.from_x) * part) * WIDTH_PX + 0.07 * unit * np.sin(step)
    y = 96 + 1.05 * unit + 0.03 * unit * np.cos(2 * step)
    left = min(part, 1 - part) * PRESENCE_S
    return float(x), float(y), unit, float(2.5 * np.sin(step + 0.6)), float(np.clip(0.4 + left / _FADE_S, 0, 1))


def _paste(picture: FloatArray, sizes: list[FloatArray], x: float, y: float, unit: float, turn: float, shown: float) -> None:
    """Lay the figure over the picture, in place: only where it is, for a warp of the whole picture takes long."""
    level = min(int(np.log2(_DRAWN_PX / unit)), len(sizes) - 1)
    scale = unit / _DRAWN_PX * 2**level
    face = -np.array(draw.BOX[:2]) * _DRAWN_PX / 2**level
    cos, sin = scale * np.cos(np.deg2rad(turn)), scale * np.sin(np.deg2rad(turn))
    left, right = max(0, int(x - _REACH * unit)), min(WIDTH_PX, int(x + _REACH * unit))
    moved = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    moved[:, 2] = np.array([x - left, y]) - moved[:, :2] @ face
    figure = cv2.warpAffine(sizes[level], moved, (right - left, HEIGHT_PX), flags=cv2.INTER_LINEAR) * np.float32(shown)
    region = picture[:, left:right]
    region *= 1 - figure[..., 3:]
    region += figure[..., :3]
