"""Collecting a shop's own set: faces cut from films of toy faces, consent, the label log, agreement, export."""

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from fer_core import collect, dataset
from fer_core.__main__ import main
from fer_core.collect import NOT_A_FACE, SKIP, Consent, Cuts, CutSettings, cut_films
from fer_core.collect import cutting as cutting_module
from fer_core.errors import CancelledError, DataError, FilmError, InputError, OutputError
from fer_core.gate import Gate, Zone
from fer_core.metrics import cohens_kappa
from fer_core.pipeline import Film
from fer_core.store import Store
from fer_core.types import EXPRESSIONS
from tests.test_pipeline import engine, write_film

TODAY = date(2026, 3, 2)
CONSENT = Consent("Ana Gruber", TODAY, date(2026, 6, 1))
LEFT_HALF = Gate(masks=(Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1))),))


def some_cuts(n=6, people=2):
    rng = np.random.default_rng(3)
    guess = np.full((n, 7), 0.05, np.float32)
    guess[:, 3] = 0.7
    return Cuts(
        image=rng.integers(0, 255, (n, 48, 48), dtype=np.uint8), guess=guess, guess_labels=EXPRESSIONS,
        person=np.arange(n) % people, film=np.zeros(n, np.int64), time_s=np.arange(n, dtype=float), quality=np.ones(n),
    )  # fmt: skip


def made(folder, n=6, classes=EXPRESSIONS, **fields):
    return collect.create(folder / "Spring", "North", classes, fields.pop("consent", CONSENT), some_cuts(n), **fields)


# ---- cutting --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    entry = [(0.5, "ada", "neutral", 0), (3.5, "ben", "happy", 150), (6.5, "ada", "happy", 20)]
    return write_film(folder / "in.mp4", entry), write_film(folder / "out.mp4", [(0.5, "ben", "sad", 170)])


def test_no_film_gives_no_face():
    found = cut_films([], engine())
    assert (len(found), found.people, found.guess.shape) == (0, 0, (0, 7))


def test_faces_of_each_person_with_the_models_guess(films):
    found = cut_films(
        [Film(films[0], "entry"), Film(films[1], "exit")], engine(), CutSettings(min_difference=0.0, per_person=5)
    )
    assert found.people == 2
    assert found.image.shape == (10, 48, 48)
    assert np.bincount(found.person).tolist() == [5, 5]
    ada, ben = found.person == 0, found.person == 1
    assert {EXPRESSIONS[place] for place in found.guess[ada].argmax(axis=1)} <= {"neutral", "happy"}
    assert set(found.film[ada]) == {0}
    assert set(found.film[ben]) <= {0, 1}
    assert (found.quality >= 0.25).all()
    assert (np.diff(found.time_s[ada]) > 0).all()


def test_alike_shots_are_dropped(films):
    many = cut_films([Film(films[0], "entry")], engine(), CutSettings(min_difference=0.0, per_person=100))
    few = cut_films([Film(films[0], "entry")], engine(), CutSettings(min_difference=0.06, per_person=100))
    assert 0 < len(few) < len(many)
    for person in range(few.people):
        looks = np.stack([cutting_module._look(image) for image in few.image[few.person == person]])
        likeness = looks @ looks.T - np.eye(len(looks))
        assert (likeness <= 1 - 0.06 + 1e-5).all()


def test_faces_in_zones_and_of_staff_are_left_out(films):
    whole = engine()
    assert cut_films([Film(films[0], "entry")], whole).people == 2
    masked = engine()
    found = cut_films([Film(films[0], "entry", gate=LEFT_HALF)], masked)
    assert found.people == 1
    assert {EXPRESSIONS[place] for place in found.guess.argmax(axis=1)} == {"happy"}
    staff = engine()
    assert len(cut_films([Film(films[0], "entry", gate=Gate(is_staff=lambda _: True))], staff)) == 0
    assert staff.emotion.asked == 0


