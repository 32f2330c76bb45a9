"""What a network said of a mammography exam, as the radiologist sees it: findings of each breast, maps, density.

The maps of all views share one scale: 1 is the hottest place of the exam. A place of the map is evidence on a coarse
grid, and its box an attention box; neither is the outline of a lesion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..bundles.metadata import ClassifierMetadata
from ..formatting import percent
from ..imaging.mammography_exam import VIEW_ROLES
from ..reading import Box, Check, Finding, HeatMap, KeyPicture, Measurement, OperatingPoint, PredictionSet, Region
from ..trust.mammogram_checks import view_title
from .answer import Answer, Case, MapLayer, PictureLayer, Prediction, RegionLayer
from .base import ReadContext
from .mammo_screen import SIDES, breast_logits, positive_label
from .mammo_screen_masks import BREAST, DENSE, TITLES, outline_name
from .results import heat_map_path, picture_path, segments_path

if TYPE_CHECKING:
    from ..bundles.metadata import Label
    from .mammo_screen import Details, Film

Heat = NDArray[np.float32]

EITHER = "either-breast"
_HUNG = ("right-cc", "left-cc", "right-mlo", "left-mlo")  # as films hang, row by row
_LEVELS = (0.5, 0.75)  # of the hottest place of the exam
_CENTERED_BOX = 0.25  # side of the box of fixed size, in shares of the network's input
_MOST_OUTSIDE = 0.5  # of the map, outside of the tissue
_BREAST_COLOR, _DENSE_COLOR = (0.3, 0.7, 0.9), (0.9, 0.9, 0.5)
# Of the deletion curve: enough to judge a map by, at 13 forward passes of one view.
_REMOVED, _REPEATS, _BATCH = (0.0, 0.1, 0.2, 0.4), 3, 4


def breast_name(side: str) -> str:
    """The finding of a breast."""
    return f"{side}-breast"


def answer_of(case: Case, prediction: Prediction, context: ReadContext) -> Answer:
    """Findings, maps, regions and measurements; adds the checks of distance and of the map's place to the context."""
    metadata, details = context.bundle.of_kind(ClassifierMetadata), prediction.details
    _check_distance(prediction, details, context)
    found, sets = _findings(details, metadata)
    heats = heats_of(case, details)
    context.check(map_check(heats, {role: case.images[role].outline.tissue for role in heats}))
    maps = tuple(_layer(case, role, heat, details) for role, heat in heats.items())
    titles = {finding.name: finding.title for finding in found}
    return Answer(
        findings=found,
        prediction_sets=sets,
        measurements=tuple(_of_views(details, metadata)),
        maps=maps,
        pictures=tuple(_pictures(case, maps, titles)),
        settings={
            "preprocessing": metadata.preprocessing.preset,
            "aggregation": metadata.aggregation,
            "map": details.method,
            "map_layer": details.layer,
            "attention_boxes_of_fixed_size": {
                role: [*box.start, *box.stop] for role, box in _centered_boxes(case, heats, details).items()
            },
        },
    )


def _check_distance(prediction: Prediction, details: Details, context: ReadContext) -> None:
    """By the view that is furthest from the training pictures."""
    from ..trust.checks import distance_check

    statistics = context.model.statistics
    if statistics is None or prediction.embedding is None:
        return
    now = [number for number, role in enumerate(details.roles) if role in VIEW_ROLES]
    context.check(distance_check(float(statistics.distance(prediction.embedding[now]).max()), statistics))


def _findings(details: Details, metadata: ClassifierMetadata) -> tuple[tuple[Finding, ...], tuple[PredictionSet, ...]]:
    """One finding for each breast, and, where both are there, one for the woman: the more suspicious breast's."""
    from .probabilities import calibrate, findings, prediction_sets

    label = metadata.labels[positive_label(metadata)]
    found: list[Finding] = []
    sets: list[PredictionSet] = []
    for side, logits in breast_logits(details.roles, details.logits, metadata).items():
        calibrated = calibrate(metadata, logits)
        one = findings(metadata, calibrated)[positive_label(metadata)]
        found.append(_renamed(one, breast_name(side), f"{label.title}, {side} breast"))
        sets += [
            replace(each, labels=tuple(_word(name, metadata.labels) for name in each.labels), finding=breast_name(side))
            for each in prediction_sets(metadata, calibrated.probabilities)
        ]
    if len(found) == len(SIDES):
        worse = max(found, key=lambda finding: finding.probability)
        either = _renamed(worse, EITHER, f"{label.title} in either breast")
        # What the points did was measured on breasts, not on women.
        points = tuple(OperatingPoint(EITHER, point.name, point.threshold) for point in either.operating_points)
        found.append(replace(either, operating_points=points))
    return tuple(found), tuple(sets)


