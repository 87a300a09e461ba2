"""The forms of what the HTTP API takes and gives, as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it)."""

from typing import Any

from fer_core.types import CAMERA_ROLES, EXPRESSIONS, REVIEWS
from fer_core.watch.message import VERSION
from fer_core.zones import ZONE_KINDS

Schema = dict[str, Any]


def reference(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(says: str = "", **more: Any) -> Schema:
    return {"type": "string"} | ({"description": says} if says else {}) | more


def number(says: str = "", **more: Any) -> Schema:
    return {"type": "number"} | ({"description": says} if says else {}) | more


def whole(says: str = "", **more: Any) -> Schema:
    return {"type": "integer", "minimum": 0} | ({"description": says} if says else {}) | more


def moment(says: str) -> Schema:
    return text(says, format="date-time")


def several(of: Schema, says: str = "", **more: Any) -> Schema:
    return {"type": "array", "items": of} | ({"description": says} if says else {}) | more


def or_none(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def form(optional: tuple[str, ...] = (), *, closed: bool = False, says: str = "", **fields: Any) -> Schema:
    """An object; all of its fields but the optional ones are there. closed: any other field is refused."""
    required = [name for name in fields if name not in optional]
    made: Schema = {"type": "object", "properties": fields}
    return (
        made | ({"required": required} if required else {}) | ({"additionalProperties": False} if closed else {})
        | ({"description": says} if says else {})
    )  # fmt: skip


# ---- films and reviews ----------------------------------------------------------------------------------------------

_DOOR = text('name of the camera’s door, "" for the only one; a floor camera’s own name')
_FILM = form(
    ("upload", "start", "door"), closed=True,
    upload=text("id of a finished upload of one’s own; may be left out where it is only checked"),
    start=or_none(moment("when the film begins, with a time zone; null: not known")),
    door=_DOOR,
)  # fmt: skip
_NUMBERS = form(
    ("tallied_entries", "tallied_exits"),
    says="The numbers of `review --json`.",
    visits=whole(), entries=whole(), exits=whole(),
    unmatched_entries=whole(), unmatched_exits=whole(), ambiguous_entries=whole(), ambiguous_exits=whole(),
    unusable_entries=whole(), unusable_exits=whole(),
    tallied_entries=number("counted without recognising anybody"), tallied_exits=number(),
    seconds=number("of work"), film_seconds=number(),
    reviews={"type": "object", "properties": {name: whole() for name in REVIEWS}, "required": list(REVIEWS)},
    detector=text(), embedder=text("\"\": nobody was recognised, there are sums only"), emotion=text(),
)  # fmt: skip
_REVIEW = form(
    id=text(), store=text(), state=text(enum=["queued", "running", "done", "failed", "cancelled"]),
    stage=text("what is going on, in words"),
    share=or_none(number("how much of it is done", minimum=0, maximum=1)),
    speed=or_none(number("seconds of film a second")), left_s=or_none(number("seconds until it is done")),
    error=or_none(text("why it failed, in a sentence")),
    result={"oneOf": [reference("Numbers"), {"type": "null"}], "description": "once it is done"},
    warnings=several(text()), first=or_none(text("its first day on the store’s clock", format="date")),
    last=or_none(text("its last day", format="date")),
)  # fmt: skip
_TABLE = form(
    types={"type": "object", "additionalProperties": text(), "description": "the type of each column, as pandas calls it"},
    rows=several({"type": "object"}, "a visit each; the columns of the table `visits`, moments in ISO 8601"),
)
_UPLOAD = form(
    id=text(), name=text("the film’s name for people"), size=whole("bytes"), offset=whole("bytes that have come"),
    finished={"type": "boolean"},
)  # fmt: skip

# ---- live cameras ---------------------------------------------------------------------------------------------------

_ROLE = text("what the camera looks at", enum=list(CAMERA_ROLES))
_STORE = text("the store’s name; without it the token’s own")
_VERSION = {"const": VERSION, "description": "of the form; an older worker is told to be updated"}
_SHARES = several(number(minimum=0, maximum=1), f"shares of {', '.join(EXPRESSIONS)}; they sum to 1", minItems=7, maxItems=7)
_CODE = or_none(several(number(), "a face code of length 1, of which none is kept after closing time; null: none"))
_CORNERS = several(several(number(minimum=0, maximum=1), minItems=2, maxItems=2), "(x, y) in shares of the picture", minItems=3)
_SIGHTING = form(
    says="Somebody passed a camera at which people are matched. Seconds run from begun_at.",
    version=_VERSION, kind={"const": "sighting"}, id=text("made once; what comes twice counts once", format="uuid"),
    role=text(enum=["entry", "exit"]), door=_DOOR, begun_at=moment("when the camera’s run began"),
    backends=form(detector=text(), embedder=text(), emotion=text(), second=text("embedder of the second opinion, or \"\"")),
    best_s=number("moment of the best shot"), x=number("px"), y=number("px"), size_px=number("height of the face"),
    quality=number(), faces=whole(),
    intervals=several(several(number(), minItems=2, maxItems=2), "begin and end of each time they were seen", minItems=1),
    times_s=several(number()), series=several(_SHARES, "a row for each moment of times_s"),
    weight=several(number(), "of each row"), template=_CODE, second=_CODE,
)  # fmt: skip
_COUNT = form(
    says="Somebody passed a camera, or was in one of its zones, and is not recognised.",
    version=_VERSION, kind={"const": "count"}, id=text("made once; what comes twice counts once", format="uuid"),
    role=_ROLE, door=_DOOR, at=moment("when they came"), zone=text("\"\": the whole picture"),
    faces={"enum": [0, 1], "description": "0: counted before, and still there"}, seconds=number(minimum=0), expressions=_SHARES,
)  # fmt: skip
_CODES = several({"type": "object", "additionalProperties": several(number())}, "by person: a code for each embedder")
_PLAN = form(
    says="How the camera is to be read. It may hold codes of staff: keep it in memory only.",
    store=text(), role=_ROLE, door=_DOOR, mode=text("the store’s privacy mode"), time_zone=text(),
    masks=several(_CORNERS, "left out before anything is looked for"),
    measuring=several(form(name=text(), kind=text(enum=list(ZONE_KINDS)), corners=_CORNERS)),
    hours={"type": ["object", "null"], "description": "outside them everybody is staff"},
    staff=_CODES, guests=or_none(_CODES), refused=text("why the camera may not run; \"\" where it may"),
)  # fmt: skip
_HEALTH = "state, why, pictures_per_s, taken_per_s, delay_s, silent_s, breaks, width, height"
_BEAT = {
    "type": "object", "required": ["role", "door", "version"],
    "properties": {
        "store": _STORE, "role": _ROLE, "door": _DOOR, "version": _VERSION, "worker": text("who reads the camera"),
        "health": {"type": "object", "description": _HEALTH},
        "waiting": whole("messages that are still to come"), "people": whole("in the picture"),
        "faces_per_min": number(minimum=0),
        "usable": or_none(number("share of the faces of the last minute that could be read", minimum=0, maximum=1)),
    },
}  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Error": form(error=text("one sentence for a person")),
    "Health": form(status={"const": "ok"}, instance=text("this process; another one after a restart")),
    "NewUpload": form(name=text("the film’s file name"), size=whole("bytes", minimum=1)),
    "Upload": _UPLOAD,
    "Film": _FILM,
    "NewReview": form(
        ("detector", "embedder", "emotion", "sample", "only_check"), closed=True,
        store=text("name of the store"), entry=several(reference("Film"), "films of the entrances", minItems=1),
        exit=several(reference("Film"), "films of the exits", minItems=1),
        detector=or_none(text("null: the default one")), embedder=or_none(text()), emotion=or_none(text()),
        sample={"type": "boolean", "description": "mark the store as made up; administrators only"},
        only_check={"type": "boolean", "description": "begin nothing, but say what would be refused"},
    ),
    "Checked": form(checked={"const": True}),
    "Numbers": _NUMBERS,
    "Review": _REVIEW,
    "Visits": _TABLE,
    "Camera": form(("store", "version"), store=_STORE, role=_ROLE, door=_DOOR, version=_VERSION),
    "Plan": _PLAN,
    "Sighting": _SIGHTING,
    "Count": _COUNT,
    "Messages": form(
        ("store",), store=_STORE,
        messages=several({"oneOf": [reference("Sighting"), reference("Count")]}, "oldest first", maxItems=200),
    ),
    "Taken": form(
        taken=several(text(), "ids that the app has from now on"),
        refused=several(form(id=text(), why=text()), "ids that it will never take, and why"),
    ),
    "Beat": _BEAT,
    "Wanted": form(
        plan=text("version of the plan: ask for it where it is another"),
        still={"type": "boolean", "description": "whether a still is asked for"},
    ),
}  # fmt: skip
"""By name."""
