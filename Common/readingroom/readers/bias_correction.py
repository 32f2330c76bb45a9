"""The bias field of an MR: shown as a check, and taken out before the image is read where a person asks for it."""

from __future__ import annotations

from dataclasses import replace

from .answer import Case
from .base import ReadContext
from .description import ReadOption

CORRECT_BIAS_FIELD = ReadOption(
    "correct-bias-field",
    "Correct the bias field",
    "Even out the brightness of the MR (N4) before it is read; takes a few seconds.",
)


def bias_corrected(case: Case, role: str, context: ReadContext) -> Case:
    """The case with the MR of a role corrected, which notes and checks say; as it is where nobody asked for it."""
    from ..imaging.bias_field import bias_field, without_bias
    from ..trust.mr_checks import bias_check

    if CORRECT_BIAS_FIELD.name not in context.options:
        return case
    volume = case.images[role]
    field = bias_field(volume.image, context.progress)
    if field is None:
        context.note("No bias field was corrected: no body is seen in the image.")
        return case
    context.check(bias_check(field, corrected=True))
    context.note("The bias field of the MR was corrected (N4) before it was read; the image that is shown was not.")
    return replace(case, images={**case.images, role: without_bias(volume, field)})


def bias_checked(case: Case, role: str, context: ReadContext) -> None:
    """Add a check of the bias field that was left in the MR of a role."""
    from ..imaging.bias_field import bias_field
    from ..trust.mr_checks import bias_check

    if CORRECT_BIAS_FIELD.name in context.options:
        return
    field = bias_field(case.images[role].image, context.progress)
    if field is not None:
        context.check(bias_check(field))
