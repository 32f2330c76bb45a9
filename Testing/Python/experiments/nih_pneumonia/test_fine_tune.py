"""Fine-tuning from kept activations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments.nih_pneumonia.films import Films, read_films
from experiments.nih_pneumonia.fine_tune import (
    Network,
    Recipe,
    keep_activations,
    pooled_after_each_block,
    predict,
    train,
)
from readingroom.bundles.metadata import Preprocessing
from readingroom.metrics.auc import auc
from readingroom.networks import backbones

RECIPE = Recipe(first_block=5, variants=1, epochs=3, batch=8)
PREPROCESSING = Preprocessing("picture", (64, 64), mean=(0.5,) * 3, std=(0.5,) * 3)


def a_network() -> Network:
    torch.manual_seed(0)
    return Network(backbones.create("tf_mobilenetv2_100", 2), RECIPE.first_block)


def silent(fraction: float, sentence: str) -> None:
    pass


@pytest.fixture(scope="module")
def cohort(a_cohort_folder: Path) -> Films:
    return read_films(a_cohort_folder)


@pytest.fixture(scope="module")
def kept(cohort: Films, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("activations")
    paths = [folder / f"{variant}.npy" for variant in range(2)]
    keep_activations(a_network(), cohort, PREPROCESSING, RECIPE, paths, 0, silent)
    return paths


@pytest.fixture(scope="module")
def trained(cohort: Films, kept: list[Path]) -> Network:
    network = a_network()
    train(network, kept, cohort.labels, np.arange(len(cohort.films)), RECIPE, seed=1)
    return network


def test_learns_what_can_be_seen(cohort: Films, kept: list[Path], trained: Network) -> None:
    assert auc(cohort.labels, predict(trained, kept[0])[0]) > 0.9


def test_kept_activations_are_not_made_again(cohort: Films, kept: list[Path]) -> None:
    before = [path.stat().st_mtime_ns for path in kept]
    keep_activations(a_network(), cohort, PREPROCESSING, RECIPE, kept, 0, silent)
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_a_variant_differs_from_the_film(kept: list[Path]) -> None:
    film, variant = (np.load(path) for path in kept)
    assert film.shape == variant.shape == (48, 4, 4, 96)
    assert not np.array_equal(film, variant)


def test_the_fixed_blocks_stay_and_the_others_learn(trained: Network) -> None:
    before, after = a_network().whole.state_dict(), trained.whole.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any(name.startswith(("conv_stem", "bn1", *(f"blocks.{i}." for i in range(5)))) for name in changed)
    assert {"blocks.5.0.conv_pw.weight", "conv_head.weight", "classifier.weight"} <= changed


def test_normalization_statistics_never_change(trained: Network) -> None:
    before, after = a_network().whole.state_dict(), trained.whole.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if "running" in name)


def test_the_whole_network_says_what_its_parts_said(cohort: Films, kept: list[Path], trained: Network) -> None:
    logits, _ = predict(trained, kept[0])
    from readingroom.imaging.preprocessing import prepare

    pixels = np.stack([prepare(cohort.gray(i), PREPROCESSING).pixels for i in range(4)])
    with torch.inference_mode():
        outputs = trained.whole.eval()(torch.from_numpy(pixels)).double().numpy()
    assert np.allclose(outputs[:, 0], -outputs[:, 1])
    assert outputs[:, 0] - outputs[:, 1] == pytest.approx(logits[:4], abs=0.05 + 0.05 * np.abs(logits[:4]).max())


def test_the_seed_decides_the_training(cohort: Films, kept: list[Path]) -> None:
    short = replace(RECIPE, epochs=1)
    logits = []
    for seed in (3, 3, 4):
        network = a_network()
        train(network, kept, cohort.labels, np.arange(24), short, seed)
        logits.append(predict(network, kept[0])[0])
    assert np.array_equal(logits[0], logits[1])
    assert not np.array_equal(logits[0], logits[2])


def test_pooled_maps_of_several_blocks_end_with_the_embedding(kept: list[Path], trained: Network) -> None:
    pooled = pooled_after_each_block(trained, kept[0])
    assert np.allclose(pooled[:, -1280:], predict(trained, kept[0])[1], atol=1e-5)
