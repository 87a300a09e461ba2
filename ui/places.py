"""The pages: where they are, what they are called."""

from pathlib import Path
from typing import NamedTuple

PAGES = Path(__file__).parents[1] / "pages"


class Place(NamedTuple):
    """A page: its file in PAGES, title, icon, and whether the shared filters apply there."""

    file: str
    title: str
    icon: str
    filtered: bool

    @property
    def path(self) -> Path:
        """For `st.Page`, `st.page_link` and `st.switch_page`."""
        return PAGES / self.file


OVERVIEW = Place("overview.py", "Overview", ":material/dashboard:", True)
TRENDS = Place("trends.py", "Trends", ":material/insights:", True)
VISITS = Place("visits.py", "Visits", ":material/groups:", True)
ANALYSE = Place("analyse.py", "Analyse footage", ":material/movie:", False)
LIVE = Place("live.py", "Live demo", ":material/videocam:", False)
COLLECT = Place("collect.py", "Collect", ":material/label:", False)
MODELS = Place("models.py", "Models", ":material/model_training:", False)
SETTINGS = Place("settings.py", "Settings", ":material/settings:", False)

PLACES = (OVERVIEW, TRENDS, VISITS, ANALYSE, LIVE, COLLECT, MODELS, SETTINGS)
