"""The slices of a chest CT as a network reads them, after its lungs were found and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bundles.preprocessing import Preprocessing
from ..errors import InputError
from .answer import Case
from .base import ReadContext
from .lung_masks import LungMasks, find_lung_masks

if TYPE_CHECKING:
    from ..imaging.preprocessing import PreparedSlices
    from ..progress import Progress


def lung_slices(
    case: Case,
    image: str,
    preprocessing: Preprocessing,
    context: ReadContext,
    progress: Progress | None = None,
    checked: bool = True,
) -> tuple[LungMasks, PreparedSlices]:
    """Find the lungs of the CT in a role, and make its slices a network's input.

    Parameters
    ----------
    checked : add the checks of the lungs to the reading

    Raises
    ------
    InputError : there are no lungs
    RefusedError : a check of the lungs says ``stop``
    """
    from ..imaging.preprocessing import prepare_slices
    from ..trust.ct_checks import drawn_check, lung_checks

    volume = case.images[image]
    if progress is not None:
        progress(0.0, "Looking for the lungs.")
    masks = find_lung_masks(case, image, context)
    if checked:
        given = [drawn_check(masks.lungs, volume)] if masks.source == "given" else []
        context.check(*given, *lung_checks(masks.lungs, volume))
    if not masks.lungs.both.any():
        raise InputError("No lungs were found in this CT; give a mask of them.")
    return masks, prepare_slices(volume.image, preprocessing, masks.lungs.both)
