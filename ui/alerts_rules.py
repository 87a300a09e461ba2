"""The rules of a store: listed, switched on and off, tested, changed, deleted, made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from fer_core import queries
from fer_core.alerts import KINDS, Kind, Rule, check_cells, rule_of
from fer_core.alerts.rules import LEAST_VISITS, USUAL
from fer_core.errors import MoodgateError
from fer_core.privacy import computes_templates
from fer_core.store.alerts import RuleRow
from server.alert_cameras import key_of
from ui import alerts_words, audit, resources
from ui.alerts_sending import show_outcomes, test_through
from ui.alerts_words import ABOUT, ALL_CAMERAS, rule_words, told_words
from ui.notices import sentence
from ui.plain import escape
from ui.settings_common import change

_ROUND = "alert_rules_round"
"""Counts the rules made in this session: the next one's form begins anew."""
PAUSE_HELP = "For so long after it was raised the same is not raised again."


@dataclass(frozen=True)
class Shop:
    """A store, its cameras and its channels by key, and whether it is a sample."""

    name: str
    cameras: Mapping[str, str]
    channels: Mapping[str, str]
    is_sample: bool


def show(name: str) -> None:
    """Draw the tab of a store."""
    shop = _shop(name)
    rules = queries.alert_rules(resources.store(), name)
    if not rules:
        st.info("There is no rule yet, so nothing is raised. Make the first one below.", icon=":material/rule:")
    for row in rules:
        _rule(shop, row)
    _new(shop)


def _shop(name: str) -> Shop:
    found = resources.ask("cameras", name).to_dict("records")
    cameras = {key_of(one["role"], one["door"]): str(one["name"]) for one in found}
    channels = {one.key: one.name for one in resources.store().alert_channels(name)}
    return Shop(name, cameras, channels, bool(resources.ask("store", name)["is_sample"]))


def _rule(shop: Shop, row: RuleRow) -> None:
    with st.container(border=True, key=f"alert_rule_{row.key}"):
        try:
            rule = rule_of(row.kind, row.limits)
        except MoodgateError as error:  # made by a newer version
            st.error(sentence(error))
            _deleting(shop, row)
            return
        st.markdown(f"**{alerts_words.KINDS[rule.kind]}** · {escape(rule_words(rule, shop.cameras))}")
        st.caption(escape(told_words(rule, [shop.channels[key] for key in row.channels if key in shop.channels])))
        with st.container(horizontal=True, vertical_alignment="center"):
            on = st.toggle("On", row.enabled, key=f"alert_on_{row.key}_{row.enabled}")
            if on != row.enabled:
                change(lambda: _put(shop, row, rule, row.channels, enabled=on), f"The rule is {'on' if on else 'off'}.")
            if st.button("Test", key=f"alert_test_{row.key}", icon=":material/send:", disabled=not row.channels):
                test_through(shop.name, row.channels)
            _deleting(shop, row)
        show_outcomes([(key, shop.channels[key]) for key in row.channels if key in shop.channels])
        with st.expander("Change", icon=":material/edit:"):
            _change(shop, row, rule)


def _deleting(shop: Shop, row: RuleRow) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.write("The rule ends at once; what it has raised stays in the history.")
        if st.button("Delete the rule", key=f"alert_delete_{row.key}"):
            change(lambda: _delete(shop, row), "The rule is deleted.")


def _change(shop: Shop, row: RuleRow, rule: Rule) -> None:
    with st.form(f"alert_change_{row.key}", border=False):
        made = _fields(shop, rule.kind, rule.kept(), row.key)
        channels = _channels(shop, row.channels, row.key)
        if st.form_submit_button("Save", type="primary"):
            change(lambda: _save(shop, made, channels, row), "The rule is saved.")


def _new(shop: Shop) -> None:
    st.subheader("A new rule", anchor=False)
    key = f"new_{shop.name}_{st.session_state.setdefault(_ROUND, 0)}"
    kind = st.segmented_control(
        "What to look for", KINDS, format_func=alerts_words.KINDS.__getitem__, default=KINDS[0], key=f"alert_kind_{key}",
        required=True,
    )  # fmt: skip
    st.caption(ABOUT[kind])
    if kind == "negative" and not computes_templates(resources.store().privacy_mode_of(shop.name)):
        st.caption("This store keeps sums only. It has no reviews, so this rule would never be met.")
    with st.form(f"alert_new_{key}_{kind}", border=False):
        made = _fields(shop, kind, Rule(USUAL[kind]).kept(), key)
        channels = _channels(shop, (), key)
        if st.form_submit_button("Make the rule", type="primary"):
            change(lambda: _save(shop, made, channels, None), "The rule is made.")


# ---- fields ---------------------------------------------------------------------------------------------------------

