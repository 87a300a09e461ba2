"""HTML, script, links and pictures in every name that somebody can type, drawn on every page: text they stay."""

import html.parser
import importlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from fer_core import collect, queries
from fer_core.collect import Consent
from fer_core.errors import MoodgateError
from fer_core.notices import Camera, Notice
from fer_core.review import Categories
from fer_core.types import EXPRESSIONS
from server import account_admin, collecting, tokens
from server.accounts import Caller
from server.services import services
from tests.app_pages import checked, open_app
from tests.days import make_day, make_footage
from tests.test_accounts import HORSE, Quick
from tests.test_answers import Tablet
from tests.test_collect import some_cuts
from tests.test_server_routes import HOME, ask
from ui import account
from ui.downloads import csv_of
from ui.maps import standard
from ui.places import LIVE, PLACES

BAD = "<script>q7x</script><img src=x onerror=q7x>[q7x](//q7x)![q7x](//q7x):red[q7x]$q7x$`q7x`**q7x**"
"""As long as a name of an account may be."""
MARKUP = ("<script", "<img", "[q7x](", "![q7x]", ":red[", "$q7x", "`q7x", "**q7x")
FILM = BAD.replace("/", "")
START = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=2)
DRAWN_AS_TEXT = {
    "alt", "arrow_data", "columns", "data", "default", "element_id", "file_name", "filename", "form_id", "id", "json",
    "key", "options", "page", "placeholder", "query_param_key", "query_params", "query_string", "raw_value",
    "raw_values", "selection_mode", "set_value", "spec", "string_value", "url", "value",
}  # fmt: skip
"""Fields of Streamlit's elements that no markdown is made of."""
MARKDOWN_OPTIONS = ("Radio", "ButtonGroup")


@pytest.fixture
def anna(store, monkeypatch):
    """An administrator of that name, signed in, and every other name there is: as bad as it may be."""
    services().accounts.passwords = Quick()
    cookie = services().accounts.setup(BAD[:100], HORSE, Caller("127.0.0.1", BAD))
    monkeypatch.setattr(account, "cookie", lambda: cookie)
    own = services().accounts.account(cookie)
    fill(store)
    account_admin.make(services().accounts, own, f"Q{BAD[1:]}", "manager", [BAD], subject=BAD)
    tokens.make(services().accounts, own, BAD, "sums", BAD[:100])
    return own


def fill(store):
    for role in ("entry", "exit"):
        store.put_camera(BAD, role, BAD, name=BAD)
    store.put_categories(Categories(BAD, 1, standard().classes, standard().valence))
    store.use_categories(BAD, BAD)
    films = [
        make_footage(f"{role} {FILM}.mp4", role, start_at=START + at, door=BAD, warnings=(BAD,))
        for role, at in (("entry", timedelta()), ("exit", timedelta(minutes=15)))
    ]
    store.write_day(make_day(BAD, visits=12, entry=films[0], exit=films[1]))
    store.void_visit(queries.visits(store).iloc[0]["visit_id"], BAD)
    store.correct_visit(queries.visits(store).iloc[1]["visit_id"], "negative", BAD)
    for number, (kind, state) in enumerate((("review", "failed"), ("collect", "done"), ("train", "failed"))):
        row = {"job_id": f"00000000-0000-0000-0000-00000000000{number}", "kind": kind, "store": BAD, "title": BAD}
        payload = {"store": BAD, "name": BAD, "entry": [{"path": f"/x/{FILM}", "name": BAD, "door": BAD}], "exit": []}
        store.put_job(
            row | {"state": state, "payload": payload, "created_at": START, "error": BAD, "result": {"warnings": [BAD]}}
        )
    store.put_region(BAD, "eu")
    store.put_notice_draft(BAD, notice().as_json())
    store.record_notice(BAD, notice().as_json(), BAD)
    store.audit(BAD, BAD, store=BAD, subject=BAD, detail={BAD: BAD})
    store.put_setting("ice_servers", [{"urls": ["stun:" + BAD], "username": BAD, "credential": BAD}])
    leave = Consent(BAD, collecting.today(), collecting.today() + timedelta(days=30))
    collecting.allow(store, services().folder, BAD, leave)
    collect.create(services().folder / "collections" / "Spring", BAD, EXPRESSIONS, leave, some_cuts())
    store.delete_visits(BAD, [queries.visits(store).iloc[5]["visit_id"]], actor=BAD)
    if hasattr(store, "enrol_person"):
        import numpy as np

        store.enrol_person(BAD, "staff", BAD[:100], START, BAD[:100], {"dlib": np.eye(128)[0]})


def notice():
    asked = {"store": BAD, "controller": BAD, "contact": BAD, "page": "https://shop.example/n", "address": BAD}
    return Notice(**asked, languages=("en",), cameras=(Camera("entry", BAD), Camera("exit", BAD)), purpose={"en": BAD})


# ---- what is drawn --------------------------------------------------------------------------------------------------


def walk(node):
    """The node and all below it."""
    yield node
    for child in getattr(node, "children", {}).values():
        yield from walk(child)


