"""Outlines of breasts and of dense tissue that a person drew: what a read makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..imaging.mammography_exam import VIEW_ROLES
from .description import MaskRole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .mammo_screen import Film

BREAST, DENSE = "breast", "dense"
TITLES = {BREAST: "Breast", DENSE: "Dense tissue"}


def outline_name(role: str, what: str) -> str:
    """The mask and the region of a view: ``left-cc-breast``, ``left-cc-dense``."""
    return f"{role}-{what}"


def mask_roles() -> Iterator[MaskRole]:
    """Breast and dense tissue of each view of the exam, both without the pectoral muscle; a breast may be fat alone."""
    for role in VIEW_ROLES:
        side, view = role.split("-")
        for what, title in TITLES.items():
            name = outline_name(role, what)
            yield MaskRole(name, f"{title}, {side} {view.upper()}", image=role, may_be_empty=what == DENSE)


def with_masks(film: Film, role: str, masks: Mapping[str, NDArray[np.bool_]]) -> Film:
    """A view whose breast and dense tissue are those of the masks that were given for it.

    Dense tissue lies in the breast: where it was drawn, there is breast.
    """
    from ..imaging.breast import with_tissue

    given = {
        what: masks[name].reshape(film.gray.shape) for what in TITLES if (name := outline_name(role, what)) in masks
    }
    if not given:
        return film
    tissue = given.get(BREAST, film.breast.tissue)
    dense = given.get(DENSE)
    breast = with_tissue(film.breast, tissue if dense is None else tissue | dense)
    return replace(film, breast=breast, drawn_dense=dense)
