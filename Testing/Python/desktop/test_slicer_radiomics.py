"""SlicerRadiomics as an engine: a logic with its surface stands in for it and runs the real PyRadiomics."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import SimpleITK

from readingroom.desktop import slicer_radiomics
from readingroom.engine.events import Failed, Finished
from readingroom.errors import CancelledError, EngineError, InputError, SetupError


@pytest.fixture
def volume(empty_scene):
    """A rippled volume of 1 x 1 x 2 mm voxels."""
    import slicer

    k, j, i = np.meshgrid(np.arange(8), np.arange(16), np.arange(18), indexing="ij")
    node = slicer.util.addVolumeFromArray((100 * np.sin(i / 3) * np.cos(j / 4) + 9 * k).astype("int16"), name="Ripples")
    node.SetSpacing(1.0, 1.0, 2.0)
    return node


@pytest.fixture
def mask(volume, tmp_path):
    """A file with labels 1 and 2 on the volume's grid."""
    labels = np.zeros((8, 16, 18), np.uint8)
    labels[2:6, 3:9, 3:9], labels[2:6, 3:9, 11:16] = 1, 2
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(volume.GetSpacing())
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))  # RAS to LPS
    SimpleITK.WriteImage(image, str(tmp_path / "mask.nrrd"))
    return tmp_path / "mask.nrrd"


def ended(call: Any) -> Finished | Failed:
    """The end of a call, which is asked again and again as by a panel's timer."""
    import slicer

    stop = time.monotonic() + 30
    while time.monotonic() < stop:
        slicer.app.processEvents()
        if events := call.poll():
            return events[-1]
    raise AssertionError("the call did not end")


def test_it_gives_the_same_table_as_our_own_engine(extension, volume, mask):
    from readingroom.radiomics.regions import measure_regions

    extension()
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    import slicer

    before = slicer.mrmlScene.GetNumberOfNodes()
    end = ended(slicer_radiomics.start(volume, mask, {1: "Tumor", 2: "Edema"}, {"setting": {"binWidth": 10}}))
    assert isinstance(end, Finished)
    SimpleITK.WriteImage(_as_image(volume), str(mask.with_name("image.nrrd")))
    from readingroom.radiomics.settings import Settings

    ours = measure_regions(mask.with_name("image.nrrd"), mask, settings=Settings(bin_width=10))
    for theirs, region in zip(end.value["regions"], ours, strict=True):
        assert theirs["problem"] == region.problem == ""
        assert list(theirs["values"]) == list(region.features.values)
        assert theirs["values"] == pytest.approx(dict(region.features.values), rel=1e-6, abs=1e-7)
        assert theirs["provenance"]["diagnostics_Versions_PyRadiomics"]
    assert [region["name"] for region in end.value["regions"]] == ["Tumor", "Edema"]
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def _as_image(volume) -> SimpleITK.Image:
    import slicer

    image = SimpleITK.GetImageFromArray(slicer.util.arrayFromVolume(volume))
    image.SetSpacing(volume.GetSpacing())
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    return image


@pytest.mark.parametrize(
    "error", [RuntimeError("no MRML reader"), SystemExit(1), AttributeError("cliNode")], ids=lambda e: type(e).__name__
)
def test_whatever_it_raises_becomes_a_sentence_and_leaves_no_node(extension, volume, mask, error):
    import slicer

    before = slicer.mrmlScene.GetNumberOfNodes()
    extension(error)
    with pytest.raises(EngineError, match="SlicerRadiomics failed to start") as told:
        slicer_radiomics.start(volume, mask, {1: "Tumor"})
    assert told.value.detail == f"{type(error).__name__}: {error}"
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_an_empty_table_becomes_a_sentence(extension, volume, mask):
    extension("empty")
    end = ended(slicer_radiomics.start(volume, mask, {1: "Tumor"}))
    assert isinstance(end, Failed)
    assert isinstance(end.error, EngineError)
    assert "empty table" in str(end.error)


def test_a_missing_row_is_noticed_and_no_number_is_shown(extension, volume, mask):
    pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    extension("incomplete")
    end = ended(slicer_radiomics.start(volume, mask, {1: "Tumor"}))
    assert "left out 1 features" in end.value["regions"][0]["problem"]
    assert end.value["regions"][0]["values"] == {}


def test_what_does_not_answer_in_time_is_ended(extension, volume, mask):
    commands = extension("silent")
    end = ended(slicer_radiomics.start(volume, mask, {1: "Tumor"}, timeout_seconds=0.05))
    assert "did not answer within 1 min" in str(end.error)
    assert commands[0].canceled


def test_it_can_be_canceled_and_leaves_no_nodes(extension, volume, mask):
    import slicer

    commands = extension("silent")
    before = slicer.mrmlScene.GetNumberOfNodes()
    call = slicer_radiomics.start(volume, mask, {1: "Tumor"})
    call.cancel()
    end = ended(call)
    assert isinstance(end.error, CancelledError)
    assert commands[0].canceled
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_without_the_extension_it_is_not_offered(empty_scene, volume, mask):
    assert not slicer_radiomics.available()
    with pytest.raises(SetupError, match="same numbers"):
        slicer_radiomics.start(volume, mask, {1: "Tumor"})


def test_it_is_not_asked_for_ibsi(extension, volume, mask):
    extension()
    with pytest.raises(InputError, match="IBSI"):
        slicer_radiomics.start(volume, mask, {1: "Tumor"}, {"setting": {"ibsi": True}})
