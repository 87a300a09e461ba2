"""The data protection impact assessment of a store, filled from its settings, in the order of GDPR Art. 35(7).

It is a draft to be checked and signed by whoever is responsible; what the settings leave open stands at its top.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from fer_core.notices.facts import Facts, doubts
from fer_core.notices.notice import BASES, Camera, Notice
from fer_core.notices.regions import REGIONS
from fer_core.notices.text import bullets, plain, table
from fer_core.notices.words import words_of
from fer_core.privacy import WORDS, Mode

_ROLES = {"entry": "entrance", "exit": "exit", "floor": "floor"}
_DESCRIPTION = """\
Two cameras film people, one at the entrance, one at the exit. The software finds faces in the films, computes a numerical code
(template) of each face, and compares the codes of entrances and exits of the same day, to find out who left among those who
came. Of each face it estimates the apparent expression as shares of seven classes. A visit is the pair of both; its review
(positive, neutral, negative, uncertain) says how the apparent expression changed. Charts show sums of visits.

No visitor is identified by name, there is no gallery of visitors, and their codes are never compared with those of another
day. Codes of staff who agreed may be kept until they take their consent back, to leave them out before any expression is read.
Nothing is decided about a single visitor. The estimate says how a face looks to others, not what the person feels.
"""
_IN_SUMS = """\
Cameras film people at the entrance and at the exit. The software finds faces in the films and estimates the apparent
expression of each as shares of seven classes. It computes no code from any face and can't tell whether the same person was
seen twice. What is kept are sums by camera, hour and expression; there are no visits.

Nothing is decided about a single visitor. The estimate says how a face looks to others, not what the person feels.
"""
_AGREED = """\
Two cameras film people, one at the entrance, one at the exit. The software finds faces in the films and computes a numerical
code (template) of each face in memory. It compares the code with those of the people who agreed to be recognised, and drops it
at once if it is none of theirs. Of each face it estimates the apparent expression as shares of seven classes. Who agreed has
visits: the pair of entrance and exit, with a review (positive, neutral, negative, uncertain) of how the apparent expression
changed. Everybody else counts in sums by camera, hour and expression.

The codes of those who agreed are kept, with their names, until they take their consent back. Nothing is decided about a single
visitor. The estimate says how a face looks to others, not what the person feels.
"""
_DESCRIPTIONS: Mapping[Mode, str] = {"aggregate": _IN_SUMS, "visit": _DESCRIPTION, "opt-in": _AGREED}
_NECESSITY = """\
- Why cameras, and not questions? Few visitors answer questions, and those who do are not like the rest. *To be weighed by the
  shop: would a tablet at the exit (the exit button) be enough?*
- Why templates? Without them no change can be told, only the mood at each door. They are needed for one day only.
- Why single visits? Sums over hours are worked out from them, and they are deleted after the retention. Charts and exports of
  sums show no value of fewer than 10 visits.
"""
_SUMS_ENOUGH = """\
- Why cameras, and not questions? Few visitors answer questions, and those who do are not like the rest. *To be weighed by the
  shop: would a tablet at the exit (the exit button) be enough?*
- Why no templates? Sums by the hour are enough for the purpose here, and they need none. What they can't say is whether the
  same people came and left.
