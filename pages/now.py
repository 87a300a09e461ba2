"""Now."""

from ui import now

now.show()
