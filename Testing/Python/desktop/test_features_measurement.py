"""The state of a measurement in a worker process. Needs neither Qt nor a scene."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.desktop.features.measurement import LabelFile, Measurement, MeasureRequest
from readingroom.errors import EngineError, InputError


def answer(label: int, volume: float = 1.0, problem: str = "") -> dict:
    """The worker's answer to a file with one label."""
    values = {} if problem else {"original_shape_MeshVolume": volume}
    region = {"label": label, "name": "x", "values": values, "provenance": {}, "notes": [], "problem": problem}
    return {"regions": [{**region, "score": None}]}


@pytest.fixture
def request_of_two():
    masks = (LabelFile(Path("/a.nrrd"), {1: "tumor"}), LabelFile(Path("/b.nrrd"), {2: "lung"}))
    return MeasureRequest(Path("/image.nrrd"), masks, {"tumor": "Tumor", "lung": "Lung"}, {"setting": {"binWidth": 10}})


@pytest.fixture
def begin(recorded_client):
    """A measurement whose client gives these answers."""
    clients = []

    def make(*answers):
        clients.append(recorded_client(*answers))
        return Measurement(clients[-1])

    yield make
    for client in clients:
        client.stop()


def follow(measurement):
    """Poll to the end, noting how far it was."""
    fractions = []
    while measurement.state == "working":
        if measurement.poll() and measurement.state == "working":
            fractions.append(measurement.progress[0])
    return fractions


def test_files_are_measured_one_after_the_other_and_progress_only_grows(begin, request_of_two):
    measurement = begin(answer(1, 10.0), answer(2, 20.0))
    measurement.start(request_of_two)
    fractions = follow(measurement)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.25
    assert fractions[-1] == 0.75
    assert measurement.state == "done"
    values = {key: region.value("original_shape_MeshVolume") for key, region in measurement.regions.items()}
    assert values == {"tumor": 10.0, "lung": 20.0}


def test_the_worker_is_asked_in_the_words_of_its_call(begin, request_of_two):
    measurement = begin(answer(1), answer(2))
    measurement.start(request_of_two)
    follow(measurement)
    (name, first), (_name, second) = measurement.client.asked
    assert name == "radiomics"
    assert first == {
        "image": "/image.nrrd", "mask": "/a.nrrd", "labels": [1], "names": {"1": "Tumor"},
        "settings": {"setting": {"binWidth": 10}}, "engine": "readingroom", "processes": None, "bundle": "",
    }  # fmt: skip
    assert second["mask"] == "/b.nrrd"


def test_a_segment_that_cannot_be_measured_does_not_stop_the_others(begin, request_of_two):
    measurement = begin(answer(1, problem="All voxels have the same value."), answer(2, 20.0))
    measurement.start(request_of_two)
    follow(measurement)
    assert measurement.state == "done"
    assert measurement.regions["tumor"].problem
    assert not measurement.regions["lung"].problem


def test_an_error_ends_it_and_no_further_file_is_sent(begin, request_of_two):
    measurement = begin(InputError("The image is damaged."))
    measurement.start(request_of_two)
    follow(measurement)
    assert measurement.state == "failed"
    assert str(measurement.error) == "The image is damaged."
    assert len(measurement.client.asked) == 1


def test_without_a_mask_it_is_done_at_once(begin, request_of_two):
    measurement = begin(answer(1))
    measurement.start(MeasureRequest(request_of_two.image, (), {}, {}))
    assert measurement.state == "done"
    assert measurement.regions == {}


def test_canceled_it_can_start_again(begin, request_of_two):
    measurement = begin(answer(1), answer(1), answer(2))
    measurement.start(request_of_two)
    with pytest.raises(EngineError):
        measurement.start(request_of_two)
    measurement.cancel()
    assert measurement.state == "idle"
    measurement.start(request_of_two)
    follow(measurement)
    assert measurement.state == "done"


def test_a_folder_replaces_the_last_one_for_the_same_purpose(begin):
    measurement = begin(answer(1))
    first, other = measurement.folder("masks"), measurement.folder("image")
    (first / "x").write_text("x")
    second = measurement.folder("masks")
    assert not first.exists()
    assert second.is_dir()
    assert other.is_dir()