def _renamed(finding: Finding, name: str, title: str) -> Finding:
    points = tuple(replace(point, finding=name) for point in finding.operating_points)
    return replace(finding, name=name, title=title, operating_points=points)


def _word(name: str, labels: Sequence[Label]) -> str:
    return next(label.title for label in labels if label.name == name).lower()


def _of_views(details: Details, metadata: ClassifierMetadata) -> Iterator[Measurement]:
    """The calibrated probability of each view of the exam alone."""
    from .probabilities import calibrate

    positive = positive_label(metadata)
    found = dict(zip(details.roles, details.logits, strict=True))
    for role in _HUNG:
        if role in found:
            share = 100 * float(calibrate(metadata, found[role]).probabilities[positive])
            title = metadata.labels[positive].title
            yield Measurement(f"probability-{role}", title, share, "%", image=role, part=_capital(view_title(role)))


def heats_of(case: Case, details: Details) -> dict[str, Heat]:
    """The maps of the exam's views on their blocks ``[j, i]``, 1 at the hottest place of all; evidence against is 0."""
    raw = np.maximum(details.maps, 0)
    now = [number for number, role in enumerate(details.roles) if role in VIEW_ROLES]
    hottest = max(float(raw[now].max()), 1e-12)
    return {
        (role := details.roles[number]): np.clip(
            details.prepared[number].to_input(raw[number] / hottest, case.images[role].block), 0, 1
        )
        for number in now
    }


def _layer(case: Case, role: str, heat: Heat, details: Details) -> MapLayer:
    from ..explain.box import strongest_region

    finding, film = breast_name(role.partition("-")[0]), case.images[role]
    searched = heat * film.outline.tissue  # the pectoral muscle draws attention and is none of the breast
    box = strongest_region(searched, _LEVELS[-1]) if searched.max() >= _LEVELS[0] else None
    if box is not None:
        box = _in_pixels(box, film)
    heat_map = HeatMap(finding, role, details.method, heat_map_path(role, finding), _LEVELS, box)
    return MapLayer(heat_map, film.placed(heat))


def _in_pixels(box: Box, film: Film) -> Box:
    """A box of blocks in pixels of the view."""
    columns, rows = film.gray.shape[::-1]
    ends = (min(end * film.block, size) for end, size in zip(box.stop, (columns, rows), strict=True))
    return Box(tuple(film.block * at for at in box.start), tuple(ends))


def _centered_boxes(case: Case, heats: dict[str, Heat], details: Details) -> dict[str, Box]:
    """Boxes of one size around the hottest place of each view, the other way in which such a box is drawn."""
    from ..explain.box import centered_box

    boxes = {}
    for role, heat in heats.items():
        prepared = details.prepared[details.roles.index(role)]
        film, extents = case.images[role], prepared.extent or tuple((0, size) for size in prepared.shape)
        rows, columns = (max(1, round(_CENTERED_BOX * (end - first) / film.block)) for first, end in extents)
        if box := centered_box(heat * film.outline.tissue, (columns, rows)):
            boxes[role] = _in_pixels(box, film)
    return boxes


def map_check(heats: Mapping[str, Heat], tissue: Mapping[str, NDArray[np.bool_]]) -> Check:
    """How much of the maps lies on the breast, without the muscle; both by view and of one shape."""
    total = sum(float(heat.sum(dtype=np.float64)) for heat in heats.values())
    if total <= 0:
        return Check("map in the breast", "warn", "The maps are empty: no place of the views speaks for the finding.")
    inside = sum(float(heat[tissue[role]].sum(dtype=np.float64)) for role, heat in heats.items())
    outside = 1 - inside / total
    if outside > _MOST_OUTSIDE:
        sentence = (
            f"{percent(outside)} of the maps lie outside of the breast or on muscle: the answer may rest on that."
        )
        return Check.of_share("map in the breast", "warn", sentence, outside, _MOST_OUTSIDE)
    sentence = f"{percent(1 - outside)} of the maps lie on the breast."
    return Check.of_share("map in the breast", "pass", sentence, outside, _MOST_OUTSIDE)


