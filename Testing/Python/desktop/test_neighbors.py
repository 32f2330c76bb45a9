"""What other extensions raise."""

from __future__ import annotations

from subprocess import CalledProcessError, TimeoutExpired

import pytest

from readingroom.desktop.neighbors import explained
from readingroom.errors import EngineError, InputError, SetupError


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (RuntimeError("failed"), "RuntimeError: failed"),
        (ImportError("no torch"), "ImportError: no torch"),
        (SystemExit(3), "SystemExit: 3"),
        (CalledProcessError(1, "pip", b"fetching\n", "no network"), "fetching\nno network"),
        (TimeoutExpired("totalsegmentator", 5), "timed out after 5 seconds"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("kind", [SetupError, EngineError])
def test_an_error_of_any_kind_becomes_one_sentence_with_the_detail_behind_it(error, detail, kind):
    with pytest.raises(kind, match=r"^It failed\.$") as told, explained("It failed.", kind):
        raise error
    assert detail in told.value.detail
    assert told.value.__cause__ is error


def test_an_error_that_is_a_sentence_already_passes():
    with pytest.raises(InputError, match="Choose a study"), explained("It failed."):
        raise InputError("Choose a study.")


def test_a_person_who_interrupts_is_no_failure_of_a_neighbor():
    with pytest.raises(KeyboardInterrupt), explained("It failed."):
        raise KeyboardInterrupt
