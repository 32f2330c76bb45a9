"""One piece of work at a time for a panel to follow: reading, measuring, reporting. Knows neither Qt nor a scene."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from ..engine.events import Advanced, Event, Failed, Finished
from ..errors import EngineError, ReadingRoomError

State = Literal["idle", "working", "done", "failed"]

_WAIT_SECONDS = 0.005  # between two looks of `wait`


class Call(Protocol):
    """What a client's ``start`` gives: work that is going on."""

    def poll(self) -> list[Event]:
        """What happened since the last look; does not wait."""

    def cancel(self) -> None:
        """End it now."""


Begin = Callable[[], Call]


class Job:
    """The state of the work that is going on.

    ``state`` goes from ``idle`` to ``working`` and then to ``done``, ``failed`` or, when canceled, ``idle`` again.
    ``progress`` is the fraction and the sentence of the work going on; ``values`` are what its steps gave so far, and
    ``interim`` is what the present step has given ahead of its end (None while there is nothing); ``error`` is what the
    last work failed with.

    Example
    -------
    >>> job = Job()
    >>> job.start([lambda: client.start("describe", {})])  # doctest: +SKIP
    >>> while job.state == "working":  # doctest: +SKIP
    ...     job.poll()
    >>> job.values[0]["device"]  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.state: State = "idle"
        self.progress: tuple[float, str] = (0.0, "")
        self.values: list[Any] = []
        self.interim: Any = None
        self.error: ReadingRoomError | None = None
        self._steps: list[Begin] = []  # that have not begun
        self._count = 0
        self._call: Call | None = None
        self._background: Call | None = None

    def start(self, steps: Sequence[Begin]) -> None:
        """Begin to work; `poll` follows it. Each step begins when the one before it is done; without any it is done.

        Raises
        ------
        EngineError : other work is going on
        """
        if self.state == "working":
            raise EngineError("Another piece of work is still going on.")
        self._steps, self._count = list(steps), len(steps)
        self.state, self.error, self.progress, self.values, self.interim = "working", None, (0.0, ""), [], None
        if not self._waits():
            self._next()

    def prepare(self, begin: Begin) -> None:
        """Begin something that nobody waits for, such as loading a network; work that is started meanwhile follows it.

        Nothing happens while work or other preparation is going on, and what goes wrong is not told: the work will meet
        it again, and tell it.
        """
        if self.state != "working" and not self._waits():
            with contextlib.suppress(ReadingRoomError):
                self._background = begin()

    def poll(self) -> bool:
        """Take in what happened since the last look; True when anything did. Never waits."""
        if self.state != "working":
            return False
        if self._call is None:
            if self._waits():
                return False
            self._next()
            return True
        events = self._call.poll()
        for event in events:
            self._take(event)
        return bool(events)

    def wait(self, on_progress: Callable[[float, str], None] | None = None) -> None:
        """Wait for the end of the work, for scripts and tests. Control-C cancels it.

        Raises
        ------
        ReadingRoomError : what the work failed with
        """
        try:
            while self.state == "working":
                if not self.poll():
                    time.sleep(_WAIT_SECONDS)
                elif on_progress is not None and self.state == "working":
                    on_progress(*self.progress)
        except BaseException:
            self.cancel()  # nobody would ever look at this work again
            raise
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """Stop the work at once; what its steps gave until now stays in ``values`` and ``interim``."""
        if self.state != "working":
            return
        call, self._call, self._steps = self._call, None, []
        self.state = "idle"
        if call is not None:
            call.cancel()

    def forget(self) -> None:
        """Cancel, and forget what came of it."""
        self.cancel()
        self.state, self.error, self.values, self.interim = "idle", None, [], None

    def _waits(self) -> bool:
        """Whether something is still being prepared."""
        if self._background is not None and any(isinstance(e, Finished | Failed) for e in self._background.poll()):
            self._background = None
        return self._background is not None

    def _next(self) -> None:
        self.interim = None
        if not self._steps:
            self.state = "done"
            return
        try:
            self._call = self._steps.pop(0)()
        except ReadingRoomError as error:
            self._take(Failed(error))

    def _take(self, event: Any) -> None:
        if isinstance(event, Advanced):
            self.progress = ((len(self.values) + event.fraction) / self._count, event.sentence)
        elif isinstance(event, Failed):
            self._call, self._steps = None, []
            self.state, self.error = "failed", event.error
        elif isinstance(event, Finished):
            self._call = None
            self.values.append(event.value)
            self._next()
        else:  # an answer ahead of the end
            self.interim = event.value
