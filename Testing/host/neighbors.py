"""Other modules and extensions that panels may meet: absent or present as a test wants them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
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

    def _add(self, folder: Path, copied: bool) -> None:
        """The files of a folder, by reference or copied into the folder of the application."""
        for path in sorted(folder.rglob("*.dcm")):
            uid = self.fileValue(str(path), "0008,0018")
            if copied:
                target = Path(slicer.app.temporaryPath) / f"{uid}.dcm"
                target.write_bytes(path.read_bytes())
                path = target
            self._files[uid] = str(path)

    def _load(self, series: str) -> Any:
        """The volume node of a series, with the UID of its one file, named as Slicer's scalar volume plugin does."""
        (uid,) = [uid for uid in self._files if self.instanceValue(uid, "0020,000e") == series]
        words = [self.instanceValue(uid, tag) for tag in ("0020,0011", "0008,103e")]
        name = ": ".join(word for word in words if word) or "Unnamed Series"
        volume = slicer.util.loadVolume(self._files[uid], {"name": name, "singleFile": True})
        volume.SetAttribute("DICOM.instanceUIDs", uid)
        return volume


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


@dataclass
class SampleDataSource:
    """An entry of the module Sample Data: what was registered, under SampleData's names."""

    sampleName: str | None = None
    sampleDescription: str | None = None
    uris: Any = None
    fileNames: Any = None
    nodeNames: Any = None
    loadFileTypes: Any = None
    checksums: Any = None
    customDownloader: Callable[[Any], Any] | None = None
    thumbnailFileName: str | None = None


def sample_data() -> types.ModuleType:
    """The module SampleData: it keeps what is registered, in `slicer.modules.sampleDataSources`, and has no panel."""

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataCategory(category: str = "", title: str = "") -> None:
            slicer.modules.sampleDataSources.setdefault(category, [])

        @staticmethod
        def registerCustomSampleDataSource(category: str = "Custom", **source: Any) -> None:
            sources = slicer.modules.sampleDataSources.setdefault(category, [])
            if all(other.sampleName != source.get("sampleName") for other in sources):
                sources.append(SampleDataSource(**source))

    slicer.modules.sampleDataSources = {}
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module


def open_sample(category: str, name: str) -> Any:
    """Click a picture in the module Sample Data; the host has no network, so only sources with an own downloader."""
    (source,) = [source for source in slicer.modules.sampleDataSources[category] if source.sampleName == name]
    if not Path(source.thumbnailFileName).is_file():
        msg = f"{source.thumbnailFileName} is missing: there is nothing to click"
        raise FileNotFoundError(msg)
    return source.customDownloader(source)


def dicom_lib() -> types.ModuleType:
    """The package DICOMLib: files of a folder into the database that is open, and series of one file into the scene."""

    class DICOMUtils:
        @staticmethod
        def importDicom(dicomDataDir: str, dicomDatabase: Any = None, copyFiles: bool = False) -> None:
            (dicomDatabase or slicer.dicomDatabase)._add(Path(dicomDataDir), copyFiles)

        @staticmethod
        def loadSeriesByUID(seriesUIDs: list[str]) -> list[str]:
            return [slicer.dicomDatabase._load(uid).GetID() for uid in seriesUIDs]

    module = types.ModuleType("DICOMLib")
    module.DICOMUtils = DICOMUtils  # type: ignore[attr-defined]
    return module


def remove() -> None:
    """No DICOM database, no PyTorch extension, no sample data."""
    if hasattr(slicer, "dicomDatabase"):
        del slicer.dicomDatabase
    sys.modules.pop("PyTorchUtils", None)
    slicer.modules.sampleDataSources = {}
    slicer.app.extensionsManagerModel()._installed.clear()
