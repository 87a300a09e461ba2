"""Questions to the database, answered as tables; and tables as files.

A question is a frozen `Filter`, so that it can be a cache's key together with the store's version. Everything here
reads through a `Source`: the open `Store`, or anything else that lends DuckDB cursors.
"""

from fer_core.queries.files import FORMATS, check_ending, export, write_table
from fer_core.queries.frames import appearances, hourly, of_day, series, stores, visits
from fer_core.queries.questions import EVERYTHING, TABLES, Filter, Source

__all__ = [
    "EVERYTHING",
    "FORMATS",
    "TABLES",
    "Filter",
    "Source",
    "appearances",
    "check_ending",
    "export",
    "hourly",
    "of_day",
    "series",
    "stores",
    "visits",
    "write_table",
]
