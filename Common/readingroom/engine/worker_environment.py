"""What a worker process gets to know of the environment of its parent."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# What Python, its libraries, a graphics driver and a download behind a proxy need; tokens and passwords stay behind.
_NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV"),
    *("PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME", "APPDATA"),
    *("LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "NUMBER_OF_PROCESSORS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE"),
}
_PREFIXES = (
    *("READINGROOM_", "SLICER", "LC_", "XDG_", "PROCESSOR_"),
    *("CUDA", "NVIDIA_", "TORCH", "PYTORCH_", "ITK_", "OMP_", "MKL_", "KMP_", "OPENBLAS_"),
)


def worker_environment(temporary: Path, parent: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables for a worker whose temporary files go to ``temporary``.

    ``readingroom`` is importable there from where it was imported here: Slicer put ``Common/`` on ``sys.path`` at run
    time, of which a new process knows nothing.
    """
    parent = os.environ if parent is None else parent
    chosen = {name: value for name, value in parent.items() if _passes(name.upper())}
    if home := chosen.get("READINGROOM_HOME"):  # the worker does its work in another folder
        chosen["READINGROOM_HOME"] = os.path.abspath(os.path.expanduser(home))
    root = str(Path(__file__).resolve().parents[2])
    inherited = parent.get("PYTHONPATH", "")
    chosen["PYTHONPATH"] = f"{root}{os.pathsep}{inherited}" if inherited else root
    chosen["PYTHONUTF8"] = "1"
    chosen["PYTHONUNBUFFERED"] = "1"
    chosen["PYTHONFAULTHANDLER"] = "1"  # a crash in C leaves a stack on standard error
    chosen.update(dict.fromkeys(("TEMP", "TMP") if sys.platform == "win32" else ("TMPDIR",), str(temporary)))
    return chosen


def _passes(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)
