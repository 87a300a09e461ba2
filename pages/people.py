"""People."""

from ui import people

people.show()
