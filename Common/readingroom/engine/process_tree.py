"""A child process that dies with everything it started.

Killing the child alone is not enough: PythonSlicer is a launcher whose child is the real Python, and libraries start
helpers of their own. On POSIX the child leads a session of its own and the whole process group is killed; on Windows
it lives in a job object, which also kills everything when this process ends, however it ends. A helper that leaves the
session by itself is found on Linux by the temporary folder in its environment; on macOS it would escape.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

if sys.platform == "win32":
    from .windows_job import Job
else:

    def _kill_strays(temporary: Path) -> None:
        """Kill all but this process that has the temporary folder in its environment. Only Linux shows environments."""
        mark = os.fsencode(f"TMPDIR={temporary}")
        for environment in Path("/proc").glob("[0-9]*/environ"):
            number = int(environment.parent.name)
            with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
                if number != os.getpid() and mark in environment.read_bytes().split(b"\0"):
                    os.kill(number, signal.SIGKILL)


class ProcessTree:
    """Start ``command`` in ``folder`` with pipes for its standard input, output and error.

    On POSIX the environment's TMPDIR must be ``folder``, a folder of this process alone: it marks the descendants.

    Raises
    ------
    OSError : it cannot be started
    """

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path):
        self._lock = threading.Lock()
        self._gone = False
        self._folder = folder
        if sys.platform == "win32":
            self._job = Job()
            flags = {"creationflags": subprocess.CREATE_NO_WINDOW}
        else:
            flags = {"start_new_session": True}
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            **flags,  # type: ignore[call-overload]  # the flags of the other platform
        )
        if sys.platform == "win32":
            # Within microseconds of its start: a launcher needs milliseconds to start its own child.
            self._job.add(int(self.process._handle))

    def kill(self) -> None:
        """Kill the child and its descendants. Returns at once; `wait` returns when the child is gone."""
        with self._lock:
            if not self._gone:
                self._kill_all()

    def wait(self) -> int:
        """Wait for the child's end, kill what it left behind, and give its exit code (negative: the signal)."""
        if sys.platform != "win32" and hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
            # Not yet reaped, the child's number cannot have been given to a stranger when the group is killed.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        else:
            self.process.wait()
        with self._lock:
            self._kill_all()
            self._gone = True
            return self.process.wait()

    def _kill_all(self) -> None:
        if sys.platform == "win32":
            self._job.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM when only zombies are left
                os.killpg(self.process.pid, signal.SIGKILL)
            _kill_strays(self._folder)


def kill_own_tree() -> None:
    """End this process and all that it started; does not return.

    Only for a process that `ProcessTree` started: elsewhere the group may hold strangers.
    """
    if sys.platform != "win32":
        _kill_strays(Path(os.environ["TMPDIR"]))
        os.killpg(0, signal.SIGKILL)
    os._exit(1)  # Windows: the job of the dead parent takes the children with it
