"""Validity."""

from ui import validity

validity.show()