- Charts and exports of sums show no value of fewer than 10 people.
"""
_RISKS: tuple[tuple[str, str, str], ...] = (
    (
        "Templates of faces are biometric data where they serve to identify a person uniquely (GDPR Art. 9).",
        "In memory only, for one day; in no table, log or export; no names, no gallery.",
        "Legitimate interests alone are no exception of Art. 9(2). Whether another one holds has to be checked by a lawyer.",
    ),
    (
        "Emotion recognition is listed as high-risk in the EU's AI Act (Annex III, 1(c)); people must be told (Art. 50(3)).",
        "A notice with a public page; cameras of stores in the region don't run before it is recorded.",
        "Duties of deployers (Art. 26) and from when they apply have to be checked.",
    ),
    (
        "Employees are filmed and their emotions inferred, which the AI Act forbids at the workplace (Art. 5(1)(f)).",
        "Masked areas of each camera, and a gallery of the staff who agreed to it: a face there, or of theirs, is dropped "
        "before any expression is read.",
        "Areas where staff stand have to be drawn, and looked at again when the shop is rearranged. Nobody may be made to join "
        "the gallery, and it misses some passages: benchmarks/reports/staff-gallery-2026-11-21.json says how many. Films "
        "should not show the shop before it opens and after it closes.",
    ),
    (
        "An estimate is taken for what somebody feels, or for a fact about a person.",
        "“Apparent expression” everywhere; each review has its uncertainty, and doubtful ones are called uncertain.",
        "Figures must not be used to judge single visitors or employees.",
    ),
    (
        "The estimate is worse for some groups of people (age, skin, glasses, masks).",
        "Each person is compared with their own face at the entrance, which takes much of that away.",
        "The model has no figures by group: see the model cards.",
    ),
    (
        "Somebody who knows when a person was there finds that person's visit.",
        "Accounts see their own stores only; views of visits are logged; small cells are hidden; a retention deletes visits.",
        "A short retention lowers the risk most.",
    ),
    (
        "Films or the database are stolen.",
        "Films are deleted once they are analysed; what is deleted is gone from the file, too.",
        "The disk should be encrypted, and the app reached by TLS only.",
    ),
    (
        "Children are filmed.",
        "No age is estimated, nobody is recognised on another day.",
        "Shops for children should not use this.",
    ),
)

_RISKS_OF: Mapping[Mode, Mapping[int, tuple[str, str, str] | None]] = {
    "aggregate": {
        0: None,
        2: (
            _RISKS[2][0],
            "Masked areas and opening hours: a face there, or outside them, is dropped before any expression is read. Nobody "
            "is recognised, staff neither.",
            "Staff who pass elsewhere while the shop is open count like visitors: draw the areas with care.",
        ),
        4: (
            _RISKS[4][0],
            "Nothing: in sums nobody is compared with their own face, so that errors don’t cancel out.",
            "The model has no figures by group: see the model cards.",
        ),
        5: (
            "Somebody who knows that a person was alone in an hour reads that person's expression from its sums.",
            "Hours of fewer than 10 people show their number only; accounts see their own stores only.",
            "A short retention lowers the risk most.",
        ),
    },
    "opt-in": {
        0: (
            _RISKS[0][0],
            "Codes of people who didn't agree are dropped at once; those of people who did are kept until they say otherwise.",
            "The consent must be free, informed and explicit (Art. 9(2)(a)), and taking it back as easy as giving it.",
        ),
    },
}
"""What a mode changes in _RISKS, by place; None: there is no such risk."""


def markdown(facts: Facts, today: date) -> str:
    """The document."""
    return "\n".join(
        [
            f"# Data protection impact assessment: {plain(facts.store)}\n",
            f"Draft of {today.isoformat()}, filled from the settings of Moodgate. It follows GDPR Art. 35(7). It is no legal "
            "advice: whoever is responsible checks, completes and signs it, and asks the data protection officer.\n",
            *_section("Still open", bullets(open_points(facts)) or "Nothing that the settings could tell.\n"),
            *_section("1. What is done, and what for", _DESCRIPTIONS[facts.mode], _responsible(facts)),
            *_section("2. Whether it is necessary and in proportion", _necessity(facts)),
            *_section("3. Risks, and what is done against them", _risks(facts)),
            *_section("4. Measures in this store", _measures(facts)),
            *_section("5. Decision", "Residual risk: ☐ acceptable ☐ not acceptable ☐ the authority is asked (Art. 36)\n",
                      "Name, date, signature: ______________________________\n"),
        ]
    )  # fmt: skip


def open_points(facts: Facts) -> list[str]:
    """What the settings leave open, in sentences of Markdown."""
    checks = (
        (not REGIONS[facts.region].law and facts.region != "other", "The store's region is not set (page Privacy)."),
        (facts.notice is None, "No notice is recorded: visitors are not told."),
        (not facts.retention_days, "There is no retention: visits are kept until somebody deletes them."),
        (not facts.cameras, "No camera is known yet."),
        (bool(facts.unmasked), f"No area is masked for {_named(facts.unmasked)}: make sure that no staff stand there."),
        (bool(facts.notice and facts.uncovered), f"The notice is not recorded for {_named(facts.uncovered)}."),
        (facts.evidence, "Pixelated pictures of visits are kept for 24 hours: say for which purpose they are needed."),
        (bool(facts.collecting), f"Pictures of faces may be collected, as {plain(facts.collecting)} allowed."),
        (facts.notice is not None and facts.notice.basis == "interests",
         "The legal basis is legitimate interests: check whether Art. 9 asks for more."),
    )  # fmt: skip
    return [sentence for holds, sentence in checks if holds] + doubts(facts)


def _section(head: str, *texts: str) -> list[str]:
    return [f"## {head}\n", *texts]


def _responsible(facts: Facts) -> str:
    notice = facts.notice
    if notice is None:
        return "Responsible, purpose and legal basis: *not recorded yet.*\n"
    rows = [
        ("Responsible", f"{plain(notice.controller)}, {plain(notice.address)}" if notice.address else plain(notice.controller)),
        ("Contact", plain(notice.contact)),
        ("Purpose", plain(_purpose(notice))),
        ("Legal basis", BASES[notice.basis]),
        ("Region", REGIONS[facts.region].title),
        ("Public page", plain(notice.page)),
    ]  # fmt: skip
    return table(("", ""), rows)


def _purpose(notice: Notice) -> str:
    """The shop's own words, in English where there are any, else the standard sentence."""
    own = notice.purpose.get("en") or next(iter(notice.purpose.values()), "")
    return own or words_of("en").purpose


