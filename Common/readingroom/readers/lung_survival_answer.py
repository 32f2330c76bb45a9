"""What a network said of a lung cancer CT, as the radiologist sees it: risk over time, slices that weigh, places.

Risks are cumulative incidences on the calibrated scale. The weight of a slice says how much of the study's features
comes from it (uniform is 1), not how ill it is; the map says which places within the heaviest slices raise the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import codes
from ..bundles.metadata import SurvivalMetadata
from ..formatting import counted, number_text
from ..imaging.segments import AtLeast
from ..reading import Curve, Finding, HeatMap, Interval, KeyPicture, Line, MapShows, Measurement, Region
from .answer import Answer, Case, MapLayer, PictureLayer, Prediction, RegionLayer
from .base import ReadContext
from .lung_regions import lung_regions, reading_notes, voxel_ml
from .lung_survival import CT, PRIOR, PRIOR_TUMOUR, TUMOUR
from .lung_survival_baselines import COHORT, HORIZONS, clinical_risk, in_order, trained_on, volume_risk
from .lung_survival_volume import LUNG_WINDOW, answer_of_volume
from .lung_tumor import Tumor, measured_tumor
from .results import heat_map_path, picture_path, segments_path
from .survival_network import SurvivalAnswers, heaviest_slices, incidence_of

if TYPE_CHECKING:
    import SimpleITK

    from .lung_survival import Details

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ATTENTION: MapShows = "attention"
_LEVELS = (0.5, 0.75)
_TUMOR_COLOR = (0.85, 0.2, 0.3)
_PICTURES = 3


@dataclass(frozen=True, eq=False)
class Risk:
    """Calibrated cumulative incidence of one cause at the ends of the months, with its band where one is known."""

    values: Floats
    low: Floats | None = None
    high: Floats | None = None

    def at(self, place: int) -> tuple[float, Interval | None]:
        """The risk at the end of a time bin, and its interval."""
        if self.low is None or self.high is None:
            return float(self.values[place]), None
        return float(self.values[place]), Interval(float(self.low[place]), float(self.high[place]))


def risks_of(metadata: SurvivalMetadata, logits: Floats) -> tuple[Risk, ...]:
    """The risk of each cause. Calibration is of all causes together; each keeps its share of it."""
    raw = incidence_of(metadata, logits)
    total = raw.sum(0)
    scaling = metadata.calibration
    if scaling is None:
        return tuple(Risk(values) for values in raw)
    shares = raw / np.maximum(total, 1e-12)
    values = shares * scaling.incidence(total)
    if not scaling.resamples:
        return tuple(Risk(one) for one in values)
    low, high = (shares * end for end in scaling.intervals(total))
    return tuple(Risk(*each) for each in zip(values, low, high, strict=True))


def answer_of(case: Case, prediction: Prediction, context: ReadContext) -> Answer:
    """Findings, curves, attention, map, regions and measurements; adds notes to the context."""
    metadata: SurvivalMetadata = context.bundle.of_kind(SurvivalMetadata)
    details: Details = prediction.details
    risks = risks_of(metadata, prediction.logits)
    context.notes += reading_notes(details.prepared, details.lungs.lungs)
    tumor = tumor_of(case, CT, TUMOUR)
    baselines = (clinical_risk(metadata, case.study), volume_risk(metadata, tumor.ml if tumor is not None else None))
    context.check(*(check for baseline in baselines for check in baseline.checks))
    if tumor is not None:
        context.check(tumor.check)
        context.notes += [tumor.note] if tumor.note else []
    of_input = answer_of_volume if metadata.preprocessing.kind == "volume" else _answer_of_slices
    shown = of_input(case, metadata, details, tuple(evidence_map(metadata, details, CT)), context)
    return Answer(
        findings=tuple(_findings(metadata, risks)),
        measurements=in_order(
            (
                *_risk_measurements(metadata, risks),
                *(one for baseline in baselines for one in baseline.measurements),
                *_cohort_measurements(metadata),
                *(tumor.measurements if tumor is not None else ()),
            )
        ),
        regions=(*_tumors(case), *lung_regions(case.images[CT].image, details.lungs.lungs, CT), *shown.regions),
        curves=(
            *_incidence_curves(metadata, risks, [one.line for one in baselines if one.line]),
            *shown.curves,
        ),
        maps=shown.maps,
        pictures=shown.pictures,
        settings={
            "preprocessing": metadata.preprocessing.preset,
            "aggregation": metadata.aggregation,
            "head": metadata.head,
            "time zero": metadata.time_zero,
            "lungs": details.lungs.source,
            **shown.settings,
        },
    )


def _answer_of_slices(
    case: Case, metadata: SurvivalMetadata, details: Details, evidence: tuple[MapLayer, ...], context: ReadContext
) -> Answer:
    """What is shown of the slices: their weights, and the map of the heaviest; adds notes to the context."""
    if details.answers.attended is not None:
        context.note(
            "A vision transformer does not show where the risk comes from; the weight of the slices is shown on the "
            "places that it looks at."
        )
    elif details.answers.maps is None:
        context.note(
            "This network does not show where on a slice the risk comes from; only the weight of slices is shown."
        )
    elif details.answers.method == "grad-cam":
        context.note("This network has no map of its own: that of the risk is a Grad-CAM of the heaviest slices.")
    return Answer(
        regions=tuple(_half_of_weight(case, details)),
        curves=(_attention_curve(case, details),),
        maps=(*evidence, _attention_map(case, metadata, details)),
        pictures=tuple(_pictures(case, metadata, details, evidence)),
        settings={"slices": [round(float(place)) + 1 for place in _by_slice(case, details)[0]]},
    )


def _findings(metadata: SurvivalMetadata, risks: Sequence[Risk]) -> Iterator[Finding]:
    for label, risk in zip(metadata.labels, risks, strict=True):
        value, interval = risk.at(-1)
        title = f"{label.title} within {number_text(metadata.months[-1])} months ({_learned_from(metadata)})"
        yield Finding(label.name, title, min(max(value, 0.0), 1.0), interval, code=label.code)


def _learned_from(metadata: SurvivalMetadata) -> str:
    """Who stands behind a risk of the network."""
    return f"learned from {trained_on(metadata)}"


def horizons(metadata: SurvivalMetadata) -> list[tuple[str, int]]:
    """What the times are called at which a risk is told, and the bin that ends there."""
    return [
        (f"{number_text(months)} months", place) for place, months in enumerate(metadata.months) if months in HORIZONS
    ]


def _risk_measurements(metadata: SurvivalMetadata, risks: Sequence[Risk]) -> Iterator[Measurement]:
    several = len(metadata.labels) > 1
    for label, risk in zip(metadata.labels, risks, strict=True):
        for part, place in horizons(metadata):
            value, interval = risk.at(place)
            shown = None if interval is None else Interval(100 * interval.low, 100 * interval.high, interval.level)
            title = f"{label.title}: this CT" if several else "This CT"
            name = f"{label.name}-{number_text(metadata.months[place])}-months"
            yield Measurement(
                name, f"{title}, {_learned_from(metadata)}", 100 * value, "%", shown, label.code, CT, part=part
            )


def _cohort_measurements(metadata: SurvivalMetadata) -> Iterator[Measurement]:
    several = len(metadata.labels) > 1
    for label in metadata.labels:
        if label.name in metadata.incidence:
            for part, place in horizons(metadata):
                title = f"{COHORT}, {label.title.lower()}" if several else COHORT
                title = f"{title}, {trained_on(metadata)}"
                name = f"cohort-{label.name}-{number_text(metadata.months[place])}-months"
                yield Measurement(name, title, 100 * metadata.incidence[label.name][place], "%", part=part)


def _incidence_curves(metadata: SurvivalMetadata, risks: Sequence[Risk], beside: Sequence[Line]) -> Iterator[Curve]:
    months = (0.0, *metadata.months)
    for number, (label, risk) in enumerate(zip(metadata.labels, risks, strict=True)):
        band = () if risk.low is None else ((0.0, *risk.low.tolist()), (0.0, *_not_none(risk.high).tolist()))
        baselines = list(beside) if number == 0 else []
        if label.name in metadata.incidence:
            events = metadata.training.counts.get(label.name, 0)
            title = f"{COHORT} ({trained_on(metadata)}, {counted(events, 'death')})"
            baselines.append(Line(title, (0.0, *metadata.incidence[label.name])))
        yield Curve(
            f"incidence-{label.name}", f"{label.title}: risk over time", "survival", months,
            f"Time since {metadata.time_zero}", "mo", "Cumulative risk",
            Line(f"This CT ({_learned_from(metadata)})", (0.0, *risk.values.tolist()), *band),
            baselines=tuple(baselines),
        )  # fmt: skip


def _not_none(values: Floats | None) -> Floats:
    assert values is not None
    return values


def _attention_curve(case: Case, details: Details) -> Curve:
    """The weight of each slice along the body; at 1 it weighs as much as if all weighed the same."""
    places, weights = _by_slice(case, details)
    return Curve(
        ATTENTION, "Weight of the slices (1: as if all weighed the same)", "profile",
        tuple((places + 1).tolist()), "Slice",
        "{slice}", "Weight", Line("This CT", tuple(weights.tolist())),
        baselines=(Line("All the same", (1.0,) * len(places)),), image=CT,
    )  # fmt: skip


def _by_slice(case: Case, details: Details) -> tuple[Floats, Floats]:
    """Where the slices that were read lie in the CT, in numbers of its own slices, and what each weighs."""
    prepared, weights = details.prepared, details.answers.weights
    numbers, rows = np.unique(prepared.numbers, return_inverse=True)
    summed = np.bincount(rows, weights) * len(numbers) / weights.sum()
    image = case.images[CT].image
    places = [
        image.TransformPhysicalPointToContinuousIndex(
            prepared.grid.TransformContinuousIndexToPhysicalPoint((0.0, 0.0, float(number)))
        )[2]
        for number in numbers
    ]
    return np.round(np.array(places), 2), summed


def _half_of_weight(case: Case, details: Details) -> Iterator[RegionLayer]:
    """Lung on the slices that carry half of the weight."""
    heaviest, image, lungs = heaviest_slices(details.answers.weights), case.images[CT].image, details.lungs.lungs
    near = details.prepared.to_slices(heaviest.astype(np.float32))
    voxels = sum(int(np.count_nonzero(side[near >= 0.5])) for side in (lungs.right, lungs.left))
    if voxels:
        several = len(np.unique(details.prepared.numbers[heaviest]))
        which = "the slice that carries" if several == 1 else f"the {several} slices that carry"
        region = Region(
            "half-of-weight", f"Lung on {which} half of the weight", CT, segments_path(CT),
            volume_ml=voxels * voxel_ml(image), color=(1.0, 0.6, 0.2),
        )  # fmt: skip
        yield RegionLayer(region, AtLeast(_on_whole_slices(image, near), 0.5, (lungs.right, lungs.left)))


def _tumors(case: Case) -> Iterator[RegionLayer]:
    """The tumor on each CT where one was outlined."""
    for role, title, ct in ((TUMOUR, "Tumor", CT), (PRIOR_TUMOUR, "Tumor on the prior", PRIOR)):
        if role in case.masks:
            tumor = case.masks[role]
            volume = float(tumor.sum() * voxel_ml(case.images[ct].image))
            region = Region(role, title, ct, segments_path(ct), codes.NEOPLASM, volume, _TUMOR_COLOR)
            yield RegionLayer(region, tumor)


def tumor_of(case: Case, image: str, role: str) -> Tumor | None:
    """What was measured of the tumor on a CT; None where it has no mask."""
    if role not in case.masks:
        return None
    volume = case.images[image]
    return measured_tumor(volume.voxels, case.masks[role], volume.image.GetSpacing(), image, role)


def _on_whole_slices(image: SimpleITK.Image, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A volume ``[k, j, i]`` that says ``values`` [k] everywhere on a slice; it takes no memory."""
    return np.broadcast_to(values[:, None, None], image.GetSize()[::-1])


