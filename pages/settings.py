"""Settings."""

from ui import settings

settings.show()
