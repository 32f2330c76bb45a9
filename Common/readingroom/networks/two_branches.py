"""A MobileNetV2 whose last blocks are there twice: as ImageNet taught them, and tuned to the question at hand.

With few films, tuned features and general ones err on different cases; together they answer better than either. The
general branch gives the maps of all its blocks. All maps are brought to the coarsest grid, so the network still ends in
average pooling and one linear layer, and its class activation map comes out of the same forward pass.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional


class JoinMaps(nn.Module):
    """Maps [n, features, rows, columns] of several sizes, averaged to the grid of the last one, side by side.

    A module of its own, so that class activation maps find its output.
    """

    def forward(self, maps: list[Tensor]) -> Tensor:
        rows, columns = maps[-1].shape[-2:]
        pooled = [functional.adaptive_avg_pool2d(m, (rows, columns)) for m in maps[:-1]]
        return torch.cat([*pooled, maps[-1]], dim=1)


class TwoBranches(nn.Module):
    """Made from a timm MobileNetV2, whose blocks before ``first_block`` both branches share.

    Inputs ``[n, channels, height, width]``, raw logits ``[n, outputs]``. The linear layer is given the means of the
    maps that enter ``first_block``, then of those that leave each general block, then of the last tuned ones.
    """

    def __init__(self, network: nn.Module, first_block: int, outputs: int):
        super().__init__()
        part = network.get_submodule
        blocks = list(part("blocks").children())
        self.shared = nn.Sequential(part("conv_stem"), part("bn1"), *blocks[:first_block])
        self.general = nn.ModuleList([*blocks[first_block:], nn.Sequential(part("conv_head"), part("bn2"))])
        self.tuned = copy.deepcopy(nn.Sequential(*self.general))
        self.join = JoinMaps()
        stem = part("conv_stem")
        assert isinstance(stem, nn.Conv2d)
        with torch.inference_mode():
            features = self.forward_features(torch.zeros(1, stem.in_channels, 64, 64)).shape[1]
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(features, outputs)

    def forward_features(self, inputs: Tensor) -> Tensor:
        """All maps on the coarsest grid: [n, features, height / 32, width / 32]."""
        shared = self.shared(inputs)
        maps = [shared]
        for block in self.general:
            maps.append(block(maps[-1]))
        joined: Tensor = self.join([*maps, self.tuned(shared)])
        return joined

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.flatten(self.pool(self.forward_features(inputs))))
        return logits
