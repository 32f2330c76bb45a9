"""Work in processes of their own, some of which end badly."""

from __future__ import annotations

import sys

import pytest

from readingroom.radiomics.side_by_side import side_by_side

WORK = """
import os, signal

def double(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 7:
        raise ValueError("seven")
    return 2 * number
"""


@pytest.fixture
def double(tmp_path, monkeypatch):
    """A function that other processes can import; 3 kills the process that computes it."""
    (tmp_path / "doubling.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    import doubling

    yield doubling.double
    del sys.modules["doubling"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent there")
@pytest.mark.parametrize("processes", [1, 2])
def test_what_kills_its_process_does_not_take_the_others_with_it(double, processes):
    found = dict(side_by_side(double, {f"job {n}": (n,) for n in range(6)}, processes))
    assert found == {f"job {n}": None if n == 3 else 2 * n for n in range(6)}


def test_an_error_of_the_work_is_raised_as_it_is(double):
    with pytest.raises(ValueError, match="seven"):
        dict(side_by_side(double, {7: (7,)}, 1))


def test_without_jobs_no_process_is_started():
    assert list(side_by_side(print, {}, 2)) == []
