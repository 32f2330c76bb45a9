"""What lies in a folder of DICOM files: one image for each radiograph, one for each series of slices.

Pixels are not decoded, and the patient's name is never kept. Whatever is not an image to learn from is told with its
reason, in `Scan.left_out`.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from ....errors import InputError
from ....formatting import counted
from ....imaging.dicom_facts import clinical_facts, patient_facts, study_image
from ....imaging.dicom_file import read_header, text
from ....imaging.dicom_series import no_slice
from ....imaging.dicom_slice import frame_header, frames_of, slices_of
from ....imaging.file_kind import first_bytes, is_dicom
from ....imaging.slice_stack import FEWEST_SLICES
from ....parallel import map_parallel
from ....plain_text import is_unicode
from ....progress import Progress
from ....time_limit import time_limit

_OF_SLICES = ("CT", "MR", "PT")  # modalities of which a study is a series, not a file
_SHORTEST_NAME = 4  # letters and digits: shorter names and numbers are found in any path
_LETTERS = re.compile(r"[\W_]+")  # all that is none
_IDS = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "PatientBirthDate", "StudyInstanceUID", "SeriesInstanceUID",
    "SOPInstanceUID",
)  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """What takes no part, a file or a line of a spreadsheet, and why."""

    what: str
    reason: str


@dataclass(frozen=True)
class DicomImage:
    """A radiograph or a series, as its header tells it. Empty strings and None: the header does not say.

    Parameters
    ----------
    path : the file of a radiograph, the folder of a series
    place : the same as people write it, from the folder that was looked through
    notes : what its header says and that could not be used, as `StudyImage.notes`
    raw : a detector's values that were not made to be looked at
    slices, placed : image planes of a volume, and how many of them say where they lie; 0 of a radiograph
    """

    path: Path
    place: str
    patient_id: str
    study_uid: str
    series_uid: str
    instance_uid: str
    accession: str
    modality: str
    site: str
    scanner: str
    age: float | None
    sex: str
    view: str
    laterality: str
    notes: tuple[str, ...] = ()
    raw: bool = False
    slices: int = 0
    placed: int = 0


@dataclass(frozen=True)
class Scan:
    """Images in the order of their paths; ``named`` of them lie in a path that tells who the patient is."""

    images: tuple[DicomImage, ...]
    left_out: tuple[LeftOut, ...]
    named: int


@dataclass(frozen=True)
class _Seen:
    """What a file is: an image, no image for a reason, or no DICOM.

    Parameters
    ----------
    named : its path tells who the patient is
    """

    image: DicomImage | None = None
    reason: str = ""
    named: bool = False


def scan(folder: Path, progress: Progress | None = None, processes: int | None = None) -> Scan:
    """The images of a folder and its subfolders.

    Of a detector's raw and presented image of one view the presented one stays; of copies the first; of the series of a
    folder the longest, which is the one that is read. A file at which a process hangs or dies is left out.

    Parameters
    ----------
    processes : that open files, at most this many at once; as many as processors when left out

    Raises
    ------
    InputError : the folder does not exist
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    if not folder.is_dir():
        raise InputError(f"The folder {folder} does not exist, or is a file.")
    left_out: list[LeftOut] = []
    progress(0.0, "Looking for files.")
    files = list(_files(folder, left_out))
    strangers: Counter[str] = Counter()
    found: dict[str, DicomImage] = {}
    named = 0
    for path, seen in zip(files, _looked_through(files, folder, progress, processes), strict=True):
        place = path.relative_to(folder).as_posix()
        named += seen.named
        if seen.image is not None:
            first = found.setdefault(seen.image.instance_uid or place, seen.image)
            if first is not seen.image:
                left_out.append(LeftOut(place, f"It is a copy of {first.place}."))
        elif seen.reason:
            left_out.append(LeftOut(place, seen.reason))
        else:
            strangers[path.suffix.lower() or "without a suffix"] += 1
    if strangers:
        kinds = ", ".join(f"{number} {kind}" for kind, number in strangers.most_common())
        left_out.append(LeftOut(counted(strangers.total(), "file"), f"No DICOM ({kinds})."))
    radiographs = _presented([image for image in found.values() if not image.slices], left_out)
    series = _series([image for image in found.values() if image.slices], folder, left_out)
    images = sorted([*radiographs, *series], key=lambda image: image.place)
    return Scan(tuple(images), tuple(left_out), named)


