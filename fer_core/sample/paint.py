"""A small soft brush: smooth antialiased shapes on a transparent picture, in units of the thing that is drawn.

Coordinates are in units, x to the right and y down; the origin lies inside the picture. Colours are "#rrggbb".
Everything is floats until the end, so that soft shades don't band.
"""

import cv2
import numpy as np

from fer_core.types import FloatArray

Points = list[tuple[float, float]]
_WIDE_BLUR_PX = 6.0
_SHIFT = 4  # cv2's fixed-point bits: a sixteenth of a pixel


def colour_of(code: str, light: float = 1.0) -> FloatArray:
    """(3,) float32 BGR, 0 to 255, of "#rrggbb"; `light` below 1 darkens, above 1 mixes in white."""
    rgb = np.array([int(code[i : i + 2], 16) for i in (5, 3, 1)], np.float32)
    return rgb * light if light <= 1 else rgb + (255 - rgb) * min(light - 1, 1.0)


def smooth(points: Points, *, closed: bool = True, steps: int = 10) -> FloatArray:
    """(n, 2) float32: a Catmull-Rom curve through the points."""
    p = np.array(points, np.float32)
    before, after = np.roll(p, 1, 0), np.roll(p, -1, 0)
    if not closed:
        before[0], after[-1] = p[0], p[-1]
    beyond = np.roll(after, -1, 0)
    if not closed:
        beyond[-2:] = p[-1]
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    a, b, c, d = (q[:, None] for q in (before, p, after, beyond))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return flat if closed else np.concatenate([flat[: -steps + 1], p[-1:]])


def ellipse(x: float, y: float, rx: float, ry: float, turn_deg: float = 0.0) -> FloatArray:
    """(48, 2) float32: an ellipse, turned clockwise."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    turn = np.deg2rad(turn_deg)
    u, v = rx * np.cos(angle), ry * np.sin(angle)
    across, down = x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)
    return np.stack([across, down], -1).astype(np.float32)


def rounded(x: float, y: float, rx: float, ry: float) -> FloatArray:
    """(48, 2) float32: a box with round corners, a superellipse of power 5."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    u, v = (np.sign(side) * np.abs(side) ** 0.4 for side in (np.cos(angle), np.sin(angle)))
    return np.stack([x + rx * u, y + ry * v], -1).astype(np.float32)


def stroke(points: Points, width: float, *, ends: float = 0.3) -> FloatArray:
    """(n, 2) float32: the outline of a line drawn with a brush that thins to `ends` of its width at both ends."""
    line = smooth(points, closed=False)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], -1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    swell = ends + (1 - ends) * np.sin(np.linspace(0, np.pi, len(line)))
    half = (normal * swell[:, None] * width / 2).astype(np.float32)
    return np.concatenate([line + half, (line - half)[::-1]])


def _blurred(mask: FloatArray, sigma_px: float) -> FloatArray:
    """Blurred with nothing round it; a wide blur is made on a quarter of the size, where it looks the same."""
    if not mask.size:
        return mask
    if sigma_px < _WIDE_BLUR_PX:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT))
    height, width = mask.shape
    small = cv2.resize(mask, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / 4, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


class Canvas:
    """A transparent picture of `box` (x0, y0, x1, y1 in units) at `unit` px a unit, to be painted on in order."""

    def __init__(self, box: tuple[float, float, float, float], unit: float) -> None:
        self.unit = unit
        self.origin = np.array(box[:2], np.float32)
        width, height = (round((box[i + 2] - box[i]) * unit) for i in (0, 1))
        self.colour = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)

    def mask(self, shape: FloatArray, blur: float = 0.0) -> tuple[tuple[slice, slice], FloatArray]:
        """Where the shape is: its rows and columns, and (h, w) float32 0 to 1 there. `blur` is a sigma in units."""
        px = (shape - self.origin) * self.unit
        rim = 2 + int(np.ceil(3 * blur * self.unit))
        size = np.array([self.alpha.shape[1], self.alpha.shape[0]])
        low = np.clip(np.floor(px.min(0)).astype(int) - rim, -rim, size + rim)  # a blur reaches in from beyond the edge
        high = np.clip(np.ceil(px.max(0)).astype(int) + rim, low + 1, size + rim + 1)
        drawn = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        fixed = np.round((px - low - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(drawn, [fixed], 255, cv2.LINE_AA, _SHIFT)
        soft: FloatArray = drawn.astype(np.float32) / 255
        if blur:
            soft = _blurred(soft, blur * self.unit)
        first, last = np.clip(low, 0, size), np.clip(high, 0, size)
        inside = tuple(slice(first[axis] - low[axis], last[axis] - low[axis]) for axis in (1, 0))
        return (slice(first[1], last[1]), slice(first[0], last[0])), soft[inside]

    def stencil(self, shape: FloatArray) -> FloatArray:
        """(h, w) float32 0 to 1 over the whole canvas, for `fill`."""
        where, mask = self.mask(shape)
        whole = np.zeros_like(self.alpha)
        whole[where] = mask
        return whole

    def fill(
        self,
        shape: FloatArray,
        colour: FloatArray,
        opacity: float = 1.0,
        *,
        blur: float = 0.0,
        within: FloatArray | None = None,
    ) -> None:
        """Paint the shape; `within` is a stencil outside of which nothing is painted."""
        where, mask = self.mask(shape, blur)
        if within is not None:
            mask = mask * within[where]
        self._lay(where, mask * opacity, colour)

    def shade(self, shape: FloatArray, colour: FloatArray, opacity: float, *, blur: float) -> None:
        """Darken or light the shape's rim from inside: the roundness of a thing."""
        where, mask = self.mask(shape)
        soft = _blurred(mask, blur * self.unit)
        self._lay(where, mask * (1 - soft) * 2 * opacity, colour)

    def grain(self, shape: FloatArray, strength: float, seed: int, *, coarse: float = 0.02) -> None:
        """Mottle the shape as skin, cloth or hair is: `strength` in grey values, `coarse` a sigma in units."""
        where, mask = self.mask(shape)
        if not mask.size:
            return
        noise = np.random.default_rng(seed).normal(0, 1, mask.shape).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), coarse * self.unit)
        noise *= strength / max(float(noise.std()), 1e-6)
        self.colour[where] = np.clip(self.colour[where] + (noise * mask)[..., None], 0, 255)

    def finished(self) -> FloatArray:
        """(h, w, 4) float32: BGR already multiplied by alpha, then alpha, 0 to 1."""
        return np.concatenate([self.colour * self.alpha[..., None], self.alpha[..., None]], -1)

    def _lay(self, where: tuple[slice, slice], cover: FloatArray, colour: FloatArray) -> None:
        below = self.alpha[where]
        cover = np.minimum(cover, 1)
        if not below.size:
            return
        if below.min() == 1:
            self.colour[where] += (colour - self.colour[where]) * cover[..., None]
            return
        alpha = cover + below * (1 - cover)
        share = (cover / np.maximum(alpha, 1e-6))[..., None]
        self.colour[where] = colour * share + self.colour[where] * (1 - share)
        self.alpha[where] = alpha
