"""`slicer.packaging`: records what is asked of pip, and installs nothing unless a test says how.

Slicer skips `pip_ensure` in testing mode; here it is played as in a session at a desk, so that a test can let the
person decline (`declined`) or pip fail (`failing`).
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

__all__ = ["CalledProcessError", "InvalidRequirement", "Path", "Requirement"]

calls: list[tuple[str, list[str], dict[str, Any]]] = []
"""(function, requirements, other arguments) of each call since the last `reset`."""
declined = False
"""With True the user says no in the dialog of `pip_ensure`."""
failing = False
"""With True pip fails."""
run_pip: Callable[[list[str]], None] | None = None
"""Called with pip's arguments by `pip_ensure`; None: nothing is installed."""


def reset() -> None:
    """Forget the calls; the user agrees, pip works and installs nothing."""
    global declined, failing, run_pip
    calls.clear()
    declined = failing = False
    run_pip = None


def _texts(requirements: Any) -> list[str]:
    listed = (
        requirements if isinstance(requirements, Sequence) and not isinstance(requirements, str) else [requirements]
    )
    return [str(r) for r in listed]


def load_requirements(path: str | Path) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def load_pyproject_dependencies(path: str | Path) -> list[Requirement]:
    content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    return [Requirement(text) for text in content["project"].get("dependencies", [])]


def pip_check(req: Any) -> bool:
    """Whether each requirement is met by what is installed."""
    for text in _texts(req):
        requirement = Requirement(text)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    return True


def pip_ensure(
    requirements: Any,
    constraints: Any = None,
    skip_packages: list[str] | None = None,
    prompt_install: bool = True,
    prompt_restart: bool = True,
    requester: str | None = None,
    skip_in_testing: bool = True,
    show_progress: bool = True,
) -> list[str] | None:
    options = {"requester": requester, "prompt_install": prompt_install, "constraints": constraints}
    calls.append(("pip_ensure", _texts(requirements), options))
    if declined and prompt_install:
        msg = "User declined package installation"
        raise RuntimeError(msg)
    _fail_if_asked("install")
    if run_pip is not None:
        run_pip(["install", *_texts(requirements), *(["--constraint", str(constraints)] if constraints else [])])
    return None


def pip_install(
    requirements: Any,
    constraints: Any = None,
    no_deps_requirements: Any = None,
    skip_packages: list[str] | None = None,
    blocking: bool = True,
    show_progress: bool = True,
    requester: str | None = None,
    parent: Any = None,
    logCallback: Any = None,
    completedCallback: Any = None,
) -> list[str] | None:
    calls.append(("pip_install", _texts(requirements), {"requester": requester, "blocking": blocking}))
    if blocking:
        _fail_if_asked("install")
    elif completedCallback is not None:
        completedCallback(int(failing))
    return None


def pip_uninstall(
    requirements: Any, blocking: bool = True, logCallback: Any = None, completedCallback: Any = None
) -> None:
    calls.append(("pip_uninstall", _texts(requirements), {"blocking": blocking}))
    if blocking:
        _fail_if_asked("uninstall")
    elif completedCallback is not None:
        completedCallback(int(failing))


def isPipInstallInProgress() -> bool:
    return False


def _fail_if_asked(command: str) -> None:
    if failing:
        raise CalledProcessError(1, ["pip", command])
