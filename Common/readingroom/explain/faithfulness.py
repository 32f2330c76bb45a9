"""Does the map point at what the network uses? Asked of each picture by removing parts and predicting again.

The parts are the cells of the map at its own resolution, removed hottest first. The yardstick removes parts of the same
size *and shape* elsewhere: the same map, mirrored and shifted (around the border) at random. Scattered random cells
would be no fair yardstick, since a hole among intact neighbors takes less away than one large hole, and every
connected map would seem faithful.

Removed parts are not painted black: a black patch is itself a finding to a network that never saw one, so that the
probability may fall for the patch and not for what it hides. They are filled smoothly from what is kept, plus the
picture's own fine grain, as in ROAD (Rong et al., ICML 2022, "noisy linear imputation"). The smooth fill is made by
averaging down and interpolating up again (pull-push, Gortler et al., SIGGRAPH 1996): no equations to solve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..reading import Faithfulness
from .normalize import upsample

FRACTIONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def deletion_curve(
    predict: Callable[[Tensor], Tensor],
    pixels: Tensor,
    heat: np.ndarray | Tensor,
    *,
    fractions: Sequence[float] = FRACTIONS,
    repeats: int = 8,
    seed: int = 0,
    batch_size: int = 16,
) -> Faithfulness | None:
    """How the probability falls as the hottest parts are removed, against parts of the same shape elsewhere.

    Fractions are rounded to whole cells, and the rounded ones are returned (7 x 7 cells: 0.02 is one cell). Costs
    ``1 + (1 + repeats) * (fractions above 0)`` predictions, in batches. Meaningful for findings that are probable to
    begin with: a probability of 0.03 has no way to fall.

    Parameters
    ----------
    predict : from (n, channels, \\*spatial) to the finding's n probabilities, in evaluation mode
    pixels : one picture as the network takes it, (channels, \\*spatial)
    heat : its raw map at the resolution of the feature map, (\\*spatial of the map); signed maps are welcome, since
        they also say which of the cold cells speak against the finding
    fractions : of the picture to remove, ascending from 0
    repeats : how many mirrored and shifted maps make the yardstick
    seed : for the shifts, the order of equally hot cells, and the grain
    batch_size : pictures per call of ``predict``

    Returns
    -------
    Curves and ``gain``, the area of (random - hottest) over the fraction removed; None for a map that is the same
    everywhere, which has no hottest part

    Raises
    ------
    ValueError : shapes, fractions or repeats do not fit, or the map is not finite

    Example
    -------
    >>> found = activation_maps(network, pixels[None], targets=1)                        # doctest: +SKIP
    >>> predict = lambda batch: torch.sigmoid(network(batch)[:, 1])                      # doctest: +SKIP
    >>> deletion_curve(predict, pixels, found.maps[0, 0]).gain                           # doctest: +SKIP
    0.21
    """
    cells = torch.as_tensor(heat).detach().cpu().double().numpy()
    if cells.ndim != pixels.ndim - 1:
        raise ValueError(f"A map of shape {cells.shape} does not fit pixels of shape {tuple(pixels.shape)}.")
    if repeats < 1 or list(fractions) != sorted(fractions) or fractions[0] != 0 or not 0 < fractions[-1] < 1:
        raise ValueError("Deletion needs at least one repeat and fractions ascending from 0 to below 1.")
    if not np.isfinite(cells).all():
        raise ValueError("The map holds NaN or infinity.")
    if np.ptp(cells) == 0:
        return None
    generator = np.random.default_rng(seed)
    counts = sorted({round(fraction * cells.size) for fraction in fractions})
    order = _removal_order(cells, generator)
    orders = [order, *(_elsewhere(order, generator) for _ in range(repeats))]
    # Cells removed, for each order and each count above 0.
    removed = np.stack([order < count for order in orders for count in counts[1:]])
    left = _predictions(predict, pixels, torch.from_numpy(removed), generator, batch_size)
    curves = np.concatenate(
        [np.full((len(orders), 1), left[0]), left[1:].reshape(len(orders), len(counts) - 1)], axis=1
    )
    removed_parts = np.array(counts) / cells.size
    hottest, random = curves[0], curves[1:].mean(0)
    return Faithfulness(
        fractions=tuple(removed_parts.tolist()),
        hottest=tuple(hottest.tolist()),
        random=tuple(random.tolist()),
        gain=float(np.trapezoid(random - hottest, removed_parts)),
        seed=seed,
    )


def fill(pixels: Tensor, keep: Tensor) -> Tensor:
    """The pictures with what is not kept filled in smoothly from what is kept around it.

    Parameters
    ----------
    pixels : (n, channels, \\*spatial)
    keep : (n, 1, \\*spatial) boolean, or (n, 1, ...) floats where above 0 is kept
    """
    kept = keep > 0
    if kept.all() or keep.shape[2:].numel() == 1:
        return pixels
    weight = kept.to(pixels.dtype)
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[pixels.ndim - 3]
    window = [min(2, size) for size in pixels.shape[2:]]
    part = pool(weight, window, ceil_mode=True)
    coarse = pool(pixels * weight, window, ceil_mode=True) / torch.where(part > 0, part, 1)
    return torch.where(kept, pixels, upsample(fill(coarse, part), pixels.shape[2:]))


def _removal_order(cells: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """0 for the hottest cell, 1 for the next ...; cells that are equally hot come in random order."""
    hottest_first = np.lexsort((generator.random(cells.size), -cells.ravel()))
    order = np.empty(cells.size, dtype=np.int64)
    order[hottest_first] = np.arange(cells.size)
    return order.reshape(cells.shape)


def _elsewhere(order: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The same order mirrored and shifted at random, around the border."""
    axes = range(order.ndim)
    mirrored = np.flip(order, tuple(axis for axis in axes if generator.random() < 0.5))
    return np.roll(mirrored, [int(generator.integers(size)) for size in order.shape], tuple(axes))


def _predictions(
    predict: Callable[[Tensor], Tensor],
    pixels: Tensor,
    removed: Tensor,
    generator: np.random.Generator,
    batch_size: int,
) -> np.ndarray:
    """Probability of the whole picture, then of each copy with cells removed."""
    grain = _grain(pixels, generator)
    found = []
    with torch.inference_mode():
        for start in range(0, len(removed), batch_size):
            cells = removed[start : start + batch_size, None].to(pixels.device, pixels.dtype)
            keep = functional.interpolate(cells, size=pixels.shape[1:], mode="nearest-exact") < 0.5
            filled = fill(pixels.expand(len(keep), *pixels.shape), keep)
            batch = torch.where(keep, pixels, filled + grain)
            found.append(predict(batch if start else torch.cat([pixels[None], batch])))
    return torch.cat(found).double().cpu().numpy()


def _grain(pixels: Tensor, generator: np.random.Generator) -> Tensor:
    """Noise like the picture's own from one pixel to the next: one pattern for all channels, scaled for each."""
    places = tuple(range(1, pixels.ndim))
    checkered = torch.from_numpy(np.indices(pixels.shape[1:]).sum(0) % 2 == 0).to(pixels.device)
    residual = pixels - fill(pixels[None], checkered[None, None])[0]
    scale = residual[:, ~checkered].std(1).reshape(-1, *[1] * len(places))
    noise = torch.from_numpy(generator.standard_normal(pixels.shape[1:])).to(pixels)
    return scale * noise
