"""What stays in memory between calls."""

import pytest

from readingroom.engine import warm


@pytest.fixture(autouse=True)
def _empty():
    warm.forget()
    yield
    warm.forget()


def test_a_thing_is_made_once():
    made = []
    assert warm.keep("a", lambda: made.append(1) or "thing") == "thing"
    assert warm.keep("a", lambda: made.append(1) or "another") == "thing"
    assert made == [1]


def test_the_one_unused_longest_is_forgotten():
    for name in range(warm.LIMIT):
        warm.keep(name, lambda: "first")
    warm.keep(0, lambda: "again")
    warm.keep("new", lambda: "first")
    assert warm.keep(0, lambda: "again") == "first"
    assert warm.keep(1, lambda: "again") == "again"


def test_a_thing_that_cannot_be_made_is_not_kept():
    with pytest.raises(ZeroDivisionError):
        warm.keep("a", lambda: 1 // 0)
    assert warm.keep("a", lambda: "thing") == "thing"
