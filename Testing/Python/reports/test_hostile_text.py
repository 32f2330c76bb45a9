"""Whatever stands in headers, names and bundles, a report of it is made, and nothing in it is a command."""

from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.reading import (
    BundleFacts,
    Check,
    Comparison,
    Curve,
    Finding,
    Interval,
    KeyPicture,
    Line,
    Measurement,
    OperatingPoint,
    Provenance,
    Reading,
    Region,
    Verdict,
)
from readingroom.reports import html, pdf
from readingroom.reports.content import ReaderTitles, build
from readingroom.reports.pictures import gray_png
from readingroom.reports.write import write_reports
from readingroom.study import ClinicalFact, PatientFacts, Study, StudyImage, StudyMask

TEXTS = {
    "one long word": "Pneumonoultramicroscopic" * 300,
    "many words": "a description that never ends " * 400,
    "terminal commands": "\x1b]0;title\x07\x1b[2J\x9b31m",
    "turned around": "\u202eevil\u2066",
    "half a surrogate pair": "R\udcf6ntgen \ud800",
    "markup": "<script>alert(1)</script><b>&amp;<font size=900>",
    "line breaks": "line\nstop: forged\r\n\u2028next" * 20,
    "emoji and Arabic": "🫁👩🏽‍⚕️ صورة الصدر 胸部",
    "nothing but marks": "\u0301" * 200,
}


def reading_with(text: str) -> Reading:
    study = Study(
        images=(
            StudyImage("frontal", Path(text.replace("\0", "")[:200]), modality=text, facts={"BodyPartExamined": text}),
        ),
        masks=(StudyMask("lungs", "frontal", Path("a.nrrd"), source=text),),
        patient=PatientFacts(text, text),
        clinical={"note": ClinicalFact(text)},
        description=text,
        accession_number=text,
    )
    point = OperatingPoint("a", text, 0.4)
    return Reading(
        reader=text,
        task="task",
        study=study,
        findings=(Finding("a", text, 0.7, Interval(0.6, 0.8), True, (point,), text), Finding("b", text, 0.1)),
        checks=(Check(text, "warn", text, 1.0, 2.0, text), Check("c", "pass", text), Check("d", "pass", text)),
        bundle=BundleFacts(text, text, text, text, False, text, text, (text,)),
        provenance=Provenance({text: text}, text, "2026-11-21T02:40:00Z", 0.8, {text: text}, (text,)),
        measurements=(Measurement("m", text, 3.0, text, Interval(1, 4), image="frontal", region="r"),),
        regions=(Region("r", text, "frontal", Path("r.nrrd"), volume_ml=3.0),),
        curves=(Curve("s", text, "profile", (0.0, 1.0), text, text, text, Line(text, (0.1, 0.2)),
                      baselines=(Line(text, (0.3, 0.1)),)),),
        comparisons=(Comparison("x", text, text, 1.0, 2.0, "frontal", "frontal"),),
        key_pictures=(KeyPicture(Path("p.png"), text, "frontal"), KeyPicture(Path("q.png"), text, "frontal")),
        verdicts=(Verdict("a", "accept", text),),
        comment=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_a_report_is_made_of_any_text(tmp_path, text, size):
    import numpy as np

    gray = np.linspace(0, 1, 40 * 300).reshape(300, 40).astype(np.float32)  # narrow, so that captions have little room
    for name in ("p.png", "q.png"):
        (tmp_path / name).write_bytes(gray_png(gray))
    reading = reading_with(text)
    written = write_reports(reading, tmp_path, tmp_path / "out", ("html", "pdf", "csv", "json"), size)
    assert {path.suffix for path in written} == {".html", ".pdf", ".csv", ".json"}
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u2028", "\r"} & set(page)
    assert "<script" not in page


def test_a_reading_with_any_text_reads_back_the_same(tmp_path):
    import json

    for text in TEXTS.values():
        reading = reading_with(text)
        assert Reading.from_json(json.loads(reading.to_bytes())).study.images[0].modality == text


def test_words_on_the_axes_of_a_plot_stay_within_it():
    document = build(replace(reading_with("W" * 3000)), {}, ReaderTitles())
    assert len(pdf.render(document)) > 1000
    assert "W" * 601 not in html.render(replace(document, sections=document.sections[:1]))