def test_what_can_go_wrong_with_films(films, tmp_path):
    (tmp_path / "none.mp4").write_bytes(b"no film")
    with pytest.raises(FilmError, match=r"none\.mp4"):
        cut_films([Film(tmp_path / "none.mp4", "entry")], engine())
    with pytest.raises(FilmError, match="given twice"):
        cut_films([Film(films[0], "entry"), Film(films[0], "entry")], engine())
    with pytest.raises(CancelledError):
        cut_films([Film(films[0], "entry")], engine(), cancelled=lambda: True)
    with pytest.raises(InputError, match="1 to 100"):
        CutSettings(per_person=0)


def test_cuts_are_checked():
    with pytest.raises(ValueError, match=r"\(6, 48, 48\)"):
        replace(some_cuts(), image=np.zeros((5, 48, 48), np.uint8))
    with pytest.raises(ValueError, match=r"\(6, 7\)"):
        replace(some_cuts(), guess=np.zeros((6, 3), np.float32))
    with pytest.raises(ValueError, match="as many"):
        replace(some_cuts(), film=np.zeros(5, np.int64))


# ---- consent --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (None, "nobody has allowed it"),
        ({"allowed": False, "by": "Ana"}, "nobody has allowed it"),
        ({"allowed": "yes", "by": "Ana"}, "nobody has allowed it"),
        ({"allowed": True}, "isn't told"),
        ({"allowed": True, "by": " "}, "needs the name"),
        ({"allowed": True, "by": "Ana", "until": "soon"}, "isn't told"),
        ({"allowed": True, "by": "Ana", "on": "2026-01-01", "until": "2026-03-01"}, "ended on 2026-03-01"),
    ],
)
def test_without_leave_nothing_is_kept(setting, sentence):
    with pytest.raises(InputError, match=sentence):
        collect.allowed(setting, "North", TODAY)


def test_leave_holds_to_the_last_day():
    setting = {"allowed": True, "by": " Ana  Gruber ", "until": "2026-03-02"}
    assert collect.allowed(setting, "North", TODAY) == Consent("Ana Gruber", TODAY, TODAY)
    assert collect.allowed(collect.setting_of(CONSENT), "North", TODAY) == CONSENT
    assert collect.setting_of(None) == {"allowed": False}
    assert Consent("Ana", TODAY).holds(date(2999, 1, 1))
    with pytest.raises(InputError, match="before it begins"):
        Consent("Ana", TODAY, TODAY - timedelta(days=1))


# ---- the collection -------------------------------------------------------------------------------------------------


def test_a_collection_is_read_back(tmp_path):
    first = made(tmp_path, model="toy", films=["in.mp4"], source="job 1")
    again = collect.read(tmp_path / "Spring")
    assert replace(again, created_at=first.created_at) == first
    assert abs(again.created_at - first.created_at) < timedelta(seconds=2)
    assert (again.n, again.people, again.name, again.films) == (6, 2, "Spring", ("in.mp4",))
    assert (again.cuts().image == some_cuts().image).all()
    assert sorted(again.order().tolist()) == list(range(6))
    assert (tmp_path / "Spring").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["Spring"]


def test_a_collection_is_never_written_over(tmp_path):
    made(tmp_path)
    with pytest.raises(InputError, match="is there already"):
        made(tmp_path)
    with pytest.raises(InputError, match="good enough"):
        collect.create(tmp_path / "none", "North", EXPRESSIONS, CONSENT, some_cuts(0))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is there already"):
        collect.create(tmp_path / "file", "North", EXPRESSIONS, CONSENT, some_cuts())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Spring", "file"]


def test_a_collection_that_cant_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OutputError, match="No space left"):
        made(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 2}, "newer version"),
        ({"classes": ["one"]}, "not readable"),
        ({"consent": None}, "not readable"),
        ({"faces": "many"}, "not readable"),
    ],
)
def test_damaged_cards_are_told(tmp_path, changes, sentence):
    folder = made(tmp_path).folder
    card = folder / "collection.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))
    with pytest.raises(DataError, match=sentence):
        collect.read(folder)
    assert collect.of_store(tmp_path, "North") == []


