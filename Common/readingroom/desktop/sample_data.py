"""The examples in Slicer's module Sample Data. Nothing is downloaded: they lie in the package, or are made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import slicer

from ..examples import EXAMPLES, Example
from . import sample_phantoms
from .sample_phantoms import EXAMS, MR, PHANTOMS, SampleExam

CATEGORY = "ReadingRoom"


def register() -> None:
    """List the examples in Sample Data; to be called once all modules are loaded."""
    try:
        from SampleData import SampleDataLogic
    except ImportError:  # Slicer can be built without it
        return
    for example in EXAMPLES:
        SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=example.title,
            thumbnailFileName=str(example.thumbnail),
            customDownloader=lambda *_args, example=example: load(example),
        )
    for phantom in PHANTOMS:
        SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=phantom.title,
            thumbnailFileName=str(phantom.thumbnail),
            customDownloader=lambda *_args, phantom=phantom: sample_phantoms.load(phantom),
        )
    for exam in EXAMS:
        SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=exam.title,
            thumbnailFileName=str(exam.thumbnail),
            customDownloader=lambda *_args, exam=exam: load_exam(exam),
        )
    SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=MR.title,
        thumbnailFileName=str(MR.thumbnail),
        customDownloader=lambda *_args: sample_phantoms.load_mr(MR),
    )


def load_exam(exam: SampleExam) -> Any:
    """The views as volume nodes, the last one of which is returned; their headers come along as in `load`."""
    with tempfile.TemporaryDirectory(prefix="readingroom-") as folder:
        with slicer.util.WaitCursor():
            files = exam.write(Path(folder))
        for path in files:
            name = f"{exam.title}: {path.stem}"
            volume = _through_database(path) or slicer.util.loadVolume(str(path), {"name": name, "singleFile": True})
    return volume


def load(example: Example) -> Any:
    """The example as a volume node, shown in the slice views.

    It goes through Slicer's DICOM database, where one is open, so that a read finds its header; else pixels alone come.
    """
    volume = _through_database(example.path) or slicer.util.loadVolume(
        str(example.path), {"name": example.title, "singleFile": True}
    )
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def _through_database(path: Path) -> Any:
    database = getattr(slicer, "dicomDatabase", None)
    if database is None or not database.isOpen:
        return None
    import pydicom
    from DICOMLib import DICOMUtils

    with tempfile.TemporaryDirectory(prefix="readingroom-") as folder:  # Slicer takes whole folders
        shutil.copy(path, folder)
        DICOMUtils.importDicom(folder, database, copyFiles=True)  # its own copy: the extension may be removed
    series = pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID
    nodes = [slicer.mrmlScene.GetNodeByID(node) for node in DICOMUtils.loadSeriesByUID([str(series)])]
    return next((node for node in nodes if node is not None and node.IsA("vtkMRMLScalarVolumeNode")), None)
