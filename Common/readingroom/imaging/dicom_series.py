"""Finding the one series of slices that a DICOM file or folder is chosen for."""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from .. import dicom_terms
from ..errors import InputError
from ..formatting import counted
from ..progress import Progress
from ..study import StudyImage
from .dicom_facts import study_image
from .dicom_file import kind_of_file, quiet_pydicom, read_header, text
from .dicom_slice import Slice, frame_header, slices_of
from .file_kind import file_kind, first_bytes, is_dicom
from .mr_facts import mr_series
from .slice_stack import FEWEST_SLICES

MAXIMUM_FILES = 20_000  # a folder with more is an archive, not a study

Rank = Callable[[StudyImage], Any]  # of several series the one with the highest rank is read

_SECONDARY_CAPTURE = SecondaryCaptureImageStorage  # multi-frame ones continue its UID
_LOCALIZER = ("LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW")
_SCREENSHOT = ("SCREEN SAVE", "SCREENSHOT", "DOSE_INFO", "DOSE", "REPORT")


@dataclass(frozen=True, eq=False)
class Series:
    """The slices of one DICOM series.

    Parameters
    ----------
    name : of the file or folder that was chosen
    rivals : how many other series of several slices lie there
    notes : what else lies there and was set aside, in plain sentences
    choice : which series was taken, where its header made it go before others; else empty
    """

    name: str
    uid: str
    modality: str
    slices: tuple[Slice, ...]
    rivals: int = 0
    notes: tuple[str, ...] = ()
    choice: str = ""


@dataclass
class _Found:
    """A series while a folder is looked through."""

    image: StudyImage  # by the header of its first image
    number: str
    slices: list[Slice] = field(default_factory=list)

    @property
    def modality(self) -> str:
        return self.image.modality

    @property
    def placed(self) -> int:
        """How many of its slices say where they lie."""
        return sum(item.plane is not None for item in self.slices)

    @property
    def with_count(self) -> StudyImage:
        """The image with the number of its slices among its facts."""
        return replace(self.image, facts={**self.image.facts, "NumberOfSlices": str(self.placed or len(self.slices))})

    @property
    def place_in_study(self) -> float:
        """Its number; without one it comes last."""
        (number, *_) = dicom_terms.decimals(self.number) or (None,)
        return math.inf if number is None else number

    @property
    def kind(self) -> str:
        """What one of its images is, for people."""
        return f"an image of the modality {self.modality}" if self.modality else "an image"

    @property
    def words(self) -> str:
        """For people, without free text of the header, which may name the patient."""
        number = f" {self.number}" if self.number else ""
        what = mr_series(self.image).words if self.modality == "MR" else ""
        images = counted(len(self.slices), "image")
        return f"{self.modality or 'a'} series{number} ({f'{what}; {images}' if what else images})"


