"""The way of docs/train-your-own.md, as it is typed: from a hospital's export to a read with the group's own bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.cli import main
from readingroom.files import write_text
from readingroom.learning.cohorts.cohort import read_cohort
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.phantoms.hospital_export import FILMS, SPREADSHEET, write_hospital_export
from readingroom.records import to_json

Shell = Callable[..., str]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run ``readingroom`` in a fresh folder; returns what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))

    def run(line: str) -> str:
        code = main(line.split())
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    return run


@pytest.fixture
def an_export(tmp_path: Path) -> Path:
    write_hospital_export(tmp_path / "export", films=24, rows=140)
    return tmp_path / "export"


def a_quick_protocol(path: Path) -> None:
    full = load_protocol("chest-xray")
    quick = replace(
        full,
        networks=("mobilenetv2_100",),
        weights="none",
        input=replace(full.input, size=(48, 48)),
        validation=replace(full.validation, folds=2, repeats=1),
        variants={},
    )
    write_text(path, json.dumps(to_json(quick)))


def test_a_table_is_made_of_an_export_and_what_does_not_fit_is_listed(an_export: Path, shell: Shell) -> None:
    said = shell(f"cohort export/{FILMS} --labels export/{SPREADSHEET} --label-column Diagnosis --out cohort.csv")
    cohort = read_cohort(Path("cohort.csv"))
    assert "23 studies of 16 patients" in said
    assert (len(cohort), cohort.classes, cohort.problems) == (23, ("normal", "opacity"), ())
    assert all(row.image.is_file() for row in cohort.rows)
    assert "Phantom" not in said + Path("cohort.csv").read_text("utf-8")
    assert Path("cohort-left-out.csv").read_text("utf-8").count("\n") == 1 + 4


def test_pseudonyms_take_the_place_of_patient_ids(an_export: Path, shell: Shell) -> None:
    shell(f"cohort export/{FILMS} --out cohort.csv --pseudonyms secret.csv")
    rows = Path("cohort.csv").read_text("utf-8").splitlines()[1:]
    assert all(row.startswith("P00") for row in rows)


def test_a_table_without_labels_says_what_comes_next(an_export: Path, shell: Shell) -> None:
    assert "--labels" in shell(f"cohort export/{FILMS} --out cohort.csv")


@pytest.mark.slow
def test_the_whole_way_from_an_export_to_a_read_with_the_groups_own_bundle(an_export: Path, shell: Shell) -> None:
    a_quick_protocol(Path("quick.json"))
    shell(f"cohort export/{FILMS} --labels export/{SPREADSHEET} --label-column Diagnosis --out cohort.csv")
    assert "23 studies" in shell("audit cohort.csv --out audit --processes 1")
    shell(
        "train chest-xray --cohort cohort.csv --positive opacity --out trained --name mine --protocol quick.json "
        "--mode frozen --device cpu --audit audit/audit.json --demonstration"
    )
    said = shell(
        "evaluate trained/mine --predictions trained/mine-predictions.csv --cohort cohort.csv --out worth "
        "--resamples 50"
    )
    assert "demonstration" in said
    shell("bundles install trained/mine")
    film = next(row.image for row in read_cohort(Path("cohort.csv")).rows)
    assert "Opacity:" in shell(f"read chest-xray {film} --bundle mine --out reading --device cpu --force")
    assert "DEMONSTRATION BUNDLE" in Path("reading/report.html").read_text("utf-8")
    (heat_map,) = Path("reading").glob("heatmap-frontal-*.nrrd")
    assert heat_map.stat().st_size > 0
