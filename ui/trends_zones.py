"""The part of the page Trends for floor cameras: measuring zones compared, hour by hour, of nobody."""

import pandas as pd
import streamlit as st

from fer_core.queries import Filter, Grain
from ui import charts, resources
from ui.charts.parts import MOST_GROUPS
from ui.figure import figure
from ui.now_words import expression_words, zone_name
from ui.plain import counted

_HINT = (
    "What floor cameras counted in the zones drawn on the page Cameras. Nobody is recognised: who goes to and fro between two "
    "zones counts in both. Of the filters stores, days, weekdays and hours apply."
)
_NONE = "No floor camera counted anybody in this period."
_MOST_HOURS = 48
_TOLD = 3


def kept(chosen: Filter) -> bool:
    """Whether a floor camera of the chosen stores has counted anybody, ever."""
    return bool(resources.ask("zones_kept", chosen))


def show(chosen: Filter) -> None:
    """Draw the zones of the filter: their expressions, people and seconds, side by side and over time."""
    st.subheader("Zones on the shop floor", anchor=False, help=_HINT)
    whole = named(resources.ask("zones", chosen), chosen)
    if whole.empty:
        st.info(_NONE, icon=":material/search_off:")
        return
    sums = zone_sums(whole)
    _pair(whole, sums)
    figure(
        "Seconds each in the zones", charts.zone_rates(sums, "each_s", "seconds each"), stay_words(sums), sums, "zones-seconds",
        hint="The seconds of all faces over the number of people.", table=True,
    )  # fmt: skip
    hourly = zone_sums(named(resources.ask("zones", chosen, "hour"), chosen))
    grain: Grain = "hour" if hourly["bucket"].nunique() <= _MOST_HOURS else "day"
    frame = hourly if grain == "hour" else zone_sums(named(resources.ask("zones", chosen, grain), chosen))
    frame = largest(frame)
    chart = charts.zones_over_time(frame, grain)
    figure(f"People an hour in the zones, by {grain}", chart, rate_words(sums), frame, f"zones-by-{grain}", table=True)


def _pair(whole: pd.DataFrame, sums: pd.DataFrame) -> None:
    left, right = st.columns(2)
    with left:
        title = "Apparent expressions in the zones"
        figure(title, charts.zone_mix(whole), mix_words(whole), whole, "zones-expressions", table=True)
    with right:
        hint = "People over the hours in which the camera counted anybody."
        chart = charts.zone_rates(sums, "per_hour", "people an hour")
        figure("People an hour in the zones", chart, rate_words(sums), sums, "zones-people", hint=hint, table=True)


def named(frame: pd.DataFrame, chosen: Filter) -> pd.DataFrame:
    """The frame with `group`: the zone's name with its camera's, and its store's before it where there are several."""
    several = len(chosen.stores) != 1 and frame["store"].nunique() > 1
    names = [
        f"{store} · {zone_name(camera, zone)}" if several else zone_name(camera, zone)
        for store, camera, zone in zip(frame["store"], frame["camera"], frame["zone"], strict=True)
    ]
    return frame.assign(group=pd.Series(names, frame.index, dtype="str"))


def zone_sums(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each bucket and zone: bucket, group, n, hours, per_hour (people), each_s (seconds), hidden."""
    keys = ["bucket", "group"]
    found = frame.groupby(keys, dropna=False, as_index=False).agg(
        n=("n", "first"), hours=("hours", "first"), seconds=("seconds", "sum"), hidden=("hidden", "max")
    )
    shown = ~found["hidden"].astype(bool) & (found["n"] > 0)
    found["per_hour"] = found["n"] / found["hours"].clip(lower=1)
    found["each_s"] = (found["seconds"] / found["n"].where(found["n"] > 0)).where(shown)
    return found[["bucket", "group", "n", "hours", "per_hour", "each_s", "hidden"]]


def largest(frame: pd.DataFrame) -> pd.DataFrame:
    """The zones with the most people, as many as can be told apart by colour."""
    totals = frame.groupby("group")["n"].sum()
    if len(totals) <= MOST_GROUPS:
        return frame
    st.caption(f"The {MOST_GROUPS} of {len(totals)} zones with the most people.")
    return frame[frame["group"].isin(totals.nlargest(MOST_GROUPS).index)].reset_index(drop=True)


# ---- words


def mix_words(frame: pd.DataFrame) -> str:
    """The leading expressions of the largest zones that are shown."""
    shown = frame[~frame["hidden"].astype(bool)]
    most = shown.groupby("group")["n"].first().nlargest(_TOLD).index
    said = [f"{group}: {expression_words(shown[(shown['group'] == group) & (shown['share'] > 0)])}" for group in most]
    few = frame.loc[frame["hidden"].astype(bool), "group"].nunique()
    ending = f" {counted(int(few), 'zone')} with fewer than 10 people: number only." if few else ""
    return ("; ".join(said) + "." if said else "") + ending


def rate_words(sums: pd.DataFrame) -> str:
    """Where most people are, and where fewest."""
    return _ends(sums, "per_hour", "people an hour", "Most")


def stay_words(sums: pd.DataFrame) -> str:
    """Where people stay longest, and where shortest."""
    return _ends(sums, "each_s", "seconds each", "Longest")


def _ends(sums: pd.DataFrame, column: str, unit: str, word: str) -> str:
    known = sums.dropna(subset=[column])
    if known.empty:
        return "Every zone has fewer than 10 people: numbers only."
    best, worst = known.loc[known[column].idxmax()], known.loc[known[column].idxmin()]
    if len(known) == 1:
        return f"{best['group']}: {best[column]:.1f} {unit}."
    other = "fewest" if word == "Most" else "shortest"
    return f"{word}: {best['group']}, {best[column]:.1f} {unit}; {other}: {worst['group']}, {worst[column]:.1f}."