def with_dense_tissue(case: Case, answer: Answer) -> Answer:
    """The answer with the outlines of breasts and dense tissue, and how much there is of it."""
    return replace(answer, measurements=(*answer.measurements, *_densities(case)), regions=tuple(_regions(case)))


def density_name(of: str) -> str:
    """The measurement of a breast (``left``) or of a view (``left-cc``)."""
    return f"density-{of}"


def breast_densities(views: Mapping[str, float]) -> dict[str, float]:
    """Of each breast the mean of its views."""
    own = {side: [share for role, share in views.items() if role.startswith(side)] for side in SIDES}
    return {side: float(np.mean(shares)) for side, shares in own.items() if shares}


def _densities(case: Case) -> Iterator[Measurement]:
    """Of each breast the mean of its views, then each view's own."""
    views = {role: case.images[role].density for role in _HUNG if role in case.images}
    for side, share in breast_densities(views).items():
        yield Measurement(density_name(side), f"Dense tissue by area, {side} breast", share, "%")
    for role, share in views.items():
        part = _capital(view_title(role))
        yield Measurement(density_name(role), TITLES[DENSE], share, "%", image=role, part=part)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _regions(case: Case) -> Iterator[RegionLayer]:
    for role in VIEW_ROLES:
        if role not in case.images:
            continue
        film = case.images[role]
        for what, mask, color in (
            (BREAST, film.outline.tissue, _BREAST_COLOR),
            (DENSE, film.dense, _DENSE_COLOR),
        ):
            title = f"{TITLES[what]}, {view_title(role)}"
            region = Region(outline_name(role, what), title, role, segments_path(role), color=color)
            yield RegionLayer(region, film.placed(mask))


def _pictures(case: Case, maps: Sequence[MapLayer], titles: dict[str, str]) -> Iterator[PictureLayer]:
    """Each view as read, then each with its map, in the order in which films hang."""
    maps = sorted(maps, key=lambda layer: _HUNG.index(layer.heat_map.image))
    for layer in maps:
        role = layer.heat_map.image
        caption = f"The {view_title(role)} view as read."
        film = case.images[role]
        yield PictureLayer(KeyPicture(picture_path(role), caption, role), film.small, block=film.block)
    for layer in maps:
        heat_map = layer.heat_map
        caption = f"{view_title(heat_map.image)}: where “{titles[heat_map.finding]}” comes from ({heat_map.method})."
        if heat_map.box is not None:
            caption += f" The box holds the hottest region (map at least {percent(heat_map.levels[-1])} of its own "
            caption += "hottest place); it is no outline of a lesion."
        path = picture_path(heat_map.image, heat_map.finding)
        picture = KeyPicture(path, _capital(caption), heat_map.image, finding=heat_map.finding)
        film = case.images[heat_map.image]
        yield PictureLayer(picture, film.small, np.asarray(layer.heat).reshape(film.small.shape), block=film.block)


def with_deletion_curve(case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
    """The answer with the deletion curve of the view with the hottest map, and the check of it."""
    import torch
    from torch import Tensor

    from ..device import run_in_batches
    from ..explain.faithfulness import deletion_curve
    from ..trust.checks import faithfulness_check
    from .probabilities import calibrate

    details: Details = prediction.details
    metadata, network = context.bundle.of_kind(ClassifierMetadata), context.model.network
    positive = positive_label(metadata)
    own = [layer for layer in answer.maps if layer.heat_map.shows == "evidence"]
    hottest = max(own, key=lambda layer: float(layer.heat.max()))
    number = details.roles.index(hottest.heat_map.image)
    at_once = 1 if context.device.type == "cpu" else _BATCH

    def probability(batch: Tensor) -> Tensor:
        logits = run_in_batches(network, batch, at_once, context.device, context.note, network).double().numpy()
        return torch.tensor([calibrate(metadata, row).probabilities[positive] for row in logits])

    curve = deletion_curve(
        probability,
        torch.from_numpy(details.prepared[number].pixels),
        details.maps[number],
        fractions=_REMOVED,
        repeats=_REPEATS,
        batch_size=_BATCH,
    )
    if curve is None:
        return answer
    finding = next(finding for finding in answer.findings if finding.name == hottest.heat_map.finding)
    if finding.positive:
        context.check(faithfulness_check(curve, finding.title))
    tested = replace(hottest, heat_map=replace(hottest.heat_map, faithfulness=curve))
    return replace(answer, maps=tuple(tested if layer is hottest else layer for layer in answer.maps))
