"""What every fitted model can do, whatever library made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ...bundles.signature import SignatureForm
from .kernel import KernelModel
from .linear import LinearModel
from .preparation import Floats
from .trees import TreeModel


class Model(Protocol):
    """A score of z-scores that explains itself; numpy alone."""

    @property
    def form(self) -> SignatureForm: ...

    @property
    def used(self) -> np.ndarray: ...

    def values(self, z: Floats) -> Floats: ...

    def contributions(self, z: Floats, background: Floats) -> Floats: ...

    def only(self, features: np.ndarray) -> Model: ...

    def arrays(self) -> dict[str, np.ndarray]: ...


def from_arrays(form: SignatureForm, arrays: Mapping[str, Any], features: int) -> Model:
    """The model of that form from what its ``arrays()`` gave.

    Raises
    ------
    KeyError, ValueError : an array is missing, is not finite, or does not fit the others
    """
    kinds = {"linear": LinearModel, "kernel": KernelModel, "trees": TreeModel}
    model: Model = kinds[form].from_arrays(arrays, features)  # type: ignore[attr-defined]
    return model
