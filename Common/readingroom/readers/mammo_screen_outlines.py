"""What outlines that a person corrected change in a mammogram's reading: no network is asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..imaging.mammography_exam import VIEW_ROLES
from ..reading import Check, Comparison, Reading
from .answer import CorrectedMask
from .mammo_screen import PRIOR, SIDES, dense_share
from .mammo_screen_answer import breast_densities, density_name, map_check
from .mammo_screen_masks import BREAST, DENSE, mask_roles, outline_name

_TITLES = {role.name: role.title for role in mask_roles()}


def with_outlines(reading: Reading, corrected: CorrectedMask) -> Reading:
    """The reading with density and the share of the maps on the breast by the outlines as they are now."""
    tissue, dense = {}, {}
    for role in VIEW_ROLES:
        names = outline_name(role, BREAST), outline_name(role, DENSE)
        if all(name in corrected.regions for name in names):
            dense[role] = corrected.regions[names[1]]
            tissue[role] = corrected.regions[names[0]] | dense[role]  # a stroke of one may have erased the other
    views = {role: dense_share(tissue[role], dense[role]) for role in tissue}
    now = {density_name(of): share for of, share in (*views.items(), *breast_densities(views).items())}
    told = f"{_TITLES[corrected.role]}: {corrected.source}; dense tissue and the place of the map follow it."
    masks = (mask if mask.role != corrected.role else replace(mask, source=corrected.source)
             for mask in reading.study.masks)  # fmt: skip
    return replace(
        reading,
        study=replace(reading.study, masks=tuple(masks)),
        measurements=tuple(replace(one, value=now.get(one.name, one.value)) for one in reading.measurements),
        comparisons=tuple(_compared(reading, views)),
        checks=tuple(_checked(reading, corrected.maps, tissue)),
        provenance=replace(reading.provenance, notes=tuple(dict.fromkeys((*reading.provenance.notes, told)))),
    )


def _compared(reading: Reading, views: Mapping[str, float]) -> Iterator[Comparison]:
    """Of a breast the views count that the prior has as well."""
    images = {image.role for image in reading.study.images}
    both = breast_densities({role: share for role, share in views.items() if PRIOR + role in images})
    now = {density_name(side): both[side] for side in SIDES if side in both}
    for one in reading.comparisons:
        yield replace(one, now=now.get(one.name, one.now))


def _checked(
    reading: Reading, maps: Mapping[str, NDArray[np.float32]], tissue: Mapping[str, NDArray[np.bool_]]
) -> Iterator[Check]:
    new = map_check(maps, tissue) if set(maps) == set(tissue) else None
    for check in reading.checks:
        yield new if new is not None and check.name == new.name else check
