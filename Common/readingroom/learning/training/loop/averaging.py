"""A moving average of the weights, which is what is validated, kept and handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage(WeightAveraging):
    """Lightning's exponential moving average over parameters and buffers, with a start that is not stuck to the first
    weights: after ``n`` steps they keep ``min(decay, (1 + n) / (10 + n))`` (as in TensorFlow's `num_updates`)."""

    def __init__(self, decay: float):
        super().__init__(multi_avg_fn=_average_with(decay))


def _average_with(decay: float) -> Callable[[Any, Any, Any], None]:
    def average(means: Any, current: Any, steps: Any) -> None:
        done = int(steps)
        get_ema_multi_avg_fn(min(decay, (1 + done) / (10 + done)))(means, current, steps)

    return average
