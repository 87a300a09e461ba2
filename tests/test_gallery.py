"""Galleries: levels by the share of false accepts, films guarded by who is enrolled, and what opt-in keeps of whom."""

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fer_core import pipeline
from fer_core.collect import cut_films
from fer_core.enrolling import Enrolled, Portrait, distinct, enrolled_in, guarded, odd, portrait_of, template_of, unrecognised
from fer_core.errors import DataError, InputError, WeightsError
from fer_core.gallery import Gallery, level_for
from fer_core.gate import Gate
from fer_core.pipeline import Film
from fer_core.settings import FALSE_ACCEPTS, GallerySettings
from fer_core.store import Store
from tests.test_pipeline import engine, write_film
from tests.toys import PEOPLE, ToyDetector, ToyEmbedder, paint

FACES = Path(__file__).parents[2] / "shared" / "faces"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AXES = dict(zip(PEOPLE, np.eye(len(PEOPLE), dtype=np.float32), strict=True))
"""The toy embedder's templates."""


# ---- levels ---------------------------------------------------------------------------------------------------------


def test_an_empty_gallery_knows_nobody():
    empty = Gallery.of([], "toy", 0.01)
    assert len(empty) == 0 and not empty.is_known(AXES["ada"]) and empty.likeness(AXES["ada"]) == -np.inf


@pytest.mark.parametrize("embedder", FALSE_ACCEPTS)
def test_at_a_counted_share_the_level_is_the_counted_one(embedder):
    for level, share in FALSE_ACCEPTS[embedder]:
        assert level_for(embedder, 1, share) == pytest.approx(level)
        assert level_for(embedder, 10, 10 * share) == pytest.approx(level)


@pytest.mark.parametrize("embedder", [*FALSE_ACCEPTS, "never counted"])
def test_the_level_rises_with_the_gallery_and_with_how_rare_an_error_must_be(embedder):
    by_size = [level_for(embedder, people, 0.01) for people in (1, 5, 20, 100, 1000)]
    by_share = [level_for(embedder, 10, share) for share in (0.5, 0.1, 0.01, 0.001, 1e-6)]
    assert by_size == sorted(by_size) and by_share == sorted(by_share) and min(*by_size, *by_share) >= 0
    assert level_for(embedder, 0, 0.01) == level_for(embedder, 1, 0.01)


def test_without_counts_the_level_is_what_holds_for_every_likelihood_ratio():
    assert level_for("never counted", 10, 0.01) == pytest.approx(np.log(1000))


def test_who_is_enrolled_is_known_and_nobody_else():
    gallery = Gallery.of([{"toy": AXES["ada"]}, {"toy": AXES["ben"]}], "toy", 0.01)
    assert [name for name, template in AXES.items() if gallery.is_known(template)] == ["ada", "ben"]


def test_who_is_enrolled_under_another_embedder_is_counted_as_strange():
    gallery = Gallery.of([{"toy": AXES["ada"]}, {"other": AXES["ben"]}], "toy", 0.01)
    assert (len(gallery), gallery.strange) == (1, 1) and not gallery.is_known(AXES["ben"])


def test_templates_of_another_length_are_refused_in_a_sentence():
    gallery = Gallery.of([{"toy": AXES["ada"]}], "toy", 0.01)
    with pytest.raises(DataError, match="enrol everybody again"):
        gallery.is_known(np.ones(3) / np.sqrt(3))
    with pytest.raises(DataError, match="enrol everybody again"):
        Gallery.of([{"toy": AXES["ada"]}, {"toy": np.ones(1)}], "toy", 0.01)


# ---- pictures -------------------------------------------------------------------------------------------------------


def toy_picture(person="ada", *, size=96, second=0):
    image = np.full((240, 320, 3), 24, np.uint8)
    paint(image, 20, 20, size, person, "neutral")
    if second:
        paint(image, 200, 20, second, "ben", "happy")
    return image


def looked(image):
    return portrait_of(image, ToyDetector(), [ToyEmbedder()])


def test_a_picture_is_judged_in_words():
    assert looked(np.full((240, 320, 3), 24, np.uint8)).said.startswith("No face")
    assert looked(toy_picture(second=96)).said.startswith("More than one face")
    good = looked(toy_picture())
    assert good.usable and good.said in ("Clear.", "Good enough.") and np.allclose(good.codes["toy"], AXES["ada"])
    assert looked(toy_picture(second=24)).usable, "somebody small in the background"
    small = looked(toy_picture(size=18))
    assert not small.usable and "too small" in small.said
    dark = looked((toy_picture() * 0.12).astype(np.uint8))
    assert not dark.usable and ("dark" in dark.said or "No face" in dark.said)