def find_series(
    path: Path,
    uid: str = "",
    modalities: Sequence[str] = (),
    progress: Progress | None = None,
    rank: Rank | None = None,
) -> Series:
    """The series that a file or folder is chosen for.

    A folder and its subfolders, or the folder of a DICOMDIR, stand for the series with the highest rank and of these
    the one with the most slices, then with the lowest series number and UID, among those of ``modalities`` where there
    are any: how files are named and sorted into subfolders has no say. A file stands for the series that it belongs to.

    Parameters
    ----------
    uid : SeriesInstanceUID, where it is known
    rank : of a series by the header of its first image, which also gets its ``NumberOfSlices``; all are alike when
        left out

    Raises
    ------
    InputError : no series of several slices, images of two patients, too many files, or nothing there
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    folder = path if path.is_dir() else path.parent
    is_directory = path.name.upper() == "DICOMDIR"  # the table of contents of a disk, which lies at its top
    whole = path.is_dir() or is_directory
    if not whole:
        uid = text(read_header(path, several_frames=True), "SeriesInstanceUID") or str(folder)
    with quiet_pydicom():
        found, aside = _series_in(folder, path.name, "" if whole else uid, progress)
    choice = ""
    if uid:
        if uid not in found:
            raise InputError(f"The series that was chosen is not in the folder '{folder.name}' any more.")
        chosen = uid
    else:
        candidates = {key: one for key, one in found.items() if len(one.slices) >= FEWEST_SLICES}
        if not candidates:
            raise InputError(
                f"The folder '{folder.name}' holds no DICOM series of several slices{_holds(found, aside)}."
            )
        in_order = sorted(candidates, key=lambda key: (candidates[key].place_in_study, key))
        of_kind = [key for key in in_order if candidates[key].modality in modalities] or in_order
        ranks = {key: rank(candidates[key].with_count) if rank is not None else 0 for key in of_kind}
        chosen = max(of_kind, key=lambda key: (ranks[key], candidates[key].placed, len(candidates[key].slices)))
        if any(value != ranks[chosen] for value in ranks.values()):
            choice = f"Of {counted(len(of_kind), 'series', 'series')} of the folder the {found[chosen].words} was read."
    one = found.pop(chosen)
    if not one.placed and len(one.slices) < FEWEST_SLICES:  # a radiograph, a screen capture
        raise InputError(f"'{path.name}' is {one.kind} and no volume: it holds a single picture.")
    rivals = sum(len(other.slices) >= FEWEST_SLICES for other in found.values())
    notes = _notes(list(found.values()), aside)
    return Series(path.name, chosen, one.modality, tuple(one.slices), rivals, notes, choice)


def series_by_date(folder: Path, modalities: Sequence[str]) -> list[tuple[str, str]]:
    """Date and SeriesInstanceUID of the series with the most slices of each day, earliest first.

    Raises
    ------
    InputError : images of two patients, or too many files
    """
    found, _ = _series_in(folder, folder.name, "", Progress())
    largest: dict[str, str] = {}
    for uid, one in sorted(found.items(), key=lambda item: (item[1].placed, len(item[1].slices))):
        if one.image.date and one.modality in modalities and len(one.slices) >= FEWEST_SLICES:
            largest[one.image.date] = uid
    return sorted(largest.items())


def is_series(path: Path) -> bool:
    """Whether a path stands for a DICOM series and not for a volume file.

    Raises
    ------
    InputError : a file that is neither
    """
    if path.is_dir():
        return True
    kind = file_kind(path)
    if kind not in ("dicom", "nrrd", "nifti"):
        raise InputError(f"'{path.name}' is no volume; it must be a DICOM folder or file, an NRRD or a NIfTI file.")
    return kind == "dicom"


def _series_in(folder: Path, name: str, only: str, progress: Progress) -> tuple[dict[str, _Found], Counter[str]]:
    """Images by SeriesInstanceUID, and what is no slice by what it is.

    Parameters
    ----------
    only : the one series that is looked for, in this folder alone; all of them, in subfolders too, when empty
    """
    found: dict[str, _Found] = {}
    aside: Counter[str] = Counter()
    people = _People()
    files = sorted(_files(folder, deep=not only), key=str)
    for number, path in enumerate(files):
        progress(number / len(files), f"Looking through the files, {number} of {len(files)}.")
        if path.name.upper() == "DICOMDIR" or not is_dicom(first_bytes(path)):
            continue
        try:
            header = read_header(path, several_frames=True)
        except InputError:
            if not only:
                aside[kind_of_file(path)] += 1
            continue
        uid = text(header, "SeriesInstanceUID") or str(path.parent)
        if only and uid != only:
            continue
        people.meet(header, name)
        if kind := no_slice(header):
            aside[kind] += 1
            continue
        if uid not in found:
            found[uid] = _Found(study_image(frame_header(header, 0), path), text(header, "SeriesNumber"))
        found[uid].slices += slices_of(header, path)
    return found, aside


class _People:
    """Sees that the images of a folder are of one patient; identities are compared, never told."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = defaultdict(set)

    def meet(self, header: Dataset, name: str) -> None:
        """Look at one more image.

        Raises
        ------
        InputError : it is of somebody else
        """
        keywords = ("PatientID", "PatientBirthDate")
        if not text(header, "PatientID"):  # names are spelled differently, so they count where nothing else is there
            keywords = ("PatientName", "PatientBirthDate")
        for keyword in keywords:
            if value := text(header, keyword):
                self._known[keyword].add(value)
            if len(self._known[keyword]) > 1:
                raise InputError(
                    f"'{name}' holds images of two patients: they differ in {keyword}. Give each a folder of its own."
                )


def no_slice(header: Dataset) -> str:
    """What an image is that is no slice of a volume, such as ``localizer``; empty for slices."""
    kind = text(header, "ImageType").upper()
    if any(word in kind for word in _LOCALIZER):
        return "localizer"
    storage = text(header, "SOPClassUID")
    if storage.startswith(_SECONDARY_CAPTURE) and not text(header, "ImagePositionPatient"):
        return "secondary capture"
    if any(word in kind.split("\\") for word in _SCREENSHOT):
        return "screenshot or dose report"
    return ""


def _files(folder: Path, deep: bool) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"The folder '{Path(error.filename or folder).name}' may not be read.") from error

    count = 0
    for where, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
        for name in names:
            path = Path(where) / name
            if name.startswith(".") or not path.is_file():
                continue
            count += 1
            if count > MAXIMUM_FILES:
                raise InputError(
                    f"The folder '{folder.name}' holds more than {MAXIMUM_FILES:,} files; choose one study."
                )
            yield path


def _notes(others: list[_Found], aside: Counter[str]) -> tuple[str, ...]:
    notes = []
    if others:
        notes.append(f"Set aside, other series of the folder: {_worded(others)}.")
    if aside:
        notes.append(f"Set aside, no slices: {_counted(aside)}.")
    return tuple(notes)


def _holds(found: Mapping[str, _Found], aside: Counter[str]) -> str:
    parts = [_worded(found.values())] if found else []
    if aside:
        parts.append(_counted(aside))
    return f"; it holds {', '.join(parts)}" if parts else ""


def _worded(found: Iterable[_Found]) -> str:
    kinds = Counter(one.words for one in found)
    return ", ".join(f"{count} x {words}" if count > 1 else words for words, count in kinds.items())


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(counted(count, kind) for kind, count in kinds.most_common())
