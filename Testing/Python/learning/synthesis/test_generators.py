"""Both generators learn, can be stopped, go on where they were, and give the same pictures for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from readingroom.errors import CancelledError, InputError
from readingroom.learning.synthesis import learning_loop, style_gan
from readingroom.learning.synthesis.generator import create
from readingroom.learning.synthesis.learning_loop import FEWEST, made, trained
from readingroom.learning.synthesis.presets import KINDS, PRESETS, Kind, preset_named, size_of
from readingroom.progress import Progress

TRIAL = PRESETS["trial"]


def disks(count: int, side: int = 64) -> np.ndarray:
    """(count, side, side) bright disks of several sizes on black."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    radii = np.linspace(0.2, 0.4, count)[:, None, None]
    return (np.hypot(x, y)[None] < radii).astype(np.float32) * 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(kind: Kind, tmp_path: Path) -> None:
    pictures = disks(6)
    first, again, other = (
        made(trained(kind, TRIAL, pictures, seed, tmp_path / name, "cpu"), 3, seed)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.shape == (3, 64, 64)
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_stopped_goes_on_and_ends_with_the_same_weights(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning_loop, "_EVERY", 0.0)
    pictures, said = disks(6), []

    def report(fraction: float, sentence: str) -> None:
        said.append(sentence)

    whole = trained(kind, TRIAL, pictures, 5, tmp_path / "whole", "cpu")
    steps = whole.steps
    stopping = Progress(report, canceled=lambda: len(said) >= steps - 1)
    with pytest.raises(CancelledError):
        trained(kind, TRIAL, pictures, 5, tmp_path / "stopped", "cpu", stopping)
    stopped_at = len(said)
    ended = trained(kind, TRIAL, pictures, 5, tmp_path / "stopped", "cpu", Progress(report))
    assert said[stopped_at].endswith(f"step {stopped_at + 1} of {steps}.")
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, ended.module.state_dict()[name]), name
    count = len(said)
    trained(kind, TRIAL, pictures, 5, tmp_path / "stopped", "cpu", Progress(report))
    assert len(said) == count  # it is finished
    trained(kind, TRIAL, pictures[1:], 5, tmp_path / "stopped", "cpu", Progress(report))
    assert len(said) == count + steps  # of other pictures it is another training


@pytest.mark.slow
def test_the_autoencoder_gives_back_what_it_is_given_and_diffusion_learns_what_noise_was_added(tmp_path: Path) -> None:
    preset = replace(TRIAL, autoencoder_steps=30, diffusion_steps=50, batch=8)
    pictures = torch.from_numpy(disks(8))[:, None] * 2 - 1
    generator = create("diffusion", preset, (64, 64), 0)
    losses = []
    for number in range(generator.steps):
        generator.begin_step(number, pictures)
        losses.append(generator.step(number, pictures, torch.Generator().manual_seed(number)))
    assert np.mean(losses[25:30]) < 0.6 * losses[0]
    assert losses[30] == pytest.approx(1.0, abs=0.15)  # the network begins by saying that there is no noise
    assert np.mean(losses[-10:]) < 0.8


@pytest.mark.slow
def test_the_gan_s_pictures_come_to_look_like_those_that_it_learned_from(tmp_path: Path) -> None:
    preset = replace(TRIAL, gan_steps=80, batch=8, gan=32)
    pictures = disks(8)
    learned = made(trained("gan", preset, pictures, 0, tmp_path, "cpu"), 16, 0)
    begun = create("gan", preset, (64, 64), 0)
    before = made(begun, 16, 0)

    def apart(some: np.ndarray) -> float:
        return float(np.abs(some.mean(axis=0) - pictures.mean(axis=0)).mean())

    assert apart(learned) < 0.5 * apart(before)


def test_a_styled_convolution_is_that_of_kernels_scaled_and_brought_to_unit_length() -> None:
    torch.manual_seed(0)
    layer = style_gan._Styled(3, 5, 4)
    x, style = torch.randn(2, 3, 8, 8), torch.randn(2, 4)
    found = layer(x, style)
    for n in range(2):
        kernels = layer.weight * layer.scale(style)[n][None, :, None, None]
        kernels = kernels / (kernels**2).sum(dim=(1, 2, 3), keepdim=True).sqrt()
        expected = nn.functional.conv2d(x[n : n + 1], kernels, padding=1) + layer.bias
        assert torch.allclose(found[n : n + 1], expected, atol=1e-5)


def test_the_latent_values_that_diffusion_sees_have_a_deviation_of_1() -> None:
    generator = create("diffusion", TRIAL, (64, 64), 0)
    pictures = torch.from_numpy(disks(8))[:, None] * 2 - 1
    generator.begin_step(TRIAL.autoencoder_steps, pictures)
    with torch.no_grad():
        mean, _ = generator._encoded(pictures)  # type: ignore[attr-defined]
        latent = generator.module.scale * mean  # type: ignore[operator]
    assert float(latent.std()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("full", [(1024, 512), (256, 256), (512, 1024), (320, 256)])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_have_about_the_proportions_of_the_network_s_input(kind: Kind, full: tuple[int, int]) -> None:
    size = size_of(TRIAL, full)
    assert max(size) == TRIAL.side
    assert size[0] / size[1] == pytest.approx(full[0] / full[1], rel=0.15)
    assert made(create(kind, TRIAL, size, 0), 2, 0).shape == (2, *size)


def test_too_few_pictures_and_an_unknown_preset_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="4 pictures or more; there are 3"):
        trained("gan", TRIAL, disks(FEWEST - 1), 0, tmp_path, "cpu")
    with pytest.raises(InputError, match="no preset 'huge' of generators; there are trial, small, 256"):
        preset_named("huge")
    with pytest.raises(InputError, match="diverged at step 1"):
        trained("gan", TRIAL, np.full((6, 64, 64), np.nan, np.float32), 0, tmp_path, "cpu")
