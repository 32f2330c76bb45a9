"""A report says what the reading says, names nobody when asked not to, and is there whole or not at all."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readingroom import DEMONSTRATION, RESEARCH_USE
from readingroom.anonymity import anonymous_reading
from readingroom.errors import OutputError
from readingroom.reading import (
    Box,
    BundleFacts,
    Check,
    Estimate,
    Faithfulness,
    Finding,
    HeatMap,
    Interval,
    KeyPicture,
    OperatingPoint,
    PredictionSet,
    Provenance,
    Reading,
    Verdict,
)  # fmt: skip
from readingroom.reports import content, csv_file, html, pdf
from readingroom.reports.document import Document, Paragraph, Plot, Section, Table
from readingroom.reports.pictures import gray_png, map_png
from readingroom.reports.write import write_reports
from readingroom.study import ClinicalFact, PatientFacts, Study, StudyImage


@pytest.fixture
def reading() -> Reading:
    study = Study(
        images=(
            StudyImage(
                role="frontal",
                path=Path("DOE_JANE/chest.dcm"),
                modality="CR",
                date="20260131",
                study_instance_uid="1.2.3",
                facts={"ViewPosition": "PA"},
            ),
        ),
        patient=PatientFacts("DOE, JANE", "MRN-4711", "19650203"),
        clinical={"age": ClinicalFact(61.0, "a", "header"), "sex": ClinicalFact("F")},
    )
    point = OperatingPoint("pneumonia", "balanced", 0.45, Estimate(0.88, Interval(0.85, 0.91), 324), Estimate(0.9))
    return Reading(
        reader="chest-xray",
        task="nih-pneumonia",
        study=study,
        findings=(
            Finding("pneumonia", "Pneumonia", 0.83, Interval(0.74, 0.9), True, (point,), "balanced"),
            Finding("no-finding", "No finding <sic>", 0.17),
        ),
        checks=(Check("modality", "pass", "A chest radiograph by its header."), Check("far", "warn", "Far & away.")),
        bundle=BundleFacts("cxr", "Pneumonia & none", "1.0.0", "ab" * 32, False, metrics={"auc": Estimate(0.95)}),
        provenance=Provenance({"torch": "2.13.0"}, "CPU", "2026-11-21T02:40:00Z", 0.8),
        prediction_sets=(PredictionSet(("pneumonia",), 0.9, 700),),
        key_pictures=(
            KeyPicture(Path("picture-frontal.png"), "The image as read.", "frontal"),
            KeyPicture(Path("picture-frontal-pneumonia.png"), "The map.", "frontal", finding="pneumonia"),
        ),
        heat_maps=(
            HeatMap(
                "pneumonia",
                "frontal",
                "cam",
                Path("heatmap-frontal-pneumonia.nrrd"),
                box=Box((3, 2), (9, 8)),
                faithfulness=Faithfulness((0.0, 0.3), (0.83, 0.2), (0.83, 0.7), 0.25),
            ),
        ),
        verdicts=(Verdict("pneumonia", "accept", "=HYPERLINK(1)"),),
    )


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "read"
    folder.mkdir()
    gray = np.linspace(0, 1, 40 * 30, dtype=np.float32).reshape(40, 30)
    (folder / "picture-frontal.png").write_bytes(gray_png(gray))
    (folder / "picture-frontal-pneumonia.png").write_bytes(map_png(gray, gray, Box((3, 2), (9, 8))))
    return folder


def test_every_format_is_written(reading, pictures, tmp_path):
    files = write_reports(reading, pictures, tmp_path / "new" / "report")
    assert [file.name for file in files] == ["report.html", "report.pdf", "report.json", "report.csv"]
    assert all(file.stat().st_size > 100 for file in files)


def test_an_unknown_format_is_refused_and_nothing_is_written(reading, pictures, tmp_path):
    with pytest.raises(ValueError, match="'docx'; there are html, pdf, json, csv"):
        write_reports(reading, pictures, tmp_path / "out", ["html", "docx"])
    assert not (tmp_path / "out").exists()


def test_html_shows_findings_checks_verdict_and_pictures_and_refers_to_nothing_outside(reading, pictures, tmp_path):
    write_reports(reading, pictures, tmp_path, ["html"])
    text = (tmp_path / "report.html").read_text("utf-8")
    for words in ("Pneumonia", "83 %", "74 % to 90 %", "accepted", "Far &amp; away.", "No finding &lt;sic&gt;",
                  "DOE, JANE", RESEARCH_USE, "ab" * 32):  # fmt: skip
        assert words in text
    assert text.count("data:image/png;base64,") == 2
    assert not re.search(r"https?://|<script|<link", text)


@pytest.mark.parametrize(("size", "points"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_pdf_has_the_wanted_page_size(reading, pictures, size, points):
    written = pdf.render(content.build(reading, {}), size)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", written)
    assert written.startswith(b"%PDF")
    assert (round(float(box[1])), round(float(box[2]))) == points


def test_a_demonstration_bundle_puts_its_banner_on_the_report(reading):
    shown = replace(reading, bundle=replace(reading.bundle, demonstration=True))
    assert content.build(shown, {}).banner == DEMONSTRATION
    assert DEMONSTRATION in html.render(content.build(shown, {}))
    assert content.build(reading, {}).banner == ""


def test_operating_points_that_were_measured_for_another_finding_alone_are_not_repeated(reading):
    (first, second), (point,) = reading.findings, reading.findings[0].operating_points
    same = OperatingPoint(second.name, point.name, point.threshold)
    own = OperatingPoint(second.name, "sensitive", 0.1)
    shown = replace(reading, findings=(first, replace(second, operating_points=(same, own))))
    text = html.render(content.build(shown, {}))
    assert "Pneumonia: balanced" in text
    assert "&lt;sic&gt;: balanced" not in text
    assert text.count("not measured") == 2
    assert "&lt;sic&gt;: sensitive" in text


def test_operating_points_that_both_breasts_have_are_one_row(reading):
    (first, second), (point,) = reading.findings, reading.findings[0].operating_points
    both = (
        replace(first, title="Cancer, left breast"),
        replace(
            second,
            title="Cancer, right breast",
            chosen_point=first.chosen_point,
            operating_points=(replace(point, finding=second.name),),
        ),
    )
    text = html.render(content.build(replace(reading, findings=both), {}))
    assert text.count(": balanced") == 1
    assert "Cancer, left breast and Cancer, right breast: balanced" in text


@pytest.mark.parametrize(
    ("hottest", "random", "gain", "words"),
    [
        ((0.83, 0.2), (0.83, 0.7), 0.25, "The map points at"),
        ((0.83, 0.829), (0.83, 0.83), 0.0002, "The map does not point at"),
        ((0.83, 0.83), (0.83, 0.2), -0.25, "The map does not point at"),
        ((1e-5, 1e-6), (1e-5, 1e-5), 3e-6, "So small a probability"),
    ],
)
def test_the_report_judges_a_map_as_its_check_does_and_not_where_there_is_nothing_to_lose(
    reading, hottest, random, gain, words
):
    (heat_map,) = reading.heat_maps
    curve = Faithfulness((0.0, 0.3), hottest, random, gain)
    judged = replace(reading, heat_maps=(replace(heat_map, faithfulness=curve),))
    assert words in html.render(content.build(judged, {}))


def test_the_deletion_curve_ends_at_whole_percents(reading):
    curve = Faithfulness((0.0, 0.1012, 0.4028), (0.8, 0.6, 0.2), (0.8, 0.8, 0.7), 0.1)
    (heat_map,) = reading.heat_maps
    document = content.build(replace(reading, heat_maps=(replace(heat_map, faithfulness=curve),)), {})
    (plot,) = [block for section in document.sections for block in section.blocks if isinstance(block, Plot)]
    assert plot.positions == (0, 10, 40)


def test_reading_against_a_stop_check_is_said_in_the_findings(reading):
    stopped = replace(reading, checks=(Check("modality", "stop", "This is CT."),), forced=True)
    assert "advised to stop" in html.render(content.build(stopped, {}))


def test_an_answer_whose_tests_were_stopped_is_said_to_be_untested(reading):
    early = replace(reading, pending=("deletion curve",))
    assert "not tested: deletion curve" in html.render(content.build(early, {}))
    assert "not tested" not in html.render(content.build(reading, {}))


@pytest.mark.parametrize("name", ["html", "json", "csv", "pdf"])
def test_an_anonymous_report_names_nobody(reading, pictures, tmp_path, name):
    reading = anonymous_reading(reading)
    write_reports(reading, pictures, tmp_path, [name])
    text = (tmp_path / f"report.{name}").read_bytes()
    if name == "pdf":
        text = html.render(content.build(reading, {})).encode()
    for secret in (b"DOE", b"JANE", b"4711", b"19650203", b"1965-02-03", b"1.2.3"):
        assert secret not in text


def test_csv_has_one_row_per_finding_and_no_formula(reading):
    rows = list(csv.DictReader(io.StringIO(csv_file.render(reading))))
    assert [row["finding"] for row in rows] == ["pneumonia", "no-finding"]
    assert rows[0]["probability"] == "0.830000"
    assert rows[0]["in_prediction_set"] == "1"
    assert rows[1]["in_prediction_set"] == "0"
    assert rows[0]["worst_check"] == "warn"
    assert rows[0]["comment"].startswith("'=")


def test_no_text_of_a_damaged_header_becomes_a_formula(reading):
    image = replace(reading.study.images[0], study_instance_uid="\t=1+1", role="frontal")
    shown = replace(reading, study=replace(reading.study, images=(image,)), comment="@SUM(1)")
    row = next(csv.DictReader(io.StringIO(csv_file.render(shown))))
    assert row["study_instance_uid"] == "'\t'=1+1"


def test_a_header_longer_than_a_page_is_cut_in_the_report(reading):
    patient = replace(reading.study.patient, patient_id="9" * 5000)
    checks = (*reading.checks, Check("body part", "warn", "An endless word. " * 300))
    shown = replace(reading, study=replace(reading.study, patient=patient, description="x " * 3000), checks=checks)
    built = content.build(shown, {})
    assert pdf.render(built, "Letter").startswith(b"%PDF")
    assert "9" * 700 not in html.render(built)


def test_json_reads_back_as_the_same_reading(reading, pictures, tmp_path):
    write_reports(reading, pictures, tmp_path, ["json"])
    assert Reading.from_json(json.loads((tmp_path / "report.json").read_text("utf-8"))) == reading


def test_a_folder_that_cannot_be_written_keeps_the_earlier_report(reading, pictures, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="Cannot write"):
        write_reports(reading, pictures, tmp_path / "file" / "report")
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_hot_spot_is_bright_where_it_is_and_cold_anatomy_is_untouched():
    gray = np.full((50, 60), 0.5, np.float32)
    heat = np.zeros((50, 60), np.float32)
    heat[10:20, 30:40] = 1
    picture = np.asarray(Image.open(io.BytesIO(map_png(gray, heat))).convert("RGB")).astype(int)
    cold, hot = (picture[round(j * 512 / 60), round(i * 512 / 60)] for j, i in ((40, 10), (15, 35)))
    assert cold.tolist() == [128, 128, 128]
    assert hot[0] > 180
    assert hot[0] > hot[2]


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ValueError, match="heat map"):
        map_png(np.zeros((5, 5), np.float32), np.zeros((6, 5), np.float32))


def test_pictures_that_are_gone_are_said_to_be_gone(reading, pictures):
    gone = "no longer there"
    assert gone in html.render(content.build(reading, {}))
    found = {path.name: path.read_bytes() for path in pictures.glob("*.png")}
    assert gone not in html.render(content.build(reading, found))


def test_a_report_names_measures_and_leaves_those_without_a_title_to_the_card(reading):
    measures = {"auc_by_patient": Estimate(0.9), "macro_f1": Estimate(0.7)}
    page = html.render(content.build(replace(reading, bundle=replace(reading.bundle, metrics=measures)), {}))
    assert "AUC by patient, out of fold" in page
    assert "macro_f1" not in page


def test_the_report_of_another_reading_is_not_written_beside_a_reading(reading, pictures, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "reading.json").write_bytes(reading.to_bytes())
    other = replace(reading, provenance=replace(reading.provenance, started="2020-01-01T00:00:00Z"))
    with pytest.raises(OutputError, match="holds another reading"):
        write_reports(other, pictures, out, ["html"])
    write_reports(anonymous_reading(reading), pictures, out, ["html"])
    assert {path.name for path in out.iterdir()} == {"reading.json", "report.html"}


def test_an_earlier_report_goes_in_all_of_its_formats(reading, pictures, tmp_path):
    out = tmp_path / "out"
    write_reports(reading, pictures, out)
    assert len(list(out.iterdir())) == 4
    (out / "notes.txt").write_text("mine")
    write_reports(reading, pictures, out, ["html"])
    assert {path.name for path in out.iterdir()} == {"report.html", "notes.txt"}


def test_a_file_of_somebody_else_that_is_named_like_a_report_stays(reading, pictures, tmp_path):
    mine = {"report.csv": "month,patients\nMay,12\n", "report.json": "{}", "report.pdf": "%PDF-1.7\n"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    write_reports(reading, pictures, tmp_path, ["html"])
    assert {name: (tmp_path / name).read_text() for name in mine} == mine


@pytest.mark.parametrize("lines", range(50, 70))
def test_a_heading_stands_on_the_page_of_what_it_heads(monkeypatch, lines):
    drawn: list[tuple[int, str]] = []
    real = pdf.Text.draw

    def draw(text):
        drawn.append((text.canv.getPageNumber(), text.getPlainText()))
        real(text)

    monkeypatch.setattr(pdf.Text, "draw", draw)
    above = Section("Above", tuple(Paragraph(f"Line {number}.") for number in range(lines)))
    table = Section("By part", (Table(("part", "mL"), tuple((f"Part {n}", f"{n}") for n in range(30))),))
    pdf.render(Document("Report", "", "", "", (above, table)))
    pages = {words: page for page, words in reversed(drawn)}
    assert pages["By part"] == pages["part"] == pages["Part 0"]


def test_the_names_of_the_columns_stand_on_each_page_of_a_long_table(monkeypatch):
    names = []
    real = pdf.Text.draw
    monkeypatch.setattr(pdf.Text, "draw", lambda text: (names.append(text.getPlainText()), real(text)))
    long = Table(("part", "mL"), tuple((f"Part {n}", f"{n}") for n in range(150)))
    pdf.render(Document("Report", "", "", "", (Section("By part", (long,)),)))
    assert names.count("part") >= 3
