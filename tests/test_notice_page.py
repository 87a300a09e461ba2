"""The public page of a notice over ASGI: for everybody, harmless, and gone once the notice is withdrawn."""

import base64
import hashlib
import re

import pytest

from fer_core import queries
from fer_core.__main__ import main
from fer_core.collect import Consent
from fer_core.errors import InputError
from fer_core.notices import Camera, Notice
from server import collecting
from server import services as house
from server.reviewing import films_of, refuse_untold
from server.workshop import Workshop
from tests.films import write_film
from tests.test_server_routes import ask

ODD = '<script>alert("x")</script> & “Q” ’'
ANYWHERE = {"host": "shop.example"}


def publish(store, languages=("de", "en", "pl"), **changes):
    store.put_store(ODD)
    asked = {"store": ODD, "controller": ODD, "contact": ODD, "page": "https://shop.example/n", "address": f"{ODD}\n{ODD}"}
    cameras = (Camera("entry"), Camera("exit", ODD))
    notice = Notice(**(asked | {"languages": languages, "cameras": cameras, "purpose": {"de": ODD}} | changes))
    store.record_notice(ODD, notice.as_json(), "Ana")
    return queries.notice_setup(store, ODD)["store_id"]


def test_everybody_can_read_it_from_anywhere(store):
    answer = ask("GET", f"/notice/{publish(store)}", ANYWHERE | {"sec-fetch-site": "cross-site"})
    page = answer.body.decode()
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    for language in ("de", "en", "pl"):
        assert f'<section id="{language}" lang="{language}">' in page and f'href="#{language}"' in page
    for part in ("Rechtsgrundlage", "Legal basis", "Możn", "data protection authority"):
        assert part in page
    assert '<html lang="de">' in page and "Ana" not in page  # who recorded it is nobody's business


def test_nothing_that_was_typed_is_markup_and_there_is_no_script(store):
    page = ask("GET", f"/notice/{publish(store)}").body.decode()
    assert "<script" not in page and page.count("&lt;script&gt;") > 5
    assert not re.search(r"\bon\w+=|javascript:|src=|<link|<img|<iframe", page.replace("&quot;", ""))


def test_the_headers_forbid_everything_but_the_pages_own_style(store):
    answer = ask("GET", f"/notice/{publish(store)}")
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*)</style>", answer.body.decode(), re.DOTALL)[1]
    assert f"style-src 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    expected = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
    assert expected.items() <= answer.headers.items()
    assert "prefers-color-scheme: dark" in style


@pytest.mark.parametrize(
    "key", ["0" * 32, "x", "00000000-0000-0000-0000-000000000000", "..%2f..", "%00", "'%20OR%201=1", "a" * 5000]
)
def test_unknown_ids_are_a_sentence(store, key):
    answer = ask("GET", f"/notice/{key}")
    assert answer.status == 404 and "There is no notice under this address." in answer.body.decode()
    assert "content-security-policy" in answer.headers


def test_a_store_without_a_notice_and_a_withdrawn_one_answer_alike(store):
    key = publish(store)
    store.withdraw_notice(ODD)
    one, two = ask("GET", f"/notice/{key}"), ask("GET", f"/notice/{'0' * 32}")
    assert (one.status, one.body) == (two.status, two.body) and one.status == 404


def test_only_reading(store):
    key = publish(store)
    assert ask("HEAD", f"/notice/{key}").status == 200
    assert {ask(method, f"/notice/{key}").status for method in ("POST", "PUT", "DELETE", "PATCH")} == {405}


def test_a_database_that_cant_be_opened_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    house.close_all()
    (tmp_path / "moodgate.duckdb").write_text("something else altogether")
    answer = ask("GET", f"/notice/{'0' * 32}")
    assert answer.status == 503 and "try again later" in answer.body.decode() and str(tmp_path) not in answer.body.decode()


# ---- the jobs -------------------------------------------------------------------------------------------------------


def payload(door=""):
    films = {"entry": [{"path": "a.mp4", "door": door}], "exit": [{"path": "b.mp4", "door": ODD}]}
    return {"store": ODD} | films


def refused(door=""):
    services = house.services()
    shop = Workshop(services.folder, services.store, services.uploads)
    refuse_untold(shop.store, ODD, films_of(shop, payload(door)))


def test_films_wait_for_the_notice_where_the_region_asks_for_it(store):
    refused()
    store.put_store(ODD)
    store.put_region(ODD, "ch")
    with pytest.raises(InputError, match=r"lies in Switzerland.*entrance camera and the exit camera of the door.*page Privacy"):
        refused()
    publish(store)
    refused()
    with pytest.raises(InputError, match="entrance camera of the door “Side”"):
        refused("Side")
    store.put_store(ODD, is_sample=True)
    refused("Side")


def test_a_review_job_fails_with_the_sentence_before_it_reads_a_film(store):
    import threading
    from datetime import UTC, datetime

    from server.handlers import kinds
    from tests.test_server_review import Job, Listening

    store.put_store(ODD)
    store.put_region(ODD, "eu")
    services = house.services()
    shop = Workshop(services.folder, store, services.uploads)
    job = Job("0", "review", ODD, "a job", "running", datetime.now(UTC), payload=payload())
    with pytest.raises(InputError, match="visitors must be told"):
        kinds(shop)["review"](Listening(job, threading.Event()))
    job = Job("0", "collect", ODD, "a job", "running", datetime.now(UTC), payload=payload() | {"name": "Spring"})
    collecting.allow(store, services.folder, ODD, Consent("Ana", collecting.today()))
    with pytest.raises(InputError, match="visitors must be told"):
        kinds(shop)["collect"](Listening(job, threading.Event()))


def test_the_commands_wait_for_the_notice_too(store, tmp_path, capsys):
    entry, leave = write_film(tmp_path / "in.mp4"), write_film(tmp_path / "out.mp4", 30)
    store.put_store(ODD)
    store.put_region(ODD, "eu")
    house.close_all()
    at = ["--store", ODD, "--db", str(store.path)]
    collect = ["collect", str(entry), "--role", "entry", "--out", str(tmp_path / "set")]
    for command in (["review", str(entry), str(leave)], collect):
        assert main([*command, *at]) == 2
        assert "visitors must be told" in " ".join(capsys.readouterr().err.split())
