"""A network asked about a chest CT, by slices or whole, after its lungs were found and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..bundles.preprocessing import Preprocessing
from ..errors import InputError
from .answer import Case
from .base import ReadContext
from .lung_masks import LungMasks, find_lung_masks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..progress import Progress

Answers = TypeVar("Answers")


def ask_about_lungs(
    case: Case,
    image: str,
    preprocessing: Preprocessing,
    context: ReadContext,
    ask: Callable[[NDArray[np.float32], Callable[[int], None]], Answers],
    progress: Progress | None = None,
    checked: bool = True,
) -> tuple[LungMasks, Any, Answers]:
    """Find the lungs of the CT in a role, make its slices or its volume a network's input, and ask about it.

    The input is `PreparedSlices`, or `PreparedVolume` of networks that read the CT as one volume.

    Parameters
    ----------
    ask : given the input (slices, channels, rows, columns), a volume as (1, channels, slices, rows, columns), and what
        is to be told how many slices were asked
    progress : told as it goes; None where only a cancel is asked for
    checked : add the checks of the lungs to the reading

    Raises
    ------
    InputError : there are no lungs
    RefusedError : a check of the lungs says ``stop``
    """
    from ..imaging.preprocessing import PreparedSlices, prepare_slices
    from ..imaging.volume_input import PreparedVolume, prepare_volume
    from ..trust.ct_checks import drawn_check, lung_checks

    volume = case.images[image]
    if progress is not None:
        progress(0.0, "Looking for the lungs.")
    masks = find_lung_masks(case, image, context)

    if checked:
        given = [drawn_check(masks.lungs, volume)] if masks.source == "given" else []
        context.check(*given, *lung_checks(masks.lungs, volume))
    both = masks.lungs.both
    if not both.any():
        raise InputError("No lungs were found in this CT; give a mask of them.")
    prepare = prepare_volume if preprocessing.kind == "volume" else prepare_slices
    prepared: PreparedSlices | PreparedVolume = prepare(volume.image, preprocessing, both)
    if isinstance(prepared, PreparedVolume):
        if progress is not None:
            progress(0.5, "Asking about the CT as one volume.")
        return masks, prepared, ask(prepared.pixels[None], lambda done: context.progress.raise_if_canceled())
    count = len(prepared.pixels)

    def each(done: int) -> None:
        context.progress.raise_if_canceled()
        if progress is not None:
            progress(0.5 + 0.5 * done / count, f"Asking about the slices, {done} of {count}.")

    return masks, prepared, ask(prepared.pixels, each)
