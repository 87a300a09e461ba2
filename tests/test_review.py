from dataclasses import replace

import numpy as np
import pytest

from fer_core import review
from fer_core.settings import ReviewSettings
from fer_core.types import EXPRESSIONS, Appearance

SETTINGS = ReviewSettings()


def seen(expression: str | None, *, sure: float = 0.94, frames: int = 10, noise: float = 0.0) -> Appearance:
    rng = np.random.default_rng(3)
    series = np.full((frames if expression else 0, 7), (1 - sure) / 6, np.float32)
    if expression:
        series[:, EXPRESSIONS.index(expression)] = sure
        series = np.abs(series + rng.normal(0, noise, series.shape))
        series /= series.sum(axis=1, keepdims=True)
    return Appearance(
        role="entry", film=0, intervals=((0.0, 2.0),), best_s=1.0, x=0, y=0, size_px=80, quality=0.9,
        faces=frames, template=[1.0, 0.0] if expression else None, times_s=np.arange(len(series)) * 0.2,
        series=series, weight=np.ones(len(series)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("neutral", "neutral", "neutral"),
        ("neutral", "happy", "positive"),
        ("sad", "happy", "positive"),
        ("angry", "neutral", "positive"),
        ("happy", "surprise", "negative"),
        ("neutral", "fear", "negative"),
        ("sad", "angry", "neutral"),
    ],
)
def test_reviews(before, after, told):
    assert review.change_between(seen(before), seen(after), SETTINGS).review == told


def test_unusable_appearance_is_refused():
    with pytest.raises(ValueError, match="usable"):
        review.change_between(seen(None), seen("happy"), SETTINGS)


def test_change_near_the_threshold_is_uncertain():
    assert review.verdict(SETTINGS.threshold + 0.01, 0.1, SETTINGS) == "uncertain"
    assert review.verdict(SETTINGS.threshold - 0.01, 0.1, SETTINGS) == "uncertain"
    assert review.verdict(-SETTINGS.threshold - 0.3, 0.1, SETTINGS) == "negative"
    assert review.verdict(0.0, 0.1, SETTINGS) == "neutral"
    assert review.verdict(0.0, 5.0, SETTINGS) == "uncertain"


def test_offset_is_taken_off_before_the_review_and_its_error_counts():
    plain = review.change_between(seen("neutral"), seen("happy"), SETTINGS)
    moved = review.change_between(seen("neutral"), seen("happy"), SETTINGS, review.Offset(0.9, 0.2))
    assert plain.review == "positive"
    assert moved.raw == plain.raw
    assert moved.review != "positive"
    assert moved.se > plain.se


def test_offset_is_zero_below_the_least_visits_or_days():
    rng = np.random.default_rng(0)
    changes = rng.normal(0.2, 0.1, 300).tolist()
    assert review.shrunk_offset([], 0, SETTINGS) == review.Offset()
    assert review.shrunk_offset(changes[:199], 30, SETTINGS) == review.Offset()
    assert review.shrunk_offset(changes, 13, SETTINGS) == review.Offset()
    found = review.shrunk_offset(changes, 14, SETTINGS)
    assert found.value == pytest.approx(0.2, abs=4 * found.se)
    assert found.se == pytest.approx(1.2533 * 0.1 / np.sqrt(300), rel=0.2)


def test_bootstrap_grows_with_noise_and_needs_two_blocks():
    assert review.bootstrap_se(seen("happy", frames=1), SETTINGS) == 0.0
    calm = review.bootstrap_se(seen("happy", frames=40, noise=0.01), SETTINGS)
    wild = review.bootstrap_se(seen("happy", frames=40, noise=0.3), SETTINGS)
    assert 0 < calm < wild


def test_unsure_model_has_a_larger_error():
    assert review.model_se(seen("happy", sure=0.4), SETTINGS) > review.model_se(seen("happy", sure=0.95), SETTINGS)


def test_valence_map_is_editable():
    glad_of_surprise = replace(SETTINGS, valence=(-1, -1, -1, 1, -1, 1, 0))
    assert review.change_between(seen("neutral"), seen("surprise"), SETTINGS).review == "neutral"
    assert review.change_between(seen("neutral"), seen("surprise"), glad_of_surprise).review == "positive"


def test_categories_add_up_and_are_checked():
    own = review.Categories("shop", 1, ("put off", "put off", "put off", "pleased", "put off", "curious", "calm"), (0.0,) * 7)
    shares = own.shares(np.array([0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1]))
    assert list(shares) == ["put off", "pleased", "curious", "calm"]
    assert shares["put off"] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="needs 7 classes"):
        review.Categories("shop", 1, ("a",), (0.0,) * 7)
    with pytest.raises(ValueError, match="must lie"):
        review.Categories("shop", 1, ("a",) * 7, (2.0,) * 7)


@pytest.mark.parametrize("after", ["happy", "neutral", "sad"])
def test_reason_says_the_numbers(after):
    change = review.change_between(seen("neutral"), seen(after), SETTINGS)
    sentence = review.reason(change, SETTINGS)
    assert f"{change.se:.2f}" in sentence
    assert f"{SETTINGS.threshold:.2f}" in sentence
    assert "felt" not in sentence
