"""Opting out: the visits around a moment are found, chosen and deleted, each refusal a sentence, all of it noted."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.errors import ForbiddenError
from fer_core.notices import dictionary
from fer_core.store import Store, accounts, receipts
from fer_core.store.audit import ACTIONS
from server.accounts import NOBODY
from server.guard import GuardedStore
from server.rights import CALLS, ROLES, may
from tests.app_pages import checked, open_app
from tests.days import count, make_day, make_footage, rows
from tests.shops_of_three import NORTH, SAMPLE, SOUTH, everybody, fill
from ui import opt_out, settings_receipts
from ui.places import PRIVACY

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"
CAME = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
"""Visits begin 10, 30 and 50 s later, and end a quarter of an hour and 5 s after that."""
SECOND = timedelta(seconds=1)
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date()


def day(name: str = ODD, door: str = "north", start_at: datetime = CAME):  # type: ignore[no-untyped-def]
    entry = make_footage(f"in {name} {door}.mp4", start_at=start_at, door=door)
    out = make_footage(f"out {name} {door}.mp4", "exit", start_at=start_at + timedelta(minutes=15), door=door)
    return make_day(name, entry=entry, exit=out)


@pytest.fixture
def filled(store: Store) -> Store:
    store.put_store(ODD, time_zone="Europe/Vienna")
    store.write_day(day())
    return store


# ---- the question


def found(store: Store, begin_s: float, end_s: float, door: str | None = None) -> list[float]:
    moments = (CAME + timedelta(seconds=at) for at in (begin_s, end_s))
    return [(one["entered_at"] - CAME).total_seconds() for one in queries.visits_around(store, ODD, *moments, door)]


def test_the_visits_around_a_moment(filled: Store) -> None:
    assert found(filled, 0, 3600) == [10, 30, 50] and found(filled, 25, 30, "north") == []
    assert found(filled, 30, 30.001, "north") == [30] and found(filled, 935, 935.5, "north") == [30]
    assert found(filled, 400, 401) == [10, 30, 50]  # they are in the store then
    assert found(filled, 400, 401, "north") == [] and found(filled, 0, 3600, "south") == []
    assert found(filled, 2000, 3600) == [] and queries.visits_around(filled, "nowhere", CAME, CAME + SECOND) == []
    assert queries.lone_around(filled, ODD, CAME + 495 * SECOND, CAME + 505 * SECOND) == 1
    assert queries.lone_around(filled, ODD, CAME, CAME + 60 * SECOND) == 0


def test_no_review_is_told(filled: Store) -> None:
    (one, *_) = queries.visits_around(filled, ODD, CAME, CAME + 60 * SECOND)
    assert set(one) == {"visit_id", "entered_at", "exited_at", "entry_door", "exit_door", "dwell_s"}


def test_a_time_of_the_clock_is_looked_for_on_both_sides_of_the_change_to_winter() -> None:
    begin, end = opt_out.around(date(2026, 3, 14), time(10, 0), "Europe/Vienna", 10)
    assert (begin, end) == (CAME - timedelta(minutes=10), CAME + timedelta(minutes=11))
    begin, end = opt_out.around(date(2026, 10, 25), time(2, 30), "Europe/Vienna", 10)
    assert end - begin == timedelta(minutes=81)


# ---- the page


def page(tab: str = "Opt-out") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "privacy.py"), default_timeout=60)
    app.query_params["privacy_tab"] = tab
    return checked(app.run())


def field(app: AppTest, kind: str, name: str):  # type: ignore[no-untyped-def]
    return next(one for one in app.get(kind) if one.key and one.key.startswith(name))


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown, app.subheader)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def search(
    app: AppTest, on: date | None = date(2026, 3, 14), at: time | None = time(10, 0), minutes: int = 10, door: str = ""
) -> AppTest:
    if on:
        field(app, "date_input", "opt_out_day").set_value(on)
    if at:
        field(app, "time_input", "opt_out_time").set_value(at)
    if door:
        field(app, "selectbox", "opt_out_door").set_value(door)
    field(app, "number_input", "opt_out_minutes").set_value(minutes)
    return checked(field(app, "button", "opt_out_find").click().run())


def boxes(app: AppTest) -> list:  # type: ignore[type-arg]
    return [one for one in app.checkbox if re.match(r"opt_out_[0-9a-f]{8}-", one.key or "")]


def test_from_a_moment_to_a_receipt(filled: Store) -> None:
    app = search(page(), door="north")
    assert [one.label.replace("\\", "")[:37] for one in boxes(app)] == [
        f"Sat 14 March 2026, 10:00:{at} by north," for at in (10, 30, 50)
    ]  # fmt: skip
    assert "left 10:15:35 by north, after 15 min 5 s" in boxes(app)[1].label.replace("\\", "")
    reviews = ("positive", "neutral", "negative")
    assert not any(word in said(app) + "".join(one.label for one in boxes(app)) for word in reviews)
    boxes(app)[1].set_value(True)
    app.checkbox(key="opt_out_sure").set_value(True)
    checked(app.run())
    assert app.button(key="opt_out_delete").label == "Delete 1 visit"
    app = checked(app.button(key="opt_out_delete").click().run())
    assert [at for (at,) in rows(filled, "SELECT entry_time_s FROM visits ORDER BY ALL")] == [10, 50]
    (receipt,) = receipts.latest(filled.path)
    assert receipt.text().strip() in [one.value.strip() for one in app.code] and "This is the receipt" in said(app)
    assert receipt.gone["visits"] == 1 and receipt.actor == NOBODY and not boxes(app)
    assert any(one.key == "opt_out_receipt" for one in app.get("download_button"))
    noted = rows(filled, "SELECT action, store, detail FROM audit ORDER BY seq")
    assert [row[:2] for row in noted] == [("visit.find", ODD), ("delete.visits", ODD)]
    assert json.loads(noted[0][2]) == {"minutes": 10, "one_door": True, "visits": 3}  # and no moment
    filled.write_day(day())
    assert [at for (at,) in rows(filled, "SELECT entry_time_s FROM visits ORDER BY ALL")] == [10, 50]


def test_who_was_seen_alone_goes_with_the_whole_time(filled: Store) -> None:
    app = search(page(), at=time(10, 8), minutes=1)  # both lone ones of the entrance are seen then
    assert "2 people were seen" in said(app)
    n = count(filled, "appearances")
    app = checked(app.button(key="opt_out_all").click().run())
    assert "Confirm first" in said(app) and count(filled, "appearances") == n
    app.checkbox(key="opt_out_all_sure").set_value(True)
    app = checked(app.button(key="opt_out_all").click().run())
    assert count(filled, "appearances") == n - 2 and count(filled, "visits") == 3
    assert receipts.latest(filled.path)[0].what == "span"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"on": None}, "Say on which day"), ({"at": None}, "Say at which time"),
        ({"on": TOMORROW}, "still to come"), ({"on": date(2025, 3, 14)}, "No visit is stored around that time"),
        ({"at": time(10, 5), "minutes": 1, "door": "north"}, "No visit is stored around that time"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_a_sentence(filled: Store, asked: dict, sentence: str) -> None:  # type: ignore[type-arg]
    app = search(page(), **asked)
    assert sentence in said(app) and not boxes(app)


def test_nothing_goes_without_a_tick_and_a_confirmation(filled: Store) -> None:
    app = search(page())
    app = checked(app.button(key="opt_out_delete").click().run())
    assert "Tick the visit" in said(app)
    boxes(app)[0].set_value(True)
    app = checked(app.button(key="opt_out_delete").click().run())
    assert "Confirm first" in said(app) and count(filled, "visits") == 3 and not receipts.latest(filled.path)


def test_visits_that_went_meanwhile_are_a_sentence(filled: Store) -> None:
    app = search(page())
    boxes(app)[0].set_value(True)
    app.checkbox(key="opt_out_sure").set_value(True)
    checked(app.run())
    filled.delete_span(ODD, CAME, CAME + timedelta(hours=1))
    app = checked(app.button(key="opt_out_delete").click().run())
    assert "No visit is stored" in said(app) and len(receipts.latest(filled.path)) == 1


def test_too_many_visits_are_not_listed(filled: Store) -> None:
    for number in range(14):
        filled.write_day(day(door=f"door {number}"))
    app = search(page())
    assert "More than 40 visits" in said(app) and not boxes(app)


def test_a_store_without_times_says_so(store: Store) -> None:
    store.write_day(make_day("A"))
    assert "No visit is stored" in said(search(page())) and "can’t be found by a time" in said(page())


def test_the_receipts_have_a_place_of_their_own(filled: Store, tmp_path: Path) -> None:
    assert "Nothing has been deleted yet" in said(page("Deletions"))
    filled.delete_span(ODD, CAME, CAME + timedelta(hours=1))
    app = page("Deletions")
    assert settings_receipts.WORDS["span"] in app.code[0].value
    filled.delete_store(ODD)
    app = open_app(tmp_path, PRIVACY)  # with no store left
    assert settings_receipts.WORDS["store"] in app.code[0].value


# ---- rights


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with Store.open(tmp_path_factory.mktemp("shops") / "moodgate.duckdb") as opened:
        fill(opened)
        yield opened, everybody(opened)


@pytest.mark.parametrize("role", ROLES)
def test_only_two_roles_delete_and_in_their_own_name(shops, role: str) -> None:  # type: ignore[no-untyped-def]
    store, accounts_ = shops
    pages = GuardedStore(store, lambda: accounts_[role])
    assert {CALLS[name].action for name in ("delete_span", "delete_visits")} == {"opt out"}
    for name in (NORTH, SOUTH, SAMPLE):
        key = rows(store, f"SELECT visit_id::VARCHAR FROM visits WHERE store = '{name}' ORDER BY ALL LIMIT 1")[0][0]  # noqa: S608
        early = datetime(2020, 1, 1, tzinfo=UTC)
        calls = (
            lambda name=name, key=key: pages.delete_visits(name, [key], actor="somebody else"),
            lambda name=name, early=early: pages.delete_span(name, early, early + SECOND, actor="somebody else"),
        )
        before = count(store, "visits")
        for call in calls:
            if may(role, "opt out"):
                assert call().actor == f"the {role}"
            else:
                with pytest.raises(ForbiddenError):
                    call()
        assert before - count(store, "visits") == may(role, "opt out")
    who = {actor for (actor,) in rows(store, "SELECT DISTINCT actor FROM audit WHERE action LIKE 'delete.%'")}
    assert who <= {"the administrator", "the privacy officer"}


def test_another_stores_visit_is_not_deleted_under_a_name(shops) -> None:  # type: ignore[no-untyped-def]
    store, accounts_ = shops
    pages = GuardedStore(store, lambda: accounts_["privacy officer"])
    key = rows(store, f"SELECT visit_id::VARCHAR FROM visits WHERE store = '{SOUTH}' LIMIT 1")[0][0]  # noqa: S608
    with pytest.raises(Exception, match="none was deleted"):
        pages.delete_visits(NORTH, [key])


def test_a_deleted_store_is_in_no_account_any_more(store: Store) -> None:
    fill(store)
    everybody(store)
    store.delete_store(NORTH)
    with store.cursor() as cursor:
        assert {row.stores for row in accounts.accounts(cursor)} == {()}
    store.put_store(NORTH)  # gets the same id, and is nobody's
    with store.cursor() as cursor:
        assert {row.stores for row in accounts.accounts(cursor)} == {()}


# ---- words


def test_every_noted_action_has_words() -> None:
    pattern = re.compile(
        r"""(?:\b(?:note|note_once|later|Noted)\(\s*|\.audit\([^()"]*(?:\([^()]*\)[^()"]*)?,\s*)"([a-z][\w. ]+)"""
    )
    told = {
        (path.name, action)
        for folder in ("ui", "server", "fer_core")
        for path in (ROOT / folder).rglob("*.py")
        for action in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert len(told) > 30 and {"notice.write", "notice.region", "notice.record", "notice.withdraw", "visit.find"} <= {
        action for _, action in told
    }
    assert sorted(one for one in told if one[1] not in ACTIONS) == []


def test_every_folder_and_file_of_the_data_is_described() -> None:
    """Whatever the sources name beside the database or below the data folder stands in the document."""
    named = set()
    for folder in ("ui", "server", "fer_core/store", "fer_core/cli"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            own = r"(?:\w+(?:\(\))?\.)?" if folder == "server" else r"services\(\)\."
            named |= set(re.findall(rf'\b{own}folder / "([\w.]+)"', text))
            named |= set(re.findall(r'^(?:FOLDER|NAME|SETS|COLLECTIONS|RUNS|DATABASE) = "([\w.]+)"', text, re.MULTILINE))
    described = {name.rstrip("/") for name in dictionary.FILES}
    assert {"uploads", "evidence", "receipts", "tombstones.jsonl", "moodgate.duckdb", "sample", "exports"} <= named
    assert named <= described, named - described


def test_a_used_data_folder_holds_nothing_undescribed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        opened.put_store(ODD, evidence=True)
        opened.write_day(day())
        opened.audit("Ana", "visit.view", store=ODD)
        opened.delete_span(ODD, CAME, CAME + 20 * SECOND)
        lying = {path.name for path in tmp_path.iterdir()}
        assert dictionary.undescribed(opened) == []
    assert lying <= {name.rstrip("/") for name in dictionary.FILES}, lying
