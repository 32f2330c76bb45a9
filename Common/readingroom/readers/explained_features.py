"""What the features of a network follow in one patient: which of them speak, what they are in handcrafted words, how
far the patient lies from the training cohort, and where each is active.

Works for every reader whose bundle keeps explained features (`readingroom.bundles.explained`) and that has the mask
they are measured in. The model of explained features stands beside the network and changes no answer of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..bundles.explained import DeepFeature, ExplainedFeatures, HandcraftedFeature, Spread, logit
from ..bundles.metadata import ClassifierMetadata
from ..errors import InputError
from ..formatting import counted, decimal, percent
from ..imaging.between_slices import Heat
from ..radiomics import handcrafted
from ..radiomics.units import unit
from ..reading import (
    Check,
    FeatureExplanation,
    FeatureValue,
    Finding,
    Followed,
    HeatMap,
    ModelAnswer,
    ModelKind,
    Reading,
    SpeakingFeature,
    Status,
)
from .answer import Answer, CorrectedMask, MapLayer
from .results import heat_map_path

if TYPE_CHECKING:
    import SimpleITK

    from .base import ReadContext

Floats32 = NDArray[np.float32]

_MOST_MAPS = 8  # of speaking features, the strongest first; each is a volume of the image's size
_NEAR, _MOST_APART = 0.1, 0.3  # between the probabilities of the network and of the explained features
_MOST_OUTSIDE = 0.25  # of the handcrafted features beyond the range of the training cohort

_TITLES: Mapping[ModelKind, str] = {
    "network": "Network",
    "explained": "Explained features",
    "handcrafted": "Handcrafted features",
}


def with_explained(
    answer: Answer,
    image_role: str,
    image: SimpleITK.Image,
    masks: Mapping[str, NDArray[np.bool_]],
    embedding: NDArray[np.float64] | None,
    feature_maps: NDArray[np.floating] | None,
    to_volume: Callable[[NDArray[np.floating]], Heat],
    context: ReadContext,
) -> Answer:
    """The answer with what the features of its network follow, where the bundle knows it; adds checks to the context.

    Parameters
    ----------
    image_role, image : what the network read
    masks : by role, ``[k, j, i]`` on its grid
    embedding : (features,) of the network
    feature_maps : (features, k, j, i) whose means over places are the embedding, but for a constant each; None where
        the network has none
    to_volume : a map of the network on the voxels of the image
    """
    metadata = context.bundle.of_kind(ClassifierMetadata)
    known = metadata.explained
    if known is None or embedding is None or all(one.name != known.finding for one in answer.findings):
        return answer
    if len(embedding) != known.deep_count:
        context.note("The bundle explains the features of another network: they are left out.")
        return answer
    context.progress.raise_if_canceled()
    values, notes = _measured(known, image, masks.get(known.mask))
    asked = next(one for one in answer.findings if one.name == known.finding)
    explained = explanation_of(known, image_role, embedding, values, asked.probability, notes)
    context.check(*checks_of(explained, _threshold(asked)))
    layers = []
    for feature in explained.speaking[:_MOST_MAPS] if feature_maps is not None else ():
        assert feature_maps is not None
        context.progress.raise_if_canceled()
        number = _number(feature.name)
        spread = next(one.spread for one in known.deep if one.number == number)
        heat = to_volume(active_places(feature_maps[number], embedding[number], spread))
        path = heat_map_path(image_role, known.finding, "feature", feature.name)
        shown = HeatMap(known.finding, image_role, "feature, local", path, shows="feature", feature=feature.name)
        layers.append(MapLayer(shown, heat))
    return replace(answer, maps=(*answer.maps, *layers), explained=explained)


def explanation_of(
    known: ExplainedFeatures,
    image_role: str,
    embedding: NDArray[np.float64],
    values: Mapping[str, float],
    probability: float,
    notes: tuple[str, ...] = (),
) -> FeatureExplanation:
    """What a bundle's explained features say of one patient.

    Parameters
    ----------
    embedding : (features,) of the network
    values : handcrafted features by name, NaN where not defined; empty where they could not be measured
    probability : of the network, of the finding
    """
    spoken = [one for one in known.deep if one.coefficient]
    speaking = [
        _speaking(one, title, float(embedding[one.number])) for one, title in zip(spoken, _titles(spoken), strict=True)
    ]
    speaking.sort(key=lambda one: -abs(one.contribution))
    said = logit(known.intercept, ((one.coefficient, one.spread.z(embedding[one.number])) for one in known.deep))
    answers = [_answer("network", probability), _answer("explained", float(special.expit(said)))]
    explained = FeatureExplanation(
        finding=known.finding,
        image=image_role,
        mask=known.mask,
        correlation=known.correlation,
        least=known.least,
        patients=known.patients,
        deep_count=known.deep_count,
        explained_count=len(known.deep),
        speaking=tuple(speaking),
        answers=tuple(answers),
        notes=notes,
    )
    return _with_values(explained, known, values)


def with_corrected_mask(reading: Reading, corrected: CorrectedMask, known: ExplainedFeatures | None) -> Reading:
    """The reading with its handcrafted features measured anew inside a corrected mask; the network is not asked again.

    Loads no network and no torch.
    """
    explained = reading.explained
    if explained is None or known is None or corrected.role != known.mask:
        return reading
    import SimpleITK

    voxels = SimpleITK.GetArrayFromImage(corrected.mask) > 0
    values, notes = _measured(known, corrected.image, voxels)
    said = f"Measured anew inside the mask ({corrected.source}); the network saw the earlier one: read again to ask it."
    changed = _with_values(replace(explained, notes=(*notes, said)), known, values)
    checks = checks_of(changed, _threshold(reading.finding(explained.finding)))
    names = {check.name for check in checks}
    others = tuple(check for check in reading.checks if check.name not in names)
    return replace(reading, explained=changed, checks=(*others, *checks))


def active_places(feature_map: NDArray[np.floating], value: float, spread: Spread) -> Floats32:
    """A map ``[k, j, i]`` of a feature, 0 to 1: where it lies on the patient's side of the training cohort's mean.

    The mean over places of the map is the feature's value, so that the places say how it comes about.
    """
    places = feature_map.astype(np.float64)
    departs = (places - places.mean() + value - spread.center) * (1 if value >= spread.center else -1)
    found: Floats32 = (departs.clip(0) / max(float(departs.max()), 1e-12)).astype(np.float32)
    return found


def checks_of(explained: FeatureExplanation, threshold: float = 0.5) -> tuple[Check, ...]:
    """Whether the explained features account for the network's answer, and whether the patient is like the cohort.

    Parameters
    ----------
    threshold : from which probability on the finding is called
    """
    found = []
    network, own = explained.answer("network"), explained.answer("explained")
    if network is not None and own is not None and explained.speaking:
        found.append(_agreement(own.probability, network.probability, threshold))
    known = [one for one in explained.handcrafted if one.share_below is not None and one.z is not None]
    if known:
        outside = sum(_is_outside(one) for one in known)
        share = outside / len(known)
        words = (
            f"{outside} of {counted(len(known), 'handcrafted feature')} lie beyond the range of the "
            f"{counted(explained.patients, 'training patient')}"
        )
        status: Status = "warn" if share > _MOST_OUTSIDE else "pass"
        found.append(Check.of_share("handcrafted features", status, f"{words}.", share, _MOST_OUTSIDE))
    return tuple(found)


def _agreement(own: float, network: float, threshold: float) -> Check:
    """Whether the explained features come to the answer of the network: to its call, and to its probability."""
    name, apart, same_call = "explained features", abs(network - own), (own >= threshold) == (network >= threshold)
    both = f"{percent(own)} by the explained features alone, {percent(network)} by the network"
    if apart > _MOST_APART:
        return Check.of_share(
            name, "warn", f"What is explained does not account for the answer: {both}.", apart, _MOST_APART
        )
    if not same_call:
        words = f"The explained features come to the other side of {percent(threshold)}: {both}."
        return Check.of_share(name, "warn" if apart > _NEAR else "pass", words, apart, _NEAR)
    if apart > _NEAR:
        words = f"The explained features point the same way, with another probability: {both}."
        return Check.of_share(name, "pass", words, apart, _MOST_APART)
    return Check.of_share(name, "pass", f"The explained features come to nearly the same answer: {both}.", apart, _NEAR)


def _threshold(finding: Finding) -> float:
    return finding.operating_point.threshold if finding.operating_point is not None else 0.5


def _is_outside(feature: FeatureValue) -> bool:
    return feature.share_below in (0.0, 1.0)


def _measured(
    known: ExplainedFeatures, image: SimpleITK.Image, voxels: NDArray[np.bool_] | None
) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """The handcrafted features by name, or a sentence why there are none."""
    if voxels is None:
        return {}, (f"There is no mask '{known.mask}', inside which handcrafted features would be measured.",)
    try:
        return handcrafted.measure_handcrafted(image, voxels, known.measured), ()
    except InputError as error:
        return {}, (f"Handcrafted features could not be measured: {error}",)


def _with_values(
    explained: FeatureExplanation, known: ExplainedFeatures, values: Mapping[str, float]
) -> FeatureExplanation:
    """The explanation with these handcrafted values, and the answer of the model on them."""
    answers = tuple(one for one in explained.answers if one.kind != "handcrafted")
    if not values:
        return replace(explained, handcrafted=(), answers=answers)
    shown = tuple(_value(one, values.get(one.name, math.nan)) for one in known.handcrafted)
    by_name = {one.name: one for one in shown}
    # What is not defined counts as the mean of the cohort, as it did in training.
    terms = ((one.coefficient, by_name[one.name].z or 0.0) for one in known.handcrafted)
    said = float(special.expit(logit(known.handcrafted_intercept, terms)))
    return replace(explained, handcrafted=shown, answers=(*answers, _answer("handcrafted", said)))


def _answer(kind: ModelKind, probability: float) -> ModelAnswer:
    return ModelAnswer(kind, _TITLES[kind], probability)


def _titles(features: Sequence[DeepFeature]) -> list[str]:
    """What each feature follows, in words that no other has: the strongest, with the next, with the correlation."""
    ways = [_ways_to_say(feature) for feature in features]
    alone = [[said for said in own if sum(said in other for other in ways) == 1] for own in ways]
    return [(unshared or own[-1:])[0] for unshared, own in zip(alone, ways, strict=True)]


def _ways_to_say(feature: DeepFeature) -> list[str]:
    first, *others = (handcrafted.in_words(one.name, one.correlation) for one in feature.partners)
    further = [f"{first}, also {other[:1].lower()}{other[1:]}" for other in others[:1]]
    return [first, *further, f"{first}, correlation {decimal(feature.partners[0].correlation, signed=True)}"]


def _speaking(feature: DeepFeature, title: str, value: float) -> SpeakingFeature:
    z = feature.spread.z(value)
    return SpeakingFeature(
        name=f"deep-{feature.number}",
        title=title,
        value=value,
        z=z,
        share_below=feature.spread.share_below(value),
        weight=feature.coefficient,
        contribution=feature.coefficient * z,
        selected=feature.selected,
        follows=tuple(Followed(one.name, one.correlation, one.stability, one.held_out) for one in feature.partners),
    )


def _value(feature: HandcraftedFeature, value: float) -> FeatureValue:
    defined, title = math.isfinite(value), handcrafted.title(feature.name)
    named = FeatureValue(
        feature.name, f"{title[:1].upper()}{title[1:]}", value if defined else None, unit(feature.name)
    )
    if not defined or feature.spread is None:
        return named
    return replace(named, z=feature.spread.z(value), share_below=feature.spread.share_below(value))


def _number(name: str) -> int:
    return int(name.removeprefix("deep-"))
