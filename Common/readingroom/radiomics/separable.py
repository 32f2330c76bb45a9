"""Linear maps of an image that go along one axis after another, as matrices."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def along(axis: int, matrix: Matrix, values: Matrix) -> Matrix:
    """The matrix ``(to, from)`` applied to all lines along an axis."""
    before, behind = math.prod(values.shape[:axis]), math.prod(values.shape[axis + 1 :])
    shape = (*values.shape[:axis], len(matrix), *values.shape[axis + 1 :])
    if behind == 1:
        return (values.reshape(before, -1) @ matrix.T).reshape(shape)
    return np.matmul(matrix, values.reshape(before, -1, behind)).reshape(shape)
