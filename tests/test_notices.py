"""Notices: what they say, how they look on paper, where they are recorded, and when a camera may not run."""

import io
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from fer_core import notices, queries
from fer_core.errors import DataError
from fer_core.notices import LANGUAGES, REGIONS, Camera, Notice, missing, sign, standing, tell
from fer_core.notices.notice import camera_words
from fer_core.notices.words import Words, placeholders, words_of
from fer_core.store import Store
from tests.days import count, make_day, rows

PAGE = "https://shop.example/notice/0f0f0f0f-1111-5222-8333-444455556666"
ENTRY, EXIT = Camera("entry"), Camera("exit", "North")


def notice(**changes):
    asked = {
        "store": "Main Street", "controller": "Łódź Mode", "contact": "privacy@shop.example", "page": PAGE,
        "address": "ul. Piotrkowska 1\n90-000 Łódź", "region": "eu", "retention_days": 90, "cameras": (ENTRY, EXIT),
    }  # fmt: skip
    return Notice(**(asked | changes))


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "moodgate.duckdb") as opened:
        opened.put_store("Main Street")
        yield opened


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_with_the_same_blanks(language):
    english, other = words_of("en"), words_of(language)
    for name in (field.name for field in fields(Words)):
        one, two = getattr(english, name), getattr(other, name)
        if isinstance(one, str):
            assert two.strip() == two != "" and placeholders(one) == placeholders(two), name
        else:
            assert one.keys() == two.keys() == {key for key, region in REGIONS.items() if region.asks}, name
    assert other.name == LANGUAGES[language]
    assert language == "en" or other.lead != english.lead


def test_the_files_are_the_languages():
    files = Path(notices.__file__).with_name("words").glob("*.toml")
    assert {path.stem for path in files} == LANGUAGES.keys()


def test_what_is_told_follows_the_facts():
    said = str(tell(notice(), "en").whole)
    assert "after 90 days" in said and "No picture is kept" in said and "Art. 6(1)(f) GDPR" in said
    assert "Entrance" in said and "Exit, door North" in said and "Staff are not scored" in said
    other = str(tell(notice(retention_days=None, films_days=1, region="unset", basis="consent"), "en").whole)
    assert "until the shop deletes them" in other and "for up to 1 day." in other and "No picture is kept" not in other
    assert "explicit consent" in other and "GDPR" not in other


def test_an_own_purpose_takes_the_place_of_the_standard_one():
    own = notice(purpose={"de": "Wir zählen nur.", "pl": "  "})
    assert "Wir zählen nur." in str(tell(own, "de").short)
    assert "Sklep chce" in str(tell(own, "pl").short)


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"controller": "  "}, "who is responsible"), ({"contact": ""}, "a contact"), ({"contact": 7}, "must be text"),
    ({"page": "shop.example"}, "whole address"), ({"page": "javascript:alert(1)"}, "whole address"),
    ({"page": "https://[bad"}, "whole address"), ({"languages": ()}, "language"), ({"languages": ("en", "en")}, "each once"),
    ({"languages": ("xx",)}, "languages are chosen"), ({"region": "mars"}, "no region"), ({"basis": "whim"}, "no legal basis"),
    ({"films_days": -1}, "days of keeping"), ({"retention_days": 10**6}, "days of keeping"),
    ({"controller": "x" * 121}, "120 characters"), ({"purpose": {"xx": "a"}}, "languages are chosen"),
    ({"cameras": (ENTRY,) * 201}, "200 cameras"),
])  # fmt: skip
def test_a_notice_that_cant_be_is_a_sentence(changes, sentence):
    with pytest.raises(DataError, match=sentence):
        notice(**changes)


def test_a_notice_goes_to_json_and_back():
    one = notice(purpose={"en": "Count."}, languages=("pl", "en"))
    assert Notice.from_json(one.as_json()) == one
    for told in (
        None,
        {},
        [],
        {"cameras": 1},
        one.as_json() | {"more": 1},
        one.as_json() | {"cameras": [{"role": "roof", "door": ""}]},
    ):
        with pytest.raises(DataError):
            Notice.from_json(told)


def test_what_nobody_can_see_is_taken_out():
    assert notice(controller="  Ana\u202e’s \x07 Shop ").controller == "Ana ’s Shop"
    assert notice(address=" a \n\n b ").address == "a\nb"


# ---- the sign -------------------------------------------------------------------------------------------------------


def text_of(document):
    """The text as read back, without line ends: words may be broken anywhere."""
    reader = PdfReader(io.BytesIO(document))
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def test_the_pdf_says_it_in_polish_letters():
    said = text_of(sign.pdf(notice(languages=("pl", "en"))))
    for part in ("Tutaj kamery szacują wyraz twarzy", "Łódź Mode", "privacy@shop.example", "Main Street", PAGE):
        assert part in said
    for language in ("pl", "en"):
        for part in tell(notice(), language).short:
            assert all(text in said for text in (part.head, *part.paragraphs))


@pytest.mark.parametrize("paper", sign.PAPERS)
def test_all_languages_fit_on_one_page(paper):
    told = notice(languages=tuple(LANGUAGES))
    document = sign.pdf(told, paper)
    said = text_of(document)
    assert all(tell(told, language).title in said for language in LANGUAGES)
    page = PdfReader(io.BytesIO(document)).pages[0]
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == {"A4": [210, 297], "A3": [297, 420]}[paper]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert all("DejaVuSans" in font["/BaseFont"] for font in fonts)
    embedded = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert all("/FontFile2" in one for one in embedded)


def test_equal_notices_give_equal_bytes():
    assert sign.pdf(notice()) == sign.pdf(notice())