def evidence_map(metadata: SurvivalMetadata, details: Details, image: str) -> Iterator[MapLayer]:
    """What raises the risk in a CT, or on the heaviest of its slices; nothing where the network does not show it."""
    answers = details.answers
    if answers.maps is not None:
        finding = metadata.labels[0].name
        local = raised(answers, heaviest_slices(answers.weights))
        heat = details.prepared.to_volume(local[0] if metadata.preprocessing.kind == "volume" else local)
        method = f"{answers.method} of the risk, relative"
        heat_map = HeatMap(finding, image, method, heat_map_path(image, finding), _LEVELS)
        yield MapLayer(heat_map, heat)


def _attention_map(case: Case, metadata: SurvivalMetadata, details: Details) -> MapLayer:
    """The weight of the slices; of a vision transformer on the places that it looks at."""
    answers, prepared = details.answers, details.prepared
    finding = metadata.labels[0].name
    if answers.attended is None:
        by_slice = prepared.to_slices(answers.weights / answers.weights.max())
        weights = _on_whole_slices(case.images[CT].image, by_slice.clip(0, 1))
        method = "weight of the slices, relative"
    else:
        weights = prepared.to_volume((answers.attended / answers.attended.max()).clip(0, 1))
        method = "weight of the slices times attention to places, relative"
    attention = HeatMap(finding, CT, method, heat_map_path(CT, finding, ATTENTION), _LEVELS, shows=ATTENTION)
    return MapLayer(attention, weights)


