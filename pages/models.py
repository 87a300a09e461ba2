"""Models."""

from ui import models

models.show()
