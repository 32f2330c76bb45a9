"""Other modules and extensions that panels may meet: absent or present as a test wants them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer


class DicomDatabase:
    """`slicer.dicomDatabase`: files by SOP instance UID; values are read from the files themselves."""

    isOpen = True

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = {uid: str(path) for uid, path in files.items()}

    def fileForInstance(self, uid: str) -> str:
        return self._files.get(uid, "")

    def instanceForFile(self, path: str) -> str:
        return next((uid for uid, p in self._files.items() if p == str(path)), "")

    def fileValue(self, path: str, tag: str) -> str:
        """The value of `tag`, written "gggg,eeee", as text; "" where there is none."""
        import pydicom

        group, element = (int(part, 16) for part in tag.split(","))
        value = pydicom.dcmread(path, stop_before_pixels=True).get((group, element))
        return "" if value is None or value.value is None else str(value.value)

    def instanceValue(self, uid: str, tag: str) -> str:
        return self.fileValue(self.fileForInstance(uid), tag)


def provide_dicom_database(files: dict[str, Path]) -> DicomDatabase:
    """Open a DICOM database that knows these files; without this call `slicer.dicomDatabase` does not exist."""
    slicer.dicomDatabase = DicomDatabase(files)
    return slicer.dicomDatabase


def provide_pytorch(
    installed: bool = False, fails: bool = False, install: Callable[[], None] = lambda: None
) -> list[dict[str, Any]]:
    """Install the extension PyTorch: `import PyTorchUtils` then works. Returns the list of `installTorch` calls.

    ``install`` is what its installation does, which may raise; with ``fails`` it returns None instead, as when the user
    declines.
    """
    calls: list[dict[str, Any]] = []
    state = {"installed": installed}

    class PyTorchUtilsLogic:
        @staticmethod
        def torchInstalled() -> bool:
            return state["installed"]

        def installTorch(
            self,
            askConfirmation: bool = False,
            forceComputationBackend: str | None = None,
            torchVersionRequirement: str | None = None,
            torchvisionVersionRequirement: str | None = None,
        ) -> Any:
            calls.append(
                {
                    "askConfirmation": askConfirmation,
                    "forceComputationBackend": forceComputationBackend,
                    "torchVersionRequirement": torchVersionRequirement,
                    "torchvisionVersionRequirement": torchvisionVersionRequirement,
                }
            )
            if fails:
                return None
            install()
            state["installed"] = True
            return types.ModuleType("torch")

    module = types.ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = PyTorchUtilsLogic  # type: ignore[attr-defined]
    sys.modules["PyTorchUtils"] = module
    slicer.app.extensionsManagerModel()._installed.add("PyTorch")
    return calls


def sample_data() -> types.ModuleType:
    """The module SampleData: it keeps what is registered, in `slicer.modules.sampleDataSources`, and loads nothing."""

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataCategory(category: str = "", title: str = "") -> None:
            slicer.modules.sampleDataSources.setdefault(category, [])

        @staticmethod
        def registerCustomSampleDataSource(category: str = "Custom", **source: Any) -> None:
            slicer.modules.sampleDataSources.setdefault(category, []).append(source)

    slicer.modules.sampleDataSources = {}
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module


def remove() -> None:
    """No DICOM database, no PyTorch extension, no sample data."""
    if hasattr(slicer, "dicomDatabase"):
        del slicer.dicomDatabase
    sys.modules.pop("PyTorchUtils", None)
    slicer.modules.sampleDataSources = {}
    slicer.app.extensionsManagerModel()._installed.clear()
