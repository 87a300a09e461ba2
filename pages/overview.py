"""Overview."""

from ui import overview

overview.show()
