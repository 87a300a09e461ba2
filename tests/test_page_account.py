"""The pages around accounts, and the frame for each role."""

from uuid import UUID

import pytest
import streamlit as st

from fer_core.store import accounts as rows
from server import account_admin
from server.accounts import Caller
from server.rights import PAGES, ROLES, may
from server.services import services
from tests.app_pages import checked, fill, open_app
from tests.shops_of_three import signed_in
from tests.test_accounts import HORSE, Quick
from ui import account
from ui.places import ACCOUNT, ACCOUNTS, LIVE, OVERVIEW, PLACES, VISITS


@pytest.fixture
def browser(store, monkeypatch):
    """Sets the cookie that the pages see; the first administrator is made with it."""
    held = {"cookie": ""}
    monkeypatch.setattr(account, "cookie", lambda: held["cookie"])
    services().accounts.passwords = Quick()
    return held


@pytest.fixture
def anna(browser):
    browser["cookie"] = services().accounts.setup("Anna", HORSE, Caller("127.0.0.1", "a browser"))
    return services().accounts.account(browser["cookie"])


@pytest.fixture
def offered(monkeypatch):
    """The files of the pages that the navigation was given at each run."""
    seen, real = [], st.navigation

    def navigation(pages, **more):
        seen.append({page._page.name for page in pages})
        return real(pages, **more)

    monkeypatch.setattr(st, "navigation", navigation)
    return seen


def texts(app):
    return " ".join(one.value for kind in ("title", "markdown", "caption", "error", "info") for one in app.get(kind))


def html(app):
    return " ".join(one.proto.body for one in app.get("html"))


def person(store, role, stores=("North",)):
    """The cookie of somebody of that role."""
    from datetime import UTC, datetime

    from fer_core.store.shops import known_store
    from server.accounts import account_of

    with store.quietly() as cursor:
        ids = [known_store(cursor, name) for name in stores]
        key = rows.put_account(cursor, f"the {role}", role, stores=ids, now=datetime.now(UTC))
        row = rows.account(cursor, key)
        found = account_of(cursor, row)
    return signed_in(store, found)


def test_without_accounts_nobody_is_asked(store, browser, tmp_path):
    fill(store, 12)
    app = open_app(tmp_path)
    assert app.title[0].value == OVERVIEW.title and not app.get("html")
    app = checked(app.switch_page(str(ACCOUNTS.path)).run())
    assert "There are no accounts yet" in texts(app) and 'action="account/setup"' in html(app)


def test_with_accounts_there_is_the_login_and_nothing_else(store, browser, anna, tmp_path):
    fill(store, 12)
    browser["cookie"] = ""
    for place in (None, VISITS, ACCOUNTS, ACCOUNT):
        app = open_app(tmp_path, place)
        assert [title.value for title in app.title] == ["Sign in"] and "North" not in texts(app)
        assert 'action="account/login"' in html(app) and not app.get("dataframe") and not app.sidebar.children
    browser["cookie"] = "forged"
    assert open_app(tmp_path).title[0].value == "Sign in"


def test_the_address_shows_no_sentence_of_its_own(store, browser, anna, tmp_path):
    browser["cookie"] = ""
    app = open_app(tmp_path, address={"problem": "wait", "s": "8"})
    assert app.error[0].value == "Too many failed logins. Wait a moment, then try again. (8 s)"
    assert not open_app(tmp_path, address={"problem": "Call 555-0100", "s": "<b>"}).error


@pytest.mark.parametrize("role", ROLES)
def test_the_navigation_has_what_the_role_may_use(store, browser, anna, offered, tmp_path, role):
    fill(store, 12)
    browser["cookie"] = person(store, role)
    app = open_app(tmp_path)
    assert offered[-1] == {place.file for place in PLACES if may(role, PAGES[place.file])}
    assert not app.error


def test_own_stores_only(store, browser, anna, tmp_path):
    fill(store, 12)
    fill(store, 14, "South")
    browser["cookie"] = person(store, "manager")
    app = open_app(tmp_path, VISITS, period="all", stores=("South",))
    assert "South" not in texts(app)
    app = open_app(tmp_path, VISITS, period="all")
    assert "1 to 12 of 12" in texts(app)
    browser["cookie"] = services().accounts.login("Anna", HORSE, Caller("127.0.0.1"))
    assert "1 to 26 of 26" in texts(open_app(tmp_path, VISITS, period="all"))  # the cache keeps them apart


