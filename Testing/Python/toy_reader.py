"""A reader that a newcomer might write: two images, a mask, clinical facts; a curve, a region, a comparison.

A test puts this file beside the readers that ship; nothing else is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from readingroom.bundles.bundle import Bundle
from readingroom.codes import LUNG, VOLUME, Code
from readingroom.errors import InputError
from readingroom.readers.answer import Answer, Case, MapLayer, PictureLayer, Prediction, RegionLayer
from readingroom.readers.base import ReadContext, Reader
from readingroom.readers.description import ClinicalField, ImageRole, MaskRole, ReadOption, Task
from readingroom.readers.results import heat_map_path, picture_path, segments_path
from readingroom.reading import (
    Check,
    Comparison,
    Curve,
    Finding,
    HeatMap,
    Interval,
    KeyPicture,
    Line,
    Measurement,
    Region,
)

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from readingroom.progress import Progress

_DENSE = Code("36188001", "SCT", "Shadow")


class ToyReader(Reader):
    """Says how dense a chest CT is."""

    name = "toy-density"
    title = "Toy density"
    question = "How dense is this chest?"
    default_bundle = "toy-density"
    images = (
        ImageRole("ct", "Chest CT", ("CT",), dimensions=3),
        ImageRole("prior-ct", "Prior chest CT", ("CT",), dimensions=3, required=False, prior_of="ct"),
    )
    masks = (
        MaskRole("lungs", "Lungs", image="ct", code=LUNG, grown_from_a_point=True),
        MaskRole("prior-lungs", "Lungs on the prior", image="prior-ct", code=LUNG),
    )
    clinical = (
        ClinicalField("age", "Age", "number", unit="a", low=18, high=110, keyword="PatientAge"),
        ClinicalField("stage", "Stage", "choice", choices=(("I", "Stage I"), ("II", "Stage II"))),
    )
    options = (ReadOption("darker", "Read it darker", "Take 100 HU off before the CT is read."),)
    tasks = (Task("density", "Dense or not"),)
    tests_of_answer = ("second look",)

    def grow_mask(self, role: str, image: Any, point: Sequence[float], progress: Progress) -> NDArray[np.bool_]:
        from scipy import ndimage

        progress(0.5, "Growing the lung.")
        labels, _count = ndimage.label((image.voxels < -300) & (image.voxels > -950))
        k, j, i = reversed(image.image.TransformPhysicalPointToIndex([float(part) for part in point]))
        if not labels[k, j, i]:
            raise InputError("The point lies in no air.")
        return labels == labels[k, j, i]

    def prepared(self, case: Case, context: ReadContext) -> Case:
        if "darker" not in context.options:
            return case
        context.note("The CT was made darker.")
        volume = case.images["ct"]
        return replace(case, images={**case.images, "ct": replace(volume, image=volume.image - 100)})

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        return (Check("slices", "pass", f"The CT has {case.images['ct'].voxels.shape[0]} slices."),)

    def load_model(self, bundle: Bundle, device: torch.device) -> Any:
        return float(bundle.arrays("model")["weight"][0])

    def predict(
        self, model: Any, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        import numpy as np

        return [Prediction(np.array([model * case.images["ct"].voxels.mean() / 1000])) for case in cases]

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        import numpy as np

        voxels = case.images["ct"].voxels
        inside = case.masks.get("lungs", voxels < -300)
        heat = np.clip((voxels + 1000) / 1500, 0, 1).astype(np.float32)
        middle = len(voxels) // 2
        volume = _volume_ml(case.images["ct"].image, inside)
        comparisons: tuple[Comparison, ...] = ()
        regions = [RegionLayer(Region("lungs", "Lungs", "ct", segments_path("ct"), LUNG, volume_ml=volume), inside)]
        if "prior-ct" in case.images:
            earlier = case.images["prior-ct"]
            lungs = case.masks.get("prior-lungs", earlier.voxels < -300)
            region = Region("prior-lungs", "Lungs on the prior", "prior-ct", segments_path("prior-ct"), LUNG,
                            volume_ml=_volume_ml(earlier.image, lungs))  # fmt: skip
            regions.append(RegionLayer(region, lungs))
            prior = float(case.images["prior-ct"].voxels.mean())
            now = float(voxels.mean())
            comparisons = (
                Comparison("mean", "Mean attenuation", "[hnsf'U]", now, prior, "ct", "prior-ct", Interval(-900, 900)),
            )
        probability = float(1 / (1 + np.exp(-prediction.logits[0])))
        months = tuple(float(month) for month in range(0, 25, 6))
        return Answer(
            findings=(Finding("dense", "Dense", probability, code=_DENSE),),
            measurements=(
                Measurement("air", "Air", volume, "mL", Interval(0.9 * volume, 1.1 * volume), VOLUME, "ct", "lungs"),
            ),
            regions=tuple(regions),
            curves=(
                Curve(
                    "survival", "Survival of phantoms", "survival", months, "Time", "mo", "Survival",
                    Line("Toy", (1.0, 0.9, 0.8, 0.7, 0.6), (1.0, 0.8, 0.7, 0.6, 0.5), (1.0, 1.0, 0.9, 0.8, 0.7)),
                    baselines=(Line("Everybody", (1.0, 0.95, 0.9, 0.85, 0.8)),),
                ),
                Curve(
                    "profile", "Density by slice", "profile", tuple(map(float, range(1, len(voxels) + 1))), "Slice",
                    "{slice}", "Density", Line("Toy", tuple(map(float, heat.mean(axis=(1, 2))))), image="ct",
                ),
            ),
            comparisons=comparisons,
            maps=(MapLayer(HeatMap("dense", "ct", "density", heat_map_path("ct", "dense")), heat),),
            pictures=(
                PictureLayer(
                    KeyPicture(picture_path("ct", "dense"), "The middle slice.", "ct", middle, "dense"),
                    heat[middle],
                    heat[middle],
                ),
            ),
        )  # fmt: skip

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        context.check(Check("second look", "pass", "It was as dense at a second look."))
        return answer


def _volume_ml(image: Any, inside: Any) -> float:
    a, b, c = image.GetSpacing()
    return float(inside.sum()) * a * b * c / 1000


READER = ToyReader()
