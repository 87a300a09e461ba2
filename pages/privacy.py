"""Privacy."""

from ui import privacy

privacy.show()
