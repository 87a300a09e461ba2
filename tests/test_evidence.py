"""Evidence pictures: off unless asked for, pixelated before anything is written, gone after a day and with their visits."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core import pipeline, queries
from fer_core.errors import ForbiddenError, OutputError
from fer_core.notices import Notice, tell
from fer_core.pipeline import Film
from fer_core.pixelate import BLOCK_PX, BLOCKS, picture_of, pixelated
from fer_core.queries import Scoped
from fer_core.store import Store, evidence, receipts
from fer_core.store.evidence import KEPT
from fer_core.types import Day, Faces, Shot
from server import services as house
from server.rights import ROLES, may
from server.uploads import Uploads
from server.workshop import Workshop
from tests.app_pages import checked
from tests.days import MORNING, count, make_day, make_footage, rows
from tests.shops_of_three import NORTH, SOUTH, everybody, signed_in
from tests.test_pipeline import engine, write_film
from tests.test_server_review import DEFAULT, do, payload
from tests.test_server_routes import HOME, ask

ROOT = Path(__file__).parents[1]
HOUR = timedelta(hours=1)
PNG = picture_of(
    Shot(0.0, np.full((40, 40, 3), 90, np.uint8), Faces([[10, 10, 30, 30]], [0.9]), (20.0, 20.0), 20.0, 0.9)  # type: ignore[arg-type]
)


def filmed(name: str = "A", tag: str = "", start_at: datetime = MORNING) -> Day:
    """A day of three visits whose appearances all have a picture."""
    entry = make_footage(f"in {name}{tag}.mp4", start_at=start_at)
    made = make_day(name, entry=entry, exit=make_footage(f"out {name}{tag}.mp4", "exit", start_at=start_at + HOUR / 4))
    shot = {id(one): replace(one, picture=PNG) for one in (*made.entries, *made.exits)}
    return replace(
        made, entries=tuple(shot[id(one)] for one in made.entries), exits=tuple(shot[id(one)] for one in made.exits),
        visits=tuple(replace(one, entry=shot[id(one.entry)], exit=shot[id(one.exit)]) for one in made.visits),
    )  # fmt: skip


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "moodgate.duckdb") as made:
        made.put_store("A", evidence=True)
        yield made


def files(store: Store) -> set[str]:
    folder = evidence.folder_of(store.path)
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def named(store: Store) -> set[str]:
    return {str(name) for (name,) in rows(store, "SELECT file FROM evidence")}


def some_visit(store: Store, where: str = "true") -> str:
    return str(rows(store, f"SELECT visit_id FROM visits WHERE {where} ORDER BY ALL LIMIT 1")[0][0])  # noqa: S608


# ---- blocks


@pytest.mark.parametrize(
    ("size", "face"),
    [
        ((160, 160), (40, 30, 120, 130)), ((90, 70), (7.4, 11.9, 55.2, 80.6)), ((320, 320), (71, 71, 249, 249)),
        ((30, 30), (10, 10, 20, 20)), ((60, 60), (-5, -9, 70, 66)), ((1, 1), (0, 0, 1, 1)), ((50, 9), (2, 3, 2, 3)),
    ],
)  # fmt: skip
def test_a_face_has_at_most_twelve_blocks_each_way(size: tuple[int, int], face: tuple[float, ...]) -> None:
    image = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    before = image.copy()
    made = pixelated(image, np.array(face, np.float32))
    assert np.array_equal(image, before) and made.dtype == np.uint8
    blocks = made[::BLOCK_PX, ::BLOCK_PX]
    assert np.array_equal(made, blocks.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1))  # flat, each of one colour
    left, top, right, bottom = face
    side = max(1, int(np.ceil(max(right - max(0, int(left)), bottom - max(0, int(top))) / BLOCKS)))
    assert np.ceil((right - left) / side) <= BLOCKS + 1 and blocks.shape[0] <= np.ceil(size[0] / side) + 1
    assert abs(blocks.astype(float).mean() - image.mean()) < 25


def read(png: bytes) -> np.ndarray:
    """Blue-green-red, of a PNG that holds nothing beside the picture."""
    with Image.open(io.BytesIO(png)) as opened:
        assert opened.format == "PNG" and opened.info == {}
        return np.asarray(opened)[:, :, ::-1].copy()


def face_region(made: np.ndarray, patch: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Of a pixelated patch what lies over its face, found by painting the face alone."""
    marked = np.zeros_like(patch)
    x0, y0, x1, y1 = (int(v) for v in np.clip(np.rint(face), 0, [*patch.shape[1::-1]] * 2))
    marked[y0:y1, x0:x1] = 255
    over = pixelated(marked, face).any(axis=2)
    return made[over.any(axis=1)][:, over.any(axis=0)]


