"""What stays in memory between calls."""

import pytest

from readingroom import model_cache


@pytest.fixture(autouse=True)
def _empty():
    model_cache.clear()
    yield
    model_cache.clear()


def test_a_thing_is_made_once():
    made = []
    assert model_cache.get_or_load("a", lambda: made.append(1) or "thing") == "thing"
    assert model_cache.get_or_load("a", lambda: made.append(1) or "another") == "thing"
    assert made == [1]


def test_the_one_unused_longest_is_forgotten():
    for name in range(model_cache.LIMIT):
        model_cache.get_or_load(name, lambda: "first")
    model_cache.get_or_load(0, lambda: "again")
    model_cache.get_or_load("new", lambda: "first")
    assert model_cache.get_or_load(0, lambda: "again") == "first"
    assert model_cache.get_or_load(1, lambda: "again") == "again"


def test_a_thing_that_cannot_be_made_is_not_kept():
    with pytest.raises(ZeroDivisionError):
        model_cache.get_or_load("a", lambda: 1 // 0)
    assert model_cache.get_or_load("a", lambda: "thing") == "thing"
