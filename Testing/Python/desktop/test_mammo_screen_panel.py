"""The panel of Mammo Screen: four views that find their places, their layout, and what a reading shows on each."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer

import host
import mammo_screen_cases as cases
from readingroom.desktop import layer_nodes
from readingroom.desktop.study_from_nodes import study_of_nodes

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


@pytest.fixture(scope="module")
def prior_files(tmp_path_factory):
    """The exam of the same woman two years before."""
    return cases.write_files(tmp_path_factory.mktemp("prior"), 2, date="20220102")


@pytest.fixture(scope="module")
def answer_with_prior(bundle, files, prior_files, tmp_path_factory) -> dict:
    """What a worker answers of both."""
    folder = tmp_path_factory.mktemp("answer-with-prior")
    reading = cases.read(bundle, folder, list(files.values()), list(prior_files.values()))
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


def load(*exams) -> dict:
    """The files of exams as volume nodes that the DICOM database knows, in an order of their own.

    Those of a second exam are named ``prior-left-cc`` and so on.
    """
    import pydicom

    named = {f"{prefix}{role}": path for prefix, files in zip(("", "prior-"), exams, strict=False)
             for role, path in files.items()}  # fmt: skip
    instances = {role: str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
                 for role, path in named.items()}  # fmt: skip
    host.provide_dicom_database({instances[role]: str(path) for role, path in named.items()})
    volumes = {}
    for role, path in reversed(named.items()):
        volumes[role] = slicer.util.loadVolume(str(path), {"name": role, "singleFile": True})
        volumes[role].SetAttribute("DICOM.instanceUIDs", instances[role])
    slicer.app.processEvents()
    return volumes


def view(role: str):
    return slicer.app.layoutManager().sliceWidget(f"ReadingRoomHung-{role}")


def shown_in(role: str) -> str:
    node = slicer.mrmlScene.GetNodeByID(view(role).mrmlSliceCompositeNode().GetBackgroundVolumeID() or "")
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
    assert zooms == pytest.approx([zooms[0]] * 4)


def test_chest_walls_hang_back_to_back_and_no_breast_is_mirrored_for_the_eye(panel, files):
    """By the pixels that are drawn: bright up to the inner edge of each view, black at the outer one."""
    volumes = load(files)
    host.wait_until(lambda: all(shown_in(role) == role for role in VIEWS))
    for role in VIEWS:
        host.render_slice(f"ReadingRoomHung-{role}", width=500, height=500)  # as where the window gives them a size
    slicer.app.processEvents()
    for role in VIEWS:
        drawn = host.render_slice(f"ReadingRoomHung-{role}", width=500, height=500)
        middle = drawn[150:350].max(axis=(0, 2)) if drawn.ndim == 3 else drawn[150:350].max(axis=0)
        if role.startswith("right"):
            middle = middle[::-1]
        inner, outer = middle[2:25], middle[-25:]
        assert inner.min() > 60
        assert outer.max() < 60
        stored = slicer.util.arrayFromVolume(volumes[role])[0].astype(float)
        across = stored[stored.shape[0] // 2]
        wall_left = across[: len(across) // 4].mean() > across[-len(across) // 4 :].mean()
        assert wall_left == role.startswith("left")


def test_views_are_zoomed_together_and_moved_toward_the_nipple_on_both_sides(panel, files):
    load(files)
    host.wait_until(lambda: all(shown_in(role) == role for role in VIEWS))
    nodes = {role: view(role).mrmlSliceNode() for role in VIEWS}
    before = {role: (node.GetFieldOfView()[0], *node.GetXYZOrigin()) for role, node in nodes.items()}
    left = nodes["left-cc"]
    left.SetFieldOfView(*(size / 2 for size in left.GetFieldOfView()[:2]), left.GetFieldOfView()[2])
    left.SetXYZOrigin(before["left-cc"][1] + 8, before["left-cc"][2] - 3, 0)
    for role, node in nodes.items():
        width, x, y, _z = before[role]
        assert node.GetFieldOfView()[0] == pytest.approx(width / 2)
        along = 8 if role.startswith("left") else -8
        assert node.GetXYZOrigin()[:2] == pytest.approx((x + along, y - 3))
    host.click(panel.views.study.linked)
    nodes["right-mlo"].SetXYZOrigin(0, 0, 0)
    assert left.GetXYZOrigin()[0] == pytest.approx(before["left-cc"][1] + 8)


def place(role: str) -> tuple[float, float]:
    """Millimeters for each pixel of a view, and how far its chest wall lies from the inner edge, in pixels."""
    node = view(role).mrmlSliceNode()
    zoom = node.GetFieldOfView()[0] / node.GetDimensions()[0]
    bounds = [0.0] * 6
    slicer.mrmlScene.GetNodeByID(view(role).mrmlSliceCompositeNode().GetBackgroundVolumeID()).GetRASBounds(bounds)
    nipple = 1 if role.startswith("left") else -1
    inner = nipple * node.GetXYZOrigin()[0] - node.GetFieldOfView()[0] / 2
    return zoom, (inner + (bounds[1] - bounds[0]) / 2) / zoom


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("size", [(900, 300), (250, 700), (640, 480)])
def test_a_resized_window_leaves_films_whole_with_one_zoom_and_chest_walls_back_to_back(panel, files, linked, size):
    load(files)
    host.wait_until(lambda: all(shown_in(role) == role for role in VIEWS))
    if not linked:
        host.click(panel.views.study.linked)
    for role in VIEWS:
        view(role).sliceLogic().ResizeSliceNode(*size)
    slicer.app.processEvents()
    zooms, beyond = zip(*map(place, VIEWS), strict=True)
    assert zooms == pytest.approx([zooms[0]] * 4)
    assert beyond == pytest.approx([0] * 4, abs=0.01)
    field = [view(role).mrmlSliceNode().GetFieldOfView() for role in VIEWS]
    bounds = [0.0] * 6
    panel.inputs.images["left-cc"].GetRASBounds(bounds)
    room = [min(width / (bounds[1] - bounds[0]), height / (bounds[3] - bounds[2])) for width, height, _ in field]
    assert room == pytest.approx([1] * 4)  # as large as they can be, and no larger


def test_what_a_person_enlarged_stays_where_it_is_when_the_window_is_resized(panel, files):
    load(files)
    host.wait_until(lambda: all(shown_in(role) == role for role in VIEWS))
    for role in VIEWS:
        view(role).sliceLogic().ResizeSliceNode(400, 400)
    slicer.app.processEvents()
    whole, _ = place("left-cc")
    node = view("left-cc").mrmlSliceNode()
    node.SetFieldOfView(*(size / 2 for size in node.GetFieldOfView()[:2]), 1)
    node.SetXYZOrigin(5, -3, 0)
    before = {role: place(role)[1] for role in VIEWS}
    for role in VIEWS:
        view(role).sliceLogic().ResizeSliceNode(800, 800)
    slicer.app.processEvents()
    for role in VIEWS:
        zoom, beyond = place(role)
        assert zoom == pytest.approx(whole / 4)
        assert beyond == pytest.approx(before[role])
        assert view(role).mrmlSliceNode().GetXYZOrigin()[1] == pytest.approx(-3)


def test_a_place_without_its_view_is_empty(panel, files):
    volume = slicer.util.loadVolume(str(files["right-mlo"]), {"name": "film", "singleFile": True})
    slicer.app.processEvents()
    panel.selection.choose_image("right-mlo", volume)
    assert [shown_in(role) for role in VIEWS] == ["", "", "film", ""]


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
        heat_map = panel.layers.heat_map(role, finding)
        assert composite.GetForegroundVolumeID() == heat_map.GetID()
        at_left = layer_nodes.legend_of(heat_map).GetPosition()[0] < 0.5  # beside the breast, not on its chest wall
        assert at_left == role.startswith("right")


def test_the_legends_of_both_breasts_are_written_in_one_size(panel, files):
    """By the pixels that are drawn; VTK sizes text on the right of a bar otherwise than on its left."""
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    for role in VIEWS:
        host.render_slice(f"ReadingRoomHung-{role}", width=900, height=700)
    read(panel)
    for role in VIEWS:
        host.render_slice(f"ReadingRoomHung-{role}", width=450, height=550)  # a legend is sized for its view
    slicer.app.processEvents()
    heights = []
    for role, outside in (("right-cc", slice(0, 90)), ("left-cc", slice(-90, None))):
        drawn = host.render_slice(f"ReadingRoomHung-{role}", width=450, height=550)[100:, outside]
        (rows,) = (drawn.min(axis=2) > 60).any(axis=1).nonzero()
        title = rows[: int((rows[1:] > rows[:-1] + 2).argmax()) + 1]
        heights.append(len(title))
    assert abs(heights[0] - heights[1]) <= 1
    assert heights[0] > 10


def test_the_comparison_of_the_breasts_takes_the_place_of_the_map_when_asked(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    box = panel.views.heat_map.others["asymmetry"]
    assert box.text == "Against the other breast"
    assert panel.views.heat_map.others["change"].isHidden()
    host.click(box)
    for role in VIEWS:
        finding = f"{role.partition('-')[0]}-breast"
        shown = view(role).mrmlSliceCompositeNode().GetForegroundVolumeID()
        assert shown == panel.layers.heat_map(role, finding, "asymmetry").GetID()


def test_an_operating_point_judges_both_breasts_and_the_woman_at_once(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    host.select(panel.views.operating_point.point, "recall rate 10 %: positive from 60 %")
    assert {one.chosen_point for one in panel.reading.findings} == {"recall rate 10 %"}
    assert [one.positive for one in panel.reading.findings] == [True, False, True]
    assert panel.session.state == "done"  # nobody was asked anew


def test_the_panel_and_its_report_say_how_many_recalls_there_are_for_each_cancer_at_my_prevalence(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    assert panel.parameters.prevalence == 0.6
    panel.parameters.prevalence = 2.0
    recalls = "7.5"  # (0.9 * 0.02 + 0.12 * 0.98) / (0.9 * 0.02)
    assert f"{recalls} positive answers for each that is right" in panel.views.operating_point.values.text
    panel.logic.start_report = lambda *chosen: asked.append(chosen)
    asked: list = []
    host.click(panel.views.report.export)
    assert asked[0][-1] == 0.02


def test_the_prior_hangs_beside_its_view_and_what_differs_from_it_is_shown(
    panel, files, prior_files, answer_with_prior
):
    volumes = load(files, prior_files)
    host.wait_until(lambda: len(panel.inputs.images) == 8)
    assert panel.inputs.images == {name: volumes[name] for name in panel.inputs.images}
    host.wait_until(lambda: all(shown_in(role) == role for role in volumes))
    labels = [view(role).mrmlSliceNode().GetLayoutLabel() for role in ("left-cc", "prior-left-cc", "prior-right-mlo")]
    assert labels == ["LCC", "P-LCC", "P-RMLO"]
    zooms = [view(role).mrmlSliceNode().GetFieldOfView()[0] / view(role).mrmlSliceNode().GetDimensions()[0]
             for role in volumes]  # fmt: skip
    assert zooms == pytest.approx([zooms[0]] * 8)
    panel.session.client.answers = [answer_with_prior]
    read(panel)
    maps = panel.views.heat_map.others
    for shows in ("asymmetry", "change"):
        host.click(maps[shows])
        shown = view("left-cc").mrmlSliceCompositeNode().GetForegroundVolumeID()
        assert shown == panel.layers.heat_map("left-cc", "left-breast", shows).GetID()
        assert [kind for kind, box in maps.items() if box.isChecked()] == [shows]
        assert "lesion" in maps[shows].toolTip
    assert view("prior-left-cc").mrmlSliceCompositeNode().GetForegroundVolumeID() is None
    host.click(maps["change"])
    shown = view("left-cc").mrmlSliceCompositeNode().GetForegroundVolumeID()
    assert shown == panel.layers.heat_map("left-cc", "left-breast").GetID()
    panel.selection.choose_image("prior-left-cc", None)  # the others stay
    assert shown_in("prior-left-cc") == ""
    assert shown_in("prior-left-mlo") == "prior-left-mlo"


def outline(panel, role: str, what: str):
    """The segmentation of a view, and the pixels of one of its regions on the grid of the image."""
    (node,) = (one for one in panel.layers.nodes("segmentation") if one.GetSegmentation().GetSegment(f"{role}-{what}"))
    volume = panel.inputs.images[role]
    return node, volume, slicer.util.arrayFromSegmentBinaryLabelmap(node, f"{role}-{what}", volume)


def densities(panel) -> dict[str, float]:
    return {one.name: one.value for one in panel.reading.measurements if one.name.startswith("density")}


@pytest.mark.parametrize("role", ["right-cc", "left-mlo"])
def test_a_corrected_outline_of_any_view_changes_its_density_at_once_and_asks_no_network(panel, files, role):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    before, side = densities(panel), role.partition("-")[0]
    node, volume, breast = outline(panel, role, "breast")
    dense = slicer.util.arrayFromSegmentBinaryLabelmap(node, f"{role}-dense", volume) > 0
    breast[:, : breast.shape[1] // 2] = 0  # as with the scissors of Segment Editor
    slicer.util.updateSegmentBinaryLabelmapFromArray(breast, node, f"{role}-breast", volume)
    host.wait_until(lambda: panel.logic.before is not None)
    assert panel.session.state != "working"
    assert panel.views.message.widget.isHidden()
    share = 100 * dense.sum() / ((breast > 0) | dense).sum()
    now = densities(panel)
    assert now[f"density-{role}"] == pytest.approx(share)
    changed = {name for name in now if now[name] != before[name]}
    assert changed == {f"density-{role}", f"density-{side}"}
    assert panel.inputs.mask(f"{role}-breast").segment_id == f"{role}-breast"
    assert panel.inputs.mask("left-cc-breast") is None
    parts = panel.views.values.parts
    cells = [parts.item(row, column).text() for row in range(parts.rowCount) for column in range(parts.columnCount)]
    assert sum("(" in cell for cell in cells) == 1  # what it was before
    assert "no network was asked" in panel.views.values.before.text
    assert any("follow it" in note for note in panel.reading.provenance.notes)


def test_dense_tissue_that_is_painted_counts_though_it_erases_the_outline_beneath_it(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    before = densities(panel)["density-left-cc"]
    node, volume, breast = outline(panel, "left-cc", "breast")
    dense = slicer.util.arrayFromSegmentBinaryLabelmap(node, "left-cc-dense", volume)
    stroke = (breast > 0) & (dense == 0)
    stroke[:, : breast.shape[1] // 2] = False
    area = ((breast > 0) | (dense > 0)).sum()
    dense[stroke], breast[stroke] = 1, 0
    for what, mask in (("breast", breast), ("dense", dense)):
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, f"left-cc-{what}", volume)
    host.wait_until(lambda: panel.logic.before is not None)
    assert densities(panel)["density-left-cc"] == pytest.approx(100 * (dense > 0).sum() / area)
    assert densities(panel)["density-left-cc"] > before + 10


def test_an_outline_that_was_erased_is_a_sentence(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    before = densities(panel)
    node, volume, breast = outline(panel, "right-mlo", "breast")
    slicer.util.updateSegmentBinaryLabelmapFromArray(breast * 0, node, "right-mlo-breast", volume)
    host.wait_until(lambda: not panel.region_edits.is_waiting)
    assert panel.views.message.sentence.text == "The segment 'Breast, right MLO' is empty."
    assert densities(panel) == before


def test_dense_tissue_that_was_erased_is_a_density_of_nothing_and_stays_so_in_the_next_read(panel, files):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    node, volume, breast = outline(panel, "right-mlo", "breast")
    slicer.util.updateSegmentBinaryLabelmapFromArray(breast * 0, node, "right-mlo-dense", volume)
    host.wait_until(lambda: panel.logic.before is not None)
    assert panel.views.message.widget.isHidden()
    assert densities(panel)["density-right-mlo"] == 0
    assert densities(panel)["density-right"] == pytest.approx(densities(panel)["density-right-cc"] / 2)
    study = study_of_nodes(panel.reader, panel.inputs.chosen, panel.session.new_folder("again"))
    assert panel.reader.load(study).images["right-mlo"].density == 0


def test_the_masks_of_an_exam_are_one_line_until_they_are_wanted(panel, files):
    load(files)
    chooser = panel.views.study.masks["left-cc-breast"]
    assert not chooser.visible
    section = chooser.parentWidget()
    assert section.text == "Masks"
    host.click(section)
    assert chooser.visible


@pytest.mark.parametrize("earlier_first", [False, True])
def test_the_sample_exams_are_an_exam_and_its_prior_in_whichever_order_they_are_opened(panel, earlier_first):
    host.provide_dicom_database({})
    slicer.app.startupCompleted.emit()
    titles = ["Mammography exam (phantom)", "Mammography exam, earlier (phantom)"]
    for title in reversed(titles) if earlier_first else titles:
        host.open_sample("ReadingRoom", title)
        slicer.app.processEvents()
    if earlier_first:  # the exam that stands there is not taken away
        host.wait_until(lambda: panel.selection.has_next)
        host.press(panel.widget, "Ctrl+Shift+N")
    host.wait_until(lambda: len(panel.inputs.images) == 8)
    names = {role: volume.GetName() for role, volume in panel.inputs.images.items()}
    for role in VIEWS:
        side, _hyphen, kind = role.partition("-")
        assert f"{side[0].upper()} {kind.upper()} 2024" in names[role]
        assert f"{side[0].upper()} {kind.upper()} 2022" in names[f"prior-{role}"]
    said = [one.text for one in panel.views.study.priors.values() if not one.isHidden()]
    assert said == ["Found in the scene: the same patient's image of 2022-01-04. Choose 'None' to read without it."]


def test_next_goes_on_with_the_next_exam(panel, files, tmp_path):
    others = cases.write_files(tmp_path, 2, PatientID="2", date="20200101")
    del others["right-cc"]
    volumes = load(files, others)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    assert panel.inputs.images == {role: volumes[role] for role in panel.inputs.images}
    host.press(panel.widget, "Ctrl+Shift+N")
    there = ("left-cc", "left-mlo", "right-mlo")
    assert panel.inputs.images == {role: volumes[f"prior-{role}"] for role in there}
    assert shown_in("right-cc") == ""
    host.click(panel.views.study.next)
    assert len(panel.inputs.images) == 4


def test_tests_that_are_stopped_leave_the_answer_and_say_what_is_missing(panel, files, answer):
    """The first answer comes without dense tissue and without what differs."""
    import json

    early = json.loads(json.dumps(answer))
    reading = early["reading"]
    reading["pending"] = list(panel.reader.tests_of_answer)
    reading["heat_maps"] = [one for one in reading["heat_maps"] if one.get("shows", "evidence") == "evidence"]
    reading["measurements"] = [one for one in reading["measurements"] if one["name"].startswith("probability")]
    reading["regions"] = []
    panel.session.client.answers = [(early, answer)]
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    host.click(panel.views.read.button)
    host.wait_until(lambda: panel.session.is_testing)
    assert "being tested: dense tissue, comparison of the breasts, deletion curve" in panel.views.findings.tests.text
    panel.read_or_cancel()
    assert panel.session.state != "working"
    assert "was not tested: dense tissue" in panel.views.findings.tests.text
    assert panel.views.heat_map.others["asymmetry"].isHidden()
    shown = view("left-cc").mrmlSliceCompositeNode().GetForegroundVolumeID()
    assert shown == panel.layers.heat_map("left-cc", "left-breast").GetID()


def test_a_scene_with_an_exam_comes_back_with_its_reading_and_its_views(panel, files, tmp_path):
    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    host.save_scene(tmp_path / "exam.mrb")
    host.close_scene()
    assert panel.reading is None
    host.load_scene(tmp_path / "exam.mrb")
    host.wait_until(lambda: panel.reading is not None)
    for role in VIEWS:
        assert shown_in(role) == role
        shown = view(role).mrmlSliceCompositeNode().GetForegroundVolumeID()
        assert shown == panel.layers.heat_map(role, f"{role.partition('-')[0]}-breast").GetID()


def test_all_that_can_be_touched_has_the_keyboard_and_a_name(panel, files):
    import qt

    load(files)
    host.wait_until(lambda: len(panel.inputs.images) == 4)
    read(panel)
    named = [*panel.views.study.images.values(), panel.views.operating_point.prevalence]  # made of several widgets
    touched = [panel.views.study.next, panel.views.study.linked, panel.views.study.layout, panel.views.read.button,
               *panel.views.heat_map.others.values(), panel.views.operating_point.point]  # fmt: skip
    assert all(widget.accessibleName for widget in named)
    for widget in touched:
        assert widget.accessibleName or widget.text
        assert widget.focusPolicy & qt.Qt.TabFocus, widget.accessibleName or widget.text


@pytest.mark.slow
def test_the_self_test_of_the_module_passes_with_the_bundle_that_ships(empty_scene):
    host.load_module(ROOT / "Common" / "ReadingRoomHome.py")
    host.load_module(ROOT / "MammoScreen" / "MammoScreen.py")
    host.run_self_test("MammoScreen")
