"""Films → appearances → visits. Takes instances, never names; the edge turns names into instances."""

from fer_core.pipeline.day import check_films, review_day, settle
from fer_core.pipeline.film import Checked, Engine, Film, FilmAnalysis, Progress, Tell, analyze_film, check_film

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
    "review_day",
    "settle",
]
