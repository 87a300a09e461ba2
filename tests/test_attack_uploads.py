"""Uploads that attack: paths in names and addresses, archives that swell, films that are something else as well, nonsense."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_core import video
from fer_core.errors import FilmError, InputError, MoodgateError
from fer_core.settings import VideoSettings
from server import sets
from server.services import services
from server.unpack import Limits, unpack
from server.uploads import UploadError, Uploads, shown_name
from tests import films
from tests.test_server_routes import CHUNK, HOME, ask, begin, patch
from ui.films import look
from ui.live_still import picture_of
from ui.zones import still_of

QUIET = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATHS = (
    "../../moodgate.duckdb", "..\\..\\moodgate.duckdb", "/etc/passwd", "....//....//etc/passwd", "..%2f..%2fetc%2fpasswd",
    "C:\\windows\\win.ini", "\\\\evil\\share\\a.mp4", "file:///etc/passwd", "a/../../b.mp4", "\x00/etc/passwd", "~/.ssh/id_rsa",
    "con.mp4", "a.mp4/../../../b", ".", "..", "...", "|id", "$(id).mp4", "`id`.mp4", "-rf.mp4", "http://evil.example/a.mp4",
)  # fmt: skip
SECRET = "the secret of another file"  # noqa: S105  a canary


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """The data folder with a file beside it that no upload may touch or read."""
    data = tmp_path / "data"
    monkeypatch.setenv("MOODGATE_DATA", str(data))
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    (tmp_path / "secret.txt").write_text(SECRET)
    yield tmp_path
    from server.services import close_all

    close_all()


def tree(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---- paths ----------------------------------------------------------------------------------------------------------


def test_a_name_is_no_path(outside):
    services()
    before = {name for name in tree(outside) if not name.startswith("data/")}
    for name in PATHS:
        begun = begin(name, 3)
        assert begun.status == 201, name
        key = begun.json["id"]
        assert patch(key, 0, b"abc").json["finished"]
        film = services().uploads.path_of(key)
        assert film.parent == outside / "data" / "uploads" and film.stem == key and film.read_bytes() == b"abc"
        assert not set("/\\\0") & set(begun.json["name"])
    assert {name for name in tree(outside) if not name.startswith("data/")} == before
    assert all(Path(name).parts[1] in ("uploads",) for name in tree(outside) if name.endswith(".mp4"))


def test_an_address_is_no_path(outside):
    services()
    before = tree(outside)
    for path in PATHS:
        for address in (f"/upload/{path}", f"/upload/../{path}", f"/notice/{path}", f"/exit/{path}"):
            for method in ("GET", "HEAD", "DELETE", "PATCH"):
                answer = ask(method, address, HOME | CHUNK | {"upload-offset": "0"}, [b"x"])
                assert answer.status in (404, 405), (method, address)
                assert SECRET.encode() not in answer.body and b"root:" not in answer.body
    assert tree(outside) == before


@QUIET
@given(name=st.text(max_size=300))
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    uploads = Uploads(tmp_path / "uploads")
    key = uploads.create(name, 1).id
    with uploads.appending(key, 0) as part:
        part.write(b"x")
    assert uploads.path_of(key).resolve().parent == uploads.folder.resolve()
    shown = shown_name(name)
    assert shown == shown_name(shown) and 0 < len(shown) <= 200 and not set("/\\\0\n\r") & set(shown)
    uploads.remove(key)
    assert not any(uploads.folder.iterdir())


@QUIET
@given(key=st.text(max_size=40) | st.from_regex(r"[0-9a-f]{30,34}", fullmatch=True))
def test_no_id_is_another_file(tmp_path, key):
    uploads = Uploads(tmp_path)
    for call in (uploads.get, uploads.path_of, uploads.remove):
        with pytest.raises(UploadError):
            call(key)


@pytest.mark.parametrize("name", ["../a", "a/b", "..", ".", "", " ", "a\0b", "x" * 61, "CON:", "a\nb", "~", "-", "$(id)"])
def test_a_sets_name_is_no_path(tmp_path, name):
    with pytest.raises(InputError):
        sets.add(tmp_path, name, io.BytesIO(b"x"), "a.zip")
    assert not tree(tmp_path)


# ---- archives -------------------------------------------------------------------------------------------------------


def packed(files, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return file


def test_a_bomb_in_a_bomb_is_not_unpacked_further(tmp_path):
    bomb = packed({f"{n}.zip": packed({"happy/a.png": bytes(10**6)}).getvalue() for n in range(5)})
    unpack(bomb, tmp_path, [".png"], "a.zip")
    assert not tree(tmp_path)


def test_entries_that_share_their_bytes_are_counted_each(tmp_path):
    """David Fifield's overlapping bomb (2019): many entries of the table point at the same packed bytes."""
    whole = packed({"a.png": bytes(10**6)}).getvalue()
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : whole.index(b"PK\x05\x06")], whole[whole.index(b"PK\x05\x06") :]
    table = b"".join(entry.replace(b"a.png", b"%c.png" % (97 + n)) for n in range(20))
    end = end[:8] + struct.pack("<HHII", 20, 20, len(table), start) + end[20:]
    bomb = whole[:start].replace(b"a.png", b"a.png") + table + end
    with pytest.raises(MoodgateError):
        unpack(io.BytesIO(bomb), tmp_path, [".png"], "a.zip", Limits(total_bytes=5 * 10**6))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.png")) <= 5 * 10**6


