"""``readingroom train`` on the shell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.bundle import load
from readingroom.cli import FAILED, REFUSED, main
from readingroom.files import write_text
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.records import to_json


@pytest.fixture
def a_protocol_file(tiny: TrainingProtocol, tmp_path: Path) -> Path:
    quick = replace(tiny, validation=replace(tiny.validation, folds=2), variants={})
    write_text(tmp_path / "quick.json", json.dumps(to_json(quick)))
    return tmp_path / "quick.json"


@pytest.mark.slow
def test_a_table_becomes_a_bundle_with_one_command(
    a_phantom_table: Path, a_protocol_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = tmp_path / "audit.json"
    issues = [{"severity": "stop", "sentence": "Red."}, {"severity": "warn", "sentence": "Amber."}]
    audit.write_text(json.dumps({"issues": issues}))
    command = ["train", "chest-xray", "--cohort", str(a_phantom_table), "--out", str(tmp_path / "out")]
    command += ["--positive", "opacity, large"]
    command += ["--protocol", str(a_protocol_file), "--mode", "frozen", "--device", "cpu", "--audit", str(audit)]
    command += ["--license", "CC-BY-4.0", "--ages", "1", "5"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "AUC" in said
    assert "Exploratory" in said
    made = load(tmp_path / "out" / "chest-xray-cohort")
    assert made.metadata.warnings[0] == "Red."
    assert "Amber." not in made.card
    assert made.metadata.training.sources == ("cohort.csv",)
    assert made.metadata.license == "CC-BY-4.0"
    assert "Weights: CC-BY-4.0." in made.card
    assert made.metadata.ages == (1.0, 5.0)
    assert "They are children of 1 to 5 years." in made.card
    assert "CC-BY-4.0" in (made.folder / "LICENSE").read_text()


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    a_phantom_table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "chest-xray", "--protocol", "published", "--dry-run"]) == 0
    assert "Flaws of the paper" in capsys.readouterr().out
    out = tmp_path / "out"
    command = ["train", "chest-xray", "--cohort", str(a_phantom_table), "--out", str(out), "--dry-run"]
    command += ["--mode", "frozen", "--positive", "opacity, large"]
    assert main([*command, "--network", "resnet18", "--weights", "none", "--epochs", "3"]) == 0
    said = capsys.readouterr().out
    assert "ResNet-18" in said
    assert "fold 5 of 5" in said
    assert "only the head is trained" in said
    assert "the head, on kept features" in said
    assert "chosen once by held-out patients" in said
    for word in ("Augmentation", "optimizer", "epoch chosen on", "cosine", "steps"):
        assert word not in said
    assert main([*command, "--network", "resnet18", "--weights", "none", "--folds", "4"]) == 0
    assert "fold 4 of 4" in capsys.readouterr().out
    assert not out.exists()


def test_what_cannot_be_is_one_sentence(
    a_phantom_table: Path, a_protocol_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "chest-xray", "--cohort", str(a_phantom_table), "--out", str(tmp_path), "--dry-run"]
    assert main([*command, "--network", "resnet19"]) == FAILED
    assert 'no network named "resnet19"' in capsys.readouterr().err
    assert main([*command, "--epochs", "0"]) == REFUSED
    assert "0 epochs" in capsys.readouterr().err
    assert main([*command, "--folds", "1"]) == REFUSED
    assert "the number of folds, 1, is not 2 to 100" in capsys.readouterr().err
    assert main([*command, "--variant", "leave-one-site-out", "--folds", "3"]) == REFUSED
    assert "leave --folds out" in capsys.readouterr().err
    assert main([*command, "--variant", "better"]) == REFUSED
    assert "no variant 'better'" in capsys.readouterr().err
    assert main(["train", "mammo-screen", "--protocol", str(a_protocol_file), "--dry-run"]) == REFUSED
    assert "is for the reader 'chest-xray'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "chest-xray", "--out", str(tmp_path)])
    assert "--cohort and --out" in capsys.readouterr().err
