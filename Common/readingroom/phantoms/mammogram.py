"""Mammograms that belong to nobody: four views, with lesions and what only looks like one if asked for.

A breast is a half disk at the chest wall, of fat and of tissue whose texture follows a power law, as that of real
mammograms does (Burgess 2001). A lesion has a place in the breast, so that both of its views show it in the same
quadrant at the same distance from the nipple. It is plausible to a check and to an eye at a distance, not to a
radiologist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, generate_uid
from scipy import ndimage

from .benign_breast import BENIGN_KINDS, BenignKind, benign_structure
from .dicom_files import stored, write_dicom

Side = Literal["left", "right"]
View = Literal["cc", "mlo"]
Margin = Literal["circumscribed", "indistinct", "spiculated"]
Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ROLES: tuple[tuple[Side, View], ...] = (("left", "cc"), ("left", "mlo"), ("right", "cc"), ("right", "mlo"))
_POWER = 1.5  # half the exponent of the power spectrum of breast tissue
_SPOT = 0.0028  # radius of a calcification in a cluster, in shares of the columns
_OBLIQUE = 0.4  # how much of the way outward an MLO view shows as a way upward
_CODES = {"cc": ("399162004", "cranio-caudal"), "mlo": ("399368009", "medio-lateral oblique")}


@dataclass(frozen=True)
class Lesion:
    """Something in one breast.

    Parameters
    ----------
    kind : a ``mass``, a cluster of ``calcifications``, an ``asymmetry`` (soft, without a border), or what is never a
        lesion, see `benign_breast`
    depth : from the nipple (0) to the chest wall (1)
    outer : -1 at the inner border of the breast, 1 at the outer one
    upper : -1 at the lower border, 1 at the upper one
    radius : in shares of the depth of the breast
    margin : of a mass
    strength : how much it absorbs; 1 is about what dense tissue does
    benign : it looks as it does, and is none of a `Mammogram`'s lesions; what is never a lesion always is
    """

    kind: Literal["mass", "calcifications", "asymmetry"] | BenignKind = "mass"
    depth: float = 0.5
    outer: float = 0.3
    upper: float = 0.3
    radius: float = 0.09
    margin: Margin = "spiculated"
    strength: float = 1.0
    benign: bool = False


@dataclass(frozen=True, eq=False)
class Mammogram:
    """One view.

    Parameters
    ----------
    gray : ``[j, i]`` float32, 0 black to 1 white; the chest wall of a left breast is at the left edge
    breast, muscle, dense, lesions, benign : ``[j, i]`` where each lies; the breast includes the muscle
    """

    side: Side
    view: View
    gray: NDArray[np.float32]
    breast: Booleans
    muscle: Booleans
    dense: Booleans
    lesions: Booleans
    benign: Booleans

    @property
    def role(self) -> str:
        """``left-cc`` ... ``right-mlo``."""
        return f"{self.side}-{self.view}"


def mammogram(
    side: Side = "left",
    view: View = "cc",
    seed: int = 0,
    lesions: Sequence[Lesion] = (),
    dense: float = 0.25,
    rows: int = 320,
    columns: int = 256,
    marker: bool = True,
) -> Mammogram:
    """One view of a breast.

    The same ``seed`` gives the same woman; both her breasts are of one size, their tissue differs.

    Parameters
    ----------
    dense : share of dense tissue in the breast, without the muscle
    marker : letters of side and view in the outer corner

    Raises
    ------
    ValueError : fewer than 64 rows or columns, or a share of dense tissue that is not between 0 and 1
    """
    if min(rows, columns) < 64:
        raise ValueError(f"A mammogram of {columns} x {rows} pixels shows nothing; give at least 64 x 64.")
    if not 0 < dense < 1:
        raise ValueError(f"A share of dense tissue of {dense} is not between 0 and 1.")
    woman = np.random.default_rng(seed)
    width, height = woman.uniform(0.6, 0.75), woman.uniform(0.36, 0.42)
    random = np.random.default_rng((seed, side == "right", view == "mlo"))
    shape = _Shape(view, rows, columns, width, height)
    x, y = shape.grid()
    rim = shape.rim(x, y)
    breast, muscle = rim > 0, shape.muscle(x, y)
    thickness = np.clip(rim, 0, 1) ** 0.25
    tissue = _power_law(random, rows, columns)
    noise = random.normal(0, 0.006, tissue.shape)
    cone = np.exp(-(((x / width - 0.5) / 0.45) ** 2 + ((y - shape.nipple) / (0.75 * height)) ** 2))
    glandular = tissue + 2 * cone
    inside = breast & ~muscle
    limit = np.quantile(glandular[inside], 1 - dense)
    softness = 0.15 * float(np.std(glandular[inside]))
    share = 1 / (1 + np.exp(-np.clip((glandular - limit) / softness, -50, 50)))
    attenuation = 0.28 + 0.03 * tissue + 0.22 * share
    attenuation = np.where(muscle, 0.62 + 0.02 * tissue, attenuation)
    found, benign = np.zeros((2, rows, columns), dtype=bool)
    for lesion in lesions:
        added, place = _lesion(lesion, shape, x, y, random)
        attenuation += lesion.strength * added * ~muscle
        where = benign if lesion.benign or lesion.kind in BENIGN_KINDS else found
        where |= place & inside
    gray = np.where(breast, attenuation * thickness, 0)
    gray = ndimage.gaussian_filter(gray, 0.6) + noise * breast
    gray = np.clip(gray, 0, 1)
    layers: list[NDArray[Any]] = [gray.astype(np.float32), breast, muscle, (share > 0.5) & inside, found, benign]
    if side == "right":
        layers = [np.ascontiguousarray(layer[:, ::-1]) for layer in layers]
    if marker:
        _mark(layers[0], side, view)
    return Mammogram(side, view, *layers)


def four_views(
    seed: int = 0, left: Sequence[Lesion] = (), right: Sequence[Lesion] = (), **more: Any
) -> Mapping[str, Mammogram]:
    """The four views of a woman by role, with the lesions of each breast; ``more`` as of `mammogram`."""
    lesions = {"left": left, "right": right}
    made = (mammogram(side, view, seed, lesions[side], **more) for side, view in ROLES)
    return {one.role: one for one in made}


def write_exam(
    folder: Path, views: Mapping[str, Mammogram], date: str = "20240102", **elements: Any
) -> dict[str, Path]:
    """The views as DICOM files for presentation, by role; ``elements`` as of `dicom_files.write_dicom`."""
    folder.mkdir(parents=True, exist_ok=True)
    study = generate_uid()
    return {role: _write(folder / f"{role}.dcm", one, date, study, elements) for role, one in views.items()}


def _write(path: Path, one: Mammogram, date: str, study: str, elements: Mapping[str, Any]) -> Path:
    code = Dataset()
    code.CodeValue, code.CodeMeaning = _CODES[one.view]
    code.CodingSchemeDesignator = "SCT"
    down = "R" if one.side == "left" else "L"  # from the outer side of the breast to the inner one
    forward = "A" if one.side == "left" else "P"
    described = {
        "storage": DigitalMammographyXRayImageStorageForPresentation,
        "Modality": "MG",
        "BodyPartExamined": "BREAST",
        "PatientName": "Phantom^Breast",
        "PatientSex": "F",
        "StudyInstanceUID": study,
        "StudyDate": date,
        "AcquisitionDate": date,
        "SeriesDescription": f"{one.side[0].upper()} {one.view.upper()} {date[:4]}",
        "ViewPosition": one.view.upper(),
        "ViewCodeSequence": [code],
        "ImageLaterality": one.side[0].upper(),
        "PatientOrientation": [forward, down if one.view == "cc" else f"F{down}"],
        "PresentationIntentType": "FOR PRESENTATION",
        "PresentationLUTShape": "IDENTITY",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "ImagerPixelSpacing": [0.6 * 320 / len(one.gray)] * 2,
        "BurnedInAnnotation": "NO",
        "WindowCenter": 2048,
        "WindowWidth": 4096,
    }
    return write_dicom(path, stored(one.gray), **{**described, **elements})


@dataclass(frozen=True)
class _Shape:
    """The outline of a left breast in shares of the picture's rows; the chest wall is at ``x = 0``."""

    view: View
    rows: int
    columns: int
    width: float
    height: float

    @property
    def nipple(self) -> float:
        """Its row."""
        return 0.5 if self.view == "cc" else 0.56

    def grid(self) -> tuple[Floats, Floats]:
        """Columns and rows, the latter in shares of all rows, the former in shares of the columns."""
        y, x = np.meshgrid((np.arange(self.rows) + 0.5) / self.rows, (np.arange(self.columns) + 0.5) / self.columns,
                           indexing="ij")  # fmt: skip
        return x, y

    def rim(self, x: Floats, y: Floats) -> Floats:
        """Above 0 inside the breast, and 1 well inside it."""
        up = (self.nipple - y) / self.height
        disk = 1 - np.hypot(x / self.width, up)
        if self.view == "mlo":  # the tail of the breast runs up to the armpit
            tail = 1 - x / (self.width * np.clip(1 - 0.28 * np.clip(up, 0, None) ** 1.6, 0.2, 1))
            disk = np.where(y < self.nipple, tail, disk)
        return np.asarray(disk / 0.25)

    def muscle(self, x: Floats, y: Floats) -> Booleans:
        """The pectoral muscle: a triangle in the upper corner at the chest wall."""
        if self.view == "cc":
            return np.zeros(x.shape, dtype=bool)
        return np.asarray(x / (0.62 * self.width) + y / 0.6 < 1)

    def place(self, lesion: Lesion) -> tuple[float, float]:
        """Column and row of a lesion, as `grid` has them."""
        across = lesion.outer if self.view == "cc" else (lesion.upper + _OBLIQUE * lesion.outer) / (1 + _OBLIQUE)
        depth = self.width * (1 - lesion.depth)
        reach = self.height * np.sqrt(max(1 - (depth / self.width) ** 2, 0.05))
        return depth, self.nipple - 0.85 * across * reach


