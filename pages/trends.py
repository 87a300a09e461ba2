"""Trends."""

from ui import trends

trends.show()