def test_the_written_picture_of_a_real_film_shows_blocks_only(tmp_path: Path) -> None:
    """From the film to the file: what lies on the disk has at most 12 × 12 colours over the face."""
    entry = write_film(tmp_path / "in.mp4", [(0.5, "ada", "neutral", 10)])
    leave = write_film(tmp_path / "out.mp4", [(0.5, "ada", "happy", 150)])
    shots: list[Shot] = []
    with pytest.MonkeyPatch.context() as patch, Store.open(tmp_path / "moodgate.duckdb") as store:
        patch.setattr("fer_core.pipeline.film.picture_of", lambda shot: shots.append(shot) or picture_of(shot))
        store.put_store("shop", evidence=True)
        films = [Film(entry, "entry", MORNING, evidence=True), Film(leave, "exit", MORNING + HOUR / 4, evidence=True)]
        store.write_day(pipeline.review_day("shop", films, engine()))
        assert len(files(store)) == 2 == count(store, "evidence")
        for path in evidence.folder_of(store.path).iterdir():
            written = read(path.read_bytes())
            shot = next(one for one in shots if pixelated(one.patch, one.face.xyxy[0]).tobytes() == written.tobytes())
            over = face_region(written, shot.patch, shot.face.xyxy[0])
            assert len({tuple(row) for row in over.reshape(-1, 3)}) <= BLOCKS * BLOCKS
            assert over.shape[0] <= BLOCKS * BLOCK_PX and over.shape[1] <= BLOCKS * BLOCK_PX


def test_a_finely_drawn_face_loses_its_detail() -> None:
    patch = np.random.default_rng(5).integers(0, 256, (180, 180, 3), np.uint8)
    face = Faces([[40, 36, 138, 141]], [0.9])  # type: ignore[arg-type]
    written = read(picture_of(Shot(0.0, patch, face, (90.0, 90.0), 105.0, 0.9)))
    over = face_region(written, patch, face.xyxy[0])
    assert len({tuple(row) for row in patch[36:141, 40:138].reshape(-1, 3)}) > 10_000
    assert len({tuple(row) for row in over.reshape(-1, 3)}) <= BLOCKS * BLOCKS


def test_no_picture_is_made_unless_asked_for(tmp_path: Path) -> None:
    entry = write_film(tmp_path / "in.mp4", [(0.5, "ada", "neutral", 10)])
    _, (seen,) = pipeline.analyze_film(Film(entry, "entry"), 0, engine())
    assert seen.picture == b""


# ---- kept


def test_off_by_default(opened: Store) -> None:
    opened.write_day(filmed("B"))
    assert not opened.keeps_evidence("B") and not opened.keeps_evidence("nowhere")
    assert files(opened) == set() == named(opened)


def test_two_pictures_a_visit_and_none_of_anybody_else(opened: Store) -> None:
    opened.write_day(filmed())
    assert rows(opened, "SELECT role, count(*) FROM evidence GROUP BY ALL ORDER BY ALL") == [("entry", 3), ("exit", 3)]
    assert files(opened) == named(opened) and len(files(opened)) == 6
    ((least, most),) = rows(opened, "SELECT min(epoch(expires_at)), max(epoch(expires_at)) FROM evidence")
    assert 0 <= most - least < 60 and abs(datetime.now(UTC).timestamp() + KEPT.total_seconds() - least) < 60
    first = queries.evidence(opened, some_visit(opened))
    assert [one["role"] for one in first] == ["entry", "exit"] and queries.evidence(opened, "'; --") == []


