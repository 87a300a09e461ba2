"""The page Now: empty, with toy cameras and real visits, for who sees sums only; its words and bars."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from fer_core.queries import Mood
from tests.app_pages import checked, metrics, open_app
from tests.floors import count_on_the_floor
from tests.test_page_cameras import SHOP, ToyLive, state
from tests.test_queries_now import ended
from ui import account, now_words, resources
from ui.now_words import Compared, against
from ui.places import NOW

FEW = Mood(4, None, None, None, None, None, None, None, True)
NONE = Mood(0, 0, 0, 0, 0, None, None, 0, False)


def mood(change=0.2, se=0.05, n=20):
    return Mood(n, 10, 5, 4, 1, change, se, 3, False)


class Live(ToyLive):
    """With people inside."""

    def inside(self, store):
        return 3 if self.states else None

    def waiting(self, store):
        return 2 if self.states else 0

    def trouble(self, store):
        return ""


@pytest.fixture
def live(store, monkeypatch):
    made = Live()
    monkeypatch.setattr(resources, "live", lambda: made)
    store.put_store(SHOP)
    return made


def said(app) -> str:
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown, app.subheader)
    words = [one.value.replace("\\", "") for kind in kinds for one in kind]
    return "\n".join([*words, *(one.proto.body for one in app.get("html"))])


def test_without_anything_the_page_says_how_to_begin(live, tmp_path):
    text = said(open_app(tmp_path, NOW))
    assert "Nothing is going on here yet" in text and "path of a film" in text


def test_the_real_services_answer_too(store, tmp_path):
    store.put_store(SHOP)
    assert "Nothing is going on here yet" in said(open_app(tmp_path, NOW))


def test_what_goes_on_is_told(live, store, tmp_path):
    now = datetime.now(UTC)
    live.states = (state(), state("exit", word="frozen", why="the picture stands still"))
    ended(store, 12, now - timedelta(minutes=2), SHOP)
    count_on_the_floor(store, SHOP, {"Till <1>": 20, "Shelf": 4}, now.replace(minute=0, second=0, microsecond=0))
    app = open_app(tmp_path, NOW)
    text, told = said(app), metrics(app)
    assert told["People in"] == "3" and told["Visits today"] in ("12", "0") and told["Cameras live"] == "1 of 2"
    assert told["Last 5 minutes"] == told["Last 60 minutes"] != "–"
    assert "12 visits: ▲ 25 %, ● 25 %, ▼ 25 %, ? 25 %" in text and "There is nothing to compare with" in text
    assert text.count("visits?visit=") == 8 and "just seen: 2 sightings" in text
    assert "Tills · Till &lt;1&gt;" in text and "Till <1>" not in text and "fewer than 10 people: count only" in text
    assert "The picture stands still" in text and "12 faces a minute" in text


def test_few_visits_are_a_count(live, store, tmp_path):
    ended(store, 4, datetime.now(UTC) - timedelta(minutes=2), SHOP)
    live.states = (state(),)
    app = open_app(tmp_path, NOW)
    assert metrics(app)["Last 5 minutes"] == "–" and "4 visits: fewer than 10, count only" in said(app)


def test_who_sees_sums_only_is_shown_no_single_review(live, store, tmp_path, monkeypatch):
    ended(store, 12, datetime.now(UTC) - timedelta(minutes=2), SHOP)
    monkeypatch.setattr(account, "may", lambda action: action != "visits")
    text = said(open_app(tmp_path, NOW))
    assert "Last reviews" not in text and "visits?visit=" not in text and "12 visits" in text


def test_the_page_follows(live, store, tmp_path):
    app = open_app(tmp_path, NOW)
    live.states = (state(),)
    assert metrics(checked(app.run()))["Cameras live"] == "1 of 1"


# ---- words


@pytest.mark.parametrize(
    ("now", "then", "found"),
    [
        (NONE, mood(), Compared()),
        (mood(), FEW, Compared()),
        (mood(0.2), mood(0.15), Compared("+0.05 to the usual")),
        (mood(0.5), mood(0.1), Compared("+0.40 to the usual", "blue", "up")),
        (mood(-0.5), mood(0.1), Compared("−0.60 to the usual", "orange", "down")),
    ],
)
def test_now_is_held_against_the_usual(now, then, found):
    assert against(now, then) == found


def test_moods_in_words_and_bars():
    at = datetime(2026, 3, 14, 14, 5)
    assert now_words.mood_words(NONE) == "no visit" and "<span" not in now_words.mood_bar(FEW)
    assert now_words.mood_bar(mood()).count("<span") == 4
    assert "nothing to compare with" in now_words.usual_words(NONE, at)
    assert "Too little to compare with: 4 visits on Saturdays, 14–15 h" in now_words.usual_words(FEW, at)
    assert now_words.usual_words(mood(), at).startswith("Usual on Saturdays, 14–15 h: +0.20 on average; 20 visits")


def test_bars_and_tables_take_any_name():
    assert "<b>" not in now_words.bar([("<b>", 0.5, "#fff")], '"><b>')
    frame = pd.DataFrame(
        {
            "camera": ["<i>"], "zone": [""], "expression": ["happy"], "n": [12], "faces": [12.0], "share": [1.0],
            "seconds": [60.0], "hidden": [False],
        }
    )  # fmt: skip
    table = now_words.zones_table(frame)
    assert "<i>" not in table and "&lt;i&gt; · whole picture" in table and ">5<" in table and "100 % happy" in table
