"""A small U-Net that finds both lungs on a frontal chest radiograph (Ronneberger et al., MICCAI 2015).

Its first convolution halves the picture: the outline of a lung is smooth, and three quarters of the work fall away.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

NAME = "radiograph_unet"
WIDTHS = (16, 32, 64, 96, 128)
STRIDE = 2 ** len(WIDTHS)  # rows and columns of the input are multiples of it


class RadiographUNet(nn.Module):
    """Pictures ``[n, 1, j, i]`` in, logits ``[n, outputs, j, i]`` out; j and i are multiples of `STRIDE`."""

    def __init__(self, outputs: int, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        self.first = nn.Conv2d(1, widths[0], 3, stride=2, padding=1)
        self.down = nn.ModuleList(
            _block(given, made) for given, made in zip((widths[0], *widths), widths, strict=False)
        )
        deeper = zip(widths[1:], widths, strict=False)
        self.up = nn.ModuleList(_block(below + beside, beside) for below, beside in reversed(list(deeper)))
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        levels = [self.down[0](self.first(pictures))]
        for block in list(self.down)[1:]:
            levels.append(block(functional.max_pool2d(levels[-1], 2)))
        found = levels.pop()
        for block in self.up:
            found = block(torch.cat([functional.interpolate(found, scale_factor=2.0), levels.pop()], dim=1))
        return functional.interpolate(self.last(found), scale_factor=2.0, mode="bilinear")


def _block(given: int, made: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (given, made):
        layers += [nn.Conv2d(channels, made, 3, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
    return nn.Sequential(*layers)