def _necessity(facts: Facts) -> str:
    return _SUMS_ENOUGH if facts.mode == "aggregate" else _NECESSITY


def _risks(facts: Facts) -> str:
    """The risks in the store's privacy mode: those of visits and templates don't stand where there are none."""
    own = _RISKS_OF.get(facts.mode, {})
    found = (own.get(place, row) for place, row in enumerate(_RISKS))
    return table(("Risk to people", "What the software does", "What is left to the shop"), [row for row in found if row])


def _measures(facts: Facts) -> str:
    kept = f"{facts.retention_days} days" if facts.retention_days else "until somebody deletes them"
    days = f", {facts.span[0].isoformat()} to {facts.span[1].isoformat()}" if facts.span else ""
    notice = facts.notice
    recorded = f"recorded {facts.recorded_at:%Y-%m-%d} by {plain(facts.recorded_by)}" if facts.recorded_at else "not recorded"
    films = f"up to {notice.films_days} days" if notice and notice.films_days else "until they are analysed"
    rows = [
        ("Privacy mode", f"{WORDS[facts.mode].title}. {WORDS[facts.mode].does}"),
        ("Notice", recorded + (f", in {', '.join(notice.languages)}" if notice else "")),
        ("Sums are kept" if facts.mode == "aggregate" else "Visits are kept", kept),
        ("Films are kept", films),
        ("Stored now", f"{facts.visits:,} visits{days}"),
        ("Opening hours", "set" if facts.opening_hours else "not set"),
        *((f"{kind.capitalize()}", plain(", ".join(names))) for kind, names in facts.backends.items() if names),
    ]
    cameras = [
        (_named([one]), str(masks) if masks else "none", "no" if one in facts.uncovered else "yes")
        for one, masks in facts.cameras.items()
    ]
    return table(("", ""), rows) + "\n" + (table(("Camera", "Masked areas", "Notice recorded"), cameras) if cameras else "")


def _named(cameras: Sequence[Camera]) -> str:
    return ", ".join(plain(f"{_ROLES[one.role]} {one.door}".strip()) for one in cameras)
