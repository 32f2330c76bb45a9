"""One state machine for all work that a panel follows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from readingroom.desktop.job import Job
from readingroom.engine.events import Advanced, Failed, Finished
from readingroom.errors import EngineError, InputError


class PlayedCall:
    """Tells prepared events, one list at each look."""

    def __init__(self, *looks):
        self.looks = [list(look) for look in looks]
        self.canceled = False

    def poll(self):
        return self.looks.pop(0) if self.looks else []

    def cancel(self):
        self.canceled = True


def begin(*looks):
    return lambda: PlayedCall(*looks)


def follow(job: Job) -> None:
    while job.state == "working":
        job.poll()


def test_it_goes_from_idle_through_working_to_done():
    job = Job()
    assert job.state == "idle"
    job.start([begin([Advanced(0.5, "Half-way.")], [Finished("answer")])])
    assert job.state == "working"
    assert job.poll()
    assert job.progress == (0.5, "Half-way.")
    follow(job)
    assert (job.state, job.values) == ("done", ["answer"])
    assert not job.poll()


def test_steps_follow_each_other_and_share_the_progress():
    job = Job()
    job.start([begin([Finished(1)]), begin([Advanced(0.5, "Second.")], [Finished(2)])])
    job.poll()
    assert (job.state, job.values) == ("working", [1])
    job.poll()
    assert job.progress == (0.75, "Second.")
    follow(job)
    assert job.values == [1, 2]


def test_work_without_steps_is_done_at_once():
    job = Job()
    job.start([])
    assert job.state == "done"


def test_an_answer_ahead_of_the_end_stands_until_the_end_and_after_a_cancel():
    early = SimpleNamespace(value="early")
    job = Job()
    job.start([begin([early], [Finished("tested")])])
    job.poll()
    assert (job.state, job.interim) == ("working", "early")
    job.cancel()
    assert (job.state, job.interim) == ("idle", "early")
    job.start([begin([early], [Finished("tested")])])
    follow(job)
    assert (job.interim, job.values) == (None, ["tested"])


def test_a_failure_ends_the_steps_and_keeps_what_was_done():
    job = Job()
    job.start([begin([Finished(1)]), begin([Failed(InputError("Damaged."))]), begin([Finished(3)])])
    follow(job)
    assert (job.state, str(job.error), job.values) == ("failed", "Damaged.", [1])


def test_a_step_that_cannot_begin_fails_the_work():
    def refuse():
        raise EngineError("No worker.")

    job = Job()
    job.start([refuse])
    assert (job.state, str(job.error)) == ("failed", "No worker.")


def test_two_works_at_once_are_refused():
    job = Job()
    job.start([begin([])])
    with pytest.raises(EngineError, match="still going on"):
        job.start([begin([])])


def test_canceling_ends_the_call_and_nothing_follows():
    call, begun = PlayedCall(), []
    job = Job()
    job.start([lambda: call, lambda: begun.append("second")])
    job.cancel()
    assert (job.state, job.error, call.canceled, begun) == ("idle", None, True, [])
    assert not job.poll()


def test_canceling_nothing_does_nothing():
    job = Job()
    job.cancel()
    assert job.state == "idle"


def test_work_begins_when_what_is_being_prepared_is_over_even_if_that_failed():
    job = Job()
    job.prepare(begin([], [], [Failed(InputError("No network."))]))
    begun = []

    def work():
        begun.append(True)
        return PlayedCall([Finished("answer")])

    job.start([work])
    assert (job.state, begun) == ("working", [])
    follow(job)
    assert (job.state, job.error, job.values) == ("done", None, ["answer"])


def test_work_canceled_while_it_waits_never_begins():
    begun = []
    job = Job()
    job.prepare(begin([]))
    job.start([lambda: begun.append(True)])
    job.cancel()
    job.poll()
    assert begun == []


def test_nothing_is_prepared_while_work_goes_on():
    prepared = []
    job = Job()
    job.start([begin([])])
    job.prepare(lambda: prepared.append(True))
    assert prepared == []


def test_waiting_tells_the_progress_and_raises_what_went_wrong():
    told = []
    job = Job()
    job.start([begin([Advanced(0.5, "Half-way.")], [Failed(InputError("Damaged."))])])
    with pytest.raises(InputError, match="Damaged"):
        job.wait(lambda fraction, sentence: told.append((fraction, sentence)))
    assert told == [(0.5, "Half-way.")]


def test_a_wait_that_is_interrupted_cancels_the_work():
    call = PlayedCall([Advanced(0.5, "Half-way.")])
    job = Job()
    job.start([lambda: call])

    def interrupt(fraction, sentence):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.wait(interrupt)
    assert call.canceled
    assert job.state == "idle"
