"""Installed signatures that answer a network's question as well: their probability, measured in the read's regions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..bundles import store
from ..bundles.metadata import SignatureMetadata
from ..errors import CancelledError, InputError, ReadingRoomError
from ..formatting import percent
from ..reading import Check, Finding, Interval, Measurement, OperatingPoint
from .answer import Answer
from .base import ReadContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..bundles.bundle import Bundle
    from ..imaging.volume import Volume
    from ..progress import Progress
    from ..radiomics.features import Features
    from ..radiomics.settings import Settings
    from ..radiomics.signature import Score, Signature

    Regions = Mapping[str, NDArray[np.bool_]]


def with_signatures(
    answer: Answer, finding: str, image: str, volume: Volume, regions: Regions, context: ReadContext
) -> Answer:
    """The answer with what each installed signature of its finding says, and a check of whether both agree.

    A signature that cannot be asked is noted in a sentence; it never ends the read.

    Parameters
    ----------
    finding : name of the network's finding; a signature is asked whose label has it
    image, volume : what is measured, and its role
    regions : ``[k, j, i]`` by mask role; the first is measured for a signature that does not say its region

    Raises
    ------
    CancelledError : the user canceled
    """
    from ..radiomics.signature import load

    (asked,) = (one for one in answer.findings if one.name == finding)
    found: list[Measurement] = []
    used: dict[str, str] = {}
    signatures = _of_finding(finding)
    whole = context.progress
    for number, bundle in enumerate(signatures):
        name = bundle.metadata.name
        context.progress = whole.part(number / len(signatures), (number + 1) / len(signatures))
        try:
            score = _score(load(bundle), volume, regions, context)
        except CancelledError:
            raise
        except ReadingRoomError as error:
            context.note(f"The signature '{name}' was not asked: {error}")
            continue
        _hold_against(asked, name, score, context)
        context.notes += [f"Signature '{name}': {note}" for note in (*score.notes, *score.bundle.warnings)]
        found.append(_measurement(name, score, image))
        used[name] = bundle.sha256
    context.progress = whole
    if not found:
        return answer
    return dataclasses.replace(
        answer, measurements=answer.measurements + tuple(found), settings={**answer.settings, "signatures": used}
    )


def _of_finding(finding: str) -> list[Bundle]:
    """The installed signatures with that label; of one name the user's own, as `store.find` has it."""
    from ..radiomics.signature.signature import READER as RADIOMICS

    by_name = {entry.name: entry.bundle for entry in store.installed()}
    return [
        bundle
        for bundle in by_name.values()
        if bundle is not None
        and isinstance(bundle.metadata, SignatureMetadata)
        and bundle.metadata.reader == RADIOMICS
        and bundle.metadata.labels[0].name == finding
    ]


def _score(signature: Signature, volume: Volume, regions: Regions, context: ReadContext) -> Score:
    """The signature's answer for its own region.

    Raises
    ------
    ReadingRoomError : the region is not there, or cannot be measured as the signature needs it
    """
    from ..radiomics.signature.measured_with import parameters_of

    name, region = signature.metadata.name, signature.metadata.region
    if not region:
        region = next(iter(regions))
        context.note(f"The signature '{name}' does not say which region it is about; '{region}' was measured.")
    if region not in regions:
        raise InputError(f"Its region is '{region}'; there is {_listed(regions)} here.")
    if volume.interpolated:
        raise InputError("Slices are missing, and features are not measured where slices were not imaged.")
    context.progress(0.0, f"Measuring what the signature '{name}' needs.")
    features = _measured(signature, volume, regions[region], context.progress)
    return signature.score(features.values, parameters_of(features.provenance))


def _measured(signature: Signature, volume: Volume, mask: NDArray[np.bool_], progress: Progress) -> Features:
    """The features that the signature needs, as ``readingroom radiomics`` measures them in the same file."""
    import numpy as np
    import SimpleITK

    from ..radiomics.measure import measure

    labels = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    labels.CopyInformation(volume.image)
    return measure(SimpleITK.Cast(volume.image, volume.stored_as), labels, _needed(signature), progress)


def _needed(signature: Signature) -> Settings:
    """The signature's own settings, asking for nothing but its inputs."""
    from ..radiomics.settings import from_parameters
    from ..radiomics.units import feature_class_of, image_type_of

    settings = from_parameters(signature.parameters)
    classes: dict[str, tuple[str, ...]] = {}
    for feature in signature.inputs:
        key = feature_class_of(feature)
        classes[key] = (*classes.get(key, ()), feature.rsplit("_", 1)[-1])
    features = {key: tuple(dict.fromkeys(names)) for key, names in classes.items() if key in settings.features}
    types = [image_type_of(feature) for feature in signature.inputs]
    kinds = {
        kind: options
        for kind, options in settings.image_types.items()
        if any(name.startswith(kind.lower()) for name in types)
    }
    return dataclasses.replace(
        settings, image_types=kinds, features=features, label=1, label_channel=0, provenance=True
    )


def _hold_against(asked: Finding, name: str, score: Score, context: ReadContext) -> None:
    """Say whether network and signature agree; where one has no threshold, that they cannot be compared."""
    network = _said(asked.probability, asked.positive, asked.operating_point)
    own = _said(score.probability.value, score.positive, score.operating_point)
    both = f"{asked.title} has {network} by the network and {own} by the signature."
    if asked.positive is None or score.positive is None:
        context.note(f"The signature '{name}' and the network have no thresholds to be compared at: {both}")
        return
    agree = asked.positive == score.positive
    word = "agrees" if agree else "disagrees"
    sentence = f"The signature '{name}' {word} with the network: {both}"
    context.check(Check(f"signature {name}", "pass" if agree else "warn", sentence))


def _said(probability: float, positive: bool | None, point: OperatingPoint | None) -> str:
    if positive is None or point is None:
        return percent(probability)
    side = "at or above" if positive else "below"
    return f"{percent(probability)} ({side} its threshold '{point.name}', {percent(point.threshold)})"


def _measurement(name: str, score: Score, image: str) -> Measurement:
    interval = score.probability.interval
    return Measurement(
        f"signature-{name}",
        f"{score.title} by the signature '{name}'",
        100 * score.probability.value,
        "%",
        Interval(100 * interval.low, 100 * interval.high, interval.level) if interval is not None else None,
        image=image,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
