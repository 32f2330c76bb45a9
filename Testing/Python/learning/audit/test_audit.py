"""The whole audit: planted leaks are found, its page and its data say the same, the shell ends as it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")
pytest.importorskip("matplotlib", reason="needs the extra [train]")

from experiments.public_cohorts import chest_radiographs
from readingroom.cli import main
from readingroom.errors import CancelledError
from readingroom.learning.audit.audit import Audit, audit
from readingroom.learning.cohorts.cohort import Cohort, read_cohort, write_cohort
from readingroom.phantoms.planted_cohort import Planted, write_planted_cohort
from readingroom.progress import Progress

STUDIES = 48


def planted(folder: Path, leak: str, separation: float = 0.0) -> Audit:
    cohort = read_cohort(write_planted_cohort(folder, Planted(STUDIES, separation, 48, leak)))  # type: ignore[arg-type]
    return audit(cohort, folder / "out", processes=1)


def red(result: Audit) -> set[str]:
    return {issue.topic for issue in result.issues if issue.severity == "stop"}


def test_phantoms_without_a_leak_have_nothing_red(tmp_path: Path) -> None:
    assert red(planted(tmp_path, "none")) == set()


@pytest.mark.parametrize(
    ("leak", "topics"),
    [
        ("patient", {"split"}),
        ("duplicate", {"split"}),
        ("synthetic", {"synthetic"}),
        ("site", {"site", "site and class", "metadata", "32 x 32 pixels"}),
    ],
)
def test_a_planted_leak_is_found_and_nothing_else_is_red(tmp_path: Path, leak: str, topics: set[str]) -> None:
    assert red(planted(tmp_path, leak)) == topics


def test_the_page_and_the_data_hold_the_findings(tmp_path: Path) -> None:
    result = planted(tmp_path, "patient")
    data = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))
    page = (tmp_path / "out" / "audit.html").read_text("utf-8")
    assert [issue["sentence"] for issue in data["issues"]] == [issue.sentence for issue in result.issues]
    assert data["counts"]["cells"][-1][-1] == {"studies": STUDIES, "patients": STUDIES // 2}
    assert all(issue.sentence.replace("'", "&#x27;") in page for issue in result.issues)
    assert [issue.severity for issue in result.issues] == sorted(
        (issue.severity for issue in result.issues), key=["stop", "warn", "info"].index
    )


def test_a_cohort_of_survival_times_is_audited(rows, tmp_path: Path) -> None:
    timed = [replace(row, label=None, time=(5.0, 30.0)[n // 2 % 2], event=n % 5 > 0) for n, row in enumerate(rows)]
    result = audit(Cohort(tuple(timed)), tmp_path / "out", processes=1)
    told = ("event within 24 months", "no event for 24 months")
    assert result.counts.classes == (told[0], "followed for less than 24 months", told[1])
    assert {shortcut.model.classes for shortcut in result.shortcuts} == {told}
    said = " ".join(issue.sentence for issue in result.issues if issue.topic == "follow-up")
    assert f"{sum(row.event is True for row in timed)} events in 30 patients" in said


def test_a_cohort_without_a_single_image_has_a_page_that_says_so(rows, tmp_path: Path) -> None:
    lost = [replace(row, images={"frontal": tmp_path / "lost" / row.image.name}) for row in rows]
    result = audit(Cohort(tuple(lost)), tmp_path / "out", processes=1)
    assert red(result) == {"unreadable"}
    assert len(result.unreadable) == 60
    assert "too few patients of two classes" in (tmp_path / "out" / "audit.html").read_text("utf-8")


def test_names_of_a_stranger_do_no_harm_on_the_page(rows, tmp_path: Path) -> None:
    hostile = [replace(row, site="<script>alert(1)</script>") for row in rows]
    hostile[1] = replace(hostile[1], images={"frontal": hostile[0].image}, study_id="<img src=x>")
    audit(Cohort(tuple(hostile)), tmp_path / "out", table="<b>.csv", processes=1)
    page = (tmp_path / "out" / "audit.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "<b>.csv" not in page


def test_the_same_seed_gives_the_same_data(rows, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        audit(Cohort(tuple(rows)), tmp_path / folder, processes=1)
    assert (tmp_path / "one/audit.json").read_bytes() == (tmp_path / "two/audit.json").read_bytes()


def test_it_can_be_canceled_and_leaves_no_page(rows, tmp_path: Path) -> None:
    def stop(fraction: float, sentence: str) -> None:
        if fraction > 0.3:
            raise CancelledError("The work was canceled.")

    with pytest.raises(CancelledError):
        audit(Cohort(tuple(rows)), tmp_path / "out", processes=1, progress=Progress(stop))
    assert not list((tmp_path / "out").iterdir())


def test_the_shell_ends_with_0_and_strictly_with_3(rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows[0] = replace(rows[0], split="test")
    rows[1] = replace(rows[1], split="train")
    write_cohort(tmp_path / "cohort.csv", rows)
    command = ["audit", str(tmp_path / "cohort.csv"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "cohort.csv: 60 studies of 30 patients" in out
    assert "  red  1 patient lies in two parts" in out
    assert main([*command, "--strict", "--model-auc", "0.9"]) == 3
    assert "The audit of cohort.csv has 1 red issue." in capsys.readouterr().err
    assert (tmp_path / "out" / "audit.html").is_file()


@pytest.mark.slow
def test_real_radiographs_confess_what_their_readme_says(shared: Path, tmp_path: Path) -> None:
    result = audit(chest_radiographs(shared / "data"), tmp_path, model_auc=0.95)
    sentences = [*(f.sentence for f in result.issues), *(e for f in result.issues for e in f.examples)]
    assert red(result) >= {"site and class", "metadata"}
    assert "all 89 studies of site 'hannover' are 'covid'" in sentences
    assert "173 of 176 studies of 'normal' are from site 'nih'" in sentences
    assert "patient numbers of 'normal' 1280 to 3930, 'pneumonia' 150 to 12229" in sentences
    models = {(s.model.inputs, s.model.site): s.model for s in result.shortcuts}
    assert models["32 x 32 pixels", ""].by_class["covid"] > 0.88
    assert models["32 x 32 pixels", "nih"].auc.value > 0.75
    assert result.identical == (("NIH-02658/normal_nih_090", "NIH-02658/normal_nih_091"),)
