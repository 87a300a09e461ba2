from datetime import UTC, datetime, time

import numpy as np
import pytest

from fer_core.gate import Gate, Hours, Zone, moment_of
from fer_core.types import Faces

LEFT_HALF = Zone("till", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
TWO = Faces([[10, 10, 30, 30], [70, 10, 90, 30]], [0.9, 0.9])


def test_no_faces():
    assert Gate(masks=(LEFT_HALF,)).admits(Faces.none(), (100, 50)).tolist() == []


def test_mask_drops_faces_whose_middle_lies_in_it():
    assert Gate().admits(TWO, (100, 50)).tolist() == [True, True]
    assert Gate(masks=(LEFT_HALF,)).admits(TWO, (100, 50)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("begin", "end", "zone", "moment", "open_"),
    [
        (time(9), time(18), "UTC", datetime(2026, 3, 2, 12, tzinfo=UTC), True),
        (time(9), time(18), "UTC", datetime(2026, 3, 2, 18, tzinfo=UTC), False),
        (time(9), time(18), "America/New_York", datetime(2026, 3, 2, 12, tzinfo=UTC), False),
        (time(20), time(4), "UTC", datetime(2026, 3, 2, 2, tzinfo=UTC), True),
        (time(20), time(4), "UTC", datetime(2026, 3, 2, 12, tzinfo=UTC), False),
        (time(0), time(0), "UTC", datetime(2026, 3, 2, 12, tzinfo=UTC), True),
    ],
)
def test_hours(begin, end, zone, moment, open_):
    gate = Gate(hours=Hours(begin, end, zone))
    assert gate.admits(TWO, (100, 50), moment).tolist() == [open_, open_]


def test_hours_need_a_start():
    assert Gate(hours=Hours(time(9), time(10))).admits(TWO, (100, 50), moment_of(None, 5.0)).all()


def test_staff():
    staff = Gate(is_staff=lambda template: bool(template[0] > 0.9))
    assert not staff.admits_template(np.array([1.0, 0.0]))
    assert staff.admits_template(np.array([0.0, 1.0]))
    assert Gate().admits_template(np.array([1.0, 0.0]))


def test_bad_zones_are_refused():
    with pytest.raises(ValueError, match="three corners"):
        Zone("line", ((0, 0), (1, 1)))
    with pytest.raises(ValueError, match="outside"):
        Zone("big", ((0, 0), (2, 0), (0, 1)))
