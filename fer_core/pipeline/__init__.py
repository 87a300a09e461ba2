"""Films → appearances → visits. Takes instances, never names; the edge turns names into instances."""

from fer_core.pipeline.day import check_films, review_day, settle, settle_by
from fer_core.pipeline.film import Checked, Engine, Film, FilmAnalysis, Progress, Tell, analyze_film, check_film
from fer_core.pipeline.second import opinion_made, with_second
from fer_core.pipeline.tallies import hour_of, partly_shut, refuse_undated, tallies_of, within_hours, without_templates

__all__ = [
    "Checked",
    "Engine",
    "Film",
    "FilmAnalysis",
    "Progress",
    "Tell",
    "analyze_film",
    "check_film",
    "check_films",
    "hour_of",
    "opinion_made",
    "partly_shut",
    "refuse_undated",
    "review_day",
    "settle",
    "settle_by",
    "tallies_of",
    "with_second",
    "within_hours",
    "without_templates",
]
