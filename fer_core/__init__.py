"""Moodgate's engine: films in, visits and their reviews out. Importing it opens and loads nothing."""

__version__ = "0.1.0"
