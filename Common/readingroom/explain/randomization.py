"""Does the map depend on what the network learned? The sanity check of Adebayo et al. (NeurIPS 2018)."""

from __future__ import annotations

import copy
from typing import Literal

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from .cam import Method, Targets, activation_maps


def similarity_after_randomization(
    network: nn.Module,
    inputs: Tensor,
    layer: str | None = None,
    targets: Targets = None,
    method: Method | Literal["auto"] = "auto",
    *,
    modules: int = 2,
    seed: int = 0,
) -> np.ndarray:
    """Rank correlation of each map with the map of the same network whose last layers have shuffled weights.

    Near 1 the map is drawn by the picture alone (an edge detector looks like that) and explains nothing of what was
    learned; near 0 it depends on the weights. The network itself stays as it is: a copy is shuffled.

    Parameters
    ----------
    network, inputs, layer, targets, method : as in `activation_maps`
    modules : how many of the last modules with weights are shuffled, counted in the order in which they are defined
    seed : for the shuffling

    Returns
    -------
    (items, targets), from -1 to 1; NaN where one of the two maps is the same everywhere

    Raises
    ------
    ValueError : fewer than one module, or as `activation_maps`
    """
    if modules < 1:
        raise ValueError("At least one module must be shuffled.")
    learned = activation_maps(network, inputs, layer, targets, method)
    shuffled = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    weights = [getattr(module, "weight", None) for module in shuffled.modules()]
    for parameter in [weight for weight in weights if isinstance(weight, nn.Parameter)][-modules:]:
        weight = parameter.data
        order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
        weight.copy_(weight.flatten()[order].reshape(weight.shape))
    unlearned = activation_maps(shuffled, inputs, learned.layer, learned.targets, learned.method)
    return _rank_correlations(learned.maps.flatten(2).cpu().numpy(), unlearned.maps.flatten(2).cpu().numpy())


def _rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found = np.full(first.shape[:2], np.nan)
    for at in np.ndindex(found.shape):
        if np.ptp(first[at]) > 0 and np.ptp(second[at]) > 0:
            found[at] = spearmanr(first[at], second[at]).statistic
    return found
