"""People who agreed: enrolled with consent, deleted at once; who may see them; what films make of them; and the page."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core import queries
from fer_core.__main__ import main
from fer_core.cli import common
from fer_core.errors import DataError, ForbiddenError, InputError
from fer_core.queries import Scoped
from fer_core.store import Store, tombstones
from server.guard import GuardedStore
from server.rights import ROLES
from tests.app_pages import checked, open_app
from tests.days import count, rows
from tests.shops_of_three import NORTH, SOUTH, everybody, fill
from tests.test_gallery import AXES, toy_picture
from tests.test_pipeline import engine
from tests.test_server_collecting import allowed, asked
from tests.test_server_review import do, films, payload, shop  # noqa: F401  (fixtures)
from tests.toys import ToyDetector, ToyEmbedder
from ui import people, people_common, people_enrol
from ui.places import PEOPLE

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ODD = "<b>Ána</b> *1* $2$"
ALLOWED = ("administrator", "manager", "privacy officer")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "moodgate.duckdb"


@pytest.fixture
def opened(path):
    with Store.open(path) as made:
        made.put_store(NORTH)
        made.put_store(SOUTH)
        yield made


def template(seed=0):
    row = np.random.default_rng(seed).normal(size=64)
    return (row / np.linalg.norm(row)).astype(np.float32)


def put(store, name="Ana", kind="staff", store_name=NORTH, **more):
    given = {"consented_at": DAY, "by": "Bo", "made": {"toy": template()}} | more
    return store.enrol_person(store_name, kind, name, given["consented_at"], given["by"], given["made"])


# ---- the store ------------------------------------------------------------------------------------------------------


def test_nobody_is_enrolled_in_a_new_store(opened):
    assert (
        queries.people(opened, NORTH) == [] == opened.templates_of(NORTH, "staff") == opened.templates_of("Unheard of", "guest")
    )
    assert opened.embedders_of(NORTH) == {}


def test_a_person_is_enrolled_with_consent(opened):
    key = put(opened, f"  {ODD}\n", made={"toy": template(1), "other": template(2)})
    (found,) = queries.people(opened, NORTH)
    assert found == {
        "person_id": key, "kind": "staff", "name": ODD, "consented_at": DAY, "recorded_by": "Bo", "revoked_at": None,
    }  # fmt: skip
    assert opened.embedders_of(NORTH) == {key: ("other", "toy")}
    (mine,) = opened.templates_of(NORTH, "staff")
    assert np.allclose(mine["toy"], template(1)) and np.allclose(mine["other"], template(2))
    assert opened.templates_of(NORTH, "guest") == [] == opened.templates_of(SOUTH, "staff")


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 101}, "needs a name"),
        ({"kind": "visitor"}, "staff or guest"),
        ({"consented_at": datetime.now(UTC) + timedelta(days=2)}, "that day must have come"),
        ({"consented_at": datetime(2026, 3, 1)}, "needs the day"),
        ({"by": " "}, "who records it"),
        ({"made": {}}, "without a face code"),
        ({"store_name": "Unheard of"}, "no store"),
        ({"kind": "guest"}, "guests are enrolled only"),
        ({"name": "aNA"}, "enrolled already"),
    ],
)
def test_what_is_no_enrolment_is_refused_in_a_sentence(opened, wrong, cause):
    put(opened)
    with pytest.raises(DataError, match=cause):
        put(opened, **({"name": "Zoe"} | wrong))
    assert count(opened, "people") == 1 == count(opened, "templates")


def test_a_store_of_sums_only_enrols_nobody(opened):
    key = put(opened)
    opened.set_privacy_mode(NORTH, "aggregate")
    assert count(opened, "people") == count(opened, "templates") == 0
    with pytest.raises(DataError, match="keeps sums only"):
        put(opened, "Zoe")
    with pytest.raises(DataError, match="no such person"):
        opened.renew_person(NORTH, key, {"toy": template(3)})


def test_guests_come_with_the_mode_and_go_with_it(opened):
    opened.set_privacy_mode(NORTH, "opt-in")
    put(opened)
    put(opened, "Gil", "guest")
    assert len(opened.templates_of(NORTH, "guest")) == 1
    opened.set_privacy_mode(NORTH, "visit")
    assert [one["name"] for one in queries.people(opened, NORTH)] == ["Ana"]
    assert opened.templates_of(NORTH, "guest") == [] and count(opened, "templates") == 1


def test_enrolling_again_replaces_every_template(opened):
    key = put(opened)
    opened.renew_person(NORTH, key, {"other": template(5)})
    assert opened.embedders_of(NORTH) == {key: ("other",)} and count(opened, "templates") == 1
    for store, person in ((SOUTH, key), (NORTH, "no id"), (NORTH, "00000000-0000-0000-0000-000000000000")):
        for wrong in (lambda s=store, p=person: opened.renew_person(s, p, {"toy": template()}),
                      lambda s=store, p=person: opened.revoke_person(s, p),
                      lambda s=store, p=person: opened.delete_person(s, p)):  # fmt: skip
            with pytest.raises(DataError, match="no such person"):
                wrong()
    assert count(opened, "templates") == 1


def test_a_revocation_deletes_at_once_and_keeps_a_record_without_a_name(opened, path):
    with opened.cursor() as cursor:
        cursor.execute("SET GLOBAL force_compression = 'uncompressed'")
    key, stays = put(opened, "name canary 5b1d"), put(opened, "Bea", made={"toy": template(2)})
    before = path.read_bytes() + b"".join(file.read_bytes() for file in path.parent.glob("*.wal"))
    code = template().tobytes()
    assert code in before and b"name canary 5b1d" in before
    receipt = opened.revoke_person(NORTH, key, actor="Bo")
    assert receipt.gone == {"templates": 1} and receipt.rewritten
    known = {one["person_id"]: one for one in queries.people(opened, NORTH)}
    assert known[key]["name"] == "" == known[key]["recorded_by"] and known[key]["revoked_at"] and known[stays]["name"] == "Bea"
    assert len(opened.templates_of(NORTH, "staff")) == 1
    left = b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file())
    assert template(2).tobytes() in left, "the search would find something"
    assert code not in left and b"name canary 5b1d" not in left
    with pytest.raises(DataError, match="no such person"):
        opened.revoke_person(NORTH, key)
    assert rows(opened, "SELECT actor, action, store FROM audit ORDER BY seq DESC LIMIT 1") == [("Bo", "delete.people", NORTH)]
    assert put(opened, "name canary 5b1d") != key, "who changes their mind is enrolled anew"


def test_a_person_is_deleted_with_the_record(opened):
    key, other = put(opened), put(opened, "Bea")
    opened.revoke_person(NORTH, other)
    assert opened.delete_person(NORTH, key).gone == {"people": 1, "templates": 1}
    assert opened.delete_person(NORTH, other).gone == {"people": 1}
    assert (count(opened, "people"), count(opened, "templates")) == (0, 0)


def test_a_store_takes_its_people_with_it(opened):
    put(opened)
    put(opened, store_name=SOUTH)
    gone = opened.delete_store(NORTH).gone
    assert (gone["people"], gone["templates"]) == (1, 1)
    assert (count(opened, "people"), count(opened, "templates")) == (1, 1)


def test_a_restored_backup_brings_no_template_back(path, tmp_path):
    with Store.open(path) as store:
        store.put_store(NORTH)
        key = put(store)
        put(store, "Bea")
    shutil.copy(path, tmp_path / "backup.duckdb")
    with Store.open(path) as store:
        store.revoke_person(NORTH, key)
    assert key not in tombstones.path_of(path).read_text(), "ids of people stand there as hashes"
    shutil.copy(tmp_path / "backup.duckdb", path)
    with Store.open(path) as store:
        assert list(store.embedders_of(NORTH)) != [key] and len(store.embedders_of(NORTH)) == 1
        assert sorted(one["name"] for one in queries.people(store, NORTH)) == ["", "Bea"]


# ---- who may see them -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("shops") / "all.duckdb") as store:
        fill(store)
        for name in (NORTH, SOUTH):
            put(store, f"Ana of {name}", store_name=name)
        yield store, everybody(store)


@pytest.mark.parametrize("role", ROLES)
def test_people_are_told_to_three_roles_and_templates_to_none(shops, role):
    store, accounts = shops
    source = Scoped(store, accounts[role].scope)
    pages = GuardedStore(store, lambda: accounts[role])
    if role not in ALLOWED:
        for refused in (lambda: queries.people(source, NORTH), lambda: pages.embedders_of(NORTH), lambda: put(pages, "Zoe")):
            with pytest.raises(ForbiddenError):
                refused()
    else:
        assert [one["name"] for one in queries.people(source, NORTH)] == ["Ana of North"]
        assert len(pages.embedders_of(NORTH)) == 1
    with source.cursor() as cursor:
        seen = dict(
            cursor.execute("SELECT 'people', count(*) FROM people UNION SELECT 'templates', count(*) FROM templates").fetchall()
        )
    if role != "administrator":  # who owns the database
        own = {"manager": 1, "privacy officer": 2}.get(role, 0)
        assert seen == {"people": own, "templates": 0}
        with pytest.raises(ForbiddenError):
            pages.templates_of(NORTH, "staff")


def test_a_manager_has_nothing_to_do_with_another_stores_people(shops):
    store, accounts = shops
    pages = GuardedStore(store, lambda: accounts["manager"])
    (theirs,) = [one["person_id"] for one in queries.people(store, SOUTH)]
    assert queries.people(pages, SOUTH) == []
    for call in (pages.revoke_person, pages.delete_person):
        with pytest.raises(ForbiddenError):
            call(SOUTH, theirs)
        with pytest.raises(DataError, match="no such person"):
            call(NORTH, theirs)
    with pytest.raises(ForbiddenError):
        put(pages, store_name=SOUTH)
    assert len(store.embedders_of(SOUTH)) == 1


# ---- films ----------------------------------------------------------------------------------------------------------


def staffed(store, name, *people):
    store.put_store(name)
    for person in people:
        store.enrol_person(name, "staff", person, DAY, "Bo", {"toy": AXES[person]})


def test_a_days_films_leave_staff_out(shop, films):  # noqa: F811
    staffed(shop.store, "Main Street", "ben")
    result, _ = do(shop, "review", payload(*films))
    assert (result["visits"], result["entries"], result["exits"], result["warnings"]) == (1, 1, 1, [])
    assert rows(shop.store, "SELECT DISTINCT expression FROM appearances ORDER BY 1") == [("happy",), ("neutral",)]
    only_staff = engine()
    shop.engines[None, None, None] = only_staff
    staffed(shop.store, "Main Street", "ada")
    result, _ = do(shop, "review", payload(*films))
    assert (result["entries"], result["exits"], only_staff.emotion.asked) == (0, 0, 0)


def test_films_are_refused_where_staff_would_be_scored(shop, films):  # noqa: F811
    shop.store.put_store("Main Street")
    shop.store.enrol_person("Main Street", "staff", "Ana", DAY, "Bo", {"other": template()})
    with pytest.raises(InputError, match="1 person of the staff can’t be recognised with toy"):
        do(shop, "review", payload(*films))
    assert count(shop.store, "appearances") == 0


def test_opt_in_keeps_visits_of_guests_and_sums_of_the_others(shop, films):  # noqa: F811
    shop.store.put_store("Main Street")
    shop.store.set_privacy_mode("Main Street", "opt-in")
    shop.store.enrol_person("Main Street", "guest", "Ada", DAY, "Bo", {"toy": AXES["ada"]})
    shop.store.enrol_person("Main Street", "guest", "Old", DAY, "Bo", {"other": template()})
    result, _ = do(shop, "review", payload(*films))
    assert (result["visits"], result["entries"], result["exits"]) == (1, 1, 1)
    assert any("1 guest can’t be recognised with toy" in sentence for sentence in result["warnings"])
    assert count(shop.store, "appearances") == 2
    sums = rows(shop.store, "SELECT role, round(sum(faces)) FROM tallies JOIN cameras USING (camera_id) GROUP BY 1 ORDER BY 1")
    assert sums == [("entry", 1.0), ("exit", 1.0)]


class TakingBack(ToyDetector):
    """Somebody takes the consent back while the first film is looked at."""

    def __init__(self, take_back):
        super().__init__()
        self.take_back = take_back

    def detect(self, image):
        if self.take_back:
            take_back, self.take_back = self.take_back, None
            take_back()
        return super().detect(image)


def taken_back_at_work(shop, take_back):  # noqa: F811
    shop.engines[None, None, None] = replace(engine(), detector=TakingBack(take_back))


@pytest.mark.parametrize("end", ["revoke_person", "delete_person"])
@pytest.mark.parametrize("kind", ["guest", "staff"])
def test_who_takes_the_consent_back_during_a_job_is_obeyed(shop, films, kind, end):  # noqa: F811
    shop.store.put_store("Main Street")
    shop.store.set_privacy_mode("Main Street", "opt-in")
    ada, _ = (shop.store.enrol_person("Main Street", kind, name, DAY, "Bo", {"toy": AXES[name]}) for name in ("ada", "ben"))
    taken_back_at_work(shop, lambda: getattr(shop.store, end)("Main Street", ada))
    with pytest.raises(DataError, match=r"took back the consent .* nothing of them was written: run the job again"):
        do(shop, "review", payload(*films))
    assert [count(shop.store, name) for name in ("visits", "appearances", "tallies", "footage")] == [0, 0, 0, 0]
    result, _ = do(shop, "review", payload(*films))
    assert (result["visits"], result["tallied_entries"]) == ((1, 1) if kind == "guest" else (0, 1)), "Ada is one of many now"


def test_who_takes_the_consent_back_is_in_no_collection_that_is_made_meanwhile(shop, films):  # noqa: F811
    allowed(shop).store.set_privacy_mode("North", "opt-in")
    ada = shop.store.enrol_person("North", "guest", "Ada", DAY, "Bo", {"toy": AXES["ada"]})
    taken_back_at_work(shop, lambda: shop.store.revoke_person("North", ada))
    with pytest.raises(DataError, match="run the job again"):
        do(shop, "collect", asked(films[0]))
    with pytest.raises(InputError, match="no face in these films"):
        do(shop, "collect", asked(films[0]))


def test_who_is_enrolled_again_or_anew_during_a_job_ends_nothing(shop, films):  # noqa: F811
    staffed(shop.store, "Main Street", "ben")
    (ben,) = shop.store.embedders_of("Main Street")

    def enrol():
        shop.store.renew_person("Main Street", ben, {"toy": AXES["ben"]})
        staffed(shop.store, "Main Street", "ada")

    taken_back_at_work(shop, enrol)
    assert do(shop, "review", payload(*films))[0]["visits"] == 1


def test_staff_are_not_cut_for_labelling(shop, films):  # noqa: F811
    allowed(shop)
    staffed(shop.store, "North", "ben")
    assert do(shop, "collect", asked(films[0]))[0]["people"] == 1


def test_the_command_line_knows_the_staff(capsys, tmp_path, films, monkeypatch):  # noqa: F811
    monkeypatch.setattr(common, "engine_of", lambda settings, *names: engine(review=settings.review))
    base = tmp_path / "shop.duckdb"
    with Store.open(base) as store:
        staffed(store, "A", "ben")
    assert main(["review", str(films[0]), str(films[1]), "--store", "A", "--db", str(base)]) == 0
    with Store.open(base) as store:
        assert count(store, "visits") == 1
    cut = ["collect", str(films[0]), "--store", "A", "--db", str(base), "--out", str(tmp_path / "set"), "--allowed-by", "Ana"]
    assert main([*cut, "--json"]) == 0
    assert '"people": 1' in capsys.readouterr().out


# ---- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def toys(monkeypatch):
    """The page with toy backends, which need no weights."""
    monkeypatch.setattr(people_common, "_opened", lambda: ((ToyEmbedder(),), ""))
    monkeypatch.setattr(people_enrol, "open_detector", lambda _: ToyDetector())


def picture(place, person="ada"):
    """A picture of a toy face; each of another size, so that no two are the same."""
    packed = cv2.imencode(".png", toy_picture(person, size=90 + 4 * place))[1].tobytes()
    return f"picture {place}.png", packed, "image/png"


def page():
    app = AppTest.from_file(str(Path(__file__).parents[1] / "pages" / "people.py"), default_timeout=60)
    return checked(app.run())


def said(app):
    kinds = (app.error, app.warning, app.info, app.success, app.toast, app.caption, app.markdown)
    return "\n".join(one.value.replace("\\", "") for kind in kinds for one in kind)


def field(app, kind, name):
    return next(one for one in app.get(kind) if one.key and one.key.startswith(name))


def give(app, pictures):
    return checked(field(app, "file_uploader", "people_files").set_value(pictures).run())


def enrol(app):
    return checked(field(app, "button", "people_enrol").click().run())


def test_without_a_store_it_says_where_to_make_one(store, tmp_path):
    assert "no store yet" in said(open_app(tmp_path, PEOPLE))


def test_a_person_is_enrolled_by_pictures(store, toys, monkeypatch):
    monkeypatch.setattr("fer_core.enrolling._TWICE", 1.1)  # toy faces have one code each
    store.put_store(NORTH)
    app = page()
    assert "Nobody is enrolled" in said(app)
    give(app, [picture(0), picture(1), ("broken.png", b"no picture", "image/png")])
    text = said(app).replace("**", "")
    assert "picture 0.png: Clear." in text and "broken.png: Is not a picture" in text
    assert "2 usable pictures: at least 3 are needed" in said(app)
    field(app, "text_input", "people_name").set_value(ODD)
    enrol(app)
    assert "Nobody is enrolled without having agreed" in said(app)
    field(app, "checkbox", "people_agrees").check()
    enrol(app)
    assert "At least 3 different usable pictures are needed" in said(app) and count(store, "people") == 0
    give(app, [picture(place) for place in range(3)])
    enrol(app)
    (found,) = queries.people(store, NORTH)
    assert (found["name"], found["kind"]) == (ODD, "staff") and found["recorded_by"]
    assert f"{ODD} is enrolled. The pictures are forgotten." in said(app) and "picture 0" not in said(app)
    assert people_enrol._KEPT not in app.session_state or not any(app.session_state[people_enrol._KEPT].values())
    assert np.allclose(store.templates_of(NORTH, "staff")[0]["toy"], AXES["ada"])
    told = rows(store, "SELECT action, subject, detail FROM audit WHERE action LIKE 'people%' ORDER BY seq")
    assert [action for action, *_ in told] == ["people.view", "people.enrol"]
    assert told[1][1] == found["person_id"] and ODD not in str(told)
    assert not [file for file in store.path.parent.rglob("*") if file.suffix in (".png", ".jpg")]


def test_a_face_of_somebody_else_is_told_of(store, toys, monkeypatch):
    monkeypatch.setattr("fer_core.enrolling._TWICE", 1.1)
    store.put_store(NORTH)
    app = give(page(), [picture(0), picture(1), picture(2), picture(3, "ben")])
    assert "picture 3.png: Looks like somebody else than the others." in said(app).replace("**", "")


def test_a_consent_is_taken_back_with_a_receipt(store, toys):
    store.put_store(NORTH)
    put(store, ODD, made={"toy": AXES["ada"]})
    put(store, "Old", made={"other": template()})
    app = page()
    assert app.dataframe[0].value["Recognised"].tolist() == ["Ready", "Enrol again"]
    assert "1 person can’t be recognised any more" in said(app)
    field(app, "button", "people_delete").click()
    assert "Tick the box first" in said(checked(app.run())) and count(store, "templates") == 2
    field(app, "checkbox", "people_sure").check()
    field(app, "button", "people_delete").click()
    text = said(checked(app.run()))
    assert "1 face code deleted, and no byte of it is left in the database. Receipt" in text
    assert "1 person took the consent back" in text
    assert [one["name"] for one in queries.people(store, NORTH)] == ["Old", ""] and count(store, "templates") == 1


def test_somebody_is_enrolled_again(store, toys, monkeypatch):
    monkeypatch.setattr("fer_core.enrolling._TWICE", 1.1)
    store.put_store(NORTH)
    key = put(store, "Old", made={"other": template()})
    app = page()
    field(app, "selectbox", "people_whom").set_value(key)
    give(app, [picture(place) for place in range(3)])
    field(app, "checkbox", "people_agrees").check()
    enrol(app)
    assert store.embedders_of(NORTH) == {key: ("toy",)} and count(store, "people") == 1


def test_sums_only_offers_no_enrolment(store, toys):
    store.put_store(NORTH)
    store.set_privacy_mode(NORTH, "aggregate")
    app = page()
    assert "keeps sums only" in said(app) and not app.get("file_uploader")


def test_guests_are_offered_where_people_have_to_agree(store, toys):
    store.put_store(NORTH)
    assert "Guests can be enrolled where" in said(page())
    store.set_privacy_mode(NORTH, "opt-in")
    assert "Guests can be enrolled where" not in said(page())


def test_a_receipt_is_a_sentence(opened):
    made = opened.revoke_person(NORTH, put(opened))
    assert people.receipt_sentence(made).startswith("1 face code deleted, and no byte of it")