def texts(message, path=""):
    """Every text in an element, with the way to it."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}"
        several = value if field.is_repeated else [value]
        for one in several:
            if isinstance(one, Message):
                yield from texts(one, name)
            elif isinstance(one, str):
                yield name, one


class Tags(html.parser.HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    @property
    def harmful(self):
        return [
            (tag, given)
            for tag, given in self.found
            if tag in ("script", "iframe", "object", "embed", "base")
            or "http-equiv" in given
            or any(name.startswith("on") or "javascript:" in str(value) for name, value in given.items())
            or given.get("src", "data:").startswith("//")
            or given.get("src") == "x"
        ]


def harm(node):
    """What in an element would be more than text: of markdown what isn't escaped, of HTML what a browser would run."""
    message = getattr(node, "proto", None)
    if not isinstance(message, Message):
        return []
    kind, found = type(message).__name__, []
    for name, text in texts(message):
        last = name.rpartition(".")[2]
        if "q7x" not in text or (last in DRAWN_AS_TEXT and not (last == "options" and kind in MARKDOWN_OPTIONS)):
            continue
        if kind == "Html" or getattr(message, "allow_html", False):
            found += [(kind, name, str(tag)) for tag in Tags(text).harmful]
        elif kind in ("Code", "Arrow", "ArrowVegaLiteChart", "VegaLiteChart", "BidiComponent", "Text"):
            continue
        else:
            bare = re.sub(r"\\.", "", text)
            found += [(kind, name, bare) for one in MARKUP if one in bare]
    return found


def views():
    """Each page with each of its tabs, by the name of the tab in the address."""
    tabs = {"settings.py": ("tab", "ui.settings"), "privacy.py": ("privacy_tab", "ui.privacy")}
    for place in PLACES:
        if place.file in tabs:
            key, module = tabs[place.file]
            yield from ((place, {key: tab}) for tab in importlib.import_module(module).TABS)
        elif place.file == "collect.py":
            yield from ((place, {"collect_tab": tab}) for tab in (None, "Spring"))
        elif place != LIVE:  # a webcam needs a browser
            yield place, {}


def test_nothing_typed_is_more_than_text_on_any_page(anna, store, tmp_path):
    visit = queries.visits(store).iloc[2]["visit_id"]
    seen = 0
    for place, address in [*views(), *((place, {"visit": visit}) for place in PLACES if place.file == "visits.py")]:
        address = {key: value for key, value in address.items() if value}
        app = checked(open_app(tmp_path, place, address=address | {"stores": [BAD], "doors": [BAD]}))
        nodes = list(walk(app._tree))
        seen += sum("q7x" in text for node in nodes if isinstance(getattr(node, "proto", None), Message)
                    for _, text in texts(node.proto))  # fmt: skip
        assert not [one for node in nodes for one in harm(node)], (place.file, address)
    assert seen > 100


def test_the_search_would_find_it():
    for script in (f"st.markdown({BAD!r})", f"st.button({BAD!r})", f"st.error({BAD!r})", f"st.html({BAD!r})",
                   f"st.expander({BAD!r})", f"st.radio('x', [{BAD!r}])", f"st.markdown({BAD!r}, unsafe_allow_html=True)",
                   f"st.metric('x', 1, help={BAD!r})", f"st.tabs([{BAD!r}])"):  # fmt: skip
        app = AppTest.from_string(f"import streamlit as st\n{script}").run()
        assert [one for node in walk(app._tree) for one in harm(node)], script


def test_an_error_that_names_what_was_typed_is_text_too():
    def page():
        from fer_core.errors import DataError
        from tests.test_attack_scripts import BAD
        from ui.trouble import on_script_error

        on_script_error(DataError(BAD))

    app = AppTest.from_function(page).run()
    assert app.error and not [one for node in walk(app._tree) for one in harm(node)]


# ---- what is given out ----------------------------------------------------------------------------------------------


def test_the_public_pages_have_no_script_of_anybodys(anna, store):
    key = queries.notice_setup(store, BAD)["store_id"]
    public = ask("GET", f"/notice/{key}", {"host": "shop.example"})
    assert public.status == 200 and "q7x" in public.body.decode() and not Tags(public.body.decode()).harmful
    secret = store.switch_on_exit_button(BAD, BAD, ["en"])
    tablet = Tablet().ask("GET", f"/exit/{secret}").body.decode()
    assert "q7x" not in tablet and [tag for tag, _ in Tags(tablet).harmful] == ["script"]
    for path in (f"/notice/{BAD}", f"/exit/{BAD}", f"/upload/{BAD}", f"/{BAD}"):
        answer = ask("GET", path, HOME)
        assert answer.status in (401, 404)
        assert not answer.headers["content-type"].startswith("text/html") or not Tags(answer.body.decode()).harmful


def test_a_table_is_no_formula():
    import pandas as pd

    for sign in ("=", "+", "-", "@", "\t", "\r"):
        text = csv_of(pd.DataFrame({"store": [f'{sign}HYPERLINK("//q7x")']})).decode()
        assert f"'{sign}" in text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_refusals_are_no_pages(anna, method):
    for name in (BAD, BAD.replace("/", "")):
        answer = ask(method, f"/upload/{name}", HOME | {"content-type": BAD, "upload-offset": BAD})
        assert answer.status in (401, 404) and not answer.headers["content-type"].startswith("text/html")


def test_a_name_with_a_line_or_nothing_to_see_is_refused(store):
    for name in ("", " ", "a\nb", "a\u2028b", "\u200b"):
        with pytest.raises(MoodgateError):
            store.put_store(name)