Given = tuple[Kind, dict[str, object]]
"""A rule as it was typed, for `rule_of`: it may not be one."""


def _fields(shop: Shop, kind: Kind, now: Mapping[str, object], key: str) -> Given:
    """The fields of a kind; now: what stands in them, as `Rule.kept`."""
    draw = {"negative": _negative, "silent": _silent, "unusable": _unusable}[kind]
    given = draw(shop, now, f"{kind}_{key}")
    given["pause_min"] = _number("Cool-down (minutes)", now["pause_min"], f"pause_{kind}_{key}", 0, PAUSE_HELP)
    return kind, given


def _negative(shop: Shop, now: Mapping[str, object], key: str) -> dict[str, object]:
    least = 1 if shop.is_sample else LEAST_VISITS
    columns = st.columns(3)
    with columns[0]:
        share = _share("Negative more than (%)", now["share"], f"share_{key}")
    with columns[1]:
        minutes = _number("In the last minutes", now["minutes"], f"minutes_{key}", 1)
    with columns[2]:
        about = None if shop.is_sample else f"At least {LEAST_VISITS}: fewer would tell of single people."
        visits = _number("Of at least so many visits", now["visits"], f"visits_{key}", least, about)
    return {"share": share, "minutes": minutes, "visits": visits}


def _silent(shop: Shop, now: Mapping[str, object], key: str) -> dict[str, object]:
    seconds = _number("Silent for seconds", now["seconds"], f"seconds_{key}", 15)
    return {"seconds": seconds} | _camera(shop, now, key)


def _unusable(shop: Shop, now: Mapping[str, object], key: str) -> dict[str, object]:
    columns = st.columns(3)
    with columns[0]:
        share = _share("Usable less than (%)", now["share"], f"share_{key}")
    with columns[1]:
        minutes = _number("In the last minutes", now["minutes"], f"minutes_{key}", 1)
    with columns[2]:
        faces = _number("Of at least so many faces", now["faces"], f"faces_{key}", 1)
    return {"share": share, "minutes": minutes, "faces": faces} | _camera(shop, now, key)


def _camera(shop: Shop, now: Mapping[str, object], key: str) -> dict[str, object]:
    names = {"": ALL_CAMERAS.capitalize()} | dict(shop.cameras)
    if now["camera"] not in names:
        names[str(now["camera"])] = "a camera that is gone"
    keys = list(names)
    camera = st.selectbox(
        "Camera", keys, keys.index(str(now["camera"])), format_func=lambda one: names.get(one, one), key=f"camera_{key}"
    )
    hours = "In opening hours only, where the store has said when it is open"
    return {"camera": camera, "open_only": st.checkbox(hours, bool(now["open_only"]), key=f"open_{key}")}


def _channels(shop: Shop, now: tuple[str, ...], key: str) -> list[str]:
    if not shop.channels:
        st.caption("Shown in the app. To be told elsewhere too, add a channel in the tab “Channels”.")
        return []
    keys = list(shop.channels)
    return st.multiselect(
        "Also tell", keys, [one for one in now if one in keys], format_func=lambda one: shop.channels.get(one, one),
        key=f"alert_channels_{key}_{len(keys)}", placeholder="Shown in the app only",
    )  # fmt: skip


def _share(label: str, now: object, key: str) -> float:
    typed = st.number_input(label, 0.0, 100.0, round(100 * float(str(now)), 1), 5.0, format="%.0f", key=f"alert_{key}")
    return round(float(typed) / 100, 4)


def _number(label: str, now: object, key: str, least: int, help: str | None = None) -> int:
    return int(st.number_input(label, min_value=least, value=int(str(now)), step=1, key=f"alert_{key}", help=help))


# ---- writing --------------------------------------------------------------------------------------------------------


def _save(shop: Shop, given: Given, channels: list[str], row: RuleRow | None) -> None:
    made = rule_of(*given)
    check_cells(made, is_sample=shop.is_sample)
    _put(shop, row, made, channels, enabled=row.enabled if row else True)
    if row is None:
        st.session_state[_ROUND] += 1


def _put(shop: Shop, row: RuleRow | None, rule: Rule, channels: Sequence[str], *, enabled: bool) -> None:
    key = resources.store().put_alert_rule(
        shop.name, rule.kind, rule.kept(), channels, enabled=enabled, key=row.key if row else None
    )
    what = "change" if row else "make"
    audit.note(f"alert.rule.{what}", store=shop.name, subject=key, detail={"kind": rule.kind, "on": enabled} | rule.kept())


def _delete(shop: Shop, row: RuleRow) -> None:
    resources.store().delete_alert_rule(shop.name, row.key)
    audit.note("alert.rule.delete", store=shop.name, subject=row.key, detail={"kind": row.kind})
