"""The examples in Slicer's module Sample Data."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import slicer
from PIL import Image

import host
from readingroom.desktop import sample_data
from readingroom.desktop.sample_phantoms import EXAMS, MR, PHANTOMS
from readingroom.desktop.scene import original_file
from readingroom.examples import EXAMPLES
from readingroom.imaging.open import open_image


@pytest.fixture
def started(modules):
    """The application when all modules are loaded."""
    slicer.app.startupCompleted.emit()
    return slicer.modules


@pytest.mark.parametrize("example", [*EXAMPLES, *PHANTOMS, *EXAMS, MR], ids=lambda example: example.title)
def test_every_example_is_offered_with_a_picture(started, example):
    sources = {source.sampleName: source for source in started.sampleDataSources["ReadingRoom"]}
    with Image.open(sources[example.title].thumbnailFileName) as picture:
        assert picture.size == (128, 128)


def test_an_example_is_offered_once_however_often_the_module_is_loaded(started):
    slicer.app.startupCompleted.emit()
    titles = [source.sampleName for source in started.sampleDataSources["ReadingRoom"]]
    assert titles == [example.title for example in (*EXAMPLES, *PHANTOMS, *EXAMS, MR)]


def test_a_phantom_and_the_earlier_one_are_volumes_of_one_chest(started):
    now, earlier = (host.open_sample("ReadingRoom", phantom.title) for phantom in PHANTOMS[:2])
    assert now.GetName() == "Chest CT with fibrosis (phantom)"
    apart = slicer.util.arrayFromVolume(now) != slicer.util.arrayFromVolume(earlier)
    assert 0 < apart.mean() < 0.1  # fibrosis has come, all else is as it was
    bounds = [0.0] * 6
    now.GetRASBounds(bounds)
    assert bounds == pytest.approx([-190, 190, -152, 152, -144, 144])


def test_a_phantom_with_a_tumor_holds_dense_tissue_in_its_lungs(started):
    phantom = PHANTOMS[2]
    volume = host.open_sample("ReadingRoom", phantom.title)
    without = replace(phantom, tumor=1e-3).voxels()
    denser = slicer.util.arrayFromVolume(volume).astype(int) - without > 400
    milliliters = denser.sum() * np.prod(volume.GetSpacing()) / 1000
    assert 0.5 * phantom.tumor < milliliters < 1.1 * phantom.tumor


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_comes_through_the_dicom_database_with_its_header(started, example):
    host.provide_dicom_database({})
    volume = host.open_sample("ReadingRoom", example.title)
    original = original_file(volume)
    assert original.read_bytes() == example.path.read_bytes()
    assert original != example.path  # the database has its own copy
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == volume.GetID()


def test_without_an_open_database_the_pixels_come_alone(started):
    volume = host.open_sample("ReadingRoom", "Chest radiograph")
    assert volume.GetName() == "Chest radiograph"
    assert volume.GetImageData().GetDimensions() == (512, 512, 1)
    assert original_file(volume) is None


def test_a_slicer_without_sample_data_starts_as_well(empty_scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "SampleData", None)
    sample_data.register()
    assert slicer.modules.sampleDataSources == {}


@pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: exam.title)
def test_an_exam_comes_with_four_views_whose_headers_tell_them_apart(started, exam):
    host.provide_dicom_database({})
    host.open_sample("ReadingRoom", exam.title)
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    headers = [open_image(original_file(volume), "view").image for volume in volumes]
    assert {(one.fact("ImageLaterality"), one.fact("ViewPosition")) for one in headers} == {
        ("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"),
    }  # fmt: skip


def test_the_earlier_exam_can_be_read_beside_the_later_one(tmp_path):
    """No check takes two pictures of one phantom for the same picture."""
    from readingroom.readers.mammo_screen import READER
    from readingroom.readers.opening import open_study
    from readingroom.reading import has_stop

    now, before = (exam.write(tmp_path / exam.date) for exam in EXAMS)
    case = READER.load(open_study(READER, {}, exam=now, prior=before))
    assert len(case.images) == 8
    assert not has_stop(READER.checks(case))


def test_the_mr_comes_with_a_segment_of_its_liver(started):
    volume = host.open_sample("ReadingRoom", MR.title)
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    liver = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "liver", volume) > 0
    assert np.array_equal(liver, MR.made().liver)
    assert segmentation.GetSegmentation().GetSegment("liver").GetName() == "Liver"
