"""The earlier CT of a patient: chosen where the scene holds one, said, and left out where a person wants it so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk

import host
from readingroom.phantoms.dicom_series import ct_slices, write_slices

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Archive:
    """Adds CTs from DICOM to the scene: ``archive("Name", "20240601", patient="B")``."""

    folder: Path
    files: dict[str, Path]

    def __call__(self, name: str, date: str, patient: str = "A", modality: str = "CT", **elements):
        hu = np.random.default_rng(len(self.files)).integers(-900, 900, (4, 32, 40))
        header = {"StudyDate": date, "PatientID": patient, "Modality": modality, **elements}
        slices = ct_slices(hu, **header)
        for slice_ in slices:
            (path,) = write_slices(self.folder / slice_.SOPInstanceUID, [slice_]).iterdir()
            self.files[slice_.SOPInstanceUID] = path
        host.provide_dicom_database(self.files)
        to_ras = vtk.vtkMatrix4x4()
        for axis, step in enumerate((-0.5, -0.75, 2.0)):
            to_ras.SetElement(axis, axis, step)
        volume = slicer.util.addVolumeFromArray(hu.astype(np.int16), to_ras, name=name)
        volume.CreateDefaultDisplayNodes()
        volume.SetAttribute("DICOM.instanceUIDs", " ".join(slice_.SOPInstanceUID for slice_ in slices))
        slicer.app.processEvents()
        return volume


@pytest.fixture
def archive(empty_scene, tmp_path):
    return Archive(tmp_path / "archive", {})


@pytest.fixture
def panel(empty_scene):
    """The open module; nothing is read here."""
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "PASCFibrosis" / "PASCFibrosis.py")
    panel = host.open_module("PASCFibrosis").panel
    yield panel
    panel.logic.stop()


def said(panel) -> str:
    """The line below the selector of the prior; empty where there is none."""
    slicer.app.processEvents()
    line = panel.views.study.priors["prior-ct"]
    return line.text if line.visible else ""


def prior(panel):
    slicer.app.processEvents()
    return panel.inputs.image("prior-ct")


def test_the_latest_earlier_ct_of_the_patient_is_chosen_and_said_with_its_date(panel, archive):
    present = archive("Now", "20240601")
    assert prior(panel) is None
    assert said(panel) == ""
    archive("Long ago", "20230101")
    host.select(panel.views.study.images["prior-ct"], "None")  # that one came too early
    earlier = archive("Before", "20240101")
    host.select(panel.views.study.images["ct"], "Now")
    assert panel.inputs.image("ct") is present
    assert prior(panel) is None  # a person said so
    assert said(panel) == ("The scene holds an earlier image of this patient, 'Before' of 2024-01-01, to compare with.")
    host.select(panel.views.study.images["prior-ct"], "Before")
    assert prior(panel) is earlier
    assert said(panel) == ""


def test_the_prior_that_was_found_is_said_and_shown_beside(panel, archive):
    archive("Now", "20240601")
    earlier = archive("Before", "20240101")
    assert prior(panel) is earlier
    assert said(panel) == (
        "Found in the scene: the same patient's image of 2024-01-01. Choose 'None' to read without it."
    )
    assert panel.views.study.images["prior-ct"].currentNode() is earlier
    assert panel.views.study.linked.enabled
    beside = slicer.app.layoutManager().sliceWidget("ReadingRoomPriorAxial")
    assert beside.mrmlSliceCompositeNode().GetBackgroundVolumeID() == earlier.GetID()


def test_none_stays_none_for_the_image_that_it_was_chosen_for(panel, archive):
    archive("Now", "20240601")
    earlier = archive("Before", "20240101")
    archive("Other", "20240601", patient="B")
    host.select(panel.views.study.images["prior-ct"], "None")
    panel.refresh()
    assert prior(panel) is None
    host.select(panel.views.study.images["ct"], "Other")
    host.select(panel.views.study.images["ct"], "Now")
    assert prior(panel) is None
    host.select(panel.views.study.images["ct"], "Other")
    later = archive("Later", "20241201")
    host.select(panel.views.study.images["ct"], "Later")
    assert panel.inputs.image("ct") is later
    assert prior(panel).GetName() == "Now"
    assert prior(panel) is not earlier


def test_a_prior_that_was_found_goes_with_its_image_and_one_that_was_chosen_stays(panel, archive):
    archive("Now", "20240601")
    earlier = archive("Before", "20240101")
    archive("Other", "20240601", patient="B")
    assert prior(panel) is earlier
    host.select(panel.views.study.images["ct"], "Other")
    assert prior(panel) is None
    host.select(panel.views.study.images["prior-ct"], "Before")
    assert said(panel) == "This image is of another patient: it cannot be compared."
    host.select(panel.views.study.images["ct"], "Now")
    assert prior(panel) is earlier
    assert said(panel) == ""


@pytest.mark.parametrize(
    "elements",
    [
        {"patient": "B"},
        {"patient": ""},
        {"modality": "MR"},
        {"date": "20240601"},
        {"date": ""},
        {"PatientBirthDate": "19500101"},
    ],
    ids=str,
)
def test_no_other_image_is_taken_for_a_prior(panel, archive, elements):
    archive("Now", "20240601", PatientBirthDate="19600202")
    archive("Before", **{"date": "20240101", **elements})
    assert prior(panel) is None
    assert said(panel) == ""


def test_a_later_ct_is_never_chosen_and_is_said(panel, archive):
    archive("First", "20240101")
    archive("Second", "20240601")
    assert panel.inputs.image("ct").GetName() == "First"
    assert prior(panel) is None
    assert said(panel) == (
        "The scene holds a later image of this patient, 'Second' of 2024-06-01, to which this one is a prior."
    )
    host.select(panel.views.study.images["prior-ct"], "Second")
    assert said(panel) == "This image is later than the one to read: exchange the two."


def test_the_prior_can_be_removed_from_the_scene(panel, archive):
    archive("Now", "20240601")
    slicer.mrmlScene.RemoveNode(archive("Before", "20240101"))
    assert prior(panel) is None
    assert said(panel) == ""