def _lesion(
    lesion: Lesion, shape: _Shape, x: Floats, y: Floats, random: np.random.Generator
) -> tuple[Floats, Booleans]:
    """What a lesion adds, and where it is."""
    column, row = shape.place(lesion)
    aspect = shape.rows / shape.columns
    right, down = x - column, (y - row) * aspect
    distance = np.hypot(right, down) / (lesion.radius * shape.width)
    if lesion.kind in BENIGN_KINDS:
        return benign_structure(lesion.kind, right / shape.width, down / shape.width, lesion.radius, random)
    if lesion.kind == "asymmetry":
        return 0.16 * np.exp(-((distance / 1.3) ** 2)), distance < 1.3
    if lesion.kind == "calcifications":
        added = np.zeros(x.shape)
        size = max(0.9, _SPOT * shape.columns)
        for _ in range(9):
            angle, far = random.uniform(0, 2 * np.pi), lesion.radius * shape.width * np.sqrt(random.uniform(0, 1))
            spot = np.hypot(right - far * np.cos(angle), down - far * np.sin(angle)) * shape.columns
            added = np.maximum(added, random.uniform(0.3, 0.45) * np.exp(-((spot / size) ** 2)))
        return added, distance < 1.1
    around = np.arctan2(down, right)
    edge: float | Floats = 1.0
    soft = 0.04
    if lesion.margin == "spiculated":
        phase = random.uniform(0, 2 * np.pi, 2)
        edge = 0.85 + 0.3 * np.clip(np.sin(7 * around + phase[0]) + 0.6 * np.sin(11 * around + phase[1]), 0, None)
        soft = 0.1
    elif lesion.margin == "indistinct":
        soft = 0.3
    inside = 1 / (1 + np.exp(np.clip((distance - edge) / soft, -50, 50)))
    return 0.26 * inside, distance < edge


