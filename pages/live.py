"""Live demo."""

from ui import live

live.show()