def portrait(*weights):
    row = np.array(weights, np.float32)
    return Portrait(0.9, "Clear.", {"toy": row / np.linalg.norm(row)})


ALIKE = [portrait(1, 0.1, 0), portrait(1, 0, 0.1), portrait(1, 0.1, 0.1)]


def test_a_template_is_of_length_one_and_of_three_pictures_or_more():
    assert np.linalg.norm(template_of(ALIKE)["toy"]) == pytest.approx(1)
    for few in ([], ALIKE[:2], [*ALIKE[:2], ALIKE[0]], [*ALIKE[:2], Portrait(0.1, "Not usable: dark.", {})]):
        with pytest.raises(DataError, match="at least 3 different usable pictures"):
            template_of(few)
    assert len(distinct([*ALIKE, *ALIKE])) == 3


def test_somebody_else_among_the_pictures_is_found():
    mixed = [*ALIKE, portrait(0, 1, 0)]
    assert odd(mixed) == [3] and odd(ALIKE) == []
    with pytest.raises(DataError, match="somebody else"):
        template_of(mixed)


# ---- films ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    folder = tmp_path_factory.mktemp("day")
    entry = [(0.5, "ada", "neutral", 10), (3.5, "ben", "happy", 150), (6.5, "cem", "sad", 20)]
    leave = [(0.5, "ben", "angry", 20), (3.5, "ada", "happy", 150), (6.5, "cem", "neutral", 20)]
    return [
        Film(write_film(folder / "entry.mp4", entry), "entry", NOON),
        Film(write_film(folder / "exit.mp4", leave), "exit", NOON + timedelta(minutes=10)),
    ]


def enrolled(*staff, guests=None):
    return Enrolled([{"toy": AXES[one]} for one in staff], None if guests is None else [{"toy": AXES[one]} for one in guests])


def whose(day):
    """The person of each appearance, by the expression that only this film gives them."""
    return sorted(tuple(AXES)[int(np.argmax(one.template))] for one in day.entries)


def test_staff_carry_no_expression_and_the_model_is_never_asked(day):
    plain, gated, alone = engine(), engine(), engine()
    everybody = pipeline.review_day("shop", day, plain)
    told = pipeline.review_day("shop", guarded(day, enrolled("ben"), "toy"), gated)
    assert whose(everybody) == ["ada", "ben", "cem"] and whose(told) == ["ada", "cem"]
    assert len(told.visits) == 2 and told.tallies == ()
    assert 0 < gated.emotion.asked < plain.emotion.asked
    nobody = pipeline.review_day("shop", guarded(day, enrolled(*PEOPLE), "toy"), alone)
    assert (nobody.entries, nobody.exits, nobody.visits, alone.emotion.asked) == ((), (), (), 0)


def test_staff_are_never_cut_for_labelling(day):
    plain, gated = engine(), engine()
    assert cut_films(day, plain).people == 3
    assert cut_films(guarded(day, enrolled("ben"), "toy"), gated).people == 2
    assert gated.emotion.asked < plain.emotion.asked


def test_a_gate_keeps_its_zones():
    film = Film(Path("a.mp4"), "entry", gate=Gate(masks=()))
    (found,) = guarded([film], Enrolled(), "toy")
    assert found == film and found.gate.admits_template(AXES["ada"]) and found.gate.keeps_template(AXES["ada"])


def test_staff_of_another_embedder_would_be_scored_so_it_is_refused(day):
    other = Enrolled([{"other": AXES["ada"]}])
    with pytest.raises(InputError, match="1 person of the staff can’t be recognised with toy"):
        guarded(day, other, "toy")
    assert guarded(day, other, "") == day, "where no template is made, nobody is recognised"


def test_opt_in_follows_guests_only_and_counts_the_others(day):
    given = engine()
    told = pipeline.review_day("shop", guarded(day, enrolled("ben", guests=["ada"]), "toy"), given)
    assert whose(told) == ["ada"] and len(told.visits) == 1 and len(told.exits) == 1
    assert all(one.template is not None and not one.looks for one in (*told.entries, *told.exits))
    assert (told.tallied("entry"), told.tallied("exit")) == (1, 1), "Cem, who did not agree; Ben is staff and in no sum"
    by = {one.role: one.expression for one in sorted(told.tallies, key=lambda one: one.faces)}
    assert by == {"entry": "sad", "exit": "neutral"}


