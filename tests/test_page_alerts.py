"""The page Alerts and the line above every other page: what stands, rules and channels, by role."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.alerts import Negative, Rule, Silent
from fer_core.store import Store
from server import services as house
from tests.app_pages import open_app
from tests.days import make_day, rows
from tests.receivers import HOST, http_receiver, smtp_sink
from tests.test_channels import closed_port
from ui import account, places
from ui.alerts_words import rule_words, told_words

ROOT = Path(__file__).parents[1]
ODD = "<b>“Q&A”</b> *1* $2$"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def shop(store: Store) -> Store:
    store.put_store(ODD)
    store.put_camera(ODD, "exit", "Back")
    return store


def page(tab: str = "Alerts") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "alerts.py"), default_timeout=30)
    app.query_params["alerts_tab"] = tab
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def button(app: AppTest, label: str, nth: int = 0) -> AppTest:
    return checked([one for one in app.button if one.label == label][nth].click().run())


def field(app: AppTest, label: str):
    return next(one for one in (*app.text_input, *app.number_input, *app.selectbox, *app.multiselect) if one.label == label)


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def rules(store: Store):
    return queries.alert_rules(store)


def raised(store: Store, name: str = ODD, sentence: str = "The camera “*x*” is silent.", ago: float = 5) -> str:
    if not [one for one in rules(store) if one.store == name]:
        rule = Rule(Silent())
        store.put_alert_rule(name, rule.kind, rule.kept())
    row = next(one for one in rules(store) if one.store == name)
    return store.raise_alert(row, "", sentence, NOW - timedelta(minutes=ago))


def hook(store: Store, port: int) -> str:
    from server.channels import Webhook

    made = Webhook(f"http://{HOST}:{port}/very/secret", "deep secret")
    return store.put_alert_channel(ODD, "webhook", "Till *1*", made.shown, made.details())


def noted(store: Store) -> list[str]:
    return [action for (action,) in rows(store, "SELECT action FROM audit ORDER BY seq")]


def only(monkeypatch: pytest.MonkeyPatch, *actions: str) -> None:
    monkeypatch.setattr(account, "may", lambda action: action in actions)


# ---- alerts


def test_the_page_is_in_the_navigation() -> None:
    assert any(place == places.ALERTS and not place.filtered for place in places.PLACES)


def test_without_a_store_the_page_says_where_to_begin(store: Store, tmp_path: Path) -> None:
    assert "There is no store yet" in said(open_app(tmp_path, places.ALERTS))


def test_nothing_stands(shop: Store) -> None:
    app = page()
    assert "Nothing stands" in said(app) and "No alert has ended yet" in said(app) and not app.dataframe


def test_what_stands_is_seen_and_what_is_over_is_history(shop: Store) -> None:
    over = raised(shop, sentence="Once it was dark.", ago=90)
    shop.end_alert(over, NOW)
    raised(shop)
    app = page()
    assert "The camera “*x*” is silent." in said(app)
    assert list(app.dataframe[0].value["What"]) == ["Once it was dark."]
    assert list(app.dataframe[0].value["Seen"]) == ["no"]
    app = button(app, "Seen")
    assert (
        "· seen" in said(app) and queries.alerts_unseen(shop) == [] and not [one for one in app.button if one.label == "Seen"]
    )


def test_what_became_of_messages(shop: Store) -> None:
    key = hook(shop, closed_port())
    shop.put_alert_rule(ODD, "silent", Rule(Silent()).kept(), [key])
    raised(shop)
    house.services().alerting.deliver()
    assert "Till *1* waiting: can’t be reached: the connection was refused" in said(page())
    shop.delete_alert_channel(ODD, key)
    hook(shop, closed_port())
    assert "a channel that is gone waiting" in said(page())


def test_an_analyst_sees_alerts_and_nothing_to_change(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    raised(shop)
    only(monkeypatch, "sums")
    app = page()
    assert "is silent" in said(app) and not app.tabs and not app.button


# ---- rules


def test_a_rule_is_made_changed_switched_off_and_deleted(shop: Store) -> None:
    app = page("Rules")
    assert "There is no rule yet" in said(app)
    field(app, "Negative more than (%)").set_value(25.0)
    field(app, "Cool-down (minutes)").set_value(15)
    app = button(app, "Make the rule")
    (row,) = rules(shop)
    assert row.kind == "negative" and row.limits == Rule(Negative(0.25), 15).kept() and row.enabled
    assert "More than 25 % of the reviews of the last 60 minutes are negative, of at least 20 visits." in said(app)
    field(app, "Of at least so many visits").set_value(40)
    app = button(app, "Save")
    assert rules(shop)[0].limits["visits"] == 40 and rules(shop)[0].key == row.key
    app = checked(app.toggle[0].set_value(False).run())
    assert not rules(shop)[0].enabled
    button(app, "Delete the rule")
    assert rules(shop) == []
    assert noted(shop) == ["alert.rule.make", "alert.rule.change", "alert.rule.change", "alert.rule.delete"]


def test_a_rule_about_a_camera(shop: Store) -> None:
    app = page("Rules")
    control = next(one for one in app.get("button_group") if one.label == "What to look for")
    checked(control.set_value("silent").run())
    field(app, "Camera").set_value("exit:Back")
    field(app, "Silent for seconds").set_value(90)
    app = button(app, "Make the rule")
    (row,) = rules(shop)
    assert row.limits == Rule(Silent(90, "exit:Back")).kept()
    assert "No new picture for 1 min 30 s: exit Back. In opening hours." in said(app)


def test_fewer_than_ten_visits_only_for_a_sample(shop: Store) -> None:
    assert field(page("Rules"), "Of at least so many visits").min == 10
    shop.put_store(ODD, is_sample=True)
    app = page("Rules")
    field(app, "Of at least so many visits").set_value(1)
    button(app, "Make the rule")
    assert rules(shop)[0].limits["visits"] == 1


def test_a_store_of_sums_only_is_told_that_it_has_no_reviews(shop: Store) -> None:
    shop.set_privacy_mode(ODD, "aggregate", actor="Ana")
    assert "never be met" in said(page("Rules"))


def test_a_rule_is_tested_through_its_channels(shop: Store) -> None:
    with http_receiver() as got:
        shop.put_alert_rule(ODD, "silent", Rule(Silent()).kept(), [hook(shop, got.port)])
        app = button(page("Rules"), "Test")
        assert b'"test": true' in got.requests[0][2] and "The test arrived. Till *1*: Answered 200." in said(app)
        got.status = 503
        assert "The test didn’t arrive. Till *1*: Answered 503." in said(button(app, "Test"))
    assert "the connection was refused" in said(button(app, "Test"))
    assert noted(shop) == ["alert.test"] * 3


def test_a_rule_that_nobody_knows_can_be_deleted(shop: Store) -> None:
    shop.put_alert_rule(ODD, "of the future", {})
    app = page("Rules")
    assert "A rule is one of" in said(app)
    button(app, "Delete the rule")
    assert rules(shop) == []


# ---- channels


def test_a_webhook_is_added_and_its_secret_is_told_once(shop: Store) -> None:
    app = page("Channels")
    field(app, "Name").set_value("Till")
    field(app, "Address").set_value("https://hooks.example/very/secret")
    app = button(app, "Add the webhook")
    (row,) = shop.alert_channels(ODD)
    secret = app.code[0].value
    assert (row.kind, row.name, row.shown) == ("webhook", "Till", "https://hooks.example/…") and len(secret) >= 32
    found = shop.alert_channel(ODD, row.key)
    assert found and found[1]["secret"] == secret and found[1]["address"].endswith("/very/secret")
    assert "very/secret" not in said(app) and "shown only now" in said(app)
    app = button(app, "I have it")
    assert not app.code
    assert secret not in said(page("Channels")) + str(rows(shop, "SELECT * FROM audit"))
    assert noted(shop) == ["alert.channel.make"]


@pytest.mark.parametrize(
    ("name", "address", "why"),
    [
        ("", "https://a.example/", "needs a name"),
        ("x", "", "address begins with"),
        ("x", "https://u:pw-in-address@a.example/", "no user"),
    ],
)
def test_a_webhook_that_can_not_be(shop: Store, name: str, address: str, why: str) -> None:
    app = page("Channels")
    field(app, "Name").set_value(name)
    field(app, "Address").set_value(address)
    app = button(app, "Add the webhook")
    assert why in app.error[0].value and shop.alert_channels(ODD) == [] and noted(shop) == []
    assert "pw-in-address" not in said(app)


def test_a_mail_channel_is_added_tested_entered_again_and_deleted(shop: Store) -> None:
    app = page("Channels")
    control = next(one for one in app.get("button_group") if one.label == "By")
    checked(control.set_value("email").run())
    checked(field(app, "Security").set_value("none").run())
    with smtp_sink("none") as got:
        given = {
            "Name": "Ana",
            "SMTP server": HOST,
            "Port": got.port,
            "From": "m@shop.example",
            "To, several with commas": "a@b.c, d@e.f",
        }
        for label, value in given.items():
            field(app, label).set_value(value)
        app = button(app, "Add the e-mail channel")
        app = button(app, "Test")
    assert got.messages[0][1] == ["a@b.c", "d@e.f"] and "accepted by the mail server" in said(app).lower()
    (row,) = shop.alert_channels(ODD)
    assert row.shown == f"a@b.c and 1 more, by {HOST}:{got.port}"
    assert field(app, "SMTP server").value == "" == field(app, "Password").value  # nothing of it is shown again
    app = button(app, "Save")
    assert "needs the name of an SMTP server" in app.error[0].value
    button(app, "Delete the channel")
    assert shop.alert_channels(ODD) == [] and noted(shop) == ["alert.channel.make", "alert.test", "alert.channel.delete"]


# ---- above every page


def test_the_line_above_other_pages(shop: Store, tmp_path: Path) -> None:
    shop.write_day(make_day("North", visits=2))
    app = open_app(tmp_path, places.TRENDS)
    assert not app.warning
    raised(shop, ago=9)
    raised(shop, "North", "Dark <i>here</i>.", ago=1)
    app = checked(app.run())
    assert app.warning[0].value == r"**North**: Dark \<i\>here\</i\>\. And 1 more."
    assert not open_app(tmp_path, places.ALERTS).warning
    for name in (ODD, "North"):
        shop.see_alerts(name)
    assert not open_app(tmp_path, places.TRENDS).warning


# ---- words


def test_words() -> None:
    assert "every live camera" in rule_words(Rule(Silent()), {})
    assert "a camera that is gone" in rule_words(Rule(Silent(camera="exit:x")), {})
    assert told_words(Rule(Silent(), 0), []) == "Shown in the app only."
    assert told_words(Rule(Silent(), 1), ["A", "B"]) == "Told through A, B, and not again within 1 minute."
