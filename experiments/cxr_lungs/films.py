"""The films whose lungs people have drawn: children (Kermany), and adults that test alone (Cohen)."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from readingroom.imaging.display import Gray

CHILDREN, ADULTS = "cxr_kermany", "cxr_cohen_annotations"
TEST_SHARE = 0.2  # of the children
Labels = NDArray[np.uint8]  # 0 background, 1 right lung, 2 left lung


@dataclass(frozen=True)
class Film:
    """A film with its drawn lungs.

    Parameters
    ----------
    picture, mask : files
    patient : unique among both collections
    label : the class that its collection gives it
    view : ``PA``, ``AP`` or ``AP SUPINE``; empty where it is not known
    shape : (rows, columns) of the original where the picture was stretched; None where the picture has its own
    """

    picture: Path
    mask: Path
    patient: str
    label: str
    view: str = ""
    shape: tuple[int, int] | None = None

    def gray(self) -> Gray:
        """``[j, i]`` 0 to 1, in the proportions of the original."""
        with Image.open(self.picture) as picture:
            levels = picture.convert("L")
        if self.shape is not None:
            # One axis as it is stored, the other one shrunk: no pixels are made up.
            rows, columns = (round(levels.size[0] * side / max(self.shape)) for side in self.shape)
            levels = levels.resize((columns, rows), Image.Resampling.BILINEAR)
        return np.asarray(np.asarray(levels) / 255, dtype=np.float32)

    def lungs(self) -> Labels:
        """``[j, i]`` as `gray`: each drawn part by the side of the picture that it lies on."""
        rows, columns = self.gray().shape
        with Image.open(self.mask) as mask:
            drawn = np.asarray(mask.convert("L").resize((columns, rows), Image.Resampling.BOX)) > 127
        return sided(drawn)


def sided(drawn: NDArray[np.bool_]) -> Labels:
    """1 for the lung at the left of the picture, which is the patient's right one, 2 for the other one."""
    parts, count = ndimage.label(drawn)
    labels = np.zeros(drawn.shape, dtype=np.uint8)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    largest = np.argsort(sizes)[::-1][:2] + 1
    if len(largest) < 2:
        raise ValueError(f"A mask has {count} parts, not one for each lung.")
    middles = [ndimage.center_of_mass(parts == part)[1] for part in largest]
    for side, place in enumerate(np.argsort(middles), start=1):
        labels[parts == largest[place]] = side
    return labels


def children(data: Path) -> list[Film]:
    """The 4,313 films of children with a mask, in the order of their table."""
    folder = data / CHILDREN
    return [
        Film(
            folder / row["file"],
            folder / row["mask"],
            row["patient_id"],
            row["label"],
            shape=(int(row["original_height"]), int(row["original_width"])),
        )
        for row in _rows(folder / "labels.csv")
        if row["mask"]
    ]


def adults(data: Path) -> list[Film]:
    """The 71 films of adults with a mask."""
    views = {row["file"]: row["view"] for row in _rows(data / "cxr" / "labels.csv")}
    folder = data / ADULTS
    found = []
    for row in _rows(folder / "lung_masks.csv"):
        file = row["image"].removeprefix("shared/data/cxr/")
        found.append(
            Film(data / "cxr" / file, folder / row["mask"], row["patient_id"], Path(file).parts[0], views[file])
        )
    return found


def is_test(film: Film) -> bool:
    """Whether a child's film is kept for the test: a share of the patients, by a hash that nothing else depends on."""
    digest = hashlib.sha256(f"cxr-lungs:{film.patient}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < TEST_SHARE


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
