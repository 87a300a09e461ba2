"""Questions to the database, answered as tables; and tables as files.

A question is a frozen `Filter`, so that it can be a cache's key together with the store's version. Everything here
reads through a `Source`: the open `Store`, or anything else that lends DuckDB cursors.

Rows (`frames`, `lists`), sums for charts (`sums`: a cell of few visits shows its count and no value), what is set up
(`shops`), what needs attention, and files.
"""

from fer_core.queries.alerts import MOST_ALERTS, alert_rules, alerts, alerts_unseen
from fer_core.queries.around import evidence, evidence_picture, lone_around, visits_around
from fer_core.queries.attention import attention
from fer_core.queries.audit import AUDIT_COLUMNS, AuditFilter, audit_choices, audit_count, audit_page
from fer_core.queries.files import FORMATS, check_ending, export, write_table
from fer_core.queries.filters import EVERYTHING, Filter, Source, before
from fer_core.queries.frames import appearances, hourly, of_day, of_films, series, stores, visits
from fer_core.queries.lists import SORTABLE, count, span, visit, visits_page
from fer_core.queries.notices import notice_setup, notice_stored, notices, standing_notice
from fer_core.queries.now import Mood, came_today, last_minutes, last_reviews, usual
from fer_core.queries.partitions import export_all
from fer_core.queries.people import people
from fer_core.queries.questions import TABLES
from fer_core.queries.shops import cameras, categories, doors, jobs, setting, store
from fer_core.queries.sums import DWELL_BINS, By, Grain, Summary, by_dwell, groups, heat, mix, summary, trend
from fer_core.queries.tallies import mode_losses, sums_kept, tallies, zones, zones_kept
from fer_core.store.scope import Scope, Scoped, scope_of

__all__ = [
    "AUDIT_COLUMNS",
    "DWELL_BINS",
    "EVERYTHING",
    "FORMATS",
    "MOST_ALERTS",
    "SORTABLE",
    "TABLES",
    "AuditFilter",
    "By",
    "Filter",
    "Grain",
    "Mood",
    "Scope",
    "Scoped",
    "Source",
    "Summary",
    "alert_rules",
    "alerts",
    "alerts_unseen",
    "appearances",
    "attention",
    "audit_choices",
    "audit_count",
    "audit_page",
    "before",
    "by_dwell",
    "came_today",
    "cameras",
    "categories",
    "check_ending",
    "count",
    "doors",
    "evidence",
    "evidence_picture",
    "export",
    "export_all",
    "groups",
    "heat",
    "hourly",
    "jobs",
    "last_minutes",
    "last_reviews",
    "lone_around",
    "mix",
    "mode_losses",
    "notice_setup",
    "notice_stored",
    "notices",
    "of_day",
    "of_films",
    "people",
    "scope_of",
    "series",
    "setting",
    "span",
    "standing_notice",
    "store",
    "stores",
    "summary",
    "sums_kept",
    "tallies",
    "trend",
    "usual",
    "visit",
    "visits",
    "visits_around",
    "visits_page",
    "write_table",
    "zones",
    "zones_kept",
]
