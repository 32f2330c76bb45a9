"""What the worker and its client say to each other, damaged: neither may end but with an answer."""

from __future__ import annotations

import io
import json
import queue
import random
import threading
from pathlib import Path
from typing import Any, cast

from readingroom.engine import protocol
from readingroom.engine.client import WorkerCall, WorkerClient
from readingroom.engine.worker import Worker
from readingroom.engine.worker_process import WorkerProcess

from .driver import Case, Driver
from .mutations import mutated, mutated_json, value

CALLS = {"echo": lambda arguments, progress: arguments}

_REQUEST = {"id": 3, "call": "echo", "arguments": {"image": "x", "numbers": [1, 2.5, None]}}
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"heartbeat": True},
    {"id": 3, "acknowledged": True},
    {"id": 3, "fraction": 0.4, "sentence": "Going on."},
    {"id": 3, "partial": {"a": 1}},
    {"id": 3, "value": {"a": [1, 2]}},
    {"id": 3, "error": {"kind": "InputError", "sentence": "No."}},
    {"id": 3, "error": {"kind": "EngineError", "sentence": "No.", "detail": "x"}},
    {"id": 3, "error": {"kind": "RefusedError", "sentence": "No.", "checks": [{"name": "a", "status": "stop"}]}},
)


def _line(message: dict[str, Any], source: random.Random) -> bytes:
    way = source.random()
    if way < 0.55:
        changed = json.dumps(mutated_json(message, source)).encode("utf-8", errors="surrogatepass") + b"\n"
    elif way < 0.7:
        changed = json.dumps({**message, "id": value(source)}).encode() + b"\n"
    else:
        changed = mutated(json.dumps(message).encode() + b"\n", source)
    return changed


def _to_worker(source: random.Random, folder: Path) -> Case:
    lines = b"".join(_line(_REQUEST, source) for _ in range(source.randint(1, 5)))

    def work() -> None:
        ended, sink = threading.Event(), io.BytesIO()
        fallen: list[BaseException] = []
        threading.excepthook = lambda arguments: (fallen.append(arguments.exc_value or Exception()), ended.set())[1]
        worker = Worker(io.BytesIO(lines + b"\n"), sink, "fuzz.worker_lines:CALLS", ended.set)
        threading.Thread(target=_serve, args=(worker, fallen, ended), daemon=True).start()
        if not ended.wait(10):
            raise TimeoutError("the listener did not come to the end of its lines")
        if fallen:
            raise fallen[0]
        for line in sink.getvalue().splitlines():
            protocol.decode(line)

    return Case("requests", work)


def _serve(worker: Worker, fallen: list[BaseException], ended: threading.Event) -> None:
    try:
        worker.serve(60, 600)
    except BaseException as error:
        fallen.append(error)
        ended.set()


class _Said:
    """A worker that says these lines and ends."""

    heartbeats, ended, exit_code, last_words = 1, True, 0, ""

    def __init__(self, lines: bytes):
        self.messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        pipe = io.BytesIO(lines)
        WorkerProcess._read_messages(cast(Any, self), pipe)

    def kill(self) -> None:
        """It has ended already."""


def _to_client(source: random.Random, folder: Path) -> Case:
    lines = b"".join(_line(source.choice(_ANSWERS), source) for _ in range(source.randint(1, 8)))

    def work() -> None:
        client = WorkerClient()
        call = WorkerCall(client, cast(WorkerProcess, _Said(lines)), 3)
        call.wait(lambda fraction, sentence: None)

    return Case("answers", work)


def _case(source: random.Random, folder: Path) -> Case:
    return source.choice((_to_worker, _to_client))(source, folder)


WORKER_LINES = Driver("lines", "Worker lines", _case)
