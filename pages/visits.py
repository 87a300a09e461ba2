"""Visits."""

from ui import visits

visits.show()
