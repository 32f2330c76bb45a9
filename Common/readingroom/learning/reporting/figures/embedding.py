"""The network's features in two dimensions, with how far the picture can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import COLORS, MARKERS, canvas, drawn, legend_below

Floats = NDArray[np.float64]

NEIGHBORS = 10
_PERPLEXITY = 30.0
# Reference: the paper on chest radiographs reads severity and generalization out of such a picture; neither follows.
CAUTION = (
    "Distances between groups, their sizes and their shapes mean nothing in such a picture; it says nothing about "
    "how the model does on other patients."
)


@dataclass(frozen=True, eq=False)
class Projection:
    """Features drawn flat.

    Parameters
    ----------
    points : (cases, 2)
    trustworthiness : share of neighbors in the picture that are neighbors in truth, 0 to 1 (Venna and Kaski 2001),
        over `NEIGHBORS` neighbors
    perplexity, seed : what t-SNE was told
    """

    points: Floats
    trustworthiness: float
    perplexity: float
    seed: int


def project(features: Floats, seed: int = 0) -> Projection:
    """t-SNE (van der Maaten and Hinton 2008) of ``features`` (cases, features), begun at the principal components.

    Raises
    ------
    ValueError : too few cases for neighborhoods
    """
    from sklearn.manifold import TSNE, trustworthiness

    if len(features) <= 2 * NEIGHBORS:
        raise ValueError(f"{len(features)} cases are too few for a picture of neighborhoods.")
    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    points = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)
    trust = trustworthiness(features, points, n_neighbors=NEIGHBORS)
    return Projection(np.asarray(points, dtype=np.float64), float(trust), perplexity, seed)


@drawn
def embedding(projection: Projection, groups: NDArray[np.str_]) -> Figure:
    """The points, with a color and a marker for each of ``groups`` (cases,)."""
    figure = canvas(5.0, 5.2)
    axes = figure.subplots()
    for number, group in enumerate(np.unique(groups)):
        inside = groups == group
        axes.scatter(
            projection.points[inside, 0],
            projection.points[inside, 1],
            s=22,
            color=COLORS[number % len(COLORS)],
            marker=MARKERS[number % len(MARKERS)],
            alpha=0.7,
            linewidth=0,
            label=f"{group or 'unknown'} (n = {int(inside.sum())})",
        )
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[], title=f"trustworthiness {projection.trustworthiness:.2f}")
    legend_below(axes)
    return figure


def caption(projection: Projection) -> str:
    """What has to stand below the picture."""
    return (
        f"t-SNE of the network's features (perplexity {projection.perplexity:g}, seed {projection.seed}). "
        f"Trustworthiness {projection.trustworthiness:.2f} over {NEIGHBORS} neighbors (1: every neighbor in the "
        f"picture is one in truth). {CAUTION}"
    )
