"""The maximal correlation coefficient of small co-occurrence matrices, several side by side.

A matrix is scaled to ``c(i, j) / sqrt(r(i) c(j))``, whose largest singular value is 1; the coefficient is the second.
Many matrices wait until they are worked on together: each step is then one instruction for several of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .jit import compiled, compiled_in_any_order

LANES = 64  # matrices side by side, so many that each step is worth its start
LEAST = 1e-7  # below it a coefficient is the root of a rounding error, as in `maps.correlation`
NOTHING = 1e-60  # the square of what does not change a sum
CONVERGED = 1e-15
SHORTER = 1 - 1e-6  # than a long step, whose rounding could lead over the eigenvalue
MOST_STEPS = 200  # of an iteration whose error shrinks to a half at least with each

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@compiled
def put_symmetrical(
    cells: int,
    one: Places,
    other: Places,
    weights: Numbers,
    kinds: int,
    row: Numbers,
    place: Places,
    lane: int,
    matrices: Numbers,
    vector: Numbers,
) -> tuple[int, float]:
    """Scale a symmetrical matrix and put it into a lane, unless its coefficient is known without.

    Parameters
    ----------
    one, other : levels, numbered from 1, of each cell above the diagonal or on it, ``(cells,)``
    weights : of the pair in both orders together, ``(cells,)``
    row : sums of the matrix, on whose diagonal a weight counts twice, by the numbers of the levels
    place : scratch of ``2 * (kinds + 1)``
    matrices : zeros, ``(levels, levels, lanes)``; the lower triangle is written
    vector : written: the root of the share of each level, ``(levels, lanes)``

    Returns
    -------
    size, known : rows of the matrix, or 0 and the coefficient
    """
    size, total = 0, 0.0
    for level in range(1, kinds + 1):
        if row[level] > 0:
            place[level] = size
            total += row[level]
            size += 1
    if size < 2:
        return 0, 0.0
    if cells < 2 * size and falls_apart(cells, one, other, size, place, kinds):
        return 0, 1.0
    for level in range(1, kinds + 1):
        if row[level] > 0:
            vector[place[level], lane] = math.sqrt(row[level] / total)
    for cell in range(cells):
        i, j = place[one[cell]], place[other[cell]]
        value = weights[cell] / (vector[i, lane] * vector[j, lane] * total)
        if i == j:
            value *= 2
        matrices[max(i, j), min(i, j), lane] = value
    return size, 0.0


@compiled
def put_with_its_transpose(
    cells: int,
    one: Places,
    other: Places,
    weights: Numbers,
    kinds: int,
    row: Numbers,
    column: Numbers,
    scratch: Numbers,
    lane: int,
    matrices: Numbers,
    vector: Numbers,
) -> tuple[int, float]:
    """Scale a matrix that is not symmetrical and put its product with its transpose into a lane.

    Parameters
    ----------
    scratch : ``(kinds + 1, kinds + 1)``
    others, returns : as in `put_symmetrical`
    """
    for i in range(kinds + 1):
        for j in range(kinds + 1):
            scratch[i, j] = 0.0
    for cell in range(cells):
        i, j = one[cell], other[cell]
        scratch[i, j] = weights[cell] / math.sqrt(row[i] * column[j])
    size, total = 0, 0.0
    for i in range(1, kinds + 1):
        total += row[i]
    for i in range(1, kinds + 1):
        if row[i] > 0:
            vector[size, lane] = math.sqrt(row[i] / total)
            for j in range(1, kinds + 1):
                scratch[size, j - 1] = scratch[i, j]
            for other_row in range(size + 1):
                value = 0.0
                for k in range(kinds):
                    value += scratch[size, k] * scratch[other_row, k]
                matrices[size, other_row, lane] = value
            size += 1
    return (size, 0.0) if size > 1 else (0, 0.0)


@compiled
def falls_apart(cells: int, one: Places, other: Places, size: int, place: Places, kinds: int) -> bool:
    """Whether levels are neighbors in groups that do not touch, or in two groups of which each touches the other alone.

    The coefficient is 1 then. ``place`` has room behind the levels for the tree of the groups: twice the number of the
    parent, and 1 more where the level is not on the parent's side.
    """
    tree = place[kinds + 1 :]
    for i in range(size):
        tree[i] = 2 * i
    groups, two_sides = size, True
    for cell in range(cells):
        i, j = place[one[cell]], place[other[cell]]
        side = 0
        while tree[i] >> 1 != i:
            side ^= tree[i] & 1
            i = tree[i] >> 1
        while tree[j] >> 1 != j:
            side ^= tree[j] & 1
            j = tree[j] >> 1
        if i != j:
            tree[i] = 2 * j + (side ^ 1)
            groups -= 1
        elif side == 0:
            two_sides = False
    return groups > 1 or two_sides


@compiled
def coefficients(
    matrices: Numbers, vectors: Numbers, size: int, squared: bool, scratch: Numbers, found: Numbers
) -> None:
    """Write the coefficient of each lane, and leave the matrices empty.

    Parameters
    ----------
    matrices : lower triangles, ``(levels, levels, lanes)``; zeros behind matrices of less than ``size`` rows
    vectors : the root of the share of each level, ``(levels, lanes)``; zeros behind, and zeros afterwards
    squared : the matrices are products with the transpose
    scratch : ``(7, levels, lanes)``, of two levels at least
    """
    lanes = matrices.shape[2]
    _to_tridiagonal(matrices, vectors, size, scratch)
    rest = size - 1
    diagonal, squares = scratch[1], scratch[2]
    for i in range(rest):
        for lane in range(lanes):
            diagonal[i, lane] = matrices[i + 1, i + 1, lane]
            beside = matrices[i + 1, i, lane] if i > 0 else 0.0
            squares[i, lane] = beside * beside
    for i in range(size):
        for j in range(i + 1):
            for lane in range(lanes):
                matrices[i, j, lane] = 0.0
        for lane in range(lanes):
            vectors[i, lane] = 0.0
    _largest(diagonal, squares, rest, lanes, scratch, found)
    if not squared:
        _largest_below(diagonal, squares, rest, scratch, found)
    for lane in range(lanes):
        if squared:
            found[lane] = math.sqrt(found[lane])
        if found[lane] < LEAST:
            found[lane] = 0.0


@compiled_in_any_order
def _to_tridiagonal(matrices: Numbers, u: Numbers, size: int, scratch: Numbers) -> None:
    """Leave out the eigenvector of 1 and make the rest tridiagonal, by reflections (Householder).

    The first turns the vector into the first axis, whose row and column are looked at no more.
    """
    lanes = matrices.shape[2]
    p = scratch[0]
    factor, shared = scratch[3, 0], scratch[3, 1]
    for lane in range(lanes):
        factor[lane] = 1 / (1 + u[0, lane])
    for i in range(size):
        for lane in range(lanes):
            p[i, lane] = factor[lane] * (u[i, lane] + matrices[i, 0, lane])
    for lane in range(lanes):
        u[0, lane] += 1
    _reflect(matrices, u, p, factor, shared, 0, 1, size)
    for first in range(1, size - 2):
        lead = first + 1
        for lane in range(lanes):
            shared[lane] = 0.0
        for i in range(lead, size):
            for lane in range(lanes):
                u[i, lane] = matrices[i, first, lane]
                shared[lane] += u[i, lane] * u[i, lane]
                p[i, lane] = 0.0
        for lane in range(lanes):
            norm, leading = math.sqrt(shared[lane]), u[lead, lane]
            signed = norm if leading >= 0 else -norm
            divisor = shared[lane] + leading * signed
            factor[lane] = 1 / divisor if divisor > NOTHING else 0.0
            u[lead, lane] = leading + signed
            matrices[lead, first, lane] = signed if divisor > NOTHING else leading  # squares of it alone count
        for i in range(lead, size):
            for j in range(lead, i):
                for lane in range(lanes):
                    p[i, lane] += matrices[i, j, lane] * u[j, lane]
                    p[j, lane] += matrices[i, j, lane] * u[i, lane]
            for lane in range(lanes):
                p[i, lane] += matrices[i, i, lane] * u[i, lane]
        for i in range(lead, size):
            for lane in range(lanes):
                p[i, lane] *= factor[lane]
        _reflect(matrices, u, p, factor, shared, lead, lead, size)


@compiled_in_any_order
def _reflect(
    matrices: Numbers, u: Numbers, p: Numbers, factor: Numbers, shared: Numbers, begin: int, first: int, size: int
) -> None:
    """``H A H`` from row and column ``first`` on, where H reflects along ``u`` and ``p`` is ``factor A u``."""
    lanes = matrices.shape[2]
    for lane in range(lanes):
        shared[lane] = 0.0
    for i in range(begin, size):
        for lane in range(lanes):
            shared[lane] += u[i, lane] * p[i, lane]
    for lane in range(lanes):
        shared[lane] *= factor[lane] / 2
    for i in range(begin, size):
        for lane in range(lanes):
            p[i, lane] -= shared[lane] * u[i, lane]
    for i in range(first, size):
        for j in range(first, i + 1):
            for lane in range(lanes):
                matrices[i, j, lane] -= u[i, lane] * p[j, lane] + p[i, lane] * u[j, lane]


@compiled_in_any_order
def _largest(diagonal: Numbers, squares: Numbers, size: int, lanes: int, scratch: Numbers, found: Numbers) -> None:
    """The largest eigenvalue of tridiagonal matrices that have none above 1, or 0 where it is less.

    Laguerre's iteration comes down to it from above and never passes it, because all roots are real. What it needs, the
    derivatives of the logarithm of the characteristic polynomial, follow from the pivots of ``T - x``.

    Parameters
    ----------
    diagonal : ``(size, lanes)``
    squares : of the entries beside the diagonal, each with the row below it
    lanes : how many matrices there are, in the first lanes
    """
    x = found
    one, two, inverse = scratch[4, 0], scratch[4, 1], scratch[5, 0]  # derivatives of the pivot, relative to it
    first, second = scratch[3, 0], scratch[3, 1]  # derivatives of the polynomial
    last = scratch[5, 1]  # step
    for lane in range(lanes):
        x[lane] = 1 + 4 * CONVERGED
        last[lane] = 1.0
    for _ in range(MOST_STEPS):
        for lane in range(lanes):
            first[lane], second[lane] = 0.0, 0.0
            one[lane], two[lane], inverse[lane] = 0.0, 0.0, 0.0
        for i in range(size):
            for lane in range(lanes):
                carried = squares[i, lane] * inverse[lane]
                inverse[lane] = 1 / (diagonal[i, lane] - x[lane] - carried)
                bent = carried * (two[lane] - 2 * one[lane] * one[lane])
                one[lane] = (carried * one[lane] - 1) * inverse[lane]
                two[lane] = bent * inverse[lane]
                first[lane] += one[lane]
                second[lane] += one[lane] * one[lane] - two[lane]
        farthest = 0.0
        for lane in range(lanes):
            root = math.sqrt(max(0.0, (size - 1) * (size * second[lane] - first[lane] * first[lane])))
            step = size / (first[lane] + root)
            if not first[lane] > 0 or not step > 0 or x[lane] <= LEAST / 2:  # there already, or among rounding errors
                step = 0.0
            elif step > 0.01 * x[lane]:
                step *= SHORTER
            x[lane] -= step
            shrinks = step / last[lane]
            last[lane] = max(step, CONVERGED)
            farthest = max(farthest, step * shrinks * shrinks)  # of the next step, if steps shrink with their square
        if farthest < CONVERGED:
            break
    for lane in range(lanes):
        if x[lane] < LEAST / 2:
            x[lane] = 0.0


@compiled_in_any_order
def _largest_below(diagonal: Numbers, squares: Numbers, size: int, scratch: Numbers, found: Numbers) -> None:
    """Put the size of the lowest eigenvalue in place of the largest one where it is further from zero.

    Matrices that have such a one, whose pivots of ``T + x`` are not all positive, are brought together in the first
    lanes.
    """
    lanes = diagonal.shape[1]
    pivot, least, lowest = scratch[4, 0], scratch[4, 1], scratch[6, 0]
    for lane in range(lanes):
        pivot[lane], least[lane] = 1.0, 1.0
    for i in range(size):
        for lane in range(lanes):
            limit = max(found[lane], LEAST) + 4 * CONVERGED
            pivot[lane] = diagonal[i, lane] + limit - squares[i, lane] / pivot[lane]
            least[lane] = min(least[lane], pivot[lane])
    chosen = 0
    for lane in range(lanes):
        if least[lane] <= 0:
            for i in range(size):
                diagonal[i, chosen], squares[i, chosen] = -diagonal[i, lane], squares[i, lane]
            chosen += 1
    if chosen == 0:
        return
    which = scratch[6, 1]
    chosen = 0
    for lane in range(lanes):
        if least[lane] <= 0:
            which[chosen] = lane
            chosen += 1
    _largest(diagonal, squares, size, chosen, scratch, lowest)
    for index in range(chosen):
        lane = int(which[index])
        found[lane] = max(found[lane], lowest[index])


@compiled
def widths(most: int) -> Places:
    """Sizes of matrices up to ``most``, each little more than the one before: those between wait and go together."""
    found = np.zeros(most, np.int64)
    count, width = 0, 2
    while count == 0 or found[count - 1] < most:
        found[count] = min(width, most)
        count += 1
        width += max(1, width // 4)
    return found[:count]