def test_opt_in_keeps_no_look_of_who_did_not_agree(day):
    second = ToyEmbedder()
    second.name = "toy2"
    told = pipeline.review_day("shop", guarded(day, enrolled(guests=["ada"]), "toy"), replace(engine(), second=second))
    assert [len(one.looks) for one in told.entries] == [2]


def test_opt_in_without_any_guest_has_sums_alone(day):
    told = pipeline.review_day("shop", guarded(day, enrolled(guests=[]), "toy"), engine())
    assert (told.entries, told.exits, told.visits) == ((), (), ())
    assert (told.tallied("entry"), told.tallied("exit")) == (3, 3)


def test_opt_in_cuts_nobody_who_did_not_agree(day):
    assert cut_films(guarded(day, enrolled(guests=["ada"]), "toy"), engine()).people == 1


def test_opt_in_needs_start_times(day):
    with pytest.raises(InputError, match="needs its start time"):
        guarded([replace(day[0], start_at=None)], enrolled(guests=[]), "toy")


def test_guests_of_another_embedder_are_told_of():
    assert unrecognised(Enrolled(), "toy") == [] == unrecognised(enrolled(guests=["ada"]), "toy")
    (said,) = unrecognised(enrolled(guests=["ada", "ben"]), "other")
    assert said.startswith("2 guests can’t be recognised with other") and "enrol them again" in said


def test_who_is_enrolled_comes_from_the_store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as store:
        nobody = enrolled_in(store, "North")
        assert list(nobody.staff) == [] and nobody.guests is None
        store.put_store("North")
        store.put_store("South")
        store.enrol_person("North", "staff", "Ana", NOON, "Bo", {"toy": AXES["ada"]})
        found = enrolled_in(store, "North")
        assert found.guests is None and np.allclose(found.staff[0]["toy"], AXES["ada"])
        store.set_privacy_mode("North", "opt-in")
        store.enrol_person("North", "guest", "Cy", NOON, "Bo", {"toy": AXES["cem"]})
        both = enrolled_in(store, "North")
        assert len(both.staff) == 1 and len(both.guests) == 1
        assert list(enrolled_in(store, "South").staff) == []


# ---- real faces -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    """Portraits of twelve people with five pictures, by name."""
    from fer_core.detect import open_detector
    from fer_core.embed import open_embedder
    from fer_core.settings import DetectSettings
    from ui.live_still import picture_of

    if not (FACES / "labels.csv").exists():
        pytest.skip("needs ../shared/faces")
    try:
        detector, embedder = open_detector("yunet", DetectSettings()), open_embedder("mobilefacenet")
    except WeightsError as error:
        pytest.skip(f"needs weights: {error}")
    files = defaultdict(list)
    with (FACES / "labels.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            files[row["person"]].append(FACES / "images" / row["file"])
    names = sorted(name for name, own in files.items() if len(own) >= 5)[:12]
    return {
        name: [portrait_of(picture_of(f.name, f.read_bytes()), detector, [embedder]) for f in sorted(files[name])[:5]]
        for name in names
    }


def test_staff_from_real_faces_are_caught_and_visitors_are_not(real):
    usable = {name: distinct(portraits) for name, portraits in real.items()}
    usable = {name: found for name, found in usable.items() if len(found) >= 4 and not odd(found)}
    names = sorted(usable)
    staff, visitors = names[: len(names) // 2], names[len(names) // 2 :]
    gallery = Gallery.of(
        [template_of(usable[name][:3]) for name in staff], "mobilefacenet", GallerySettings().staff_false_accept
    )
    caught = [gallery.is_known(one.codes["mobilefacenet"]) for name in staff for one in usable[name][3:]]
    dropped = [gallery.is_known(one.codes["mobilefacenet"]) for name in visitors for one in usable[name]]
    assert len(staff) >= 4 and np.mean(caught) >= 0.8 and np.mean(dropped) <= 0.05


def test_a_real_stranger_among_the_pictures_is_refused(real):
    (first, mine), (_, theirs) = [(name, distinct(found)) for name, found in sorted(real.items()) if len(distinct(found)) >= 4][
        :2
    ]
    assert odd([*mine[:3], theirs[0]]) == [3], first
