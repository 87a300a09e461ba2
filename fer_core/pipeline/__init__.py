"""Films → appearances → visits. Takes instances, never names; the edge turns names into instances."""

from fer_core.pipeline.day import check_films, review_day, settle
from fer_core.pipeline.film import Checked, Engine, Film, FilmAnalysis, Progress, Tell, analyze_film, check_film
from fer_core.pipeline.tallies import partly_shut, refuse_undated, tallies_of, within_hours, without_templates

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
    "partly_shut",
    "refuse_undated",
    "review_day",
    "settle",
    "tallies_of",
    "within_hours",
    "without_templates",
]
