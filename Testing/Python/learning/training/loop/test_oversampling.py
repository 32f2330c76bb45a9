"""Positives are drawn more often for training alone: no row is copied, and those that choose the epoch come once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.protocols.training_protocol import Augment, load_protocol
from readingroom.learning.training.loop.data import InputTransform, SplitDataModule, SplitPart
from readingroom.learning.training.loop.epoch_sampler import class_sampling_weights

EPOCHS = 40


@pytest.fixture
def parts(tmp_path: Path) -> tuple[SplitPart, SplitPart]:
    """40 training rows and 20 validation rows, a tenth of them positive; a picture's gray level is its row's number."""

    def part(name: str, rows: int) -> SplitPart:
        paths = tuple(tmp_path / f"{name}-{row}.npy" for row in range(rows))
        for row, path in enumerate(paths):
            np.save(path, np.full((16, 16), row / 100, np.float32))
        return SplitPart(paths, np.eye(2, dtype=np.float32)[(np.arange(rows) % 10 == 0).astype(int)])

    return part("training", 40), part("validation", 20)


def test_an_epoch_draws_positives_five_times_as_often_and_validates_each_row_once(
    parts: tuple[SplitPart, SplitPart],
) -> None:
    training, validation = parts
    protocol = load_protocol("mammo-screen", "published")
    assert (protocol.balance, protocol.oversampling) == ("sampler", 5)
    transform = InputTransform(Preprocessing("picture", (16, 16), channels=1, normalize="none"))
    module = SplitDataModule(
        training, validation, transform, Augment(), 8, 0,
        sampling_weights=class_sampling_weights(training.targets, protocol.oversampling),
    )  # fmt: skip
    drawn: Counter[int] = Counter()
    for epoch in range(EPOCHS):
        module.trainer = _at(epoch)
        drawn += Counter(_rows(module.train_dataloader()))
        assert sorted(_rows(module.val_dataloader())) == list(range(len(validation)))
    assert sum(drawn.values()) == EPOCHS * len(training)
    positives = [drawn[row] for row in range(40) if row % 10 == 0]
    negatives = [drawn[row] for row in range(40) if row % 10]
    assert np.mean(positives) / np.mean(negatives) == pytest.approx(5, rel=0.15)


def _at(epoch: int) -> Any:
    """What a data module asks of Lightning's trainer."""
    progress = SimpleNamespace(current=SimpleNamespace(processed=epoch))
    return SimpleNamespace(global_rank=0, world_size=1, fit_loop=SimpleNamespace(epoch_progress=progress))


def _rows(loader: Any) -> list[int]:
    return [round(100 * float(picture.mean())) for batch in loader for picture in batch[0]]
