"""The job that cuts faces for labelling, the consent it hangs on, and the end of what may not be kept."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from fer_core import collect, queries
from fer_core.collect import Consent
from fer_core.errors import CancelledError, FilmError, InputError
from fer_core.types import EXPRESSIONS
from server import collecting
from tests.test_gallery import AXES
from tests.test_server_review import do, films, shop, upload  # noqa: F401  (fixtures)

TODAY = collecting.today()
CONSENT = Consent("Ana", TODAY, TODAY + timedelta(days=30))


def asked(path, **changes):
    return {
        "name": "Spring", "store": "North", "classes": list(EXPRESSIONS), "per_person": 4, "exit": [], "keep_films": False,
        "entry": [{"path": str(path), "name": "in.mp4", "door": "", "zones": True}],
    } | changes  # fmt: skip


def allowed(shop):  # noqa: F811
    shop.store.put_camera("North", "entry", "")
    collecting.allow(shop.store, shop.folder, "North", CONSENT)
    return shop


def kept(shop):  # noqa: F811
    return [path.name for path in collect.folders(shop.folder / "collections")]


def test_without_leave_no_face_is_kept(shop, films):  # noqa: F811
    with pytest.raises(InputError, match="nobody has allowed it"):
        do(shop, "collect", asked(films[0]))
    assert kept(shop) == []


def test_films_become_a_collection_and_go(shop, films):  # noqa: F811
    path = upload(allowed(shop), films[0], "Entrance <1>.mp4")
    result, task = do(shop, "collect", asked(path))
    assert result == {"collection": "Spring", "store": "North", "faces": result["faces"], "people": 2, "warnings": []}
    found = collect.read(shop.folder / "collections" / "Spring")
    assert (found.n, found.consent, found.films, found.model) == (result["faces"], CONSENT, ("Entrance <1>.mp4",), "toy")
    assert not path.exists()
    assert task.told[-1][0] == "writing"
    again, _ = do(shop, "collect", asked(films[0]))  # the same job, cut off after it had written
    assert again["faces"] == result["faces"]


def test_what_is_wrong_is_told_before_anything_is_written(shop, films, tmp_path):  # noqa: F811
    allowed(shop)
    (tmp_path / "none.mp4").write_bytes(b"no film")
    broken = upload(shop, tmp_path / "none.mp4", "mine.mp4")
    for wrong, sentence in (
        (asked(films[0], name="../x"), "letters, digits"),
        (asked(films[0], classes="happy"), "nothing under 'classes'"),
        (asked(films[0], per_person=0), "must be 1 to 100"),
        (asked(films[0], entry=[]), "no film was given"),
        (asked(films[0], entry=["x"]), "told by its path"),
    ):
        with pytest.raises(InputError, match=sentence):
            do(shop, "collect", wrong)
    with pytest.raises(FilmError, match=r"mine\.mp4: (?!.*uploads)"):
        do(shop, "collect", asked(broken))
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        do(shop, "collect", asked(films[0]), stop)
    assert kept(shop) == []


def test_a_name_is_given_once(shop, films):  # noqa: F811
    collect.create(allowed(shop).folder / "collections" / "SPRING", "North", EXPRESSIONS, CONSENT, faces())
    with pytest.raises(InputError, match="there is a collection Spring already"):
        do(shop, "collect", asked(films[0]))


def test_zones_count_unless_another_camera_filmed(shop, films):  # noqa: F811
    allowed(shop).store.put_camera("North", "entry", "", zones=[((0, 0), (0.5, 0), (0.5, 1), (0, 1))])
    assert do(shop, "collect", asked(films[0]))[0]["people"] == 1
    other = {"path": str(films[0]), "name": "in.mp4", "door": "", "zones": False}
    assert do(shop, "collect", asked(films[0], name="Other", entry=[other]))[0]["people"] == 2


def test_films_of_a_store_of_people_who_agreed_need_no_start(shop, films):  # noqa: F811
    allowed(shop).store.set_privacy_mode("North", "opt-in")
    with pytest.raises(InputError, match="no face in these films"):
        do(shop, "collect", asked(films[0]))
    shop.store.enrol_person("North", "guest", "Ada", datetime(2026, 3, 1, tzinfo=UTC), "Bo", {"toy": AXES["ada"]})
    assert do(shop, "collect", asked(films[0]))[0]["people"] == 1


def test_a_store_of_sums_keeps_no_face(shop, films):  # noqa: F811
    parent = allowed(shop).folder / "collections"
    for store in ("North", "South"):
        collect.create(parent / store, store, EXPRESSIONS, CONSENT, faces())
    shop.store.set_privacy_mode("North", "aggregate")
    assert collecting.kept_of(shop.folder, "North") == 1
    assert collecting.forget(shop.folder, shop.store) == ["North"] and kept(shop) == ["South"]
    assert collecting.kept_of(shop.folder, "North") == 0
    for call in (
        lambda: do(shop, "collect", asked(films[0])),
        lambda: collecting.allow(shop.store, shop.folder, "North", CONSENT),
    ):
        with pytest.raises(InputError, match="keeps sums only: no face may be kept"):
            call()
    shop.store.set_privacy_mode("North", "visit")
    with pytest.raises(InputError, match="nobody has allowed it"):
        do(shop, "collect", asked(films[0]))


def faces():
    from tests.test_collect import some_cuts

    return some_cuts()


def test_leave_is_changed_carried_over_and_withdrawn(shop):  # noqa: F811
    allowed(shop)
    parent = shop.folder / "collections"
    collect.create(parent / "Spring", "North", EXPRESSIONS, CONSENT, faces())
    collect.create(parent / "Other", "South", EXPRESSIONS, CONSENT, faces())
    shorter = Consent("Ben", TODAY, TODAY + timedelta(days=1))
    collecting.allow(shop.store, shop.folder, "North", shorter)
    assert collect.read(parent / "Spring").consent.until == shorter.until
    assert collect.read(parent / "Other").consent == CONSENT

    collecting.rename(shop.store, shop.folder, "North", "Nord")
    assert collecting.consent_of(shop.store, "Nord") == shorter
    assert queries.setting(shop.store, collect.setting_key("North")) == {"allowed": False}
    assert collect.read(parent / "Spring").store == "Nord"

    assert collecting.withdraw(shop.store, shop.folder, "Nord") == 1
    assert kept(shop) == ["Other"]
    with pytest.raises(InputError, match="nobody has allowed it"):
        collecting.consent_of(shop.store, "Nord")


def test_what_has_ended_is_forgotten(shop):  # noqa: F811
    parent = shop.folder / "collections"
    ended = Consent("Ana", TODAY - timedelta(days=9), TODAY - timedelta(days=1))
    collect.create(parent / "Old", "North", EXPRESSIONS, ended, faces())
    collect.create(parent / "New", "North", EXPRESSIONS, CONSENT, faces())
    assert collecting.forget(shop.folder, shop.store) == ["Old"]
    assert kept(shop) == ["New"]
