"""The bias field of an MR: shown as a check and as a layer, and taken out before the image is read.

The bundle says whether it was taken out in training; a read does as the training did, unless a person asks otherwise.
"""

from __future__ import annotations

from dataclasses import replace

from ..bundles.metadata import ClassifierMetadata
from ..reading import Check, HeatMap
from .answer import Answer, Case, MapLayer
from .base import ReadContext
from .description import ReadOption
from .results import heat_map_path

CORRECT_BIAS_FIELD = ReadOption(
    "correct-bias-field",
    "Correct the bias field",
    "Even out the brightness of the MR (N4) before it is read, also where the bundle did not learn so; takes a few "
    "seconds.",
)


def bias_corrected(case: Case, role: str, context: ReadContext) -> Case:
    """The case with the MR of a role corrected where its bundle or a person wants it, which notes and checks say."""
    from ..imaging.bias_field import bias_field, without_bias
    from ..trust.mr_checks import bias_check

    learned = context.bundle.of_kind(ClassifierMetadata).preprocessing.correct_bias_field
    if not learned and CORRECT_BIAS_FIELD.name not in context.options:
        return case
    volume = case.images[role]
    field = bias_field(volume.image, context.progress)
    if field is None:
        context.note("No bias field was corrected: no body is seen in the image.")
        return case
    context.check(bias_check(field, corrected=True))
    if learned:
        context.check(Check("bias correction", "pass", "The bias field was corrected, as where the bundle learned."))
    else:
        said = (
            "The bias field was corrected, which it was not where the bundle learned: to the network, and to "
            "handcrafted features beside their cohort, this MR is another than those of training."
        )
        context.check(Check("bias correction", "warn", said))
    context.note("The bias field of the MR was corrected (N4) before it was read; the image that is shown was not.")
    return replace(case, images={**case.images, role: without_bias(volume, field)})


def with_bias_field(case: Case, answer: Answer, role: str, finding: str, context: ReadContext) -> Answer:
    """The answer with the bias field of the MR of a role as a layer: what was taken out of it, or what is left in it.

    Of what is left a check is added.
    """
    from ..imaging.bias_field import bias_field
    from ..trust.mr_checks import bias_check

    volume = case.images[role]
    field, method = volume.bias_field, "N4, taken out"
    if field is None:
        field, method = bias_field(volume.image, context.progress), "N4, left in"
        if field is None:
            return answer
        context.check(bias_check(field))
    path = heat_map_path(role, finding, "bias-field")
    shown = HeatMap(finding, role, method, path, (field.low, field.high), shows="bias-field")
    return replace(answer, maps=(*answer.maps, MapLayer(shown, field.on(volume.voxels.shape))))


def is_corrected(options: object, metadata: ClassifierMetadata) -> bool:
    """Whether the bias field was taken out in a read with these options by this bundle."""
    asked = isinstance(options, list | tuple) and CORRECT_BIAS_FIELD.name in options
    return asked or metadata.preprocessing.correct_bias_field
