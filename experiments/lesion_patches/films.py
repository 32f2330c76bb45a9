"""Films as the experiment sees them: cut to the breast, chest wall on the left, with their lesions in millimeters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from readingroom.csv_table import read_csv
from readingroom.errors import InputError
from readingroom.imaging.breast import find_breast
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.learning.cohorts.cohort import Cohort, Row

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

PIXEL = 0.2667  # mm, of every film: that of mini-MIAS at 768 x 768
STEP = 12  # pixels between two places that are asked
LEAST_RADIUS = 5.0  # mm; a place as near to the center of a lesion lies on it, however small it was drawn
_ROUND = 32  # pixels; the network halves its input five times


@dataclass(frozen=True, eq=False)
class Lesions:
    """Lesions of one film.

    Parameters
    ----------
    centers, radii : (lesions, 2) row and column, and (lesions,), in mm
    malignant, kinds : (lesions,) the kind as the table has it
    everywhere : one of them has no place, so that nothing of the film is known to be normal
    """

    centers: Floats
    radii: Floats
    malignant: Booleans
    kinds: tuple[str, ...] = ()
    everywhere: bool = False

    @property
    def reach(self) -> Floats:
        """(lesions,) mm from the center within which a place lies on the lesion."""
        return np.maximum(self.radii, LEAST_RADIUS)


@dataclass(frozen=True, eq=False)
class Film:
    """A film.

    Parameters
    ----------
    gray : ``[j, i]`` of the breast's box, 0 to 1 between the darkest and the brightest tissue; multiples of 32
    tissue : ``[j, i]`` the breast without the pectoral muscle
    """

    gray: NDArray[np.float32]
    tissue: Booleans
    lesions: Lesions

    @property
    def grid(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns, in pixels, at whose crossings the network is asked."""
        rows, columns = (np.arange(STEP // 2, size, STEP) for size in self.gray.shape)
        return rows, columns

    @cached_property
    def on_tissue(self) -> Booleans:
        """``[rows, columns]`` of the grid: which crossings lie on tissue."""
        return self.tissue[np.ix_(*self.grid)]

    @cached_property
    def places(self) -> Floats:
        """(places, 2) row and column, in mm, of the crossings on tissue."""
        rows, columns = self.grid
        across = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        return np.asarray((across[self.on_tissue] + 0.5) * PIXEL)


def read_lesions(path: Path) -> dict[str, list[Mapping[str, str]]]:
    """Lesions by study, from a table ``study_id, x, y, radius, severity, kind``: pixels of the film, rows from the top.

    ``severity`` is M where it is malignant; a lesion without ``x`` is known to be there, and not where.

    Raises
    ------
    InputError : the table cannot be read, or a column is missing
    """
    found: dict[str, list[Mapping[str, str]]] = {}
    for record in read_csv(path).records(needed=("study_id", "x", "y", "radius", "severity", "kind")):
        found.setdefault(record["study_id"], []).append(record)
    return found


def read_films(cohort: Cohort, lesions: Mapping[str, Sequence[Mapping[str, str]]], pixel: float) -> list[Film]:
    """The film of each row; a row that the table of lesions does not name is normal.

    Parameters
    ----------
    pixel : mm, of the films as they are stored

    Raises
    ------
    InputError : a film or a number cannot be read, a lesion's study is not in the cohort, or a row has several images
    """
    if several := [row.study_id for row in cohort.rows if len(row.images) > 1]:
        raise InputError(
            f"Study '{several[0]}' has several images; lesions are listed by film, so give each its own row."
        )
    if unknown := sorted(lesions.keys() - {row.study_id for row in cohort.rows}):
        raise InputError(f"The lesions of study '{unknown[0]}' have no film in the cohort.")
    return [_film(row, lesions.get(row.study_id, ()), pixel) for row in cohort.rows]


def with_lesions_moved(films: Sequence[Film], seed: int) -> list[Film]:
    """The same films, each lesion in the list at a random place of the tissue instead: nothing there can be learned."""
    random = np.random.default_rng(seed)
    found = []
    for film in films:
        if len(film.places) and len(film.lesions.radii):
            centers = film.places[random.integers(0, len(film.places), len(film.lesions.radii))]
            film = replace(film, lesions=replace(film.lesions, centers=centers))
        found.append(film)
    return found


def digest(films: Sequence[Film]) -> str:
    """Of all pixels that a network is given: they depend on the outline of the breast."""
    found = hashlib.sha256()
    for film in films:
        found.update(repr(film.gray.shape).encode() + film.gray.tobytes())
    return found.hexdigest()


def _film(row: Row, lesions: Sequence[Mapping[str, str]], pixel: float) -> Film:
    gray = load_radiograph(open_image(row.image, next(iter(row.images))).image).gray
    gray = _scaled(gray, pixel / PIXEL)
    breast = find_breast(gray)
    rows, columns = (np.flatnonzero(breast.mask.any(axis=axis)) for axis in (1, 0))
    top, left, right = int(rows[0]), int(columns[0]), int(columns[-1]) + 1
    box = (slice(top, int(rows[-1]) + 1), slice(left, right))
    tissue = breast.tissue[box]
    dark, bright = np.percentile(gray[box][tissue], (1, 99)) if tissue.any() else (0.0, 1.0)
    shown = np.clip((gray[box] - dark) / max(bright - dark, 1e-3), 0, 1).astype(np.float32)
    turned = breast.chest_wall == "right"
    if turned:
        shown, tissue = shown[:, ::-1], tissue[:, ::-1]

    def place(lesion: Mapping[str, str]) -> tuple[float, float]:
        x, y = _number(lesion, "x") * pixel, _number(lesion, "y") * pixel
        return y - top * PIXEL, (right * PIXEL - x) if turned else (x - left * PIXEL)

    placed = [lesion for lesion in lesions if lesion["x"]]
    found = Lesions(
        np.array([place(lesion) for lesion in placed], dtype=np.float64).reshape(-1, 2),
        np.array([_number(lesion, "radius") * pixel for lesion in placed], dtype=np.float64),
        np.array([lesion["severity"] == "M" for lesion in placed], dtype=bool),
        tuple(lesion["kind"] for lesion in placed),
        len(placed) < len(lesions),
    )
    margins = [(0, -size % _ROUND) for size in shown.shape]
    return Film(np.pad(shown, margins), np.pad(tissue, margins), found)


def _scaled(gray: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    if abs(factor - 1) < 1e-3:
        return gray
    height, width = (max(1, round(size * factor)) for size in gray.shape)
    resampling = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(gray).resize((width, height), resampling), dtype=np.float32)


def _number(lesion: Mapping[str, str], column: str) -> float:
    try:
        return float(lesion[column])
    except ValueError as error:
        raise InputError(
            f"The {column} of a lesion of study '{lesion['study_id']}' is '{lesion[column]:.40}', not a number."
        ) from error
