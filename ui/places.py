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
NOW = Place("now.py", "Now", ":material/schedule:", False)
TRENDS = Place("trends.py", "Trends", ":material/insights:", True)
VISITS = Place("visits.py", "Visits", ":material/groups:", True)
VALIDITY = Place("validity.py", "Validity", ":material/fact_check:", True)
ALERTS = Place("alerts.py", "Alerts", ":material/notifications:", False)
ANALYSE = Place("analyse.py", "Analyse footage", ":material/movie:", False)
CAMERAS = Place("cameras.py", "Cameras", ":material/nest_cam_indoor:", False)
LIVE = Place("live.py", "Live demo", ":material/videocam:", False)
COLLECT = Place("collect.py", "Collect", ":material/label:", False)
MODELS = Place("models.py", "Models", ":material/model_training:", False)
PRIVACY = Place("privacy.py", "Privacy", ":material/privacy_tip:", False)
PEOPLE = Place("people.py", "People", ":material/badge:", False)
AUDIT = Place("audit.py", "Audit", ":material/history:", False)
SETTINGS = Place("settings.py", "Settings", ":material/settings:", False)
ACCOUNTS = Place("accounts.py", "Accounts", ":material/manage_accounts:", False)
ACCOUNT = Place("account.py", "Your account", ":material/person:", False)

PLACES = (
    OVERVIEW, NOW, TRENDS, VISITS, VALIDITY, ALERTS, ANALYSE, CAMERAS, LIVE, COLLECT, MODELS, PRIVACY, PEOPLE, AUDIT,
    SETTINGS, ACCOUNTS, ACCOUNT,
)  # fmt: skip
