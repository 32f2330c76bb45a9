"""What is shown of a lung cancer CT that a network read as one volume: where the risk is raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.metadata import SurvivalMetadata
from ..imaging.between_slices import Heat
from ..imaging.display import window_between
from ..reading import KeyPicture
from .answer import Answer, Case, MapLayer, PictureLayer
from .base import ReadContext
from .lung_survival import CT
from .results import picture_path

if TYPE_CHECKING:
    from .lung_survival import Details

LUNG_WINDOW = window_between(-1350, 150)
_PICTURES = 3
_APART = 15  # mm between two pictures; neighbors show the same


def answer_of_volume(
    case: Case, metadata: SurvivalMetadata, details: Details, evidence: tuple[MapLayer, ...], context: ReadContext
) -> Answer:
    """The map of the risk with its pictures, where the network has one; adds notes to the context."""
    context.note("This network reads the CT as one volume: its slices have no weights that could be shown.")
    if not evidence:
        context.note("It does not show where in the CT the risk comes from.")
        return Answer()
    if details.answers.method == "grad-cam":
        context.note("This network has no map of its own: that of the risk is a Grad-CAM.")
    return Answer(maps=evidence, pictures=tuple(_pictures(case, metadata.labels[0].name, evidence[0].heat)))


def _pictures(case: Case, finding: str, heat: Heat) -> Iterator[PictureLayer]:
    """The slices on which the risk is raised most; the first of them also as it was read."""
    volume, spacing = case.images[CT], case.images[CT].image.GetSpacing()
    highest = np.array([slice_.max() for slice_ in heat])
    shown: list[int] = []
    for k in map(int, np.argsort(-highest, kind="stable")):
        if len(shown) == _PICTURES or not highest[k]:
            return
        if any(abs(k - other) * spacing[2] < _APART for other in shown):
            continue
        gray, size = LUNG_WINDOW(volume.voxels[k]), (spacing[1], spacing[0])
        if not shown:
            plain = KeyPicture(picture_path(CT, slice_=k), "Where the risk is raised most, as read.", CT, k)
            yield PictureLayer(plain, gray, spacing=size, left="R")
        shown.append(k)
        caption = "Warm: what raises the risk most, in the whole CT."
        picture = KeyPicture(picture_path(CT, finding, k), caption, CT, k, finding)
        yield PictureLayer(picture, gray, heat[k], size, "R")