def test_a_session_that_was_ended_sees_the_login_at_its_next_move(store, browser, anna, tmp_path):
    fill(store, 12)
    app = open_app(tmp_path, ACCOUNT)
    assert "**Anna** · administrator · all stores" in texts(app) and "do everything" in texts(app)
    app = checked(app.button(key="end_all").click().run())
    assert app.title[0].value == "Sign in"


def test_changing_the_own_password(store, browser, anna, tmp_path):
    app = open_app(tmp_path, ACCOUNT)
    for key, value in (("old", HORSE), ("new", "another horse battery"), ("again", "another horse")):
        app.text_input(key=f"password_{key}").input(value)
    button = next(one for one in app.button if one.label == "Change the password")
    app = checked(button.click().run())
    assert app.error[0].value == "The two new passwords are not the same."
    app.text_input(key="password_again").input("another horse battery")
    checked(next(one for one in app.button if one.label == "Change the password").click().run())
    assert services().accounts.login("Anna", "another horse battery", Caller("127.0.0.1"))


def test_whoever_must_change_the_password_can_do_nothing_else(store, browser, anna, tmp_path):
    fill(store, 12)
    password = account_admin.make(services().accounts, anna, "Mia", "manager", ["North"])
    browser["cookie"] = services().accounts.login("Mia", password, Caller("127.0.0.1"))
    for place in (None, VISITS):
        app = open_app(tmp_path, place)
        assert app.title[0].value == "Your account" and len(app.text_input) == 3 and "North" not in texts(app)


def test_an_administrator_makes_and_resets_accounts(store, browser, anna, tmp_path):
    fill(store, 12)
    app = open_app(tmp_path, ACCOUNTS)
    app.text_input(key="new_account_name").input("Mia <b>")
    app.multiselect(key="stores-new").select("North")
    app = checked(next(one for one in app.button if one.label == "Make the account").click().run())
    password = app.code[0].value
    mia = services().accounts.account(services().accounts.login("Mia <b>", password, Caller("127.0.0.1")))
    assert (mia.role, mia.stores) == ("manager", ("North",)) and "Mia <b>" not in html(app)
    assert not checked(app.run()).code  # shown once
    app = checked(app.button(key=f"reset-{UUID(mia.id)}").click().run())
    assert app.code[0].value != password
    key = next(row.id for row in account_admin.details(services().accounts, anna) if row.name == "Anna")
    app = checked(app.button(key=f"remove-{key}").click().run())
    assert app.error[0].value.startswith("One administrator with a password must remain")


def test_a_token_is_shown_once_and_revoked(store, browser, anna, tmp_path):
    fill(store, 12)
    app = open_app(tmp_path, ACCOUNT)
    app.text_input(key="token_name").input("camera")
    app = checked(next(one for one in app.button if one.label == "Make a token").click().run())
    secret = app.code[0].value
    assert services().accounts.of_token(secret)
    assert not checked(app.run()).code
    app = checked(next(one for one in app.button if one.label == "Revoke").click().run())
    assert services().accounts.of_token(secret) is None


def test_another_stores_visit_in_the_address(store, browser, anna, tmp_path):
    from fer_core import queries

    fill(store, 12)
    fill(store, 14, "South")
    theirs = queries.visits(store, queries.Filter(stores=("South",))).iloc[0]["visit_id"]
    browser["cookie"] = person(store, "manager")
    app = open_app(tmp_path, VISITS, address={"visit": theirs})
    assert "South" not in texts(app)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_each_page_of_a_role_can_be_drawn_by_it(store, browser, anna, tmp_path, role):
    fill(store, 12)
    fill(store, 14, "South")
    store.put_store("Sample shop", is_sample=True)
    browser["cookie"] = person(store, role)
    app = open_app(tmp_path)
    for place in PLACES:
        if may(role, PAGES[place.file]) and place != LIVE:  # a webcam needs a browser
            app = checked(app.switch_page(str(place.path)).run())
            assert not app.error, (place.file, [one.value for one in app.error])
            assert role == "privacy officer" or "South" not in texts(app)
