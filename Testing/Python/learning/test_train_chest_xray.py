"""The command that makes the bundle, tried on a few films."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.bundles.bundle import load
from readingroom.learning.train_chest_xray import NAME, main


@pytest.mark.slow
def test_a_quick_run_ends_in_a_bundle_that_loads_and_a_second_one_trains_nothing_again(
    shared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    command = ["--data", str(shared / "data"), "--out", str(tmp_path), "--quick", "--workers", "1"]
    assert main(command) == 0
    assert "Repeat 1, fold 2: AUC" in capfd.readouterr().out
    made = load(tmp_path / NAME)
    assert made.metadata.training.images == 48
    assert (tmp_path / f"{NAME}-out-of-fold.csv").read_text().count("\n") == 49
    assert main(command) == 0
    assert "Repeat 1" not in capfd.readouterr().out
    assert load(tmp_path / NAME).sha256 == made.sha256
