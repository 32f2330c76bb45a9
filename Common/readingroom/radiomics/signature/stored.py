"""Numbers of a bundle, perhaps a stranger's: looked at before anything is computed with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .preparation import Floats

LARGEST = 1e50  # of any number: products of three of them are finite
MOST = 5_000_000  # numbers in an array; a forest on thousands of patients has a tenth of it


def numbers(arrays: Mapping[str, Any], name: str, dimensions: int = 1) -> Floats:
    """The array of that name in double precision.

    Raises
    ------
    KeyError, ValueError : it is missing, has the wrong shape, is huge, or holds a number that is
    """
    array = _array(arrays, name, dimensions).astype(np.float64)
    if not (np.abs(array) <= LARGEST).all():
        raise ValueError(f"its array '{name}' is not finite")
    return array


def whole_numbers(arrays: Mapping[str, Any], name: str) -> NDArray[np.integer]:
    """The array of that name, in one row.

    Raises
    ------
    KeyError, ValueError : it is missing, has the wrong shape, is huge, or does not hold whole numbers
    """
    array = _array(arrays, name, 1)
    if array.dtype.kind != "i":
        raise ValueError(f"its array '{name}' does not hold whole numbers")
    return array


def number(arrays: Mapping[str, Any], name: str) -> float:
    """The only number in the array of that name.

    Raises
    ------
    KeyError, ValueError : it is missing, or not one finite number
    """
    array = numbers(arrays, name)
    if array.size != 1:
        raise ValueError(f"its array '{name}' is not a single number")
    return float(array[0])


def _array(arrays: Mapping[str, Any], name: str, dimensions: int) -> NDArray:
    array = np.asarray(arrays[name])
    if array.ndim != dimensions or array.size > MOST:
        raise ValueError(f"its array '{name}' has the wrong shape")
    return array