def test_damaged_faces_are_told(tmp_path):
    found = made(tmp_path)
    with pytest.raises(DataError, match="there is no collection"):
        collect.read(tmp_path / "other")
    with pytest.raises(DataError, match="holds 6 faces, not 7"):
        replace(found, n=7).cuts()
    (found.folder / "faces.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match="not readable"):
        found.cuts()


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", ".hidden", "x" * 61, "a\n/b"])
def test_odd_names_are_no_folders(name):
    with pytest.raises(InputError, match="name"):
        collect.check_name(name)


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ([], "2 to 9"),
        (["one"], "2 to 9"),
        ([str(n) for n in range(10)], "2 to 9"),
        (["yes", "Yes"], "named twice"),
        (["yes", "skip"], "can't be a class"),
        (["yes", "=1+1"], "can't be a class"),
    ],
)
def test_odd_classes_are_refused(classes, sentence):
    with pytest.raises(InputError, match=sentence):
        collect.check_classes(classes)


def test_names_and_classes_are_tidied():
    assert collect.check_name("  Büro  2 ") == "Büro 2"
    assert collect.check_classes([" very  pleased", "", "annoyed"]) == ("very pleased", "annoyed")


# ---- the end of it --------------------------------------------------------------------------------------------------


def test_what_has_ended_goes_and_what_holds_stays(tmp_path):
    made(tmp_path)
    collect.create(tmp_path / "For ever", "North", EXPRESSIONS, Consent("Ana", TODAY), some_cuts())
    (tmp_path / ".gone-1").mkdir()
    (tmp_path / ".part-fresh").mkdir()
    stale = tmp_path / ".part-stale"
    stale.mkdir()
    os.utime(stale, (0, 0))
    assert collect.purge(tmp_path, date(2026, 6, 1)) == []
    assert collect.purge(tmp_path, date(2026, 6, 2)) == ["Spring"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-fresh", "For ever"]
    assert collect.purge(tmp_path / "nowhere", TODAY) == []


def test_deleting_takes_everything(tmp_path):
    found = made(tmp_path)
    found.log.say(0, "Ana", "happy")
    collect.delete(found.folder)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="there is no collection"):
        collect.delete(found.folder)
    with pytest.raises(OutputError, match="can't be kept"):
        found.log.say(0, "Ana", "happy")


def test_a_changed_consent_is_carried_over(tmp_path):
    found = made(tmp_path)
    collect.renew(found, consent=Consent("Ben", TODAY, TODAY), store="South")
    (again,) = collect.of_store(tmp_path, "South")
    assert again.consent == Consent("Ben", TODAY, TODAY)
    assert sorted(path.name for path in found.folder.iterdir()) == ["collection.json", "faces.npz"]


# ---- labels ---------------------------------------------------------------------------------------------------------


def test_labels_are_added_corrected_and_undone(tmp_path):
    log = made(tmp_path).log
    assert log.read().labellers == ()
    assert log.undo("Ana") is None
    log.say(0, "Ana", "happy")
    log.say(1, " Ana ", SKIP)
    log.say(0, "Ben", "sad")
    log.say(0, "Ana", "neutral")
    assert log.read().of("Ana") == {0: "neutral", 1: SKIP}
    assert log.undo("Ana") == 0
    assert log.read().of("Ana") == {0: "happy", 1: SKIP}
    assert (log.undo("Ana"), log.undo("Ana"), log.undo("Ana")) == (1, 0, None)
    assert (log.read().labellers, log.read().names) == (("Ben",), ("Ana", "Ben"))
    assert len(log.path.read_text().splitlines()) == 7
    told = json.loads(log.path.read_text().splitlines()[0])
    assert told | {"at": ""} == {"face": 0, "labeller": "Ana", "says": "happy", "at": ""}
    assert datetime.fromisoformat(told["at"]).tzinfo == UTC


def test_a_line_that_a_crash_cut_short_costs_only_itself(tmp_path):
    log = made(tmp_path).log
    log.say(0, "Ana", "happy")
    with log.path.open("a") as file:
        file.write('{"face": 1, "labeller": "A')
    log.say(2, "Ana", "sad")
    read = log.read()
    assert read.of("Ana") == {0: "happy", 2: "sad"}
    assert read.damaged == 1


