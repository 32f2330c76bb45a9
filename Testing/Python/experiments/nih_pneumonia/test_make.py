"""The bundle that ships, made of a few films in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.nih_pneumonia.__main__ import main
from experiments.nih_pneumonia.make import NAME, make_bundle, quick_plan
from readingroom.bundles.bundle import load
from readingroom.progress import Progress


@pytest.mark.slow
def test_a_quick_run_ends_in_a_bundle_that_loads_and_a_second_one_trains_nothing_again(
    shared: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    said: list[str] = []
    plan = quick_plan(shared / "data", tmp_path / "work")
    table = tmp_path / "table.csv"
    make_bundle(plan, tmp_path, table, 1, Progress(lambda _, sentence: said.append(sentence)))
    assert any("Repeat 1, fold 2: AUC" in sentence for sentence in said)
    made = load(tmp_path / NAME)
    assert made.metadata.training.images == 48
    assert table.read_text().count("\n") == 49
    said.clear()
    make_bundle(plan, tmp_path, table, 1, Progress(lambda _, sentence: said.append(sentence)))
    assert not any("Repeat 1" in sentence for sentence in said)
    assert load(tmp_path / NAME).sha256 == made.sha256


def test_the_command_says_which_table_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--out", str(tmp_path), "--quick"]) == 1
    assert f"The table {tmp_path / 'cxr' / 'labels.csv'} cannot be read" in capsys.readouterr().err
