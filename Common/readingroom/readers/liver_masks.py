"""The liver of an MR: a mask that was given, or TotalSegmentator's; seen to be one before a network is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import codes
from ..errors import EngineError, InputError
from .answer import Case
from .base import ReadContext
from .description import MaskRole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..imaging.total_segmentator import TotalSegmentator
    from ..progress import Progress
    from ..reading import Check

MR, LIVER = "mr", "liver"
_DRAW_IT = "Choose a segment of the liver or a file, or grow a first guess from one point in it."


def liver_role(image: str) -> MaskRole:
    """The mask of the liver that a reader of liver MR takes."""
    return MaskRole(
        LIVER, "Liver", image, codes.LIVER, grown_from_a_point=True,
        help="Left empty, TotalSegmentator finds it where it is installed with its weights for MR.",
    )  # fmt: skip


def grow(image: Any, point: Sequence[float], progress: Progress) -> NDArray[np.bool_]:
    """The liver about a point in it, on the grid of the volume."""
    from ..imaging.liver import grow_liver

    return grow_liver(image.image, point, progress)


@dataclass(frozen=True, eq=False)
class LiverMask:
    """The liver ``[k, j, i]`` on the grid of its MR, and where it comes from, for people."""

    mask: NDArray[np.bool_]
    source: str


def given_liver_checks(case: Case) -> tuple[Check, ...]:
    """The checks of a mask that was given; none where TotalSegmentator is there to find the liver.

    Raises
    ------
    InputError : there is neither
    """
    from ..trust.liver_checks import liver_checks

    if LIVER in case.masks:
        return liver_checks(case.masks[LIVER], case.images[MR])
    _total_segmentator()
    return ()


def find_liver(case: Case, context: ReadContext, checked: bool = True) -> LiverMask:
    """The liver of the MR.

    Parameters
    ----------
    checked : add the checks of the mask to the reading, where they are not there yet

    Raises
    ------
    InputError : there is no mask of it
    EngineError : TotalSegmentator failed
    RefusedError : a check says that the mask is of no liver
    """
    from ..trust.liver_checks import SIZE, liver_checks

    given = case.study.mask(LIVER)
    found = LiverMask(case.masks[LIVER], given.source) if given is not None else _by_total_segmentator(case, context)
    if checked and all(check.name != SIZE for check in context.checks):
        context.check(*liver_checks(found.mask, case.images[MR]))
    return found


def _total_segmentator() -> TotalSegmentator:
    from ..imaging import total_segmentator

    program = total_segmentator.find_total_segmentator()
    if program is None:
        why = "The liver of this MR is not outlined."
        if total_segmentator.is_installed():
            why = (
                "The liver of this MR is not outlined, and TotalSegmentator lacks its weights for MR, which "
                f"'totalseg_download_weights -t {total_segmentator.TASK}' fetches."
            )
        raise InputError(f"{why} {_DRAW_IT}")
    return program


def _by_total_segmentator(case: Case, context: ReadContext) -> LiverMask:
    from ..imaging import total_segmentator

    program = _total_segmentator()
    progress, on_cpu = context.progress.part(0.25, 0.27), context.device.type == "cpu"
    try:
        mask = total_segmentator.segmented(program, case.images[MR].image, LIVER, on_cpu, progress)
    except EngineError as error:
        raise EngineError(f"{error} {_DRAW_IT}", error.detail) from error
    context.note(f"The liver was found by {program.title}; look at it before you trust what was read.")
    return LiverMask(mask, program.title)
