"""Calls that the tests give to a worker: it finds them as ``worker_calls:CALLS`` on its PYTHONPATH."""

import ctypes
import faulthandler
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from readingroom import errors, model_cache
from readingroom.reading import Check
from readingroom.time_limit import time_limit


def echo(arguments, progress):
    return arguments


def steps(arguments, progress):
    for step in range(arguments["steps"]):
        progress(step / arguments["steps"], f"Step {step}.")
    return arguments["steps"]


def sleep(arguments, progress):
    progress(0.1, "Sleeping.")
    time.sleep(60)


def slow_steps(arguments, progress):
    """Half a second of steps with files and hashes in between, for killing at any moment."""
    for step in range(100):
        progress(step / 100, f"Step {step}.")
        Path(tempfile.gettempdir(), f"part-{step}").write_bytes(hashlib.sha256(bytes(200_000)).digest())
        time.sleep(0.005)
    return "done"


def busy_in_c(arguments, progress):
    """One call into C that lasts a minute and keeps Python from running: PyDLL holds the interpreter's lock."""
    progress(0.5, "Computing.")
    ctypes.PyDLL(None).sleep(60)


def spawn(arguments, progress):
    """Start a child with a child of its own, which may lead a session of its own, then sleep."""
    script = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    away = arguments.get("leaves", False)
    subprocess.Popen([sys.executable, "-c", script + "time.sleep(60)"], start_new_session=away)
    time.sleep(0.3)
    progress(0.5, "Started.")
    if arguments.get("crash"):
        os.abort()
    time.sleep(60)


def crash(arguments, progress):
    print("last words", file=sys.stderr, flush=True)
    if arguments["how"] == "exit":
        os._exit(7)
    if arguments["how"] == "segfault":
        faulthandler._sigsegv()
    os.kill(os.getpid(), signal.SIGKILL)


def fail(arguments, progress):
    kind = arguments["kind"]
    if kind == "RefusedError":
        raise errors.RefusedError("The picture is not a chest.", (Check("organ", "stop", "No lungs.", 0.25, 1.0),))
    if kind == "subclass":
        raise type("TooBright", (errors.InputError,), {})("The film is too bright.")
    if kind == "unforeseen":
        return {"pixels": 3}[arguments["secret"]]
    if kind == "SystemExit":
        sys.exit(3)
    if kind == "MemoryError":
        raise MemoryError
    if kind == "ModuleNotFoundError":
        import a_package_that_nobody_has  # noqa: F401
    raise getattr(errors, kind)("One sentence.")


def print_much(arguments, progress):
    """Noise on standard output from Python, from C and from a child, and a read of standard input."""
    print('{"id": 1, "value": "from print"}')
    libc = ctypes.CDLL(None)
    libc.puts(b'{"id": 1, "value": "from C"}')
    libc.fflush(None)
    os.write(1, b"\xff\x00 no newline")
    subprocess.run([sys.executable, "-c", 'print(\'{"id": 1, "value": "from a child"}\')'], check=True)
    return {"stdin": sys.stdin.read()}


def answer_badly(arguments, progress):
    return {"array": {1, 2}, "nan": float("nan"), "large": "x" * 20_000_000}[arguments["how"]]


def break_the_pipe(arguments, progress):
    write_into_the_pipe(arguments["line"].encode("latin-1") * arguments.get("times", 1))
    time.sleep(60)


def write_into_the_pipe(data):
    """Write where only messages are written."""
    for descriptor in range(3, 20):
        link = Path(f"/proc/self/fd/{descriptor}")
        if not (link.is_symlink() and os.readlink(link).startswith("pipe:")):
            continue
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
            os.write(descriptor, data)
            return


def die_in_a_word(arguments, progress):
    write_into_the_pipe(b'{"id": 1, "val')
    os.kill(os.getpid(), signal.SIGKILL)


def open_for_ever(arguments, progress):
    """Hangs in native code that lets Python run, while a file is opened."""
    with time_limit(0.3):
        time.sleep(60)


def open_in_time(arguments, progress):
    with time_limit(0.3):
        pass
    time.sleep(1.5)
    return "opened"


def fail_at_length(arguments, progress):
    raise ValueError("x" * 20_000_000)


def refuse_badly(arguments, progress):
    raise errors.RefusedError("No chest.", (Check("organ", "stop", "No lungs.", float("nan"), 1.0),))


def fill_the_disk(arguments, progress):
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
    try:
        Path(tempfile.gettempdir(), "large").write_bytes(bytes(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def count(arguments, progress):
    model_cache.get_or_load("list", list).append(1)
    return len(model_cache.get_or_load("list", list))


def answer_first(arguments, progress):
    progress(0.1, "Answering.")
    progress.part(0.2, 0.5).publish({"answer": 1})
    progress(0.6, "Testing.")
    return {"answer": 1, "tested": True}


def facts(arguments, progress):
    return {
        "pid": os.getpid(),
        "temporary": tempfile.gettempdir(),
        "utf8": sys.flags.utf8_mode,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "loaded": sorted(sys.modules),
    }


CALLS = {
    function.__name__: function
    for function in (
        *(echo, steps, sleep, slow_steps, busy_in_c, spawn, crash, fail, print_much, answer_badly, break_the_pipe),
        *(
            die_in_a_word,
            fill_the_disk,
            count,
            answer_first,
            facts,
            open_for_ever,
            open_in_time,
            fail_at_length,
            refuse_badly,
        ),
    )
}
