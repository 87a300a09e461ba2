"""Cards, finding and fetching, against toy cards and a server on this machine; nothing here leaves it."""

import hashlib
import http.server
import os
import socket
import threading
from dataclasses import replace

import pytest

from fer_core import weights
from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError

BYTES = b"weights " * 40_000
SHA = hashlib.sha256(BYTES).hexdigest()
TOY = weights.ModelCard("toy", "detector", "Toy", "CC0-1.0", "made here", file="toy.onnx", sha256=SHA)


class Server(http.server.BaseHTTPRequestHandler):
    """/good whole, /cut breaks off half way, everything else is missing."""

    def do_GET(self):
        if self.path not in ("/good", "/cut"):
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(BYTES)))
        self.end_headers()
        self.wfile.write(BYTES if self.path == "/good" else BYTES[: len(BYTES) // 2])

    def log_message(self, *_):
        pass


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The folders that are looked into, none of which exists yet, but for the cards'."""
    folders = {name: tmp_path / name for name in ("models", "named", "second", "cache")}
    folders["models"].mkdir()
    monkeypatch.setattr(weights, "MODELS", folders["models"])
    monkeypatch.setattr(weights, "cache_folder", lambda: folders["cache"])
    monkeypatch.delenv(weights.OFFLINE, raising=False)
    monkeypatch.setenv(weights.ENVIRONMENT, os.pathsep.join(["", str(folders["named"]), str(folders["second"])]))
    monkeypatch.setenv("no_proxy", "*")
    return folders


@pytest.fixture
def address():
    """The address of a running server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def put(folder, content=BYTES):
    folder.mkdir(exist_ok=True)
    (folder / TOY.file).write_bytes(content)
    return folder / TOY.file


def left_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# the cards of the project


def test_every_card_of_the_project_can_be_read():
    cards = weights.cards()
    assert {"yunet", "mobilefacenet", "mtcnn", "dlib", "dlib_hog", "sface", "haar", "retinaface", "deepface"} <= cards.keys()
    for card in cards.values():
        assert card.licence and card.source and card.title
        assert card.managed_by or len(card.sha256) in (0, 64)
        assert not card.url or card.url.startswith("https://")


def test_an_unknown_card_lists_the_known(places):
    (places["models"] / "toy.toml").write_text('kind="detector"\ntitle="T"\nlicence="L"\nsource="S"\nfile="f"\n')
    with pytest.raises(UnknownBackendError, match="'nope'; known are toy"):
        weights.card("nope")
    assert weights.card("toy").name == "toy"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        'kind="detector"\ntitle="T"\nlicence="L"\nsource="S"\n',
        'kind="other"\ntitle="T"\nlicence="L"\nsource="S"\nfile="f"\n',
        'kind="detector"\ntitle="T"\nlicence="L"\nsource="S"\nfile="f"\nshoe_size=4\n',
    ],
)
def test_what_is_no_card_is_named(tmp_path, text):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(WeightsError, match=r"odd\.toml"):
        weights.read_card(path)


def test_lists_become_tuples_and_figures_stay(tmp_path):
    path = tmp_path / "mood.toml"
    path.write_text(
        'kind="emotion"\ntitle="T"\nlicence="L"\nsource="S"\nfile="f"\nlabels=["a","b"]\ndate=2026-11-21\n[figures]\nx=1.5\n'
    )
    card = weights.read_card(path)
    assert (card.labels, card.date, dict(card.figures)) == (("a", "b"), "2026-11-21", {"x": 1.5})


# finding


def test_nothing_is_found_where_there_is_nothing(places):
    assert weights.find(TOY) is None
    assert weights.status(TOY) == "missing"


@pytest.mark.parametrize("name", ["models", "named", "second", "cache"])
def test_found_in_each_folder(places, name):
    path = put(places[name])
    assert weights.find(TOY) == path
    assert weights.status(TOY) == "installed"


def test_the_first_folder_wins_and_the_card_s_own_come_last(places, tmp_path):
    card = replace(TOY, also_in=(str(tmp_path / "system"),))
    last = put(tmp_path / "system")
    assert weights.find(card) == last
    put(places["cache"])
    put(places["second"])
    named = put(places["named"])
    assert weights.find(card) == named


def test_a_wrong_file_is_never_passed_over(places):
    wrong, right = put(places["named"], b"other"), put(places["cache"])
    with pytest.raises(WeightsMismatchError) as caught:
        weights.find(TOY)
    assert str(wrong) in str(caught.value) and str(right) not in str(caught.value)
    assert SHA in str(caught.value) and hashlib.sha256(b"other").hexdigest() in str(caught.value)
    assert weights.status(TOY) == "mismatch"


def test_weights_without_a_known_hash_are_said_to_be_unverified(places):
    card = replace(TOY, sha256="")
    put(places["named"], b"anything")
    assert weights.find(card) is not None
    assert weights.status(card) == "unverified"


def test_status_of_managed_weights():
    managed = replace(TOY, file="", sha256="", managed_by="pytest")
    assert weights.find(managed) is None
    assert weights.status(managed) == "managed by pytest"
    assert weights.status(replace(managed, managed_by="pytest and no-such-package")) == "missing"


# fetching


def test_fetch_puts_the_whole_file_into_the_cache(places, address):
    seen = []
    path = weights.fetch(replace(TOY, url=f"{address}/good"), progress=lambda done, total: seen.append((done, total)))
    assert path == places["cache"] / TOY.file and path.read_bytes() == BYTES
    assert left_in(places["cache"]) == [TOY.file]
    assert seen[-1] == (len(BYTES), len(BYTES)) and len(seen) > 1


def test_get_fetches_only_what_is_missing(places, address):
    card = replace(TOY, url=f"{address}/good")
    first = weights.get(card)
    assert weights.get(replace(card, url=f"{address}/gone")) == first


@pytest.mark.parametrize(
    ("path", "sha", "error", "says"),
    [
        ("/gone", SHA, WeightsError, "404"),
        ("/cut", SHA, WeightsError, "broke off"),
        ("/good", "0" * 64, WeightsMismatchError, SHA),
    ],
)
def test_a_failed_fetch_leaves_what_was_there(places, address, path, sha, error, says):
    before = put(places["cache"], b"before")
    with pytest.raises(error, match=says):
        weights.fetch(replace(TOY, url=address + path, sha256=sha))
    assert left_in(places["cache"]) == [TOY.file] and before.read_bytes() == b"before"


def test_a_file_that_breaks_off_is_not_trusted_either(places, address):
    with pytest.raises(WeightsError, match="broke off"):
        weights.fetch(replace(TOY, url=f"{address}/cut", sha256=""), trust=True)
    assert left_in(places["cache"]) == []


def test_a_refused_connection_says_what_to_do(places):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/good"
        with pytest.raises(WeightsError, match=f"no connection.*put toy.onnx into .*{weights.ENVIRONMENT}") as caught:
            weights.get(replace(TOY, url=url))
    assert not isinstance(caught.value, WeightsMismatchError)
    assert left_in(places["cache"]) == []


def test_an_unknown_hash_is_refused_without_trust(places, address):
    card = replace(TOY, url=f"{address}/good", sha256="")
    with pytest.raises(WeightsError, match="--trust"):
        weights.get(card)
    assert weights.sha256_of(weights.fetch(card, trust=True)) == SHA


@pytest.mark.parametrize(("change", "says"), [({}, "no address"), ({"managed_by": "mtcnn"}, "managed by mtcnn")])
def test_what_has_no_address_is_not_fetched(places, change, says):
    with pytest.raises(WeightsError, match=says):
        weights.fetch(replace(TOY, **change))


def test_a_cache_that_can_t_be_made_is_named(places, address):
    places["cache"].write_text("a file in its way")
    with pytest.raises(WeightsError, match="can't be kept there"):
        weights.fetch(replace(TOY, url=f"{address}/good"))


# deepface


def test_deepface_s_folder_is_made_and_what_the_user_set_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "tensorflow")
    for name in ("DEEPFACE_LOG_LEVEL", "RETINAFACE_LOG_LEVEL", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "60")
    assert weights.prepare_deepface() == tmp_path / "home" / ".deepface" / "weights"
    assert weights.prepare_deepface().is_dir()
    assert os.environ["DEEPFACE_BACKEND_ENGINE"] == "tensorflow"


def test_offline_finds_but_never_fetches(places, address, monkeypatch):
    monkeypatch.setenv(weights.OFFLINE, "1")
    card = replace(TOY, url=f"{address}/good")
    with pytest.raises(WeightsError, match="forbids fetching"):
        weights.get(card)
    path = weights.fetch(card)
    assert weights.get(card) == path
