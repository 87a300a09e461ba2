"""The shared filters: which visits all the pages speak of.

What was chosen is kept in the session, as one dict, so that it outlives pages without these widgets; and it stands in the
address, so that a view can be sent to a colleague. (Streamlit's own `bind=` loses the address at every change of page.)
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from fer_core.queries import Filter
from ui import address, resources
from ui.address import DAYPARTS, DEFAULTS, WEEKDAYS

Period = tuple[date | None, date | None]
KEPT = "filters"
"""Where the session keeps what was chosen: a dict with the keys of `address.DEFAULTS`."""
_WROTE, _PAGE = "filters_wrote", "filters_page"
"""Where it keeps the addresses that were written last, and the page that was drawn last."""
_REMEMBERED = 8


def _last_month(today: date) -> Period:
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


PERIODS: Mapping[str, Callable[[date], Period]] = MappingProxyType(
    {
        "today": lambda today: (today, today),
        "7d": lambda today: (today - timedelta(days=6), today),
        "4w": lambda today: (today - timedelta(days=27), today),
        "month": lambda today: (today.replace(day=1), today),
        "last-month": _last_month,
        "all": lambda today: (None, None),
    }
)


def current() -> Filter:
    """The filter as chosen in this session; where nothing was chosen, that of the defaults."""
    kept = chosen()
    first, last = period()
    return Filter(
        stores=tuple(kept["stores"]),
        first=first,
        last=last,
        doors=tuple(kept["doors"]),
        reviews=tuple(kept["review"]),
        weekdays=tuple(sorted(WEEKDAYS.index(day) for day in kept["weekdays"])),
        hours=DAYPARTS.get(kept["part"], kept["hours"]),
        min_quality=kept["quality"] / 100,
        min_match_probability=kept["match"] / 100,
    )


def chosen() -> dict[str, Any]:
    """What was chosen, by the keys of `address.DEFAULTS`."""
    kept: dict[str, Any] = st.session_state.get(KEPT, {})
    return dict(DEFAULTS) | kept


def choose(**values: Any) -> None:
    """Set some of the filters: `choose(period="all", stores=("A",))`; in a widget's callback, or before a change of page."""
    st.session_state[KEPT] = chosen() | values
    for key in values:
        st.session_state.pop(_widget(key), None)


def reset() -> None:
    """Back to the defaults; for a widget's callback."""
    choose(**DEFAULTS)


def changed() -> bool:
    """Whether any filter is not at its default."""
    return address.written(chosen()) != {}


def today() -> date:
    """The day on the clock of the chosen stores where they share one, else on the server's."""
    known, kept = resources.stores(), chosen()["stores"]
    zones = set(known[known["store"].isin(kept)]["time_zone"] if kept else known["time_zone"])
    return datetime.now(ZoneInfo(zones.pop()) if len(zones) == 1 else None).date()


def period() -> Period:
    """First and last day of the chosen period, both included; None for open."""
    kept = chosen()
    return PERIODS[kept["period"]](today()) if kept["period"] in PERIODS else (kept["from"], kept["to"])


def problem() -> str:
    """What is wrong with the chosen filters, as a sentence; empty where nothing is."""
    first, last = period()
    if first and last and first > last:
        return f"The first day ({_day(first)}) is after the last day ({_day(last)}). Swap them."
    return ""


def draw(page: str) -> str:
    """Draw the filters in the sidebar, keep them and the address alike; returns the problem with them as a sentence.

    page: any name that tells the pages apart.
    """
    _take_address(page)
    with st.sidebar:
        _draw_period()
        _draw_places()
        with st.expander("More filters", icon=":material/tune:", expanded=_deep(), key="more_filters"):
            _draw_more()
        st.button("Reset filters", key="reset", on_click=reset, icon=":material/restart_alt:", disabled=not changed())
    _write_address(page)
    return problem()


# ---- the widgets: each shows what is kept and keeps what it shows


def _widget(key: str) -> str:
    return f"filter_{key}"


def _ready(key: str) -> str:
    """The widget's key, with what is kept put under it where the widget is new."""
    name = _widget(key)
    if name not in st.session_state:
        value = chosen()[key]
        st.session_state[name] = list(value) if key in address.SEVERAL else value
    return name


def _keep(key: str, value: Any) -> None:
    st.session_state[KEPT] = chosen() | {key: tuple(value) if key in address.SEVERAL else value}


