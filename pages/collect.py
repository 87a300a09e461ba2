"""Collect: faces from a shop's own films, labelled by people."""

from ui import collect

collect.show()
