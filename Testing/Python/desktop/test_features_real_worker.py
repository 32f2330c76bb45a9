"""Features with a real worker process: in the module Reading Room, and in the panel of a module that asks for them."""

from __future__ import annotations

import psutil
import pytest
import SimpleITK
import slicer

import host
from readingroom.desktop.features import table_node
from readingroom.desktop.logic import ReadingLogic
from readingroom.desktop.panel import ReadingPanel
from readingroom.engine.in_process import InProcessClient
from readingroom.radiomics.measure import measure as measure_directly
from readingroom.radiomics.settings import Settings

SECONDS = 120.0  # where many share one processor; it is a second elsewhere


@pytest.fixture
def home(modules):
    """The open panel of Reading Room with its features unfolded."""
    panel = host.open_module("ReadingRoomHome").panel
    host.click(panel.features_section)
    return panel


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "readingroom.engine.worker" in " ".join(child.cmdline())]


def measure(section) -> None:
    slicer.app.processEvents()
    host.click(section.views.run.button)
    host.wait_until(lambda: not section.work.is_working, SECONDS)
    assert section.work.error is None


def directly(ct, mask):
    """The features without viewer and worker."""
    image = SimpleITK.GetImageFromArray(slicer.util.arrayFromVolume(ct.volume))
    labels = SimpleITK.GetImageFromArray(mask.astype("uint8"))
    for one in (image, labels):
        one.SetSpacing(ct.volume.GetSpacing())
    return measure_directly(image, labels, Settings()).values


def test_values_are_those_of_the_engine_before_and_after_an_edit(home, segmented_ct):
    section = home.features
    measure(section)
    tumor = section.work.results_of(segmented_ct.segmentation).segment(segmented_ct.tumor)
    assert tumor.now.features.values == pytest.approx(directly(segmented_ct, segmented_ct.masks[segmented_ct.tumor]))
    segmented_ct.erode(segmented_ct.tumor)
    slicer.modules.ReadingRoomHomeWidget.parent.hide()  # as one leaves for Segment Editor
    host.wait_until(
        lambda: section.work.results_of(segmented_ct.segmentation).segment(segmented_ct.tumor).before is not None,
        SECONDS,
    )
    after = section.work.results_of(segmented_ct.segmentation).segment(segmented_ct.tumor)
    assert after.before == tumor.now
    assert after.now.features.values == pytest.approx(directly(segmented_ct, segmented_ct.masks[segmented_ct.tumor]))
    assert len(workers()) == 1


def test_cancel_ends_the_worker_and_what_was_measured_stays(home, segmented_ct):
    section = home.features
    measure(section)
    text = section.work.results_of(segmented_ct.segmentation).to_json()
    (worker,) = workers()
    host.click(section.views.run.button)
    assert section.views.run.button.text == "Cancel"
    host.click(section.views.run.button)
    host.wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert section.views.run.button.text == "Measure"
    assert section.work.results_of(segmented_ct.segmentation).to_json() == text


def test_a_worker_that_is_killed_is_a_sentence_and_the_next_measurement_starts_another(home, segmented_ct):
    section = home.features
    slicer.app.processEvents()
    host.click(section.views.run.button)
    host.wait_until(workers, SECONDS)
    workers()[0].kill()
    host.wait_until(lambda: not section.work.is_working, SECONDS)
    assert section.views.message.sentence.text.endswith("please try again.")
    measure(section)
    assert section.views.message.widget.isHidden()


def test_unloading_the_module_ends_the_worker(home, segmented_ct):
    measure(home.features)
    slicer.modules.ReadingRoomHomeWidget.cleanup()
    host.wait_until(lambda: not workers())


def test_a_module_that_asks_for_features_has_them_in_its_panel(segmented_ct):
    panel = ReadingPanel(ReadingLogic("Asked", "chest-xray", InProcessClient()), features=True)
    panel.widget.show()
    panel.features.enter()
    host.click(panel.views.sections["features"])
    try:
        measure(panel.features)
        assert panel.views.sections["features"].visible
        (table,) = table_node.tables("Asked.Features")
        assert panel.logic.nodes.all() == []  # a read replaces the layers and leaves the features
        assert table.GetNumberOfRows() == 107
    finally:
        panel.cleanup()
        panel.widget.hide()
    host.wait_until(lambda: not workers())
