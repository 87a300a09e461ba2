"""Pages under `AppTest`, with the frame around them as in the browser."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from fer_core.store import Store
from tests.days import make_day, make_footage
from ui import filters
from ui.places import Place

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
FRAME = """
from ui import frame
frame.run()
"""


def open_app(folder: Path, place: Place | None = None, *, address: dict[str, Any] | None = None, **chosen: Any) -> AppTest:
    """The app as somebody sees it who opens that address: on its first page, or after going to `place`.

    The frame's script is put into `folder`: beside `app.py` there is a folder pages/, which `AppTest` takes for
    Streamlit's older way of pages and draws without the frame. chosen: filters, by the keys of `address.DEFAULTS`.
    """
    script = folder / "frame.py"
    script.write_text(FRAME)
    app = AppTest.from_file(str(script), default_timeout=60)
    for key, value in (address or {}).items():
        app.query_params[key] = value
    if chosen:
        app.session_state[filters.KEPT] = chosen
    checked(app.run())
    return checked(app.switch_page(str(place.path)).run()) if place else app


def checked(app: AppTest) -> AppTest:
    """The same; AssertionError where the script failed."""
    assert not app.exception, [error.value for error in app.exception]
    return app


def metrics(app: AppTest) -> dict[str, str]:
    """The values of the page's metrics by their labels; of equal labels the last counts."""
    return {metric.label: metric.value for metric in app.metric}


def fill(store: Store, visits: int, name: str = "North", *, start_at: datetime = NOON - timedelta(days=2)) -> None:
    """A day of films with names of their own: those of another day stay."""
    entry = make_footage(f"entry {start_at}.mp4", "entry", start_at=start_at)
    exit = make_footage(f"exit {start_at}.mp4", "exit", start_at=start_at + timedelta(minutes=15))
    store.write_day(make_day(name, visits=visits, entry=entry, exit=exit))