def _draw_period() -> None:
    labels = address.PERIOD_LABELS
    before, was = period(), chosen()["period"]
    name = st.selectbox("Period", list(labels), key=_ready("period"), format_func=labels.__getitem__)
    _keep("period", name)
    if name != "custom":
        return
    if was != "custom" and not (chosen()["from"] or chosen()["to"]):
        choose(**dict(zip(("from", "to"), before, strict=True)))
    _keep("from", st.date_input("From", key=_ready("from"), format="DD/MM/YYYY", **_any_day()))
    _keep("to", st.date_input("To", key=_ready("to"), format="DD/MM/YYYY", **_any_day()))
    if problem():
        st.error(problem())


def _any_day() -> dict[str, Any]:
    return {"value": None, "min_value": address.FIRST_DAY, "max_value": address.LAST_DAY}


def _draw_places() -> None:
    names = [str(name) for name in resources.stores()["store"]]
    if len(names) > 1 or chosen()["stores"]:
        _several("stores", "Stores", names, "All stores")
    doors = resources.doors(tuple(chosen()["stores"]))
    if doors or chosen()["doors"]:
        _several("doors", "Doors", doors, "All doors")


def _several(key: str, label: str, options: list[str], placeholder: str) -> None:
    """A choice of several names; one that is gone is forgotten."""
    name = _ready(key)
    known = [one for one in st.session_state[name] if one in options]
    if len(known) < len(st.session_state[name]):
        st.session_state[name] = known
    _keep(key, st.multiselect(label, options, key=name, placeholder=placeholder))


def _deep() -> bool:
    """Whether one of the filters further down is in use, so that they are shown."""
    return bool(set(address.written(chosen())) & {"part", "weekdays", "review", "quality", "match"})


def _draw_more() -> None:
    parts = address.DAYPART_LABELS
    part = st.selectbox("Time of day", list(parts), key=_ready("part"), format_func=parts.__getitem__)
    _keep("part", part)
    if part == "custom":
        _keep("hours", st.slider("Hours", 0, 24, key=_ready("hours"), format="%d h"))
    _keep("weekdays", _pills("weekdays", "Weekdays", WEEKDAYS, str.capitalize))
    _keep("review", _pills("review", "Review", tuple(address.REVIEW_LABELS), address.REVIEW_LABELS.__getitem__))
    quality = "The poorer of the two appearances’ picture quality, 0 to 100 %."
    _keep("quality", st.slider("Least quality", 0, 100, key=_ready("quality"), step=5, format="%d %%", help=quality))
    match = "How sure it is that the person who left is the one who came."
    _keep("match", st.slider("Least match probability", 0, 100, key=_ready("match"), step=5, format="%d %%", help=match))


def _pills(key: str, label: str, options: tuple[str, ...], words: Callable[[str], str]) -> list[str]:
    return list(st.pills(label, options, selection_mode="multi", key=_ready(key), format_func=words))


# ---- the address


def _take_address(page: str) -> None:
    """Take over what the address says where it was not us who wrote it: a link, the back button, another address typed.

    An address that we wrote a moment ago, together with a filter just chosen, is only late: somebody is quick.
    """
    stands = {key: values for key in DEFAULTS if (values := st.query_params.get_all(key))}
    wrote = st.session_state.get(_WROTE, [{}])
    here = st.session_state.get(_PAGE) == page
    if stands == wrote[-1] or not (stands or here) or (stands in wrote and _just_chosen()):
        return
    choose(**(dict(DEFAULTS) | address.read(stands)))


def _just_chosen() -> bool:
    """Whether a filter's widget says something else than what is kept."""
    kept = chosen()
    now = {key: st.session_state[_widget(key)] for key in DEFAULTS if _widget(key) in st.session_state}
    return address.written(kept | now) != address.written(kept)


def _write_address(page: str) -> None:
    said = address.written(chosen())
    for key in DEFAULTS:
        if st.query_params.get_all(key) != said.get(key, []):
            if key in said:
                st.query_params[key] = said[key]
            else:
                del st.query_params[key]
    wrote = st.session_state.get(_WROTE, [{}])
    st.session_state[_WROTE] = wrote if wrote[-1] == said else [*wrote[-_REMEMBERED:], said]
    st.session_state[_PAGE] = page


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