def raised(answers: SurvivalAnswers, heaviest: Booleans) -> NDArray[np.float32]:
    """Where the risk is raised above the mean of all places, in shares of the place that raises it most.

    Only the ``heaviest`` slices show it; what lowers the risk is 0. A Grad-CAM knows these slices alone: it counts
    from 0.
    """
    maps = answers.maps
    assert maps is not None
    middle = maps.mean() if answers.method == "cam" else 0.0
    above = np.where(heaviest.reshape(-1, *[1] * (maps.ndim - 1)), maps - middle, 0).clip(0)
    return np.asarray(above / max(float(above.max()), 1e-12), dtype=np.float32)


def _pictures(
    case: Case, metadata: SurvivalMetadata, details: Details, maps: Sequence[MapLayer]
) -> Iterator[PictureLayer]:
    """The heaviest slices with the map of the risk, where there is one; the first of them also as it was read."""
    volume, spacing = case.images[CT], case.images[CT].image.GetSpacing()
    places, weights = _by_slice(case, details)
    finding = metadata.labels[0].name
    heat = next((layer.heat for layer in maps if layer.heat_map.shows == "evidence"), None)
    shown: set[int] = set()
    for place in np.argsort(-weights, kind="stable"):
        k = int(np.clip(round(float(places[place])), 0, len(volume.voxels) - 1))
        if any(abs(k - other) * spacing[2] < 15 for other in shown):  # mm; neighbors show the same
            continue
        gray = LUNG_WINDOW(volume.voxels[k])
        word = f"Weight {number_text(float(weights[place]), 2)} (1: as if all weighed the same)"
        raises = heat is not None and heat[k].max() > 0  # the map is of the slices that carry half of the weight
        if not shown or not raises:
            title = "The next slice by weight" if shown else "The heaviest slice"
            plain = KeyPicture(picture_path(CT, slice_=k), f"{title}, as read. {word}.", CT, k)
            yield PictureLayer(plain, gray, spacing=(spacing[1], spacing[0]), left="R")
        shown.add(k)
        if heat is not None and raises:
            caption = f"{word}; warm: what raises the risk on it most."
            picture = KeyPicture(picture_path(CT, finding, k), caption, CT, k, finding)
            yield PictureLayer(picture, gray, heat[k], (spacing[1], spacing[0]), "R")
        if len(shown) == _PICTURES:
            return
