"""Seeds that follow from where the training is, not from how it got there."""

from __future__ import annotations

from typing import Literal

import numpy as np

_PURPOSES = ("order", "change", "step", "mixup")
Purpose = Literal["order", "change", "step", "mixup"]


def generator(purpose: Purpose, *place: int) -> np.random.Generator:
    """A generator of its own for this purpose at this place, such as (seed, epoch, batch)."""
    return np.random.default_rng(np.random.SeedSequence([_PURPOSES.index(purpose), *place]))


def number(purpose: Purpose, *place: int) -> int:
    """One 32-bit seed for this purpose at this place."""
    return int(np.random.SeedSequence([_PURPOSES.index(purpose), *place]).generate_state(1)[0])