def _power_law(random: np.random.Generator, rows: int, columns: int) -> Floats:
    """Noise of mean 0 and deviation 1 whose amplitudes fall with the frequency."""
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None] * columns / rows
    frequency = np.hypot(down * rows, across * rows)
    spectrum = np.fft.rfft2(random.normal(size=(rows, columns)))
    spectrum *= np.where(frequency > 0, 1 / np.maximum(frequency, 1.5) ** _POWER, 0)
    noise = np.fft.irfft2(spectrum, (rows, columns))
    return np.asarray((noise - noise.mean()) / noise.std())


_LETTERS = {
    "L": ("100", "100", "100", "100", "111"),
    "R": ("110", "101", "110", "101", "101"),
    "C": ("111", "100", "100", "100", "111"),
    "M": ("101", "111", "111", "101", "101"),
    "O": ("111", "101", "101", "101", "111"),
}


def _mark(gray: NDArray[np.float32], side: Side, view: View) -> None:
    """Write side and view into the upper corner away from the chest wall."""
    rows, columns = gray.shape
    step = max(1, rows // 160)
    words = side[0].upper() + view.upper()
    made = np.concatenate([np.pad(np.array([[int(c) for c in line] for line in _LETTERS[letter]]), ((0, 0), (0, 1)))
                           for letter in words], axis=1)  # fmt: skip
    made = np.kron(made, np.ones((step, step)))
    left = columns - made.shape[1] - 3 * step if side == "left" else 3 * step
    corner = gray[3 * step : 3 * step + made.shape[0], left : left + made.shape[1]]
    corner[made > 0] = 1
