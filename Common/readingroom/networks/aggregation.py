"""From the features of a study's slices to those of the study, with the weight that each slice had.

All take features ``[n, slices, features]`` and, where studies have different numbers of slices, ``present``
``[n, slices]`` (False where a row was only filled up). What is filled up changes no number. Order does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import BundleError
from .heads import absorb

_HIDDEN, _HEADS = 128, 8


class Aggregated(NamedTuple):
    """``features`` [n, features]; ``weights`` [n, slices], 0 to 1, the weight of each slice, summing to 1."""

    features: Tensor
    weights: Tensor


class AveragePooling(nn.Module):
    """Each slice counts the same."""

    def __init__(self, features: int):
        super().__init__()
        self.features = features

    def absorb(self, center: Tensor, scale: Tensor) -> None:
        """Nothing to take in: the weights depend on no feature."""

    def forward(self, slices: Tensor, present: Tensor | None = None) -> Aggregated:
        return _weighted(slices, slices.new_zeros(slices.shape[:2]), present)


class SoftAttention(nn.Module):
    """``w = softmax(W s + b)`` over the slices (Paper 003). ``b`` changes nothing."""

    def __init__(self, features: int):
        super().__init__()
        self.score = nn.Linear(features, 1)

    def absorb(self, center: Tensor, scale: Tensor) -> None:
        """Change no weight of a slice by standardization, see `heads.Absorbs`."""
        absorb(self.score, center, scale)

    def forward(self, slices: Tensor, present: Tensor | None = None) -> Aggregated:
        return _weighted(slices, self.score(slices).squeeze(-1), present)


class GatedAttention(nn.Module):
    """``w = softmax(w^T (tanh(V s) * sigmoid(U s)))`` over the slices (Ilse et al., ICML 2018, eq. 9)."""

    def __init__(self, features: int, hidden: int = _HIDDEN):
        super().__init__()
        self.value = nn.Linear(features, hidden, bias=False)
        self.gate = nn.Linear(features, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, slices: Tensor, present: Tensor | None = None) -> Aggregated:
        scores = self.score(self.value(slices).tanh() * self.gate(slices).sigmoid())
        return _weighted(slices, scores.squeeze(-1), present)


class SelfAttention(nn.Module):
    """One layer of a transformer over the slices and a class token, whose output is the study's (Paper 003, Table 4).

    The weight of a slice is what the class token attends to it, without itself, averaged over the heads (as in MST).
    """

    def __init__(self, features: int, heads: int = _HEADS):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(features))
        self.before = nn.LayerNorm(features)
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)
        self.after = nn.LayerNorm(features)
        nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, slices: Tensor, present: Tensor | None = None) -> Aggregated:
        joined, weights = self.attend(slices, present)
        return Aggregated(self.after(joined), weights)

    def attend(self, slices: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor]:
        """The token with what it attended to [n, features], and the weights of the slices [n, slices]."""
        slices = _filled(slices, present)
        token = self.token.expand(len(slices), 1, -1)
        row = self.before(torch.cat([token, slices], dim=1))
        absent = None if present is None else nn.functional.pad(~present, (1, 0))  # the token is always there
        attended, attention = self.attention(row[:, :1], row, row, key_padding_mask=absent, average_attn_weights=False)
        return (token + attended)[:, 0], weights_of_slices(attention[:, :, 0])


class SliceTransformer(SelfAttention):
    """A whole layer of a transformer: self-attention, then two linear layers, each beside what it was given.

    The slice transformer (MST) of Müller-Franzes et al. 2024, whose layers are normalized first and as wide as the
    features, with 12 heads where the features can be shared out among so many. It knows no order of the slices.
    """

    def __init__(self, features: int):
        super().__init__(features, 12 if features % 12 == 0 else _HEADS)
        self.wide = nn.Sequential(
            nn.LayerNorm(features), nn.Linear(features, features), nn.ReLU(), nn.Linear(features, features)
        )

    def forward(self, slices: Tensor, present: Tensor | None = None) -> Aggregated:
        joined, weights = self.attend(slices, present)
        return Aggregated(self.after(joined + self.wide(joined)), weights)


AGGREGATIONS: dict[str, Callable[[int], nn.Module]] = {
    "average-pooling": AveragePooling,
    "soft-attention": SoftAttention,
    "gated-attention": GatedAttention,
    "self-attention": SelfAttention,
    "slice-transformer": SliceTransformer,
}


def weights_of_slices(attention: Tensor) -> Tensor:
    """Weights [n, slices], summing to 1, of what a class token attends to: [n, heads, 1 + slices], itself first."""
    to_slices = attention[..., 1:]
    total = to_slices.sum(-1, keepdim=True).clamp_min(torch.finfo(to_slices.dtype).tiny)
    return (to_slices / total).mean(1)


def create(name: str, features: int) -> nn.Module:
    """The aggregation of that name for slices with so many features.

    Raises
    ------
    BundleError : there is none
    """
    if name not in AGGREGATIONS:
        raise BundleError(f'There is no aggregation named "{name}"; there are {", ".join(AGGREGATIONS)}.')
    return AGGREGATIONS[name](features)


def _weighted(slices: Tensor, scores: Tensor, present: Tensor | None) -> Aggregated:
    """The mean of the slices [n, slices, features], weighted by the softmax of their scores [n, slices]."""
    slices = _filled(slices, present)
    if present is not None:
        scores = scores.masked_fill(~present, -torch.inf)
    weights = scores.softmax(1)
    return Aggregated(torch.einsum("ns,nsf->nf", weights, slices), weights)


def _filled(slices: Tensor, present: Tensor | None) -> Tensor:
    """0 where no slice is: a weight of 0 does not undo what is not a number.

    Raises
    ------
    ValueError : a study has no slice
    """
    if slices.shape[1] == 0 or (present is not None and not present.any(1).all()):
        raise ValueError("A study without slices cannot be aggregated.")
    return slices if present is None else slices.masked_fill(~present[..., None], 0)
