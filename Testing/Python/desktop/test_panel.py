"""The Chest X-Ray panel as a person uses it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import qt
import slicer

import host
from readingroom import RESEARCH_USE
from readingroom.desktop.session import report_folder_name
from readingroom.errors import EngineError, InputError, SetupError
from readingroom.formatting import check_text
from readingroom.reading import Reading


def shown_reading(panel) -> Reading:
    return panel.logic.kept.reading


def selector(panel):
    return panel.views.study.images["frontal"]


def chosen(panel) -> str:
    """The name of the study that is selected."""
    node = selector(panel).currentNode()
    return node.GetName() if node is not None else ""


def red():
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()


# Before reading


def test_without_a_study_it_says_what_to_do_and_nothing_can_be_read(panel):
    assert panel.views.read.sentence.text == "To begin, choose: Radiograph."
    assert not panel.views.read.button.enabled


def test_the_bundles_that_ship_are_offered_with_a_line_on_whom_each_is_for(panel):
    study = panel.views.study
    assert panel.parameters.bundle == "cxr-nih-pneumonia"
    assert study.use.text.startswith("For adults of 18 to 85 years: Pneumonia")
    place = study.bundle.findData("cxr-pneumonia-children")
    study.bundle.setCurrentIndex(place)
    study.bundle.activated.emit(place)
    assert panel.parameters.bundle == "cxr-pneumonia-children"
    assert study.use.text == "For children of 1 to 5 years: Bacterial pneumonia, Viral pneumonia, Normal"


def test_a_study_that_is_loaded_is_listed_and_can_be_read(panel, phantom):
    host.wait_until(lambda: panel.views.read.button.enabled)
    assert chosen(panel) == "Phantom"
    assert panel.inputs.image("frontal") is phantom


def test_label_maps_and_own_heat_maps_are_not_offered(read_panel):
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    slicer.app.processEvents()
    combo = selector(read_panel)
    names = [combo.nodeFromIndex(i).GetName() for i in range(combo.nodeCount())]
    assert names == ["Phantom"]


def test_choosing_a_study_shows_it_in_the_slice_views(panel, add_phantom):
    first = add_phantom("First")
    add_phantom("Second")
    slicer.app.processEvents()
    host.select(selector(panel), "First")
    assert red().GetBackgroundVolumeID() == first.GetID()
    assert panel.inputs.image("frontal") is first


def test_next_goes_round_all_studies(panel, add_phantom):
    for name in ("One", "Two", "Three"):
        add_phantom(name)
    slicer.app.processEvents()
    visited = []
    for _ in range(3):
        host.click(panel.views.study.next)
        visited.append(chosen(panel))
    assert visited == ["Two", "Three", "One"]


def test_the_research_line_stands_on_the_panel_once(read_panel):
    lines = [label.text for label in slicer.util.findChildren(read_panel.widget, className="QLabel")]
    assert lines.count(RESEARCH_USE) == 1


# Reading


def test_reading_shows_findings_with_probability_interval_and_threshold(read_panel):
    rows = read_panel.views.findings.rows
    assert list(rows) == ["pneumonia", "no-finding"]
    finding = shown_reading(read_panel).finding("pneumonia")
    assert rows["pneumonia"].probability.text == f"{100 * finding.probability:.0f} %"
    assert "95 % interval" in rows["pneumonia"].detail.text
    assert "the threshold of" in rows["pneumonia"].detail.text
    assert rows["pneumonia"].title.visible


def test_while_it_reads_the_button_cancels_and_the_progress_is_told(panel, phantom, answered):
    answered()
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    assert panel.views.read.button.text == "Cancel"
    assert panel.views.read.progress.visible
    assert panel.views.read.sentence.text == "Half-way."
    assert not selector(panel).enabled
    host.click(panel.views.read.button)
    assert panel.views.read.button.text == "Read"
    assert panel.session.state == "idle"
    assert not panel.views.message.widget.visible


def test_a_canceled_read_leaves_the_last_reading(read_panel):
    before = shown_reading(read_panel)
    host.click(read_panel.views.read.button)
    host.click(read_panel.views.read.button)
    assert shown_reading(read_panel) == before
    assert read_panel.views.sections["findings"].visible
    assert len(read_panel.layers.nodes("heat map")) == 1


def test_an_age_that_is_entered_after_the_read_is_checked_at_once(read_panel):
    assert {check.name: check.status for check in read_panel.reading.checks}["age"] == "pass"
    row = read_panel.views.clinical.rows["age"]
    host.type(row.editor, "3")
    host.press(row.editor, "Return")
    (check,) = (check for check in read_panel.reading.checks if check.name == "age")
    assert check.status == "warn"
    assert read_panel.reading.study.age_years == 3
    labels = [label.text for label in slicer.util.findChildren(read_panel.views.checks.widget, className="QLabel")]
    assert check_text(check) in labels


def test_the_prediction_set_is_told_in_plain_words_with_coverage_and_cases(read_panel):
    (prediction_set,) = shown_reading(read_panel).prediction_sets
    text = read_panel.views.findings.prediction_set.text
    assert f"At {100 * prediction_set.coverage:.0f} % coverage" in text
    assert f"{prediction_set.n} cases" in text


def test_a_stop_check_ends_the_read_and_can_be_overruled(panel, phantom, answered, answer_of_the_worker, read):
    refusal, value = answer_of_the_worker
    client = answered(refusal, value)
    read(panel)
    assert not panel.views.sections["findings"].visible
    assert panel.views.message.sentence.text.startswith("Not read: a check advises against it")
    labels = [label.text for label in slicer.util.findChildren(panel.views.checks.widget, className="QLabel")]
    assert str(refusal) in labels
    host.click(panel.views.checks.read_anyway)
    host.wait_until(lambda: panel.session.state == "done")
    assert [arguments["force"] for _name, arguments in client.asked] == [False, True]
    assert panel.views.sections["findings"].visible
    assert panel.views.findings.overruled.visible
    assert not panel.views.checks.read_anyway.visible
    assert not panel.views.message.widget.visible


def test_doubts_are_seen_and_passed_checks_unfold(read_panel):
    checks = shown_reading(read_panel).checks
    view = read_panel.views.checks
    labels = [label.text for label in slicer.util.findChildren(view.widget, className="QLabel") if label.visible]
    assert {check_text(check) for check in checks if check.status != "pass"} <= set(labels)
    passed = {check.sentence for check in checks if check.status == "pass"}
    assert not passed & set(labels)
    host.click(view.passed_button)
    labels = [label.text for label in slicer.util.findChildren(view.widget, className="QLabel") if label.visible]
    assert passed <= set(labels)


def test_an_error_is_a_sentence_in_the_panel_with_details_on_demand(panel, phantom, answered, read):
    answered(EngineError("The reading process died.", "Traceback: line 7"))
    read(panel)
    message = panel.views.message
    assert message.sentence.text == "The reading process died."
    assert not message.details.visible
    host.click(message.details_button)
    assert message.details.visible
    assert message.details.plainText == "Traceback: line 7"
    assert panel.views.read.button.text == "Read"


def test_a_volume_that_is_no_radiograph_is_refused_before_anything_is_started(panel, answered, read):
    import numpy as np

    client = answered()
    slicer.util.addVolumeFromArray(np.zeros((5, 8, 8), "int16"), name="CT")
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    assert "'CT' has 5 slices" in panel.views.message.sentence.text
    assert client.asked == []


def test_a_missing_package_leads_to_the_module_that_sets_it_up(panel, phantom, answered, read):
    answered(SetupError("The package 'torch' is missing."))
    read(panel)
    host.click(panel.views.message.action)
    assert slicer.util.selectedModule() == "ReadingRoomHome"


def test_no_number_stands_beside_another_study(read_panel, add_phantom):
    add_phantom("Another patient")
    slicer.app.processEvents()
    host.select(selector(read_panel), "Another patient")
    assert not read_panel.views.sections["findings"].visible
    assert not read_panel.views.sections["checks"].visible
    assert red().GetForegroundVolumeID() is None
    host.select(selector(read_panel), "Phantom")
    assert read_panel.views.sections["findings"].visible
    assert red().GetForegroundVolumeID() == read_panel.layers.nodes("heat map")[0].GetID()


def test_the_reading_of_a_study_that_was_removed_does_not_pass_to_the_next_one(read_panel, phantom, add_phantom):
    slicer.mrmlScene.RemoveNode(phantom)
    add_phantom("Another patient")
    slicer.app.processEvents()
    assert chosen(read_panel) == "Another patient"
    assert not read_panel.views.sections["findings"].visible
    assert red().GetForegroundVolumeID() is None


def test_the_map_does_not_stay_in_front_of_a_study_that_is_loaded(read_panel, add_phantom):
    host.click(read_panel.views.heat_map.levels)
    add_phantom("Another patient")  # Slicer shows what it loads behind the foreground that is there
    assert red().GetForegroundVolumeID() is None
    red_view = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetID()
    drawn = [*read_panel.layers.nodes("box"), *read_panel.layers.nodes("segmentation")]
    assert [node.GetDisplayNode().GetVisibility(red_view) for node in drawn] == [False, False]
    host.select(selector(read_panel), "Phantom")
    assert red().GetForegroundVolumeID() is not None
    assert [node.GetDisplayNode().GetVisibility(red_view) for node in drawn] == [True, True]


def test_nor_does_it_when_the_scene_was_closed_in_between(read_panel, add_phantom):
    host.close_scene()
    add_phantom("Another patient")
    slicer.app.processEvents()
    assert chosen(read_panel) == "Another patient"
    assert not read_panel.views.sections["findings"].visible


def test_a_study_that_is_removed_while_it_is_read_is_told(panel, phantom, answered, read):
    answered()
    panel._timer.timeout.disconnect()  # the answer waits until the study is gone, however slow the click is
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    slicer.mrmlScene.RemoveNode(phantom)
    while panel.session.state == "working":
        panel.poll()
    assert "was removed" in panel.views.message.sentence.text
    assert panel.logic.nodes.all() == []


# The answer first


@pytest.fixture
def early_and_tested(answer_of_the_worker):
    """The recorded reading before its deletion curve is known, and after."""
    tested = answer_of_the_worker[1]
    early = json.loads(json.dumps(tested))
    early["reading"]["pending"] = ["deletion curve"]
    early["reading"]["heat_maps"][0]["faithfulness"] = None
    return early, tested


@pytest.fixture
def testing_panel(panel, phantom, answered, early_and_tested):
    """The panel while the answer is there and being tested."""
    answered(early_and_tested)
    panel._timer.timeout.disconnect()  # from here on the test asks, when it is ready
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    while not panel.session.is_testing:
        panel.poll()
    slicer.app.processEvents()
    return panel


def test_the_answer_and_its_map_are_shown_while_it_is_tested(testing_panel):
    views = testing_panel.views
    assert views.findings.rows["pneumonia"].probability.visible
    assert red().GetForegroundVolumeID() == testing_panel.layers.nodes("heat map")[0].GetID()
    assert views.findings.tests.text == "This answer is being tested: deletion curve."
    assert (views.read.button.text, views.read.sentence.text) == ("Stop testing", "Testing the map.")
    assert not views.report.export.enabled


def test_the_tested_answer_takes_its_place_in_the_same_nodes_and_keeps_verdicts(testing_panel):
    nodes = [node.GetID() for node in testing_panel.logic.nodes.all()]
    row = testing_panel.views.findings.rows["pneumonia"]
    host.wait_until(lambda: row.accept.height > 10)
    host.click(row.accept)
    host.type(row.comment, "seen before")
    testing_panel.poll()
    assert testing_panel.session.state == "done"
    reading = shown_reading(testing_panel)
    assert reading.pending == ()
    assert reading.heat_maps[0].faithfulness is not None
    assert reading.verdicts[0].decision == "accept"
    assert testing_panel.views.findings.rows["pneumonia"].comment.text == "seen before"
    assert [node.GetID() for node in testing_panel.logic.nodes.all()] == nodes
    assert testing_panel.views.findings.tests.isHidden()


def test_stopping_the_tests_keeps_the_answer_and_says_that_it_was_not_tested(testing_panel):
    host.click(testing_panel.views.read.button)
    assert testing_panel.session.state == "idle"
    assert testing_panel.views.read.button.text == "Read"
    assert testing_panel.views.findings.tests.text == "This answer was not tested: deletion curve."
    assert testing_panel.views.report.export.enabled


def test_pictures_that_follow_an_answer_are_kept_when_its_tests_are_stopped(
    panel, phantom, answered, early_and_tested, tmp_path
):
    early, tested = early_and_tested
    read, folder = Path(early["folder"]), tmp_path / "reading"
    shutil.copytree(read, folder, ignore=shutil.ignore_patterns("picture-*"))
    answered(({**early, "folder": str(folder)}, tested))
    panel._timer.timeout.disconnect()
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    while not panel.session.is_testing:
        panel.poll()
    pictures = sorted(read.glob("picture-*"))
    for picture in pictures:
        shutil.copy(picture, folder)
    host.click(panel.views.read.button)
    panel.logic.kept.write_pictures(tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [path.name for path in pictures]
    assert len(pictures) == 3  # the film, its map, the lungs


def test_opening_the_panel_loads_the_network_before_a_study_is_there(panel):
    assert [name for name, _arguments in panel.session.client.asked] == ["warm"]


# The layout


def layout() -> int:
    return slicer.app.layoutManager().layout


def test_a_module_opens_with_one_large_view_and_leaves_the_earlier_layout(panel):
    one, four = slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView, slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    assert layout() == one
    host.open_module("ReadingRoomHome")
    assert layout() == four
    host.open_module("ChestXRay")
    assert layout() == one


def test_a_layout_that_the_user_chose_meanwhile_stays(panel):
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)
    host.open_module("ReadingRoomHome")
    assert layout() == slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView


def test_the_layout_can_be_declined_for_good(panel):
    host.click(panel.views.study.layout)
    assert layout() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    host.open_module("ReadingRoomHome")
    host.open_module("ChestXRay")
    assert layout() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
    assert not panel.views.study.layout.checked


# Verdicts


def test_another_operating_point_judges_the_finding_anew(read_panel):
    view = read_panel.views.operating_point
    finding = shown_reading(read_panel).finding("pneumonia")
    (other,) = [p for p in finding.operating_points if p.name != finding.chosen_point][:1]
    entry = next(
        view.point.itemText(i) for i in range(view.point.count) if view.point.itemText(i).startswith(other.name)
    )
    host.select(view.point, entry)
    judged = shown_reading(read_panel).finding("pneumonia")
    assert judged.chosen_point == other.name
    assert judged.positive == (judged.probability >= other.threshold)


def test_predictive_values_follow_the_prevalence(read_panel):
    view = read_panel.views.operating_point
    view.prevalence.setValue(1.0)
    rare = view.values.text
    view.prevalence.setValue(50.0)
    common = view.values.text
    assert rare != common
    assert read_panel.parameters.prevalence == pytest.approx(50)

    def ppv(text: str) -> float:
        return float(text.removeprefix("PPV ").split(" ")[0])

    assert ppv(rare) < ppv(common)


def test_accepting_and_rejecting_exclude_each_other_and_can_be_taken_back(read_panel):
    row = read_panel.views.findings.rows["pneumonia"]
    host.click(row.accept)
    assert shown_reading(read_panel).verdicts[0].decision == "accept"
    host.click(row.reject)
    assert (row.accept.checked, row.reject.checked) == (False, True)
    host.click(row.reject)
    assert shown_reading(read_panel).verdicts[0].decision == ""


def test_a_comment_is_kept_when_it_is_finished(read_panel):
    row = read_panel.views.findings.rows["pneumonia"]
    host.type(row.comment, "seen before")
    host.press(row.comment, "Return")
    host.click(row.accept)
    verdict = shown_reading(read_panel).verdicts[0]
    assert (verdict.decision, verdict.comment) == ("accept", "seen before")


def test_a_comment_that_is_not_finished_is_kept_by_a_button_that_takes_no_focus(read_panel):
    row = read_panel.views.findings.rows["pneumonia"]
    row.comment.setText("typed on a Mac")
    row.accept.click()
    verdict = shown_reading(read_panel).verdicts[0]
    assert (verdict.decision, verdict.comment) == ("accept", "typed on a Mac")


def test_what_is_being_typed_is_not_overwritten_when_the_panel_is_drawn_anew(read_panel):
    comment = read_panel.views.findings.rows["pneumonia"].comment
    comment.setText("half a sen")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    slicer.app.processEvents()
    assert comment.text == "half a sen"


# Showing


def test_opacity_and_colors_change_the_map_at_once(read_panel):
    view = read_panel.views.heat_map
    view.opacity.setValue(80)
    assert red().GetForegroundOpacity() == pytest.approx(0.8)
    host.select(view.colors, "Viridis")
    display = read_panel.layers.nodes("heat map")[0].GetDisplayNode()
    assert display.GetColorNode().GetName() == "Viridis"


def test_map_box_and_levels_can_be_hidden_and_shown(read_panel):
    view, layers = read_panel.views.heat_map, read_panel.layers
    host.click(view.visible)
    assert red().GetForegroundVolumeID() is None
    host.click(view.visible)
    assert red().GetForegroundVolumeID() is not None
    host.click(view.box)
    assert not layers.nodes("box")[0].GetDisplayNode().GetVisibility()
    host.click(view.levels)
    assert layers.nodes("segmentation")[0].GetDisplayNode().GetVisibility()


def test_what_the_user_changed_in_the_views_stays_when_other_nodes_come(read_panel, add_phantom):
    slicer.util.setSliceViewerLayers(foreground=None)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Points")
    slicer.app.processEvents()
    assert red().GetForegroundVolumeID() is None


def test_with_several_maps_the_chosen_finding_shows_its_own(
    panel, phantom, answered, answer_of_the_worker, read, tmp_path
):
    value = json.loads(json.dumps(answer_of_the_worker[1]))
    folder = tmp_path / "reading"
    shutil.copytree(value["folder"], folder)
    shutil.copy(folder / "heatmap-frontal-pneumonia.nrrd", folder / "heatmap-no-finding.nrrd")
    second = {**value["reading"]["heat_maps"][0], "finding": "no-finding", "path": "heatmap-no-finding.nrrd"}
    value["reading"]["heat_maps"].append(second)
    answered({"folder": str(folder), "reading": value["reading"]})
    read(panel)
    other = next(finding for finding in ("no-finding", "pneumonia") if finding != panel.parameters.finding)
    host.click(panel.views.findings.rows[other].title)
    assert panel.parameters.finding == other
    assert red().GetForegroundVolumeID() == panel.layers.heat_map("frontal", other).GetID()
    visible = [box for box in panel.layers.nodes("box") if box.GetDisplayNode().GetVisibility()]
    assert [box.GetAttribute("ReadingRoom.key") for box in visible] == [f"frontal/{other}"]


# Keyboard


def test_the_keyboard_reads_shows_the_next_study_and_toggles_the_map(panel, add_phantom, answered):
    answered()
    add_phantom("One")
    add_phantom("Two")
    slicer.app.processEvents()
    host.press(panel.views.read.button, "Ctrl+Shift+R")
    host.wait_until(lambda: panel.session.state == "done")
    assert red().GetForegroundVolumeID() is None  # the view shows the other study
    visible = panel.parameters.mapVisible
    host.press(panel.views.read.button, "Ctrl+Shift+M")
    assert panel.parameters.mapVisible is not visible
    before = chosen(panel)
    host.press(panel.views.read.button, "Ctrl+Shift+N")
    assert chosen(panel) != before


def test_the_keys_are_named_in_tooltips(panel):
    views = panel.views
    assert "Ctrl+Shift+R" in views.read.button.toolTip
    assert "Ctrl+Shift+N" in views.study.next.toolTip
    assert "Ctrl+Shift+M" in views.heat_map.visible.toolTip


def test_everything_that_takes_the_keyboard_says_what_it_is(read_panel):
    nameless = []
    for kind in ("QComboBox", "QLineEdit", "QPlainTextEdit", "QTextBrowser", "ctkSliderWidget", "ctkDirectoryButton"):
        for widget in slicer.util.findChildren(read_panel.widget, className=kind):
            outer = widget.parent()
            wholes = ("QAbstractSpinBox", "qMRMLNodeComboBox", "qMRMLSegmentSelectorWidget")
            inner = outer is not None and any(outer.inherits(whole) for whole in wholes)
            if not (inner or widget.accessibleName):
                nameless.append(kind)
    assert nameless == []


def test_the_tab_key_goes_from_study_to_read_to_findings(read_panel):
    views = read_panel.views
    order = [views.study.next]
    while (widget := order[-1].nextInFocusChain()) != order[0]:
        order.append(widget)
    wanted = [views.study.next, views.study.bundle, views.read.button]
    wanted += [views.findings.rows["pneumonia"].accept, views.operating_point.point, views.heat_map.visible]
    wanted += [views.report.export]
    places = [order.index(widget) for widget in wanted]
    assert places == sorted(places)


# Reporting


def test_the_report_is_written_with_verdicts_where_the_person_wants_it(read_panel, answered, tmp_path):
    row = read_panel.views.findings.rows["pneumonia"]
    host.click(row.accept)
    host.type(row.comment, "typed, not finished")
    client = answered({"files": [str(tmp_path / "report.html"), str(tmp_path / "report.pdf")]})
    view = read_panel.views.report
    view.folder.directory = str(tmp_path)
    host.click(view.formats["pdf"])
    host.click(view.formats["csv"])
    host.click(view.anonymous)
    host.select(view.page_size, "Letter")
    host.click(view.export)
    host.wait_until(lambda: read_panel.session.state == "done")
    name, arguments = client.asked[-1]
    assert name == "report"
    assert Path(arguments["out"]).parent == tmp_path
    assert arguments["formats"] == ["html", "csv"]
    assert (arguments["page_size"], arguments["anonymous"]) == ("Letter", True)
    verdict = Reading.from_json(arguments["reading"]).verdicts[0]
    assert (verdict.decision, verdict.comment) == ("accept", "typed, not finished")
    assert "report.html, report.pdf" in view.written.text
    assert view.open.enabled


def test_reports_of_two_readings_go_into_two_folders(read_panel):
    reading = shown_reading(read_panel)
    later = replace(reading, provenance=replace(reading.provenance, started="2030-01-31T12:00:00Z"))
    assert report_folder_name(later) == "chest-xray-20300131T120000Z"
    assert report_folder_name(reading) != report_folder_name(later)


def test_the_folder_of_the_report_is_opened(read_panel, answered, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    answered({"files": [str(tmp_path / "report.html")]})
    host.click(read_panel.views.report.export)
    host.wait_until(lambda: read_panel.session.state == "done")
    host.click(read_panel.views.report.open)
    assert opened == [str(tmp_path)]


def test_a_report_that_cannot_be_written_is_told_and_the_reading_stays(read_panel, answered):
    answered(InputError("The folder is read-only."))
    host.click(read_panel.views.report.export)
    host.wait_until(lambda: read_panel.session.state == "failed")
    assert read_panel.views.message.sentence.text == "The folder is read-only."
    assert read_panel.views.sections["findings"].visible


# The scene's life


def test_settings_and_reading_survive_saving_and_loading_the_scene(read_panel, tmp_path):
    host.select(read_panel.views.heat_map.colors, "Plasma")
    read_panel.views.operating_point.prevalence.setValue(25.0)
    host.click(read_panel.views.findings.rows["pneumonia"].reject)
    before = shown_reading(read_panel)
    host.save_scene(tmp_path / "scene.mrb")
    host.close_scene()
    assert not read_panel.views.sections["findings"].visible
    host.load_scene(tmp_path / "scene.mrb")
    host.wait_until(lambda: read_panel.views.sections["findings"].visible)
    assert shown_reading(read_panel) == before
    assert read_panel.parameters.colorTable == "Plasma"
    assert read_panel.parameters.prevalence == pytest.approx(25)
    assert read_panel.views.findings.rows["pneumonia"].reject.checked
    assert chosen(read_panel) == "Phantom"


def test_settings_outlive_closing_the_scene_and_the_reading_does_not(read_panel):
    host.select(read_panel.views.heat_map.colors, "Magma")
    read_panel.views.heat_map.opacity.setValue(70)
    host.click(read_panel.views.report.formats["csv"])
    host.close_scene()
    assert list(read_panel.parameters.formats) == ["html", "pdf", "csv"]
    assert read_panel.parameters.colorTable == "Magma"
    assert read_panel.parameters.opacity == pytest.approx(70)
    assert shown_reading(read_panel) is None
    assert not read_panel.views.sections["findings"].visible
    assert not read_panel.views.read.button.enabled


def test_closing_the_scene_cancels_the_read(panel, phantom, answered):
    answered()
    slicer.app.processEvents()
    host.click(panel.views.read.button)
    host.close_scene()
    assert panel.session.state == "idle"
    assert panel.logic.nodes.all() == []


def test_a_reading_that_cannot_be_understood_is_not_shown(read_panel):
    node = read_panel.logic.nodes.find("reading")
    node.SetText('{"reading": {"format": 99}, "pictures": {}}')
    read_panel.refresh()
    assert not read_panel.views.sections["findings"].visible
    assert read_panel.views.read.button.enabled


def test_a_change_by_a_script_reaches_the_panel_and_the_views(read_panel):
    read_panel.parameters.opacity = 35.0
    slicer.app.processEvents()
    assert read_panel.views.heat_map.opacity.value == pytest.approx(35)
    assert red().GetForegroundOpacity() == pytest.approx(0.35)


def test_a_demonstration_bundle_puts_a_banner_over_its_numbers(panel, phantom, answered, answer_of_the_worker, read):
    value = json.loads(json.dumps(answer_of_the_worker[1]))
    value["reading"]["bundle"]["demonstration"] = True
    answered(value)
    read(panel)
    assert panel.views.demonstration.visible
    assert "DEMONSTRATION" in panel.views.demonstration.text


def test_the_files_of_a_read_stay_in_the_private_folder_of_the_client(panel, phantom, answered, read):
    client = answered()
    read(panel)
    arguments = client.asked[0][1]
    assert Path(arguments["study"]["images"][0]["path"]).is_relative_to(client.folder)
    assert Path(arguments["out"]).is_relative_to(client.folder)
