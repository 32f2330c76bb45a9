"""A hazard ratio on the baseline hazard of the training studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ....networks.survival_heads import ProportionalHazards
from ....survival.cox import baseline_hazard
from ....survival.follow_up import cut_at
from ..losses import cox
from ..losses.times import LossOfTimes
from .head import Bag, Choice, Floats, Outcomes, Rows, State
from .survival_head import SurvivalHead

_LEAST_HAZARD = 1e-12  # before the first event; its logarithm must be finite


@dataclass(frozen=True)
class CoxHead(SurvivalHead):
    """See `survival_head.SurvivalHead` and `losses.cox.Cox`; the layers are those of one number."""

    @property
    def loss_of_times(self) -> LossOfTimes:
        return cox.Cox(self.months)

    def classifier(self, features: int, outputs: int) -> nn.Module:
        return ProportionalHazards(features, self.months, self.layers, self.width, self.dropout)

    def outputs(self, state: State) -> int:
        return self.months

    def fit(self, features: Sequence[Bag], outcomes: Outcomes, rows: Rows, choice: Choice, seed: int) -> State:
        state = dict(super().fit(features, outcomes, rows, choice, seed))
        logits = self.logits(state, features, rows)
        state["classifier.baseline"] = self._baseline(logits, outcomes.times[rows], outcomes.events[rows])
        return state

    def complete(self, layers: nn.Module, logits: Floats, times: Floats, events: NDArray[np.int64]) -> None:
        assert isinstance(layers, ProportionalHazards)
        ratios = logits - layers.baseline.double().cpu().numpy()  # it may have that of the bundle that was gone on with
        layers.baseline.copy_(torch.from_numpy(self._baseline(ratios, times, events)))

    def _baseline(self, logits: Floats, times: Floats, events: NDArray[np.int64 | np.bool_]) -> NDArray[np.float32]:
        """(months,) log cumulative hazard where the ``logits`` (rows, months) are log risks, of any month."""
        months = np.arange(1, self.months + 1)
        hazard = baseline_hazard(logits[:, 0], *cut_at(times, events, self.months), months)
        return np.log(np.maximum(hazard, _LEAST_HAZARD)).astype(np.float32)


HEAD = CoxHead