@QUIET
@given(data=st.data())
def test_no_damaged_archive_is_more_than_a_sentence(tmp_path_factory, data):
    whole = bytearray(packed({"happy/a.png": b"x" * 500, "sad/b.png": b"y" * 500}).getvalue())
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    inner = tmp_path_factory.mktemp("zip") / "in" / "ner"
    inner.mkdir(parents=True)
    try:
        unpack(io.BytesIO(bytes(whole)), inner, [".png"], "a.zip", Limits(files=10, total_bytes=10**5))
    except MoodgateError as error:
        assert str(error).startswith("a.zip: ") and "\n" not in str(error)
    assert all(name.startswith("in/ner/") for name in tree(inner.parents[1]))


# ---- films that are something else ----------------------------------------------------------------------------------

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "hls by address": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/{}\n#EXT-X-ENDLIST\n",
    "hls concat": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nconcat:{}|subfile,,start,0,end,64,,:/etc/passwd\n"
    "#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation>'
    "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "subtitles": "1\n00:00:00,000 --> 00:00:01,000\n{}\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{}"/><script>alert(1)</script></svg>',
    "asx": '<asx version="3"><entry><ref href="{}"/></entry></asx>',
    "html": "<!doctype html><script>alert(1)</script>",
    "shell": "#!/bin/sh\ntouch {}.touched\n",
}


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".ts", ".m3u8", ""])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_film_that_names_other_files_opens_none(tmp_path, kind, ending):
    other = films.write_film(tmp_path / "other.ts", 20)
    path = tmp_path / f"film{ending}"
    path.write_text(PLAYLISTS[kind].format(other))
    for read in (video.probe, lambda one: list(video.samples(one, VideoSettings(), warn=lambda _: None))):
        with pytest.raises(FilmError) as caught:
            read(path)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "other.ts.touched").exists()


HEADS = {
    "script": b"<script>alert(1)</script>",
    "zip": packed({"../../evil.sh": b"x"}).getvalue(),
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n",
    "elf": b"\x7fELF" + bytes(60),
    "playlist": PLAYLISTS["hls"].format("/etc/passwd").encode(),
}


@pytest.mark.parametrize("second", HEADS)
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".ts"])
def test_a_polyglot_is_a_film_or_nothing(tmp_path, second, ending, outside):
    """What follows a film is not looked at; a film that follows something else is that, or refused."""
    whole = films.write_film(tmp_path / f"whole{ending}", 20).read_bytes()
    after, before = tmp_path / f"after{ending}", tmp_path / f"before{ending}"
    after.write_bytes(whole + HEADS[second])
    before.write_bytes(HEADS[second] + whole)
    plain = [frame.time_s for frame in video.samples(tmp_path / f"whole{ending}", VideoSettings(), warn=lambda _: None)]
    told = look(after, "film")
    found = [frame.time_s for frame in video.samples(after, VideoSettings(), warn=lambda _: None)]
    assert not told.error and found[: len(plain) - 1] == plain[: len(plain) - 1]
    try:
        assert all(frame.image.shape == (48, 64, 3) for frame in video.samples(before, VideoSettings(), warn=lambda _: None))
    except FilmError as error:
        assert str(before) in str(error)


