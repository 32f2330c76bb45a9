"""The whole way on phantoms: what is planted is found, and what leaks is named."""

from __future__ import annotations

import pytest

from experiments.phantom_study import Caught, Signal, catch_leaks, find_signals, page
from readingroom.reading import Estimate, Interval

pytestmark = pytest.mark.slow

pytest.importorskip("torch", reason="training needs the extra 'read'")
pytest.importorskip("sklearn", reason="training needs the extra 'train'")


@pytest.fixture(scope="module")
def signals(tmp_path_factory) -> dict[float, Signal]:
    """No signal, and a strong one."""
    found = find_signals(tmp_path_factory.mktemp("signals"), studies=96, separations=(0.0, 2.0))
    return {signal.separation: signal for signal in found}


def test_without_a_signal_none_is_found(signals):
    # Nor does the upper end always reach 0.5: what a small table holds out leans the other way than what it trains on.
    assert signals[0.0].found.interval.low < 0.5


def test_a_strong_signal_is_found_nearly_as_well_as_possible(signals):
    found = signals[2.0].found
    assert found.interval.low > 0.75
    assert found.interval.low < signals[2.0].best < found.interval.high + 0.05


def test_a_planted_leak_is_named_and_without_one_there_is_none(tmp_path):
    # Each leak by itself: Testing/Python/learning/audit/test_audit.py
    caught = catch_leaks(tmp_path, studies=48, leaks=("none", "patient"))
    assert len(caught) == 2
    assert [each.leak for each in caught if not each.right] == []


def test_the_page_says_that_its_numbers_are_from_phantoms_and_when_a_leak_was_missed():
    estimate = Estimate(0.7, Interval(0.6, 0.8), 100)
    text = page([Signal(1.0, 0.76, estimate)], [Caught("site", (), frozenset())], 100)
    assert "from phantoms" in text
    assert "| 1 | 0.760 | 0.700 (0.600 to 0.800) |" in text
    assert "| NO |" in text