def test_the_code_on_the_picture_leads_to_the_page():
    import cv2

    picture = Image.open(io.BytesIO(sign.png(notice(languages=("en", "de")), dpi=150)))
    assert picture.size == (1241, 1754)
    found, *_ = cv2.QRCodeDetector().detectAndDecode(np.asarray(picture.convert("L")))
    assert found == PAGE


def test_letters_that_the_font_lacks_and_words_that_dont_fit_are_sentences():
    with pytest.raises(DataError, match="can't show 小 店"):
        sign.pdf(notice(controller="小店"))
    long = dict.fromkeys(LANGUAGES, "W" * 40 + " w" * 130)
    with pytest.raises(DataError, match="7 languages don't fit"):
        sign.pdf(notice(languages=tuple(LANGUAGES), purpose=long, contact="x" * 120))


# ---- the record -----------------------------------------------------------------------------------------------------


def record(store, cameras=(ENTRY, EXIT), by="Ana", **changes):
    return store.record_notice("Main Street", notice(cameras=cameras, **changes).as_json(), by)


def test_a_record_stands_until_the_next_one_or_its_withdrawal(store):
    key = queries.notice_setup(store, "Main Street")["store_id"]
    assert queries.notices(store, "Main Street") == [] and queries.standing_notice(store, key) is None
    first = record(store)
    second = record(store, by="  Ben \n B. ", languages=("de", "fr"))
    newest, oldest = queries.notices(store, "Main Street")
    assert (newest["notice_id"], oldest["notice_id"]) == (second, first)
    assert newest["withdrawn_at"] is None and oldest["withdrawn_at"] is not None and newest["recorded_at"].tzinfo
    assert (newest["recorded_by"], newest["languages"], len(newest["cameras"])) == ("Ben B.", ["de", "fr"], 2)
    assert queries.standing_notice(store, key)["notice_id"] == second
    assert store.withdraw_notice("Main Street") and not store.withdraw_notice("Main Street")
    assert queries.standing_notice(store, key) is None and len(queries.notices(store, "Main Street")) == 2


def test_a_record_needs_cameras_and_a_name(store):
    for cameras, by, sentence in (
        ((), "Ana", "at least one camera"),
        ((ENTRY,), " ", "the name of"),
        ((ENTRY,), "x" * 201, "name"),
    ):
        with pytest.raises(DataError, match=sentence):
            record(store, cameras, by)
    with pytest.raises(DataError, match="no store"):
        store.record_notice("Elsewhere", notice().as_json(), "Ana")
    assert count(store, "notices") == 0


@pytest.mark.parametrize("key", ["", "x", "../..", "' OR 1=1 --", "0" * 32, "00000000-0000-0000-0000-000000000000"])
def test_no_notice_for_what_is_no_store(store, key):
    assert queries.standing_notice(store, key) is None


def test_a_renamed_store_keeps_its_notice_under_the_new_name(store):
    record(store)
    store.rename_store("Main Street", "Side Street")
    assert notices.of_record(queries.notices(store, "Side Street")[0]) == replace(notice(), store="Side Street")


def test_a_deleted_store_leaves_no_notice_region_or_draft_to_the_next_of_its_name(store):
    store.put_region("Main Street", "eu")
    store.put_notice_draft("Main Street", notice().as_json())
    record(store)
    store.delete_store("Main Street")
    store.put_store("Main Street")
    assert count(store, "notices") == 0
    assert rows(store, "SELECT key FROM settings WHERE key LIKE 'notice%'") == []
    assert standing(store, "Main Street").region == "unset"


# ---- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", REGIONS)
def test_where_the_region_asks_a_camera_waits_for_its_notice(store, region):
    store.put_region("Main Street", region)
    why = missing(standing(store, "Main Street"), [ENTRY, EXIT, ENTRY])
    assert bool(why) == (region in ("eu", "uk", "ch"))
    assert missing(standing(store, "Main Street"), []) is None
    record(store, (ENTRY,))
    rest = missing(standing(store, "Main Street"), [ENTRY, EXIT])
    assert rest is None or ("the exit camera of the door “North”" in rest and "entrance" not in rest)
    assert missing(standing(store, "Main Street"), [ENTRY]) is None
    record(store, (ENTRY, EXIT))
    assert missing(standing(store, "Main Street"), [ENTRY, EXIT]) is None
    store.withdraw_notice("Main Street")
    assert bool(missing(standing(store, "Main Street"), [ENTRY])) == bool(why)


def test_nothing_is_asked_of_samples_new_stores_and_stores_without_a_region(store):
    store.put_region("Main Street", "eu")
    store.put_store("Main Street", is_sample=True)
    assert missing(standing(store, "Main Street"), [ENTRY]) is None
    assert missing(standing(store, "Yet to come"), [ENTRY]) is None
    store.put_store("Other")
    assert missing(standing(store, "Other"), [ENTRY]) is None


def test_a_camera_is_told_of_before_its_first_film(store):
    store.put_region("Main Street", "eu")
    record(store, (ENTRY, Camera("exit")))
    store.write_day(make_day("Main Street", visits=1))
    assert missing(standing(store, "Main Street"), [ENTRY, Camera("exit")]) is None


def test_cameras_in_words():
    assert camera_words([]) == "no camera"
    assert camera_words([ENTRY]) == "the entrance camera"
    assert camera_words([ENTRY, EXIT, Camera("exit")]) == (
        "the entrance camera, the exit camera of the door “North” and the exit camera"
    )  # fmt: skip


def test_addresses_that_only_this_machine_can_open_are_known():
    assert all(
        map(notices.only_here, ("http://localhost:8501/x", "http://127.0.0.1/", "http://[::1]:1/", "http://a.localhost"))
    )
    assert not notices.only_here(PAGE)