@pytest.mark.parametrize(
    "line", ["[]", '{"face": 99, "labeller": "Ana", "says": "happy", "at": "2026-03-02"}', '"\\u0000"', "é\xff"]
)
def test_odd_lines_are_passed_over(tmp_path, line):
    log = made(tmp_path).log
    log.path.write_bytes(line.encode("latin-1") + b"\n\n")
    assert (log.read().acts, log.read().damaged) == ((), 1)


def test_odd_answers_are_refused(tmp_path):
    log = made(tmp_path).log
    for face, name, says, sentence in (
        (6, "Ana", "happy", "no face 6"), (0, "Ana", "bored", "none of angry"), (0, "", "happy", "needs a name"),
        (0, "Ana", "undo", "none of"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=sentence):
            log.say(face, name, says)
    assert not log.path.exists()
    assert collect.same_person("aNA", ("Ana",)) == "Ana"


# ---- agreement ------------------------------------------------------------------------------------------------------


def test_agreement_of_nobody_and_of_one(tmp_path):
    log = made(tmp_path).log
    assert collect.agreements(log.read(), EXPRESSIONS) == []
    assert collect.disagreements(log.read()) == []
    log.say(0, "Ana", "happy")
    assert collect.agreements(log.read(), EXPRESSIONS) == []
    log.say(1, "Ben", "happy")
    (pair,) = collect.agreements(log.read(), EXPRESSIONS)
    assert (pair.n, pair.agree, pair.kappa) == (0, None, None)


def two_labellers(log):
    """Ana and Ben agree on 0 to 2, differ on 3 (a class) and 4 (no face); 5 is skipped by Ben."""
    for face, (ana, ben) in enumerate(
        [("happy", "happy"), ("sad", "sad"), (NOT_A_FACE,) * 2, ("happy", "sad"), ("happy", NOT_A_FACE), ("fear", SKIP)]
    ):
        log.say(face, "Ana", ana)
        log.say(face, "Ben", ben)


def test_agreement_and_kappa_by_hand(tmp_path):
    log = made(tmp_path).log
    two_labellers(log)
    (pair,) = collect.agreements(log.read(), EXPRESSIONS)
    # both 5; Ana: 3 happy, 1 sad, 1 none; Ben: 1 happy, 2 sad, 2 none: by chance (3 + 2 + 2) / 25
    assert (pair.n, pair.agree) == (5, 0.6)
    assert pair.kappa == pytest.approx((0.6 - 0.28) / (1 - 0.28))
    assert pair.kappa == cohens_kappa(pair.matrix)
    assert pair.matrix.shape == (8, 8)


def test_a_third_look_settles(tmp_path):
    log = made(tmp_path).log
    two_labellers(log)
    assert [(one.face, one.settled) for one in collect.disagreements(log.read())] == [(3, None), (4, None)]
    result = collect.outcome(log.read(), EXPRESSIONS, 6)
    assert result.is_open.tolist() == [False, False, False, True, True, False]
    assert result.label.tolist() == [3, 4, -1, 3, 3, 2]
    log.say(3, "Cem", "sad", settles=True)
    log.say(4, "Ana", SKIP, settles=True)
    assert [(one.face, one.settled) for one in collect.disagreements(log.read())] == [(3, "sad"), (4, SKIP)]
    result = collect.outcome(log.read(), EXPRESSIONS, 6)
    assert not result.is_open.any()
    assert result.label.tolist() == [3, 4, -1, 4, -1, 2]
    assert log.undo("Ana", settles=True) == 4
    assert log.undo("Cem") is None
    assert collect.outcome(log.read(), EXPRESSIONS, 6).is_open.tolist() == [False] * 4 + [True, False]


# ---- export ---------------------------------------------------------------------------------------------------------


def test_nothing_labelled_is_nothing_to_export(tmp_path):
    found = made(tmp_path)
    with pytest.raises(DataError, match="no face has a label"):
        collect.export_folder(found, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_the_set_is_read_by_the_lab(tmp_path):
    found = made(tmp_path)
    two_labellers(found.log)
    assert collect.export_folder(found, tmp_path / "set") == 5
    pictures, table = dataset.load(tmp_path / "set"), dataset.load(tmp_path / "set" / "faces.npz")
    assert len(pictures) == 3  # without those on which labellers are divided
    cuts = found.cuts()
    assert (pictures.image == cuts.image[[0, 1, 5]]).all()
    assert [EXPRESSIONS[label] for label in pictures.label] == ["happy", "sad", "fear"]
    assert pictures.group == ("person 1", "person 2", "person 2")
    assert table.flawed.tolist() == [False, False, True, True, False]
    assert table.votes[2].tolist() == pytest.approx([0, 0, 0, 0.5, 0.5, 0, 0])
    assert table.votes[3].sum() == pytest.approx(0.5)  # the other half says that it is no face
    assert table.majority().label.tolist() == [3, 4, 2]
    with pytest.raises(InputError, match="is there already"):
        collect.export_folder(found, tmp_path / "set")


def test_own_classes_go_the_same_way(tmp_path):
    found = made(tmp_path, classes=("pleased", "annoyed"))
    found.log.say(0, "Ana", "annoyed")
    found.log.say(1, "Ana", "pleased")
    collect.export_folder(found, tmp_path / "set")
    data = dataset.load(tmp_path / "set", own_classes=True)
    assert [data.labels[label] for label in data.label] == ["annoyed", "pleased"]
    assert dataset.load(collect.offer(found), own_classes=True).labels == ("pleased", "annoyed")


def test_the_archive_holds_the_same(tmp_path):
    found = made(tmp_path)
    two_labellers(found.log)
    assert collect.export_zip(found, tmp_path / "set.zip") == 5
    import zipfile

    with zipfile.ZipFile(tmp_path / "set.zip") as packed:
        names = sorted(packed.namelist())
        text = packed.read("labels.csv").decode()
    assert names == ["faces.npz", "images/00001.png", "images/00002.png", "images/00005.png", "labels.csv"]
    assert "Ana" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Spring", "set.zip"]


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def toy_engine(monkeypatch, tmp_path):
    from fer_core.cli import common

    monkeypatch.setattr(common, "engine_of", lambda *_: engine())
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path / "data"))


