"""The packages that setting up leaves as they are: PyTorch, once it is there, and what Slicer brings."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

PYTORCH = ("torch", "torchvision", "torchaudio")
# What Slicer 5.12 bundles. Its own modules, and other extensions, are built against these versions.
SLICER = (
    "numpy",
    "scipy",
    "SimpleITK",
    "pydicom",
    "highdicom",
    "dcmqi",
    "Pillow",
    "requests",
    "packaging",
    "pip",
)


def version_of(name: str) -> str:
    """The installed version of a package, empty when there is none. The package is not imported."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def versions() -> dict[str, str]:
    """The versions of the pinned packages that are installed now."""
    importlib.invalidate_caches()
    found = {name: version_of(name) for name in (*PYTORCH, *SLICER)}
    return {name: version for name, version in found.items() if version}


def pins(pinned: Mapping[str, str]) -> list[str]:
    """The versions as requirements that only they meet."""
    return [f"{name}=={version}" for name, version in pinned.items()]


@contextmanager
def constraints_file(pinned: Mapping[str, str]) -> Iterator[Path]:
    """A file for pip's ``--constraint``; it is there inside the ``with``."""
    with tempfile.TemporaryDirectory(prefix="readingroom-") as folder:
        path = Path(folder) / "constraints.txt"
        path.write_text("".join(f"{pin}\n" for pin in pins(pinned)), encoding="utf-8")
        yield path


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Name to (version before, version after, empty when it is gone) of what is no longer as it was."""
    return {name: (old, after.get(name, "")) for name, old in before.items() if after.get(name, "") != old}


def commands_to_restore(changed: Mapping[str, tuple[str, str]]) -> str:
    """What to type to bring the earlier versions back. A build such as ``+cpu`` is not named: pip's index lacks it."""
    old = " ".join(f'"{name}=={before.partition("+")[0]}"' for name, (before, _after) in changed.items())
    return f'"{sys.executable}" -m pip install --no-deps {old}'
