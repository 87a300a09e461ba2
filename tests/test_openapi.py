"""The description of the HTTP API against the routes that there are, and against what they answer."""

import json
import re
from dataclasses import asdict

import jsonschema
import pytest

from fer_core.cameras import Health
from fer_core.watch.message import VERSION
from fer_core.zones import MeasuringZone
from server import routes
from server.openapi import NOT_DESCRIBED, description
from server.rights import PURPOSES
from server.services import services
from tests.test_server_routes import HOME, ask, begin, folder, patch  # noqa: F401  the fixture
from tests.test_watch_outbox import counted, told

FOUND = description()
CALLS = [
    (path, method, call) for path, item in FOUND["paths"].items() for method, call in item.items() if method != "parameters"
]
NAMES = [f"{method} {path}" for path, method, _ in CALLS]


def checked(schema, value):
    """Whether the value has the form of that schema."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": FOUND["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def described():
    return {(path, method.upper()) for path, method, _ in CALLS}


def test_every_route_is_described_and_nothing_else():
    there = {
        (route.path, method) for route in routes() if not route.path.startswith(NOT_DESCRIBED)
        for method in route.methods - {"HEAD"}
    }  # fmt: skip
    assert described() == there


def test_what_isnt_described_is_no_api():
    for prefix in NOT_DESCRIBED:
        assert any(route.path.startswith(prefix) for route in routes()), prefix
    assert not any(path.startswith(NOT_DESCRIBED) for path, _ in described())


def test_it_is_served_to_everybody_who_reaches_the_server():
    answer = ask("GET", "/api/openapi.json", {"host": "localhost:8501"})
    assert answer.status == 200 and answer.json == FOUND and answer.json["openapi"] == "3.1.0"
    assert ask("GET", "/api/openapi.json", {"host": "evil.example"}).status == 403


@pytest.mark.parametrize("name", FOUND["components"]["schemas"])
def test_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(FOUND["components"]["schemas"][name])


def test_every_reference_leads_somewhere_and_every_schema_is_used():
    used = set(re.findall(r"'\$ref': '(#[^']+)'", str(FOUND)))
    for one in used:
        place = FOUND
        for part in one.removeprefix("#/").split("/"):
            place = place[part]
    assert {one.rsplit("/", 1)[1] for one in used if "/schemas/" in one} == set(FOUND["components"]["schemas"])
    assert {one.rsplit("/", 1)[1] for one in used if "/responses/" in one} == set(FOUND["components"]["responses"])


@pytest.mark.parametrize(("path", "method", "call"), CALLS, ids=NAMES)
def test_every_call_says_what_it_needs_and_gives(path, method, call):
    assert call["summary"] and call["operationId"] and call["tags"][0] in {tag["name"] for tag in FOUND["tags"]}
    closed = path not in ("/health", "/api/openapi.json")
    assert call.get("security", FOUND["security"]) == ([{"token": []}] if closed else [])
    assert any(status.startswith("2") for status in call["responses"]) and ("401" in call["responses"]) == closed
    assert ("requestBody" in call) == (method in ("post", "patch", "put"))
    given = [*FOUND["paths"][path].get("parameters", []), *call.get("parameters", [])]
    assert {one["name"] for one in given if one["in"] == "path"} == set(re.findall(r"{(\w+)}", path))


def test_names_of_calls_are_told_once():
    names = [call["operationId"] for _, _, call in CALLS]
    assert len(set(names)) == len(names)


def test_what_is_answered_has_the_form_that_is_described():
    checked("Health", ask("GET", "/health").json)
    begun = begin().json
    checked("Upload", begun)
    checked("Upload", patch(begun["id"], 0, b"01").json)
    checked("Error", begin(size=0).json)
    with pytest.raises(jsonschema.ValidationError):
        checked("Upload", {"id": "x"})


def test_tokens_are_for_what_is_described():
    assert {"footage", "camera"} <= set(PURPOSES)


# ---- live cameras ---------------------------------------------------------------------------------------------------

JSON = HOME | {"content-type": "application/json"}


def live(path, sent):
    return ask("POST", f"/api/live/{path}", JSON, [json.dumps(sent).encode()])


def test_what_a_camera_tells_and_is_told_has_the_form_that_is_described(folder):  # noqa: F811
    store = services().store
    store.put_store("Main Street", time_zone="Europe/Berlin", opening_hours={"mon": ["09:00", "18:00"]})
    store.put_camera("Main Street", "floor", "shelves", zones=[[[0, 0], [0.5, 0], [0.5, 1]]])
    corners = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0))
    store.put_measuring("Main Street", "floor", "shelves", (MeasuringZone("shelf", "shelf", corners),))
    camera = {"store": "Main Street", "role": "floor", "door": "shelves"}
    beat = camera | {
        "version": VERSION, "worker": "w", "health": asdict(Health("live", pictures_per_s=25.0)), "waiting": 0,
        "faces_per_min": 3.0, "people": 1, "usable": 0.5,
    }  # fmt: skip
    messages = [counted(), told(), told(template=None, second=None)]
    for form, sent in (("Camera", camera), ("Beat", beat), ("Messages", {"store": "Main Street", "messages": messages})):
        checked(form, sent)
    for form, answer in (
        ("Plan", live("plan", camera)),
        ("Wanted", live("beat", beat)),
        ("Taken", taken := live("messages", {"store": "Main Street", "messages": messages})),
        ("Error", live("plan", camera | {"role": "roof"})),
    ):
        checked(form, answer.json)
    assert taken.status == 200 and live("plan", camera).json["measuring"] and live("plan", camera).json["hours"]


def test_a_message_of_another_form_is_no_message():
    for wrong in ({"kind": "gossip"}, {"version": 99}, {"expressions": [1.0]}, {"faces": 3}):
        with pytest.raises(jsonschema.ValidationError):
            checked("Messages", {"messages": [counted() | wrong]})