def test_the_command_wants_leave(toy_engine, films, tmp_path, capsys):
    wanted = ["collect", str(films[0]), "--out", str(tmp_path / "set"), "--store", "North"]
    assert main(wanted) == 2
    assert "nobody has allowed it for this store; --allowed-by NAME" in capsys.readouterr().err
    assert main([*wanted, "--until", "2999-01-01"]) == 2
    assert main([*wanted, "--allowed-by", "Ana", "--until", "soon"]) == 2
    assert "'soon' is no day" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_the_command_makes_a_collection(toy_engine, films, tmp_path, capsys):
    wanted = ["collect", str(films[0]), "--out", str(tmp_path / "set"), "--store", "North", "--allowed-by", "Ana", "--json"]
    assert main([*wanted, "--until", "2999-01-01", "--per-person", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["people"], told["until"], told["model"]) == (2, "2999-01-01", "toy")
    found = collect.read(tmp_path / "set")
    assert (found.n, found.store, found.films) == (told["faces"], "North", ("in.mp4",))
    assert main(wanted) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_command_heeds_the_stores_setting_and_zones(toy_engine, films, tmp_path, capsys):
    with Store.open(tmp_path / "data" / "moodgate.duckdb") as store:
        store.put_camera("North", "entry", "", zones=[LEFT_HALF.masks[0].corners])
        store.put_setting(collect.setting_key("North"), collect.setting_of(Consent("Ana", TODAY)))
    wanted = ["collect", str(films[0]), "--out", str(tmp_path / "set"), "--store", "North"]
    assert main(wanted) == 2
    assert "say with --role" in capsys.readouterr().err
    assert main([*wanted, "--role", "entry"]) == 0
    assert collect.read(tmp_path / "set").people == 1
