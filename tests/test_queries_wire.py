"""Tables as JSON and back."""

import json

import numpy as np
import pandas as pd
import pytest

from fer_core import queries
from fer_core.errors import DataError
from fer_core.queries.wire import as_json, from_json
from fer_core.store import Store
from tests.days import make_day, make_footage
from tests.shops_of_three import NOON


def there_and_back(frame):
    return from_json(json.loads(json.dumps(as_json(frame), allow_nan=False)))


@pytest.mark.parametrize("start", [None, NOON])
@pytest.mark.parametrize("visits", [0, 3])
def test_visits_come_back_as_they_were(tmp_path, start, visits):
    films = {role: make_footage(f"{role}.mp4", role, start_at=start) for role in ("entry", "exit")}
    with Store.open(tmp_path / "a.duckdb") as store:
        day = store.write_day(make_day(visits=visits, **films))
        if visits:
            store.correct_visit(queries.of_day(store, day).visit_id[0], "negative", "seen")
        found = queries.of_day(store, day)
    assert len(found) == visits
    pd.testing.assert_frame_equal(there_and_back(found), found)


def test_numbers_keep_every_digit_and_what_is_unknown_is_null():
    frame = pd.DataFrame({"x": [0.1 + 0.2, np.nan, np.inf], "n": np.array([1, -2, 3], np.int32), "t": ["é", "", "x"]})
    told = as_json(frame)
    assert [row["x"] for row in told["rows"]] == [0.1 + 0.2, None, None]
    assert told["types"]["n"] == "int32" and there_and_back(frame)["x"][0] == frame["x"][0]


@pytest.mark.parametrize("given", [
    None, [], {}, {"types": {}}, {"types": [], "rows": []}, {"types": {"a": "str"}, "rows": [1]},
    {"types": {"a": "str"}, "rows": 7},
    {"types": {"a": "category"}, "rows": []}, {"types": {"a": 7}, "rows": []}, {"types": {"a": "int64"}, "rows": [{"a": "x"}]},
    {"types": {"a": "float64"}, "rows": [{"a": [1]}]}, {"types": {"a": "datetime64[us, UTC]"}, "rows": [{"a": "noon"}]},
    {"types": {str(n): "str" for n in range(501)}, "rows": []},
])  # fmt: skip
def test_what_is_no_table(given):
    with pytest.raises(DataError):
        from_json(given)
