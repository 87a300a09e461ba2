"""The routes fuzzed by their own description: whatever it allows or forbids, no answer is a fault of ours."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from starlette.applications import Starlette

from server.gate import Gate
from server.openapi import description
from server.routes import routes
from server.services import close_all, services
from tests.shops_of_three import everybody, fill
from tests.test_live_routes import bearer

FUZZ = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large,
    ],
)  # fmt: skip
HOME = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """All routes behind the gate, a token of each purpose, and what there was before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MOODGATE_DATA", str(tmp_path_factory.mktemp("schema")))
        fill(services().store)
        everybody(services().store)
        held = {purpose: bearer(purpose) for purpose in ("camera", "footage")}
        yield Gate(Starlette(routes=routes("127.0.0.1"))), held
        close_all()


def rows() -> dict[str, int]:
    with services().store.cursor() as cursor:
        return {
            table: cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("stores", "accounts", "visits", "people", "templates")
        }


@schema.parametrize()
@FUZZ
def test_no_answer_is_a_fault_of_ours(case, app):
    served, held = app
    before = rows()
    case.headers = {**(case.headers or {}), **HOME}
    own = held["footage" if case.path.startswith(("/upload", "/api/reviews")) else "camera"]
    for token in ({}, own):
        response = case.call(base_url="http://localhost:8501", app=served, headers=HOME | token)
        case.validate_response(response, checks=[checks.not_a_server_error])
        assert response.status_code < 500 or response.status_code == 503
        if not token and case.path not in ("/health", "/api/openapi.json"):
            assert response.status_code in (401, 403, 404, 405), "nobody is let in without a token"
    assert rows() == before
