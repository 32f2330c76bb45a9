"""The panel of Mammo Screen: four views that find their places, their layout, and what a reading shows on each."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer

import host
import mammo_screen_cases as cases

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 300.0
VIEWS = ("right-cc", "left-cc", "right-mlo", "left-mlo")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle whose weights are written by hand."""
    return cases.write_bundle(tmp_path_factory.mktemp("bundle") / "bright")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An exam with a tumor on the left."""
    return cases.write_files(tmp_path_factory.mktemp("exam"), left=[cases.TUMOR])


@pytest.fixture(scope="module")
def answer(bundle, files, tmp_path_factory) -> dict:
    """What a worker answers of the exam: read once."""
    folder = tmp_path_factory.mktemp("answer")
    reading = cases.read(bundle, folder, **{role.replace("-", "_"): path for role, path in files.items()})
    return {"folder": str(folder), "reading": reading.to_json()}


@pytest.fixture
def panel(empty_scene, bundle, answer, recorded_client, monkeypatch):
    """The open module; its worker knows the answer."""
    from readingroom import cli

    loaded = {"bundle": "bright", "device": "cpu"}
    monkeypatch.setattr("readingroom.engine.client.WorkerClient", lambda: recorded_client(loaded, answer))
    assert cli.main(["bundles", "install", str(bundle.folder)]) == 0
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "MammoScreen" / "MammoScreen.py")
    panel = host.open_module("MammoScreen").panel
    panel.selection.choose_bundle("bright")
    panel.selection.choose_device("cpu")
    while panel.session._job._waits():  # until the network is loaded
        pass
    yield panel
    panel.logic.stop()


def load(files) -> dict:
    """The files as volume nodes that the DICOM database knows, in an order of its own."""
    import pydicom

    instances = {
        role: str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) for role, path in files.items()
    }
    host.provide_dicom_database({instances[role]: str(path) for role, path in files.items()})
    volumes = {}
    for role, path in reversed(files.items()):
        volumes[role] = slicer.util.loadVolume(str(path), {"name": role, "singleFile": True})
        volumes[role].SetAttribute("DICOM.instanceUIDs", instances[role])
    slicer.app.processEvents()
    return volumes


def view(role: str):
    return slicer.app.layoutManager().sliceWidget(f"ReadingRoomHung-{role}")


def shown_in(role: str) -> str:
    node = slicer.mrmlScene.GetNodeByID(view(role).mrmlSliceCompositeNode().GetBackgroundVolumeID())
    return node.GetName() if node is not None else ""


def read(panel) -> None:
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.state != "working", SECONDS)
    assert panel.session.error is None, getattr(panel.session.error, "detail", panel.session.error)
    assert panel.views.message.widget.isHidden(), panel.views.message.sentence.text


def test_views_find_their_places_by_their_headers(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    assert {role: volume.GetName() for role, volume in panel.inputs.images.items()} == {role: role for role in VIEWS}


def test_the_views_hang_two_by_two_with_one_zoom_and_are_linked(panel, files):
    load(files)
    host.wait_until(lambda: all(shown_in(role) == role for role in VIEWS))
    zooms = []
    for role in VIEWS:
        node = view(role).mrmlSliceNode()
        zooms.append(node.GetFieldOfView()[0] / node.GetDimensions()[0])
        assert view(role).mrmlSliceCompositeNode().GetLinkedControl()
        assert node.GetViewGroup() == view(VIEWS[0]).mrmlSliceNode().GetViewGroup() != 0
    assert zooms == pytest.approx([zooms[0]] * 4)


def test_a_picture_without_a_header_is_chosen_by_a_person(panel):
    import numpy as np

    volume = slicer.util.addVolumeFromArray(np.ones((1, 300, 200), "int16"), name="film")
    slicer.app.processEvents()
    assert panel.inputs.images == {}
    assert panel.inputs.missing == "Left CC"
    panel.selection.choose_image("right-mlo", volume)
    assert panel.inputs.missing == ""


def test_every_view_shows_the_map_of_its_own_breast(panel, files):
    volumes = load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    assert panel.parameters.finding == "left-breast"
    for role, volume in volumes.items():
        composite = view(role).mrmlSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == volume.GetID()
        finding = f"{role.partition('-')[0]}-breast"
        assert composite.GetForegroundVolumeID() == panel.layers.heat_map(role, finding).GetID()


def test_the_comparison_of_the_breasts_takes_the_place_of_the_map_when_asked(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    box = panel.views.heat_map.attention
    assert box.text == "Against the other breast"
    host.click(box)
    for role in VIEWS:
        finding = f"{role.partition('-')[0]}-breast"
        shown = view(role).mrmlSliceCompositeNode().GetForegroundVolumeID()
        assert shown == panel.layers.heat_map(role, finding, "asymmetry").GetID()


def test_the_self_test_of_the_module_passes(panel):
    host.run_self_test("MammoScreen")
