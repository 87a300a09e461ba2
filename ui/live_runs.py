"""What the audience mode has written down: runs compared, peaks, and everything to take away."""

import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fer_core.live import Audience, AudienceSettings, Peak, Run, peaks
from ui.charts.audience import faces_over_time, shares_over_time, together, valence_over_time
from ui.charts.parts import Chart
from ui.figure import figure
from ui.plain import clock, counted, number

_SCALE = 2.0
_MOST_TOLD = 4
_SIGNS = {"high": "▲", "low": "▼"}


def show(audience: Audience) -> None:
    """Draw the runs that are chosen; nothing where there is none yet."""
    runs = dict(named(audience.runs))
    if not runs:
        return
    st.subheader("Runs", anchor=False)
    chosen, least, prominence = _choice(list(runs))
    charts = _compared(runs, chosen, least, prominence) if chosen else []
    if not chosen:
        st.info("Choose at least one run.")
    _away(audience, charts)


def _compared(runs: dict[str, Run], chosen: list[str], least: int, prominence: float) -> list[Chart]:
    """Draw the figures of the chosen runs; their charts."""
    shown = {name: runs[name] for name in chosen}
    frame, told = frame_of(shown, least), _peaks(shown, least, prominence)
    valence = valence_over_time(frame, _marks(shown), told)
    figure("Valence of the room", valence, _peak_words(told, prominence, least), frame, "live-audience", table=True)
    one = chosen[-1]
    part = frame[frame["run"] == one]
    labels = runs[one].labels
    shares, faces = shares_over_time(part, labels), faces_over_time(frame)
    left, right = st.columns(2)
    with left:
        figure(f"Apparent expressions, {one}", shares, f"Mean over the faces of each half second, {one}.",
               part[["time_s", "faces", *labels]], "live-audience-shares")  # fmt: skip
    with right:
        figure("Faces behind each point", faces, "Faces read in each half second.", frame[["run", "time_s", "faces"]],
               "live-audience-faces")  # fmt: skip
    return [valence, shares, faces]


def frame_of(runs: dict[str, Run], least_faces: int) -> pd.DataFrame:
    """The points of the runs: run, time_s, faces, valence, a column for each class, and mark (the words of marks made in that
    step). Points of fewer faces have their count and no values."""
    labels = list(dict.fromkeys(label for run in runs.values() for label in run.labels))
    rows = [row for name, run in runs.items() for row in _rows(name, run, least_faces)]
    frame = pd.DataFrame(rows, columns=["run", "time_s", "faces", "valence", *labels, "mark"])
    return frame.astype(dict.fromkeys(("valence", *labels), "float64"))


def _rows(name: str, run: Run, least_faces: int) -> list[dict[str, object]]:
    half = AudienceSettings.step_s / 2
    found = []
    for point in run.points:
        words = "; ".join(m.words for m in run.marks if -half <= m.time_s - point.time_s < half)
        shown = point.faces >= max(1, least_faces)
        values = dict(zip(run.labels, point.shares, strict=True)) if shown else {}
        row = {"run": name, "time_s": point.time_s, "faces": point.faces, "valence": point.valence if shown else None}
        found.append(row | values | {"mark": words})
    return found


def named(runs: Sequence[Run]) -> list[tuple[str, Run]]:
    """Each run with a name of its own: the second "film" is "film (2)"."""
    told: list[tuple[str, Run]] = []
    for run in runs:
        before = sum(other.name == run.name for _, other in told)
        told.append((f"{run.name} ({before + 1})" if before else run.name, run))
    return told


def png_of(charts: Sequence[Chart]) -> bytes:
    """The charts as one picture, made without a network."""
    packed = io.BytesIO()
    together(charts).save(packed, format="png", scale_factor=_SCALE)
    return packed.getvalue()


@st.cache_data(max_entries=8, show_spinner=False)
def _packed(spec: str, _charts: Sequence[Chart]) -> bytes:
    """The charts as a PNG; spec is their specification, by which they are known."""
    return png_of(_charts)


def _choice(names: list[str]) -> tuple[list[str], int, float]:
    """The runs, the least faces of a point, the prominence of a peak."""
    # a run that is new is shown, and one that has made room can't be chosen any more
    known = st.session_state.get("live_runs_known", [])
    kept = [name for name in st.session_state.get("live_runs", []) if name in names]
    st.session_state["live_runs"] = [*kept, *(name for name in names if name not in known)]
    st.session_state["live_runs_known"] = names
    left, middle, right = st.columns([3, 1, 1])
    chosen = left.multiselect("Runs", names, key="live_runs", label_visibility="visible")
    least = middle.number_input(
        "Least faces of a point", 1, 50, 1, key="live_least", help="Points of fewer faces are left empty, in the files too."
    )
    prominence = right.number_input(
        "Prominence of a peak", 0.05, 1.0, AudienceSettings.prominence, 0.05, key="live_prominence",
        help="How far valence (−1 to 1) must rise out of the dips beside it, or fall below the heights beside it.",
    )  # fmt: skip
    return [name for name in names if name in chosen], int(least), float(prominence)


def _marks(runs: dict[str, Run]) -> pd.DataFrame:
    rows = [(name, mark.time_s, mark.words) for name, run in runs.items() for mark in run.marks]
    return pd.DataFrame(rows, columns=["run", "time_s", "words"])


def _peaks(runs: dict[str, Run], least: int, prominence: float) -> pd.DataFrame:
    settings = AudienceSettings(prominence=prominence)
    rows = [(name, *peak) for name, run in runs.items() for peak in peaks(run, settings, least)]
    return pd.DataFrame(rows, columns=["run", *Peak._fields])


def _peak_words(found: pd.DataFrame, prominence: float, least: int) -> str:
    """How many peaks, and the most prominent ones."""
    limit = f"prominence of {prominence:.2f} or more"
    behind = f" Points of fewer than {least} faces are left out." if least > 1 else ""
    if found.empty:
        return f"No peak with a {limit}.{behind}"
    first = found.nlargest(_MOST_TOLD, "prominence").sort_values(["run", "time_s"])
    several = found["run"].nunique() > 1
    told = [
        f"{_SIGNS[row.kind]} {clock(row.time_s)} ({number(row.valence)}{', ' + row.run if several else ''})"
        for row in first.itertuples()
    ]
    return f"{counted(len(found), 'peak')} with a {limit}, the clearest at {', '.join(told)}.{behind}"


def _away(audience: Audience, charts: list[Chart]) -> None:
    # made beforehand: a file that is made on the click is lost when the page, which follows the camera, is drawn anew
    picture = _packed(together(charts).to_json(), charts) if charts else b""
    with st.container(horizontal=True):
        st.download_button(
            "All charts as PNG", data=picture, file_name="moodgate-live-audience.png", mime="image/png", key="live_png",
            icon=":material/image:", on_click="ignore", disabled=not charts,
        )  # fmt: skip
        st.button("Forget all runs", key="live_forget", icon=":material/delete:", on_click=audience.forget)
