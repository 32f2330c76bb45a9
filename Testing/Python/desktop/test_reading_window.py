"""Images are shown in a window for reading, and in the person's own after it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import slicer

from readingroom.desktop.reading_window import ReadingWindow
from readingroom.readers.description import DisplayWindow, ImageRole

LUNG, SOFT = DisplayWindow("Lung", -600, 1500), DisplayWindow("Mediastinum", 40, 400)


@pytest.fixture
def window():
    role = ImageRole("ct", "CT", ("CT",), 3, windows=(LUNG, SOFT))
    return ReadingWindow(SimpleNamespace(images=(role,)))


@pytest.fixture
def add_ct(empty_scene):
    def add():
        volume = slicer.util.addVolumeFromArray(np.arange(64, dtype="int16").reshape(4, 4, 4), name="CT")
        volume.CreateDefaultDisplayNodes()
        return volume

    return add


def shown(volume) -> tuple[float, float]:
    display = volume.GetScalarVolumeDisplayNode()
    return display.GetLevel(), display.GetWindow()


def test_the_first_window_is_used_while_the_module_is_open(window, add_ct):
    volume = add_ct()
    volume.GetScalarVolumeDisplayNode().AutoWindowLevelOff()
    volume.GetScalarVolumeDisplayNode().SetWindowLevel(80, 30)
    window.use({"ct": volume})
    assert shown(volume) == (-600, 1500)
    window.leave()
    assert shown(volume) == (30, 80)


def test_an_automatic_window_is_automatic_again(window, add_ct):
    volume = add_ct()
    earlier = shown(volume)
    window.use({"ct": volume})
    window.leave()
    assert volume.GetScalarVolumeDisplayNode().GetAutoWindowLevel()
    assert shown(volume) == earlier


def test_another_window_is_chosen_and_the_persons_own(window, add_ct):
    volume = add_ct()
    own = shown(volume)
    window.use({"ct": volume})
    window.choose("Mediastinum", {"ct": volume})
    assert shown(volume) == (40, 400)
    window.choose("", {"ct": volume})
    assert shown(volume) == own
    other = add_ct()
    window.show({"ct": other})
    assert shown(other) == own


def test_what_a_person_set_by_hand_meanwhile_stays(window, add_ct):
    volume = add_ct()
    window.use({"ct": volume})
    volume.GetScalarVolumeDisplayNode().SetWindowLevel(700, -100)
    window.show({"ct": volume})
    window.leave()
    assert shown(volume) == (-100, 700)


def test_an_image_that_is_no_longer_chosen_gets_its_own_window_back(window, add_ct):
    first, second = add_ct(), add_ct()
    own = shown(first)
    window.use({"ct": first})
    window.show({"ct": second})
    assert (shown(first), shown(second)) == (own, (-600, 1500))


def test_a_removed_image_and_a_module_that_is_not_open_are_no_matter(window, add_ct):
    volume, other = add_ct(), add_ct()
    window.use({"ct": volume})
    slicer.mrmlScene.RemoveNode(volume.GetDisplayNode())
    slicer.mrmlScene.RemoveNode(volume)
    window.leave()
    own = shown(other)
    window.show({"ct": other})
    assert shown(other) == own
