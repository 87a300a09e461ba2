"""Cameras."""

from ui import cameras

cameras.show()
