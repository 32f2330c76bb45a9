"""Simpler models on the same folds."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra [train]")

from experiments.nih_pneumonia.baselines import out_of_fold_logits
from readingroom.metrics.auc import auc


def test_finds_what_can_be_found_and_keeps_noise_at_chance() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 2
    folds = np.stack([np.arange(300) // 2 % 5, np.arange(300) // 2 % 3])
    telling = np.c_[labels + generator.normal(0, 1, 300), generator.normal(0, 1, (300, 20))]
    noise = generator.normal(0, 1, (300, 400))
    assert auc(labels, out_of_fold_logits(telling, labels, folds, 1.0)[0]) > 0.7
    assert auc(labels, out_of_fold_logits(noise, labels, folds, 1.0)[1]) == pytest.approx(0.5, abs=0.1)


def test_a_fold_s_labels_do_not_reach_its_own_predictions() -> None:
    generator = np.random.default_rng(1)
    labels, features = np.arange(100) % 2, generator.normal(0, 1, (100, 5))
    folds = (np.arange(100) // 2 % 5)[None]
    inside = folds[0] == 0
    turned = np.where(inside, 1 - labels, labels)
    first, second = (out_of_fold_logits(features, truth, folds, 1.0)[0] for truth in (labels, turned))
    assert np.array_equal(first[inside], second[inside])
