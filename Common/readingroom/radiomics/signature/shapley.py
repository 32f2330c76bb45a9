"""Interventional Shapley values, exact, for models that are sums of products over features.

A feature that is "present" has the value of the study, one that is "absent" that of a row of the cohort. For a product
``v(S) = weight * prod(present[S]) * prod(absent[not S])`` the mean over all orders in which features may become present
has a closed form, so that nothing has to be sampled (Shapley 1953; Owen 1972 for the integral).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .preparation import Floats

_LEAST = 1e-300  # a factor that underflowed; keeps quotients finite and changes no sum


def product_game(weights: Floats, present: Floats, absent: Floats) -> Floats:
    """Shapley values (features,) of a sum of products.

    The value of feature i is the integral over t from 0 to 1 of ``(present_i - absent_i)`` times the product of
    ``t present_j + (1 - t) absent_j`` over all others: a polynomial, which Gauss and Legendre's rule integrates
    exactly.

    Parameters
    ----------
    weights : (terms,)
    present, absent : (terms, features) factors, 0 or more
    """
    nodes, shares = np.polynomial.legendre.leggauss((present.shape[1] + 1) // 2)
    result = np.zeros(present.shape[1])
    for t, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        factors = np.maximum(t * present + (1 - t) * absent, _LEAST)
        others = np.exp(np.log(factors).sum(axis=1))[:, None] / factors
        result += share * (weights @ ((present - absent) * others))
    return result


def box_game(weights: Floats, present: np.ndarray, absent: np.ndarray) -> Floats:
    """`product_game` for factors that are True or False: the leaves of trees.

    A leaf that needs a features of the study and b of the cohort's row gives each of the former
    ``(a-1)! b! / (a+b)!`` and takes ``a! (b-1)! / (a+b)!`` from each of the latter; one that neither reaches gives
    nothing (Lundberg 2020).
    """
    gained, lost = present & ~absent, ~present & absent
    reached = (present | absent).all(axis=1)
    a, b = gained.sum(axis=1), lost.sum(axis=1)
    # beta(a, b + 1) = (a-1)! b! / (a+b)!; where a or b is 0 nothing is gained or lost.
    gain = np.where(reached & (a > 0), special.beta(np.maximum(a, 1), b + 1), 0.0)
    loss = np.where(reached & (b > 0), special.beta(a + 1, np.maximum(b, 1)), 0.0)
    result: Floats = (weights * gain) @ gained - (weights * loss) @ lost
    return result
