"""How large the generators are and how long they learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ...errors import InputError

Kind = Literal["diffusion", "gan"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES: Mapping[Kind, str] = {"diffusion": "latent diffusion", "gan": "style-based GAN"}

_BASE = 4  # pixels of the longest side where a GAN begins


@dataclass(frozen=True)
class Preset:
    """Numbers of both kinds of generator.

    Parameters
    ----------
    about : for people
    side : pixels of the longest side of a picture, a power of 2
    batch : pictures of a step
    autoencoder_steps, diffusion_steps : of latent diffusion, one after the other
    gan_steps : of the style-based GAN, each for both of its networks
    autoencoder : channels, each level half as fine as the one before
    latent : channels of what the diffusion sees
    diffusion : channels of its network
    sampling_steps : of 1000, when pictures are made
    style : width of a style
    gan : channels at the longest side of 4 pixels; halved with each doubling, but never below an eighth
    penalty : weight of the gradient penalty on real pictures (R1)
    """

    about: str
    side: int
    batch: int
    autoencoder_steps: int
    diffusion_steps: int
    gan_steps: int
    autoencoder: tuple[int, ...] = (16, 32, 64)
    latent: int = 4
    diffusion: tuple[int, ...] = (32, 64)
    sampling_steps: int = 50
    style: int = 64
    gan: int = 64
    penalty: float = 1.0


PRESETS: Mapping[str, Preset] = {
    "trial": Preset(
        "64 pixels and a handful of steps: it tries out the way, its pictures are noise.", 64, 4, 3, 3, 3,
        autoencoder=(8, 16, 16), diffusion=(16, 16), sampling_steps=2, style=16, gan=16,
    ),
    "small": Preset(
        "64 pixels; minutes for each generator on one processor core.", 64, 8, 250, 1000, 500,
        autoencoder=(8, 16, 32, 32), diffusion=(64, 96),
    ),
    "256": Preset(
        "256 pixels, for a graphics card, two hours for each generator; it was never run at full length.",
        256, 16, 20_000, 100_000, 100_000,
        autoencoder=(64, 128, 128), diffusion=(128, 256, 256), style=256, gan=512, penalty=10.0,
    ),
}  # fmt: skip


def preset_named(name: str) -> Preset:
    """The preset of this name.

    Raises
    ------
    InputError : there is none
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}' of generators; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def size_of(preset: Preset, full: tuple[int, ...]) -> tuple[int, int]:
    """(rows, columns) of a generator's pictures, close to the proportions of (rows, columns) of a network's input."""
    longest = max(full)
    parts = (max(1, round(_BASE * pixels / longest)) for pixels in full)
    rows, columns = (part * preset.side // _BASE for part in parts)
    return rows, columns
