"""The client's surface without a worker process: for the shell, for tests, and for debugging."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import CancelledError, EngineError, ReadingRoomError
from ..progress import Progress
from . import dispatch, protocol
from .events import Advanced, Event, Failed, Finished, Partial
from .private_folder import PrivateFolder


class InProcessClient:
    """Does calls in this process, one at a time, with the same words and the same errors as a worker.

    ``start`` only notes what to do. The work runs in the thread of the first ``call.wait()`` (or ``call.poll()``, which
    here returns when all is done), so that Control-C reaches it and PyTorch stays in the main thread.

    Parameters
    ----------
    calls : where the registry of calls is, ``package.module:NAME``
    """

    def __init__(self, calls: str = dispatch.OUR_CALLS):
        self._calls = calls
        self._folder = PrivateFolder()
        self._current: InProcessCall | None = None

    @property
    def folder(self) -> Path:
        """The private temporary folder, made at the first use and removed by `stop`.

        Raises
        ------
        OutputError : it cannot be made
        """
        return self._folder.path

    def start(self, name: str, arguments: dict[str, Any]) -> InProcessCall:
        """Note the call; `InProcessCall.wait` does it.

        Raises
        ------
        EngineError : an earlier call has not ended
        TypeError, ValueError : the arguments are no JSON values
        """
        if self._current is not None and not self._current.done:
            raise EngineError("Earlier work is still running: wait for it or cancel it.")
        plain = protocol.decode(protocol.encode(arguments))
        self._current = InProcessCall(self._calls, name, plain)
        return self._current

    def stop(self) -> None:
        """Cancel what runs and remove the folder. The client can be used again afterwards."""
        if self._current is not None:
            self._current.cancel()
        self._folder.remove()


class InProcessCall:
    """One call of an `InProcessClient`."""

    def __init__(self, calls: str, name: str, arguments: dict[str, Any]):
        self._calls = calls
        self._name = name
        self._arguments = arguments
        self._running = False
        self._canceled = False
        self._end: Finished | Failed | None = None
        self._told = False

    @property
    def done(self) -> bool:
        """True when the work has ended, well or not."""
        return self._end is not None

    def poll(self) -> list[Event]:
        """Do the work if that has not happened yet; all its events, once."""
        events: list[Event] = []
        if self._told or self._running:
            return events
        end = self._run(
            lambda fraction, sentence: events.append(Advanced(fraction, sentence)),
            lambda value: events.append(Partial(value)),
        )
        self._told = True
        return [*events, end]

    def wait(self, on_progress: Callable[[float, str], None] | None = None) -> Any:
        """Do the work and give its value. Control-C cancels it.

        Raises
        ------
        ReadingRoomError : it ended without a value (`CancelledError` when it was canceled)
        """
        end = self._run(on_progress)
        self._told = True
        if isinstance(end, Failed):
            raise end.error
        return end.value

    def cancel(self) -> None:
        """End the work at its next progress; from ``on_progress``, from another thread, or before it began."""
        self._canceled = True
        if not self._running and self._end is None:
            self._end = Failed(CancelledError("The work was canceled."))

    def _run(
        self, report: Callable[[float, str], None] | None, publish: Callable[[Any], None] | None = None
    ) -> Finished | Failed:
        if self._end is not None:
            return self._end
        if self._running:
            raise RuntimeError("A call waits for itself: wait() was called from its own progress.")
        self._running = True
        try:
            progress = Progress(report, lambda: self._canceled, publish=publish)
            self._end = Finished(dispatch.perform(self._calls, self._name, self._arguments, progress))
        except ReadingRoomError as error:
            self._end = Failed(error)
        except KeyboardInterrupt:
            self._end = Failed(CancelledError("The work was canceled."))
        finally:
            self._running = False
        return self._end
