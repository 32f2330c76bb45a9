"""The worker process: ``python -m readingroom.engine.worker``, started by `readingroom.engine.client.WorkerClient`.

Reads requests from standard input and answers on standard output, as `protocol` says, one call at a time. It ends,
with everything it started, as soon as its standard input closes: that is how it learns that its parent is gone.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from .. import time_limit
from ..errors import EngineError, InputError, ReadingRoomError
from ..progress import Progress
from . import dispatch, private_folder, protocol
from .process_tree import kill_own_tree

_REPORT_SECONDS = 0.05  # no eye needs the same sentence with a new number more often
_ORPHAN_SECONDS = 1.0  # the system closes a dead parent's pipe a moment before it releases its lock


class Worker:
    """Serves requests from ``source``, answers on ``sink``, until ``end`` is called at the end of the source.

    Parameters
    ----------
    calls : where the registry of calls is, ``package.module:NAME``
    end : called when the client is gone; does not return
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO, calls: str, end: Callable[[], None]):
        self._source = source
        self._sink = sink
        self._calls = calls
        self._end = end
        self._writing = threading.Lock()
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._busy = False
        self._number = 0  # of the call that is answered
        self._latest: float | None = None  # until when what is done now may go on

    def serve(self, heartbeat_seconds: float, silence_seconds: float) -> None:
        """Answer requests for ever. Calls run in this, the main thread: some libraries insist on it."""
        time_limit.enforce(self._limit)
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(
            target=self._heartbeat, args=(heartbeat_seconds, silence_seconds), name="heartbeat", daemon=True
        ).start()
        while True:
            self._answer(self._requests.get())

    def _listen(self) -> None:
        while line := self._source.readline(protocol.LINE_LIMIT + 1):
            try:
                request = protocol.decode(line)
                right = isinstance(request.get("call"), str) and isinstance(request.get("arguments"), dict)
                if not right or type(request.get("id")) is not int:
                    raise protocol.ProtocolError("A request has no number, names no call or has no arguments.")
            except protocol.ProtocolError as problem:
                self._fail(
                    None,
                    EngineError("The reading process received a request that it does not understand.", str(problem)),
                )
                continue
            if self._busy:
                self._fail(request["id"], EngineError("The reading process is still busy with earlier work."))
                continue
            self._busy = True
            self._send({"id": request["id"], "acknowledged": True})
            self._requests.put(request)
        self._end()

    def _heartbeat(self, seconds: float, silence_seconds: float) -> None:
        while True:
            # Should C code keep Python from running, the stacks go to standard error before the client gives up.
            faulthandler.dump_traceback_later(0.7 * silence_seconds)
            self._send({"heartbeat": True})
            if (latest := self._latest) is not None and time.monotonic() > latest:
                error = protocol.error_to_json(InputError(time_limit.TOOK_TOO_LONG))
                self._send({"id": self._number, "error": error, "hung": True})
                kill_own_tree()
            time.sleep(seconds)

    def _limit(self, seconds: float | None) -> None:
        self._latest = None if seconds is None else time.monotonic() + seconds

    def _answer(self, request: dict[str, Any]) -> None:
        self._number = number = request["id"]
        try:
            progress = Progress(
                self._reporter(number), publish=lambda value: self._send({"id": number, "partial": value})
            )
            answer = {"value": dispatch.perform(self._calls, request["call"], request["arguments"], progress)}
        except ReadingRoomError as error:
            try:
                answer = {"error": protocol.error_to_json(error)}
            except (TypeError, ValueError) as problem:  # a check of it is no JSON
                answer = {"error": protocol.error_to_json(dispatch.understood(problem))}
        self._busy = False  # before the answer goes out: the next request may follow at once
        self._send({"id": number, **answer})

    def _reporter(self, number: Any) -> Callable[[float, str], None]:
        last = ("", -_REPORT_SECONDS)

        def report(fraction: float, sentence: str) -> None:
            nonlocal last
            now = time.monotonic()
            if sentence != last[0] or now - last[1] >= _REPORT_SECONDS:
                last = (sentence, now)
                self._send({"id": number, "fraction": fraction, "sentence": sentence})

        return report

    def _fail(self, number: Any, error: ReadingRoomError) -> None:
        self._send({"id": number, "error": protocol.error_to_json(error)})

    def _send(self, message: dict[str, Any]) -> None:
        line = protocol.encode(message)
        try:
            with self._writing:
                self._sink.write(line)
                self._sink.flush()
        except OSError:  # nobody reads any more
            self._end()


def claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone.

    What libraries print, even from C, goes to standard error from now on, and they read nothing.
    """
    source, sink = os.dup(0), os.dup(1)
    _wake_at(source)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return open(source, "rb"), open(sink, "wb")


def _wake_at(source: int) -> None:
    """A stopped process (SIGSTOP) notices nothing, not even that its parent is gone. On Linux the kernel continues it
    when something happens at the pipe, be it that the other end closes; elsewhere it stays."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(source, fcntl.F_SETSIG, signal.SIGCONT)
        fcntl.fcntl(source, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(source, fcntl.F_SETFL, fcntl.fcntl(source, fcntl.F_GETFL) | os.O_ASYNC)


def end(folder: Path | None) -> None:
    """The client is gone: remove its folder, then end this process and all that it started."""
    if folder is None:  # started by hand
        os._exit(1)
    stop = time.monotonic() + _ORPHAN_SECONDS
    while folder.exists() and time.monotonic() < stop:
        private_folder.remove_orphan(folder)
        time.sleep(0.05)
    kill_own_tree()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m readingroom.engine.worker", description="Used by ReadingRoom.")
    parser.add_argument("--calls", default=dispatch.OUR_CALLS, help="package.module:NAME of the registry of calls")
    parser.add_argument("--heartbeat", type=float, default=1.0, help="seconds between two signs of life")
    parser.add_argument("--silence", type=float, default=60.0, help="seconds without one until the client gives up")
    parser.add_argument("--client-folder", type=Path, help="private folder of the client that made this a session")
    options = parser.parse_args()

    source, sink = claim_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C is the client's to answer
    lock = threading.Lock()

    def end_once() -> None:
        with lock:  # a second thread that notices the same waits here for the end
            end(options.client_folder)

    Worker(source, sink, options.calls, end_once).serve(options.heartbeat, options.silence)


if __name__ == "__main__":
    main()
