"""Films → appearances → visits. Takes instances, never names; the edge turns names into instances."""

from fer_core.pipeline.day import checked, review_day, settle
from fer_core.pipeline.film import Engine, Film, FilmAnalysis, Progress, Tell, analyze_film

__all__ = ["Engine", "Film", "FilmAnalysis", "Progress", "Tell", "analyze_film", "checked", "review_day", "settle"]
