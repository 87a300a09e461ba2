"""A face drawn with ellipses, shaded enough for every detector to take it for one: no real person is needed."""

import cv2
import numpy as np

HAIR, SKIN, LIGHT, SHADE, DARK = (40, 50, 65), (120, 150, 195), (165, 195, 232), (85, 110, 150), (45, 55, 75)


def drawn_face(size=(320, 240), middle=(160, 120), height=150):
    """An image of `size` (w, h) px, grey, with one face of that height about `middle` (x, y)."""
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    for blob in _blobs():
        _paint(image, middle, height / 2, *blob)
    return image


def _paint(image, middle, unit, x, y, width, height, colour, blur, strength=1.0, arc=(0, 360), line=0.0):
    mask = np.zeros(image.shape[:2], np.float32)
    centre = round(middle[0] + x * unit), round(middle[1] + y * unit)
    axes = max(1, round(width * unit)), max(1, round(height * unit))
    cv2.ellipse(mask, centre, axes, 0, *arc, 1.0, max(1, round(line * unit)) if line else -1, cv2.LINE_AA)
    mask = (strength * cv2.GaussianBlur(mask, (0, 0), max(0.3, blur * unit)))[..., None]
    image[:] = np.round(image * (1 - mask) + np.array(colour, np.float32) * mask)


def _blobs():
    """x, y, half width and half height in half faces, colour, blur, strength, arc (degrees), width of the line."""
    yield 0, -0.12, 0.84, 1.02, HAIR, 0.02
    yield 0, 0.05, 0.74, 0.97, SKIN, 0.02
    yield 0, 0, 0.52, 0.80, LIGHT, 0.16, 0.9
    yield 0, -0.92, 0.62, 0.22, HAIR, 0.05
    for side in (-1, 1):
        yield side * 0.33, -0.16, 0.23, 0.14, SHADE, 0.07, 0.75
        yield side * 0.33, -0.13, 0.15, 0.065, (225, 230, 235), 0.01
        yield side * 0.33, -0.13, 0.065, 0.065, HAIR, 0.008
        yield side * 0.33, -0.11, 0.16, 0.10, DARK, 0.01, 0.9, (190, 350), 0.03
        yield side * 0.34, -0.27, 0.21, 0.06, DARK, 0.015, 0.9, (190, 350), 0.06
        yield side * 0.12, 0.05, 0.05, 0.2, SHADE, 0.05, 0.5
        yield side * 0.075, 0.245, 0.04, 0.025, DARK, 0.012, 0.9
    yield 0, 0.05, 0.05, 0.2, (190, 215, 240), 0.04, 0.7
    yield 0, 0.3, 0.16, 0.05, SHADE, 0.04, 0.6
    yield 0, 0.5, 0.26, 0.085, (85, 95, 165), 0.02, 0.95
    yield 0, 0.5, 0.24, 0.012, DARK, 0.008, 0.9
    yield 0, 0.66, 0.2, 0.04, SHADE, 0.04, 0.5
