"""What numbers look like to people."""

import pytest

from ui import plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, plain.DASH), (float("nan"), plain.DASH), (0.0, "+0.00"), (-0.001, "+0.00"), (-0.25, "−0.25"), (0.3, "+0.30")],
)
def test_numbers_carry_a_true_minus_and_nothing_is_below_zero_by_a_hair(value, shown):
    assert plain.number(value) == shown
