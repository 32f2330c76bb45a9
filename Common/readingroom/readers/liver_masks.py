"""The liver of an MR: the mask of it that was given, seen to be one before a network is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from .answer import Case
from .base import ReadContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MR, LIVER = "mr", "liver"


@dataclass(frozen=True, eq=False)
class LiverMask:
    """The liver ``[k, j, i]`` on the grid of its MR, and where it comes from, for people."""

    mask: NDArray[np.bool_]
    source: str


def find_liver(case: Case, context: ReadContext, checked: bool = True) -> LiverMask:
    """The liver of the MR.

    Parameters
    ----------
    checked : add the checks of the mask to the reading

    Raises
    ------
    InputError : there is no mask of it
    RefusedError : a check says that the mask is of no liver
    """
    from ..trust.liver_checks import liver_checks

    given = case.study.mask(LIVER)
    if given is None:
        raise InputError(
            "The liver of this MR is not outlined: choose a segment or a file, or grow a first guess from one point."
        )
    mask = case.masks[LIVER]
    if checked:
        context.check(*liver_checks(mask, case.images[MR]))
    return LiverMask(mask, given.source)