def test_an_uploaded_page_is_never_given_back_as_one(outside):
    """Films go in; no route gives their bytes to a browser."""
    key = begin("page.html", 26).json["id"]
    patch(key, 0, b"<script>alert(1)</script>\n")
    answer = ask("GET", f"/upload/{key}")
    assert answer.headers["content-type"] == "application/json" and b"alert" not in answer.body
    assert services().uploads.path_of(key).stat().st_mode & 0o111 == 0


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good film."""
    return films.write_film(tmp_path_factory.mktemp("good") / "whole.mp4", 6).read_bytes()


@QUIET
@given(data=st.data())
def test_no_damaged_film_is_more_than_a_sentence(tmp_path_factory, good, data):
    folder, whole = tmp_path_factory.mktemp("films"), bytearray(good)
    kind = data.draw(st.sampled_from(["flipped", "cut", "made up", "spliced"]))
    if kind == "flipped":
        for _ in range(data.draw(st.integers(1, 30))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    elif kind == "cut":
        del whole[data.draw(st.integers(0, len(whole))) :]
    elif kind == "made up":
        whole = bytearray(data.draw(st.binary(max_size=400)))
    else:
        at = data.draw(st.integers(0, len(whole)))
        whole[at:at] = data.draw(st.binary(max_size=64))
    path = folder / "film.mp4"
    path.write_bytes(whole)
    found = look(path, "Film <1>.mp4")
    assert "\n" not in found.error and str(folder) not in found.error
    try:
        for frame in video.samples(path, VideoSettings(), warn=lambda _: None):
            assert frame.image.ndim == 3
    except FilmError as error:
        assert "\n" not in str(error)


@QUIET
@given(
    content=st.binary(max_size=300),
    head=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBP", b"BM"]),
)
def test_no_picture_is_more_than_a_sentence(content, head):
    for read in (picture_of, still_of):
        with pytest.raises(InputError) as caught:
            read("a picture.png", head + content)
        assert str(caught.value).startswith("a picture.png: ")


@QUIET
@given(content=st.binary(max_size=300), ending=st.sampled_from([".zip", ".npz", ".csv"]))
def test_no_labelled_set_is_more_than_a_sentence(tmp_path, content, ending):
    with pytest.raises(MoodgateError) as caught:
        sets.add(tmp_path, "a set", io.BytesIO(content), f"faces{ending}")
    assert "\n" not in str(caught.value)
    assert not tree(tmp_path)


@pytest.mark.parametrize("name", ["faces.pkl", "faces.npz"])
def test_nothing_packed_by_pickle_is_opened(tmp_path, name):
    """An array of objects is Python's pickle, which runs what it holds."""
    import numpy as np

    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    file = io.BytesIO()
    np.savez(file, images=np.array([Bomb()], dtype=object), labels=np.array([Bomb()], dtype=object))
    file.seek(0)
    with pytest.raises(MoodgateError):
        sets.add(tmp_path / "sets of ours", "a set", file, name)
    assert not (tmp_path / "ran").exists()


# ---- the route ------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "size", "id", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@QUIET
@given(told=JSON)
def test_no_json_begins_more_than_an_upload(outside, told):
    answer = ask("POST", "/upload", HOME | {"content-type": "application/json"}, [json.dumps(told).encode()])
    assert answer.status in (201, 400, 413, 507)
    assert (answer.status == 201) == ("id" in answer.json) and answer.headers["content-type"] == "application/json"


@QUIET
@given(
    body=st.binary(max_size=40),
    offset=st.integers(-5, 30).map(str) | st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20),
    length=st.none() | st.integers(-5, 10**20).map(str),
    kind=st.sampled_from(["application/offset+octet-stream", "application/octet-stream", "text/html", ""]),
)
def test_no_piece_breaks_an_upload(outside, body, offset, length, kind):
    key = begin("film.mp4", 20).json["id"]
    headers = HOME | {"content-type": kind, "upload-offset": offset} | ({"content-length": length} if length else {})
    answer = ask("PATCH", f"/upload/{key}", headers, [body])
    assert answer.status in (200, 400, 409, 413, 415)
    assert ask("GET", f"/upload/{key}").json["offset"] == (len(body) if answer.status == 200 else 0)
    ask("DELETE", f"/upload/{key}")
