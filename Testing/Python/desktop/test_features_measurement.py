"""Measurements as a script makes them, without a widget, with recorded answers in place of a worker process."""

from __future__ import annotations

import pytest
import slicer

from readingroom.desktop.features.measurement_request import MeasurementRequest, names_of
from readingroom.desktop.features.work import FeatureWork
from readingroom.errors import EngineError, InputError

VOLUME = "original_shape_MeshVolume"


def answer(label: int, volume: float = 1.0, problem: str = "") -> dict:
    """The worker's answer to a file with one label."""
    values = {} if problem else {VOLUME: volume}
    region = {"label": label, "name": "x", "values": values, "provenance": {}, "notes": [], "problem": problem}
    return {"regions": [{**region, "score": None}]}


@pytest.fixture
def request_of_two(segmented_ct):
    """Tumor and lung, which overlap: each has a file of its own."""
    wanted = {key: name for key, name in names_of(segmented_ct.segmentation).items() if name != "Nothing"}
    return MeasurementRequest(segmented_ct.volume, segmented_ct.segmentation, wanted, {"setting": {"binWidth": 10}})


@pytest.fixture
def begin(recorded_client):
    """Work whose client gives these answers."""
    made = []

    def make(*answers):
        made.append(FeatureWork("Tested", recorded_client(*answers)))
        return made[-1]

    yield make
    for work in made:
        work.stop()


def follow(work):
    """Poll to the end, noting how far it was."""
    fractions = []
    while work.is_working:
        if work.poll() and work.is_working:
            fractions.append(work.progress[0])
    return fractions


def test_files_are_measured_one_after_the_other_and_progress_only_grows(begin, request_of_two):
    work = begin(answer(1, 10.0), answer(2, 20.0))
    work.measure(request_of_two)
    fractions = follow(work)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.25
    assert fractions[-1] == 0.75
    tumor, lung = work.results_of(request_of_two.segmentation).segments
    assert (tumor.now.value(VOLUME), lung.now.value(VOLUME)) == (10.0, 20.0)


def test_the_worker_is_asked_in_the_words_of_its_call(begin, request_of_two):
    work = begin(answer(1), answer(2))
    work.measure(request_of_two)
    follow(work)
    (name, first), (_name, second) = work.client.asked
    assert name == "radiomics"
    assert first.pop("image").endswith("image.nrrd")
    assert first.pop("mask") != second["mask"]
    assert first == {
        "labels": [1], "names": {"1": "Tumor"}, "settings": {"setting": {"binWidth": 10}},
        "engine": "readingroom", "processes": None, "bundle": "",
    }  # fmt: skip


def test_a_segment_that_cannot_be_measured_does_not_stop_the_others(begin, request_of_two):
    work = begin(answer(1, problem="All voxels have the same value."), answer(2, 20.0))
    work.measure(request_of_two)
    follow(work)
    tumor, lung = work.results_of(request_of_two.segmentation).segments
    assert tumor.now.problem == "All voxels have the same value."
    assert not lung.now.problem


def test_an_error_ends_it_and_no_further_file_is_sent(begin, request_of_two):
    work = begin(InputError("The image is damaged."))
    work.measure(request_of_two)
    follow(work)
    assert str(work.error) == "The image is damaged."
    assert len(work.client.asked) == 1
    assert work.results_of(request_of_two.segmentation) is None


def test_one_measurement_is_made_at_a_time(begin, request_of_two):
    work = begin(answer(1), answer(2))
    work.measure(request_of_two)
    with pytest.raises(EngineError, match="still going on"):
        work.measure(request_of_two)
    follow(work)
    assert len(work.results_of(request_of_two.segmentation).measured) == 2


def test_canceled_it_can_start_again(begin, request_of_two):
    work = begin(answer(1), answer(1), answer(2))
    work.measure(request_of_two)
    work.cancel()
    assert not work.is_working
    work.measure(request_of_two)
    follow(work)
    assert len(work.results_of(request_of_two.segmentation).measured) == 2


def test_masks_of_the_last_measurement_go_and_the_image_is_written_once(begin, request_of_two):
    work = begin(answer(1), answer(2), answer(1), answer(2))
    for _round in range(2):
        work.measure(request_of_two)
        follow(work)
    first, _, second, _ = (arguments for _name, arguments in work.client.asked)
    assert first["image"] == second["image"]
    assert len(list(work.client.folder.glob("image-*"))) == len(list(work.client.folder.glob("masks-*"))) == 1


def test_the_table_is_replaced_in_place(begin, request_of_two):
    work = begin(answer(1, 10.0), answer(2), answer(1, 11.0), answer(2))
    tables = []
    for _round in range(2):
        work.measure(request_of_two)
        follow(work)
        tables.append([node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLTableNode")])
    assert tables[0] == tables[1]
    assert len(tables[0]) == 1


@pytest.fixture
def undo_on(empty_scene):
    """A scene that can be undone, as a person may have it."""
    was_on = slicer.mrmlScene.GetUndoFlag()
    slicer.mrmlScene.SetUndoOn()
    yield
    slicer.mrmlScene.ClearUndoStack()
    slicer.mrmlScene.SetUndoFlag(was_on)


@pytest.mark.usefixtures("undo_on")
def test_measuring_leaves_the_undo_of_the_person_alone(begin, request_of_two):
    slicer.mrmlScene.SaveStateForUndo()
    before = slicer.mrmlScene.GetNumberOfUndoLevels()
    work = begin(answer(1), answer(2))
    work.measure(request_of_two)
    follow(work)
    assert slicer.mrmlScene.GetNumberOfUndoLevels() == before
