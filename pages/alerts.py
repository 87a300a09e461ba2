"""Alerts."""

from ui import alerts

alerts.show()
