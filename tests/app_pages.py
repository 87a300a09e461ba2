"""Pages under `AppTest`, with the frame around them as in the browser."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from ui import filters
from ui.places import Place

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
