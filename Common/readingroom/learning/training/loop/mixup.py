"""MixUp (Zhang et al., ICLR 2018): each row of a batch mixed with another one, inputs and targets alike."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def mix(inputs: Tensor, targets: Tensor, share: float, order: NDArray[np.integer]) -> tuple[Tensor, Tensor]:
    """``share * x + (1 - share) * x[order]``, and the same of the targets (n, width).

    The cross-entropy of mixed targets equals the mixed cross-entropies, since it is linear in its targets.
    """
    other = torch.as_tensor(order, device=inputs.device)
    return torch.lerp(inputs[other], inputs, share), torch.lerp(targets[other], targets, share)


def draw(alpha: float, rows: int, generator: np.random.Generator) -> tuple[float, NDArray[np.int64]]:
    """The share of the first and who is mixed with whom; one share for a batch, as in the paper's own code."""
    return float(generator.beta(alpha, alpha)), generator.permutation(rows)
