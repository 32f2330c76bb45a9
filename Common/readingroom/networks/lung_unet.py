"""The U-Net of lungmask, which finds both lungs on a CT slice (Hofmanninger et al., Eur Radiol Exp 2020).

Its weights are fetched from the authors' release or read from a file; names of layers are those of that file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..errors import BundleError
from . import weights as weight_files

SIDE = 256  # of the slices that it was made for
CLASSES = ("background", "right lung", "left lung")

_RELEASE = "https://github.com/JoHof/lungmask/releases/download/v0.0/"
# The names end in the first digits of the files' SHA-256, which are checked.
_FILES = {"R231": "unet_r231-d5d2fc3d.pth", "R231CovidWeb": "unet_r231covid-0de78a7e.pth"}
_LOWEST, _HIGHEST = -1024.0, 600.0  # HU
_WIDTHS = (64, 128, 256, 512, 1024)


class LungUNet(nn.Module):
    """Slices ``[n, 1, j, i]`` made by `scaled` in, logits ``[n, 3, j, i]`` of `CLASSES` out; j and i are multiples
    of 16."""

    def __init__(self, widths: tuple[int, ...] = _WIDTHS):
        super().__init__()
        down = zip((1, *widths), widths, strict=False)
        up = list(zip(widths[1:], widths, strict=False))[::-1]
        self.down_path = nn.ModuleList(_Block(given, made) for given, made in down)
        self.up_path = nn.ModuleList(_Up(given, made) for given, made in up)
        self.last = nn.Conv2d(widths[0], len(CLASSES), 1)

    def forward(self, slices: Tensor) -> Tensor:
        levels = [self.down_path[0](slices)]
        for block in list(self.down_path)[1:]:
            levels.append(block(functional.avg_pool2d(levels[-1], 2)))
        found = levels.pop()
        for block in self.up_path:
            found = block(found, levels.pop())
        logits: Tensor = self.last(found)
        return logits


class _Block(nn.Module):
    def __init__(self, given: int, made: int):
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (given, made):
            layers += [nn.Conv2d(channels, made, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(made)]
        self.block = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        made: Tensor = self.block(maps)
        return made


class _Up(nn.Module):
    def __init__(self, given: int, made: int):
        super().__init__()
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(given, made, 1))
        self.conv_block = _Block(given, made)

    def forward(self, maps: Tensor, same_level: Tensor) -> Tensor:
        made: Tensor = self.conv_block(torch.cat([self.up(maps), same_level], dim=1))
        return made


def scaled(hounsfield: NDArray[np.floating]) -> NDArray[np.float32]:
    """-1024 to 600 HU become 0 to 1; what lies above is cut, what lies below is not (as the network learned it)."""
    return ((np.minimum(hounsfield, _HIGHEST) - _LOWEST) / (_HIGHEST - _LOWEST)).astype(np.float32)


def kept_weights(name: Literal["R231", "R231CovidWeb"]) -> Path | None:
    """A release's file in torch's own store, where an earlier download or the user has put it."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / _FILES[name]
    return path if path.is_file() else None


def create(weights: Literal["R231", "R231CovidWeb"] | Path) -> LungUNet:
    """The network with the weights of a release (fetched once, then kept in torch's own store) or of a file.

    Raises
    ------
    DownloadError : the release cannot be reached, or what came is another file
    BundleError : there is no such release, the file cannot be read, or is of another network
    """
    if not isinstance(weights, Path) and weights not in _FILES:
        raise BundleError(f'There are no weights of lungmask named "{weights}"; there are {", ".join(_FILES)}.')
    found = (
        weight_files.read_tensors(weights)
        if isinstance(weights, Path)
        else weight_files.released(_RELEASE + _FILES[weights])
    )
    # The released files carry layers of a residual variant, which the network does not use.
    stored = {name: value for name, value in found.items() if ".residual_" not in name}
    network = LungUNet()
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise BundleError(f"{weights} does not hold the weights of lungmask's network for two lungs.") from error
    return network.eval()