def test_the_same_films_again_replace_their_pictures(opened: Store) -> None:
    opened.write_day(filmed())
    before = files(opened)
    opened.write_day(filmed())
    assert files(opened) == named(opened) and len(files(opened)) == 6 and not files(opened) & before
    opened.write_day(make_day("A", visits=0, entry=filmed().entry_films[0], exit=filmed().exit_films[0]))
    assert files(opened) == set() == named(opened)


def test_a_writing_that_fails_leaves_no_picture(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("fer_core.store.offsets.refresh", fails)
    with pytest.raises(RuntimeError):
        opened.write_day(filmed())
    assert files(opened) == set() and count(opened, "visits") == 0


def test_no_room_for_the_pictures_is_a_sentence_and_nothing_is_written(opened: Store) -> None:
    evidence.folder_of(opened.path).write_text("in the way")
    with pytest.raises(OutputError, match="can't be written"):
        opened.write_day(filmed())
    assert count(opened, "visits") == 0 == count(opened, "evidence")


# ---- gone


def by_visit(store: Store) -> None:
    store.delete_visits("A", [some_visit(store)])


def by_span(store: Store) -> None:
    store.delete_span("A", MORNING, MORNING + timedelta(seconds=20))


def by_retention(store: Store) -> None:
    store.put_store("A", retention_days=1)
    store.purge(MORNING + timedelta(days=1, seconds=20))


@pytest.mark.parametrize("way", [by_visit, by_span, by_retention])
def test_a_deleted_visit_takes_its_pictures_along(opened: Store, way: Callable[[Store], None]) -> None:
    opened.write_day(filmed())
    way(opened)
    assert count(opened, "visits") == 2 and files(opened) == named(opened) and len(files(opened)) == 4
    receipt = receipts.latest(opened.path)[0]
    assert receipt.gone["evidence"] == 2 and "evidence pictures" in receipt.text()
    assert receipt.files.looked["evidence pictures"] == 4 and receipt.files.found["evidence pictures"] == []


def by_store(store: Store) -> None:
    store.delete_store("A")


def by_switch(store: Store) -> None:
    store.put_store("A", evidence=False)


def by_mode(store: Store) -> None:
    store.set_privacy_mode("A", "aggregate")


@pytest.mark.parametrize("way", [by_store, by_switch, by_mode])
def test_all_pictures_of_a_store_go(opened: Store, way: Callable[[Store], None]) -> None:
    opened.put_store("B", evidence=True)
    opened.write_day(filmed())
    opened.write_day(filmed("B"))
    way(opened)
    assert files(opened) == named(opened) and len(files(opened)) == 6
    assert rows(opened, "SELECT DISTINCT name FROM evidence JOIN stores USING (store_id)") == [("B",)]


def test_after_a_day_they_are_gone_and_before_they_are_not(opened: Store) -> None:
    opened.write_day(filmed())
    version, now = opened.version(), datetime.now(UTC)
    assert opened.purge(now + KEPT - HOUR)["evidence"] == 0 and len(files(opened)) == 6 and opened.version() == version
    assert opened.purge(now + KEPT + HOUR)["evidence"] == 6 and files(opened) == set() and opened.version() > version
    assert count(opened, "visits") == 3
    assert opened.tidy_evidence(now + 2 * KEPT) == 0


def test_what_a_killed_process_left_is_swept_and_what_cannot_be_is_found(opened: Store) -> None:
    opened.write_day(filmed())
    folder = evidence.folder_of(opened.path)
    (folder / "stray.png").write_bytes(PNG)
    (folder / ".part-1-x.png").write_bytes(PNG)
    opened.tidy_evidence()
    assert files(opened) == named(opened)
    (folder / "a folder").mkdir()
    receipt = opened.delete_visits("A", [some_visit(opened)])
    assert receipt.files.found["evidence pictures"] == ["a folder"] and "of which no row is left: a folder" in receipt.text()


def test_a_server_that_stood_still_for_a_day_starts_with_none(opened: Store) -> None:
    opened.write_day(filmed())
    with opened._transaction() as cursor:
        cursor.execute("UPDATE evidence SET expires_at = ?", [datetime.now(UTC) - HOUR])
    assert queries.evidence(opened, some_visit(opened)) == []  # not told, although it is still there
    opened.tidy_evidence()
    assert files(opened) == set()


def test_two_databases_of_a_folder_keep_apart(opened: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other.duckdb") as other:
        other.put_store("A", evidence=True)
        other.write_day(filmed())
        opened.write_day(filmed())
        opened.delete_store("A")
        assert files(other) == named(other) and len(files(other)) == 6 and files(opened) == set()


def test_no_export_tells_of_them(opened: Store, tmp_path: Path) -> None:
    opened.write_day(filmed())
    assert "evidence" not in queries.TABLES
    queries.export_all(opened, tmp_path / "all")
    paths = [path for path in (tmp_path / "all").rglob("*") if path.is_file()]
    assert paths and all(path.suffix == ".parquet" for path in paths)
    (key,) = rows(opened, "SELECT evidence_id::VARCHAR FROM evidence LIMIT 1")[0]
    assert all(key.encode() not in path.read_bytes() and PNG not in path.read_bytes() for path in paths)


# ---- the job


@pytest.mark.parametrize("on", [True, False])
def test_the_job_keeps_pictures_where_the_store_asks_for_them(tmp_path: Path, on: bool) -> None:
    entry = write_film(tmp_path / "in.mp4", [(0.5, "ada", "neutral", 10)])
    leave = write_film(tmp_path / "out.mp4", [(0.5, "ada", "happy", 150)])
    with Store.open(tmp_path / "moodgate.duckdb") as store:
        shop = Workshop(tmp_path, store, Uploads(tmp_path / "uploads"))
        shop.engines[DEFAULT] = engine()
        store.put_store("Main Street", evidence=on)
        result, _ = do(shop, "review", payload(entry, leave))
        assert result["visits"] == 1 and len(files(store)) == (2 if on else 0)


# ---- who may see them


@pytest.fixture
def shops(store: Store) -> Store:
    for name in (NORTH, SOUTH, "Sample shop"):
        store.put_store(name, evidence=True, is_sample=name == "Sample shop")
        store.write_day(filmed(name))
    return store


def pictures(store: Store) -> dict[str, str]:
    found = rows(store, "SELECT name, max(evidence_id::VARCHAR) FROM evidence JOIN stores USING (store_id) GROUP BY ALL")
    return {str(name): str(key) for name, key in found}


@pytest.mark.parametrize("role", ROLES)
def test_the_route_gives_a_picture_to_managers_of_the_store_and_administrators(shops: Store, role: str) -> None:
    account = everybody(shops)[role]
    cookie = HOME | {"cookie": f"moodgate_session={signed_in(shops, account)}"}
    for name, key in pictures(shops).items():
        answer = ask("GET", f"/evidence/{key}", cookie)
        if role == "administrator" or (role == "manager" and name == NORTH):
            assert answer.status == 200 and answer.headers["content-type"] == "image/png"
            assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
            assert Image.open(io.BytesIO(answer.body)).format == "PNG"
        else:
            assert answer.status == (404 if role == "manager" else 403) and PNG not in answer.body
    noted = [(who, name) for who, name in rows(shops, "SELECT actor, store FROM audit WHERE action = 'visit.picture'")]
    assert noted == ([(account.name, name) for name in pictures(shops)] if role == "administrator" else
                     [(account.name, NORTH)] if role == "manager" else [])  # fmt: skip


def test_nobody_signed_in_gets_none_and_no_path_comes_of_an_address(shops: Store) -> None:
    everybody(shops)
    (key, *_) = pictures(shops).values()
    assert ask("GET", f"/evidence/{key}").status == 401
    cookie = HOME | {"cookie": f"moodgate_session={signed_in(shops, everybody_again(shops))}"}
    for odd in ("..%2fmoodgate.duckdb", "../moodgate.duckdb", "x", key + ".png", "%00", "'; DROP TABLE visits; --", "0" * 400):
        assert ask("GET", f"/evidence/{odd}", cookie).status == 404
    assert ask("POST", f"/evidence/{key}", cookie).status == 405
    evidence.file_of(shops.path, key).unlink()
    assert ask("GET", f"/evidence/{key}", cookie).status == 404


def everybody_again(store: Store):  # type: ignore[no-untyped-def]
    """The administrator's account, of those that `everybody` has made."""
    from server.accounts import account_of
    from server.services import services

    assert services().store is store
    with store.cursor() as cursor:
        from fer_core.store import accounts as table

        row = table.by_name(cursor, "the administrator")
        assert row
        return account_of(cursor, row)


@pytest.mark.parametrize("role", ROLES)
def test_queries_tell_of_pictures_to_two_roles(shops: Store, role: str) -> None:
    source = Scoped(shops, everybody(shops)[role].scope)
    visit = some_visit(shops, f"store = '{SOUTH}'")
    if may(role, "pictures"):
        assert len(queries.evidence(source, visit)) == (2 if role == "administrator" else 0)
        return
    for asked in (lambda: queries.evidence(source, visit), lambda: queries.evidence_picture(source, visit)):
        with pytest.raises(ForbiddenError):
            asked()
    with source.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM evidence").fetchone() == (0,)


# ---- pages


def page(file: str, **address: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / file), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    return checked(app.run())


def said(app: AppTest) -> str:
    kinds = (app.caption, app.markdown, app.subheader, app.warning, app.toast, app.get("html"))
    return "\n".join(str(one.value if hasattr(one, "value") else one.proto.body) for kind in kinds for one in kind)


def test_a_visits_page_shows_both_and_says_what_they_are(store: Store) -> None:
    store.put_store("A", evidence=True)
    store.write_day(filmed())
    visit = some_visit(store)
    text = said(page("visits.py", visit=visit))
    for one in queries.evidence(store, visit):
        assert f"/evidence/{one['evidence_id']}" in text
    assert text.count("At the entrance: pixelated; gone after 24 hours") == 1
    assert text.count("At the exit: pixelated; gone after 24 hours") == 1
    store.put_store("A", evidence=False)
    assert "/evidence/" not in said(page("visits.py", visit=visit))


def test_the_settings_switch_it_on_and_off(store: Store) -> None:
    store.write_day(make_day("A", visits=1))
    app = page("settings.py", tab="Stores")
    assert "at most 12 × 12 over the face" in said(app) and app.button(key="evidence_save_A").disabled
    checked(app.toggle(key="evidence_A").set_value(True).run())
    checked(app.button(key="evidence_save_A").click().run())
    assert store.keeps_evidence("A")
    store.write_day(filmed())
    app = page("settings.py", tab="Stores")
    checked(app.toggle(key="evidence_A").set_value(False).run())
    assert "go at once" in said(app)
    checked(app.button(key="evidence_save_A").click().run())
    assert not store.keeps_evidence("A") and files(store) == set()
    found = rows(store, "SELECT action, detail FROM audit ORDER BY seq")
    assert [row for row in found if row[0] == "store.change"] == [
        ("store.change", '{"evidence":true}'), ("store.change", '{"evidence":false}'),
    ]  # fmt: skip


def test_the_notice_tells_of_them(store: Store) -> None:
    asked = {"store": "A", "controller": "Ana", "contact": "a@b.example", "page": "https://shop.example/n"}
    for days in (0, 3):
        without, with_ = (Notice(**asked, films_days=days, evidence=on) for on in (False, True))  # type: ignore[arg-type]
        for code in ("en", "de", "fr", "es", "it", "nl", "pl"):
            assert "24" in str(tell(with_, code)) and "24" not in str(tell(without, code))
    assert house.services().store is store