def _files(folder: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """All files but hidden ones, in order; folders that may not be read are left out."""

    def refuse(error: OSError) -> None:
        where = Path(error.filename or folder)
        left_out.append(LeftOut(where.relative_to(folder).as_posix(), "This folder may not be read."))

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (Path(where) / name for name in sorted(names) if not name.startswith("."))


def _looked_through(files: list[Path], folder: Path, progress: Progress, processes: int | None) -> list[_Seen]:
    """What each file is; they are opened in processes of their own."""
    done = images = 0

    def say(_: int, seen: _Seen) -> None:
        nonlocal done, images
        done, images = done + 1, images + (seen.image is not None)
        progress(done / len(files), f"{done} of {counted(len(files), 'file')}: {images} hold DICOM images.")

    return map_parallel(
        partial(look, folder=folder),
        files,
        None,
        progress,
        processes=processes,
        on_result=say,
        if_ended=lambda _, sentence: _Seen(reason=sentence),
    )


def look(path: Path, folder: Path) -> _Seen:
    """What a file is. Runs in a child process."""
    if not is_unicode(str(path)):
        return _Seen(reason="Its name is no Unicode, as in old archives; rename it.")
    try:
        with time_limit():
            if not is_dicom(first_bytes(path)):
                return _Seen()
            header = read_header(path, several_frames=True)
            of_slices = text(header, "Modality") in _OF_SLICES
            if frames_of(header) > 1 and not of_slices:
                read_header(path)  # says that one picture was expected
            if of_slices and (kind := no_slice(header)):
                return _Seen(reason=f"It is no slice of a volume but a {kind}.")
            planes = [item.plane is not None for item in slices_of(header, path)] if of_slices else []
            image = _image(frame_header(header, 0), path, path.relative_to(folder).as_posix())
            return _Seen(replace(image, slices=len(planes), placed=sum(planes)), named=_tells_patient(header, path))
    except InputError as error:
        return _Seen(reason=str(error))


def _image(header: Dataset, path: Path, place: str) -> DicomImage:
    image, patient = study_image(header, path), patient_facts(header)
    age, sex = (clinical_facts(header).get(name) for name in ("age", "sex"))
    return DicomImage(
        path=path,
        place=place,
        patient_id=patient.patient_id,
        study_uid=text(header, "StudyInstanceUID"),
        series_uid=text(header, "SeriesInstanceUID"),
        instance_uid=text(header, "SOPInstanceUID"),
        accession=text(header, "AccessionNumber"),
        modality=image.modality,
        site=text(header, "InstitutionName"),
        scanner=f"{image.fact('Manufacturer')} {image.facts.get('ManufacturerModelName', '')}".strip(),
        age=float(age.value) if age else None,
        sex=str(sex.value) if sex else "",
        view=image.fact("ViewPosition"),
        laterality=image.fact("ImageLaterality"),
        notes=image.notes,
        raw=image.facts.get("PresentationIntentType") == "FOR PROCESSING",
    )


def _tells_patient(header: Dataset, path: Path) -> bool:
    names = re.split(r"[\s^=]+", text(header, "PatientName"))
    numbers = [text(header, keyword) for keyword in _IDS]
    return holds_any(path, [name for name in names if len(name) >= _SHORTEST_NAME] + numbers)


def holds_any(path: Path, texts: Iterable[str]) -> bool:
    """Whether a part of a path holds one of these names or numbers, whatever stands between its letters and digits.

    Short ones count where they stand alone: their letters are found in any path. The shortest say nothing at all.
    """
    parts = [part.casefold() for part in path.absolute().parts]
    joined = [_LETTERS.sub("", part) for part in parts]
    words = {word for part in parts for word in re.split(r"[\W_]+", part)}
    for found in texts:
        letters = _LETTERS.sub("", found.casefold())
        if len(letters) >= _SHORTEST_NAME and any(letters in part for part in joined):
            return True
        if len(letters) == _SHORTEST_NAME - 1 and letters in words:
            return True
    return False


def _presented(images: Iterable[DicomImage], left_out: list[LeftOut]) -> list[DicomImage]:
    """Without raw images of a view that is there to be looked at as well."""

    def view(image: DicomImage) -> tuple[str, ...]:
        return image.patient_id, image.study_uid, image.modality, image.view, image.laterality

    images = list(images)
    presented = {view(image) for image in images if not image.raw}
    raw = [image for image in images if image.raw and view(image) in presented]
    reason = "It holds the detector's raw values (FOR PROCESSING); the same view FOR PRESENTATION is there."
    left_out += [LeftOut(image.place, reason) for image in raw]
    dropped = {image.place for image in raw}
    return [image for image in images if image.place not in dropped]


def _series(files: Iterable[DicomImage], folder: Path, left_out: list[LeftOut]) -> list[DicomImage]:
    """One image for each folder of slices: its longest series. A folder with slices in subfolders too is left out.

    A file that holds all slices of a series is an image of its own.
    """
    groups: dict[tuple[Path, str], list[DicomImage]] = defaultdict(list)
    for image in files:
        groups[image.path.parent, image.series_uid].append(image)
    found = []
    by_folder: dict[Path, list[list[DicomImage]]] = defaultdict(list)
    for (where, _), series in groups.items():
        if sum(image.slices for image in series) < FEWEST_SLICES:
            reason = f"A series of fewer than {FEWEST_SLICES} slices, such as a localizer."
            left_out += [LeftOut(image.place, reason) for image in series]
        elif len(series) == 1:
            found += series
        else:
            by_folder[where].append(series)
    above = {parent for where in by_folder for parent in where.parents}
    for where, candidates in by_folder.items():
        place = where.relative_to(folder).as_posix()
        if where in above:
            left_out.append(LeftOut(place, "Folders below it hold slices too; give each series a folder of its own."))
            continue
        longest = max(candidates, key=_length)
        found.append(replace(longest[0], path=where, place=place))
        reason = f"Of the series of a folder only the longest is read ({_length(longest)[1]} slices)."
        left_out += [
            LeftOut(f"{place}: a series of {_length(series)[1]} slices", reason)
            for series in candidates
            if series is not longest
        ]
    return found


def _length(series: list[DicomImage]) -> tuple[int, int]:
    """How many slices say where they lie, which is what counts for a read, and how many there are."""
    return sum(image.placed for image in series), sum(image.slices for image in series)
