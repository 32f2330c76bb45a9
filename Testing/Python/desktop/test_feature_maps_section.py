"""Maps in the section "Features", with the work done in this process."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

import host
from readingroom.desktop import layer_nodes
from readingroom.desktop.features import edits
from readingroom.desktop.features.map_nodes import OUTSIDE, FeatureMapNodes, change, values_of
from readingroom.desktop.features.section import FeaturesSection
from readingroom.engine.in_process import InProcessClient


@pytest.fixture
def section(empty_scene, monkeypatch, segmented_ct):
    """The section over a segmented CT, shown and entered; edits are noticed soon."""
    monkeypatch.setattr(edits, "QUIET_MILLISECONDS", 50)
    shown = FeaturesSection("Tested", InProcessClient())
    shown.widget.show()
    shown.maps.view.widget.collapsed = False
    shown.enter()
    slicer.util.setSliceViewerLayers(background=segmented_ct.volume)
    yield shown
    shown.cleanup()
    shown.widget.hide()


@pytest.fixture
def mapped(section):
    """The section after the contrast of the tumor was mapped."""
    make(section)
    return section


def make(section) -> None:
    host.click(section.maps.view.run.button)
    host.wait_until(lambda: not section.maps.work.is_working)


def the_map(section):
    (node,) = section.maps.nodes.made()
    return node


def red_view():
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()


def test_a_map_lies_over_its_image_in_colors_with_a_legend(mapped, segmented_ct):
    node = the_map(mapped)
    assert node.GetName() == "Tumor Contrast (glcm), radius 1"
    assert red_view().GetForegroundVolumeID() == node.GetID()
    assert layer_nodes.legend_of(node).GetVisibility()
    assert layer_nodes.legend_of(node).GetTitleText() == "Contrast (glcm)"
    colored = slicer.util.arrayFromVolume(node) >= node.GetDisplayNode().GetLowerThreshold()
    assert colored.sum() == segmented_ct.masks[next(iter(segmented_ct.masks))].sum()
    assert mapped.maps.view.shown.currentText == node.GetName()


def test_a_map_lies_where_the_image_has_the_segment(mapped, segmented_ct):
    node = the_map(mapped)
    place = np.argwhere(slicer.util.arrayFromVolume(node) >= node.GetDisplayNode().GetLowerThreshold()).mean(axis=0)
    expected = np.argwhere(segmented_ct.masks[next(iter(segmented_ct.masks))]).mean(axis=0)
    points = []
    for volume, index in ((node, place), (segmented_ct.volume, expected)):
        to_ras = layer_nodes.vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(to_ras)
        points.append(to_ras.MultiplyPoint([*index[::-1], 1.0])[:3])
    assert points[0] == pytest.approx(points[1])


def test_the_same_choice_again_takes_the_place_of_the_map(mapped):
    make(mapped)
    assert len(mapped.maps.nodes.all()) == 1


def test_a_filtered_image_that_is_checked_has_maps(section, segmented_ct):
    host.click(section.views.settings.image_types.boxes["Gradient"])
    host.select(section.maps.view.image, "Gradient")
    make(section)
    node = the_map(section)
    assert node.GetName() == "Tumor Contrast (glcm), Gradient, radius 1"
    assert layer_nodes.legend_of(node).GetTitleText() == "Contrast (glcm)\nGradient"


def test_a_removed_map_gives_the_view_back(mapped):
    host.click(mapped.maps.view.remove)
    assert mapped.maps.nodes.all() == []
    assert not red_view().GetForegroundVolumeID()
    assert mapped.maps.view.shown.currentText == "No map was made yet"


def test_a_map_is_not_shown_over_another_image(mapped, add_phantom):
    other = add_phantom("Another")
    slicer.util.setSliceViewerLayers(background=other)
    assert red_view().GetForegroundVolumeID() != the_map(mapped).GetID()


def test_an_edited_segment_marks_its_map_where_nothing_is_made_again(mapped, segmented_ct):
    mapped.views.settings.again.setChecked(False)
    erode(segmented_ct)
    host.wait_until(lambda: FeatureMapNodes.is_outdated(the_map(mapped)))
    assert "out of date" in mapped.maps.view.sentence.text


def test_after_an_edit_the_shown_map_is_made_again(mapped, segmented_ct):
    before = slicer.util.arrayFromVolume(the_map(mapped)).shape
    erode(segmented_ct)
    host.wait_until(lambda: slicer.util.arrayFromVolume(the_map(mapped)).shape != before)
    assert not FeatureMapNodes.is_outdated(the_map(mapped))


@pytest.fixture
def edited(mapped, segmented_ct):
    """The section after half of the tumor was erased and its map made again."""
    erode(segmented_ct)
    host.wait_until(lambda: len(mapped.maps.nodes.all()) == 3)
    return mapped


def arrays(section):
    return [slicer.util.arrayFromVolume(node) for node in section.maps.nodes.all()]


def test_the_map_from_before_an_edit_stays_with_the_change(edited):
    now, before, change = edited.maps.nodes.all()
    assert [node.GetName() for node in (now, before, change)] == [
        "Tumor Contrast (glcm), radius 1",
        "Tumor Contrast (glcm), radius 1, before the edit",
        "Tumor Contrast (glcm), radius 1, change",
    ]
    assert edited.maps.view.shown.count == 4
    values = {node: values_of(node).array for node in (now, before, change)}
    assert (values[before] != OUTSIDE).sum() > (values[now] != OUTSIDE).sum()
    assert (values[change] != OUTSIDE).sum() == (values[now] != OUTSIDE).sum()
    low, high = change.GetDisplayNode().GetWindowLevelMin(), change.GetDisplayNode().GetWindowLevelMax()
    assert low == -high
    said = edited.maps.view.sentence.text
    assert f"{values[now][values[now] != OUTSIDE].mean():.4g}, before the edit" in said


def test_the_change_is_nothing_where_the_edit_is_out_of_reach(edited):
    now, before, _change = (values_of(node) for node in edited.maps.nodes.all())
    difference = change(now, before).array
    deepest = difference[-2]  # two slices and more from where it was cut
    assert (deepest[deepest != OUTSIDE] == 0).all()
    assert (deepest != OUTSIDE).any()
    assert np.abs(difference[difference != OUTSIDE]).max() > 0


def test_a_map_of_a_loaded_scene_is_compared_after_an_edit_as_well(mapped, segmented_ct):
    mapped.cleanup()
    later = FeaturesSection("Tested", InProcessClient())  # knows of the map what the scene keeps
    later.enter()
    later.maps.choose(the_map(later).GetID())
    erode(segmented_ct)
    host.wait_until(lambda: len(later.maps.nodes.all()) == 3)
    assert "before the edit" in later.maps.view.sentence.text
    later.cleanup()


def test_a_segment_that_is_removed_while_it_is_mapped_is_a_sentence(section, segmented_ct):
    host.click(section.maps.view.run.button)
    segmented_ct.segmentation.GetSegmentation().RemoveSegment(segmented_ct.tumor)
    host.wait_until(lambda: not section.maps.work.is_working)
    assert section.maps.view.sentence.text == "Image or segment was removed while it was mapped."


def test_there_is_no_change_where_a_segment_went_elsewhere(edited, segmented_ct):
    elsewhere = np.roll(segmented_ct.masks[segmented_ct.tumor], 25, axis=2)
    assert not (elsewhere & segmented_ct.masks[segmented_ct.tumor]).any()
    segmented_ct.paint(segmented_ct.tumor, elsewhere)
    host.wait_until(lambda: len(edited.maps.nodes.all()) == 2)
    assert "before the edit" in edited.maps.view.sentence.text


def test_colors_that_a_person_gave_the_change_stay(edited, segmented_ct):
    change = edited.maps.nodes.all()[2]
    change.GetDisplayNode().SetAndObserveColorNodeID(layer_nodes.COLOR_TABLES["Viridis"])
    size = arrays(edited)[0].shape
    segmented_ct.erode(segmented_ct.tumor)
    host.wait_until(lambda: arrays(edited)[0].shape != size)
    assert change.GetDisplayNode().GetColorNodeID() == layer_nodes.COLOR_TABLES["Viridis"]


def test_another_edit_is_compared_with_the_first_map(edited, segmented_ct):
    _now, before, _change = arrays(edited)
    before = before.copy()
    segmented_ct.erode(segmented_ct.tumor)
    size = arrays(edited)[0].shape
    host.wait_until(lambda: arrays(edited)[0].shape != size)
    assert (arrays(edited)[1] == before).all()


def test_a_map_made_by_the_button_without_an_edit_begins_anew(edited):
    host.select(edited.maps.view.shown, "Tumor Contrast (glcm), radius 1, change")
    make(edited)
    assert len(edited.maps.nodes.all()) == 1
    assert red_view().GetForegroundVolumeID() == the_map(edited).GetID()
    assert "before" not in edited.maps.view.sentence.text


def test_maps_of_other_parameters_are_not_compared(mapped, segmented_ct, tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text("setting:\n  binWidth: 10\n")
    mapped.views.settings.again.setChecked(False)
    mapped.views.settings.parameters.currentPath = str(path)
    erode(segmented_ct)
    make(mapped)
    assert len(mapped.maps.nodes.all()) == 1


def test_a_marked_map_is_made_again_on_request(mapped, segmented_ct):
    mapped.views.settings.again.setChecked(False)
    assert not mapped.maps.view.again.enabled
    erode(segmented_ct)
    host.wait_until(lambda: mapped.maps.view.again.enabled)
    host.click(mapped.maps.view.again)
    host.wait_until(lambda: len(mapped.maps.nodes.all()) == 3)
    assert not mapped.maps.view.again.enabled


def test_the_map_from_before_can_be_removed_alone_and_goes_with_its_map(edited):
    now, before, change = edited.maps.nodes.all()
    host.select(edited.maps.view.shown, change.GetName())
    assert "Mean of the change" in edited.maps.view.sentence.text
    host.click(edited.maps.view.remove)
    assert edited.maps.nodes.all() == [now, before]
    host.select(edited.maps.view.shown, now.GetName())
    host.click(edited.maps.view.remove)
    assert edited.maps.nodes.all() == []


def test_an_empty_segment_is_a_sentence(section):
    host.select(section.maps.view.segment, "Nothing")
    make(section)
    assert section.maps.view.sentence.text == "No voxel of this segment lies on the image."


def erode(segmented_ct) -> None:
    key, mask = next(iter(segmented_ct.masks.items()))
    smaller = mask.copy()
    smaller[: int(mask.nonzero()[0].mean())] = False
    segmented_ct.paint(key, smaller)
