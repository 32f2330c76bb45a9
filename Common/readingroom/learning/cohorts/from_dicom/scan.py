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
from pathlib import Path

from pydicom.dataset import Dataset

from ....errors import InputError
from ....imaging.dicom_facts import clinical_facts, patient_facts, study_image
from ....imaging.dicom_file import read_header, text
from ....imaging.file_kind import first_bytes, is_dicom
from ....imaging.slice_stack import FEWEST_SLICES
from ....plain_text import is_unicode, one_line
from ....progress import Progress
from ...audit.issue import count

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


@dataclass(frozen=True)
class Scan:
    """Images in the order of their paths; ``named`` of them lie in a path that tells who the patient is."""

    images: tuple[DicomImage, ...]
    left_out: tuple[LeftOut, ...]
    named: int


def scan(folder: Path, progress: Progress | None = None) -> Scan:
    """The images of a folder and its subfolders.

    Of a detector's raw and presented image of one view the presented one stays; of copies the first; of the series of a
    folder the longest, which is the one that is read.

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
    for number, path in enumerate(files):
        progress(number / len(files), f"{number} of {len(files)} files: {len(found)} are DICOM images.")
        place = path.relative_to(folder).as_posix()
        if not is_unicode(str(path)):
            left_out.append(LeftOut(one_line(place), "Its name is no Unicode, as in old archives; rename it."))
            continue
        try:
            if not is_dicom(first_bytes(path)):
                strangers[path.suffix.lower() or "without a suffix"] += 1
                continue
            header = read_header(path)
        except InputError as error:
            left_out.append(LeftOut(place, str(error)))
            continue
        image = _image(header, path, place)
        named += _tells_patient(header, path)
        first = found.setdefault(image.instance_uid or place, image)
        if first is not image:
            left_out.append(LeftOut(place, f"It is a copy of {first.place}."))
    if strangers:
        kinds = ", ".join(f"{number} {kind}" for kind, number in strangers.most_common())
        left_out.append(LeftOut(count(strangers.total(), "file"), f"No DICOM ({kinds})."))
    radiographs = _presented([image for image in found.values() if image.modality not in _OF_SLICES], left_out)
    series = _series([image for image in found.values() if image.modality in _OF_SLICES], folder, left_out)
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


def _series(slices: Iterable[DicomImage], folder: Path, left_out: list[LeftOut]) -> list[DicomImage]:
    """One image for each folder of slices: its longest series. A folder with slices in subfolders too is left out."""
    groups: dict[tuple[Path, str], list[DicomImage]] = defaultdict(list)
    for image in slices:
        groups[image.path.parent, image.series_uid].append(image)
    by_folder: dict[Path, list[list[DicomImage]]] = defaultdict(list)
    for (where, _), files in groups.items():
        if len(files) < FEWEST_SLICES:
            reason = f"A series of fewer than {FEWEST_SLICES} slices, such as a localizer."
            left_out += [LeftOut(image.place, reason) for image in files]
        else:
            by_folder[where].append(files)
    above = {parent for where in by_folder for parent in where.parents}
    found = []
    for where, candidates in by_folder.items():
        place = where.relative_to(folder).as_posix()
        if where in above:
            left_out.append(LeftOut(place, "Folders below it hold slices too; give each series a folder of its own."))
            continue
        longest = max(candidates, key=len)
        found.append(replace(longest[0], path=where, place=place))
        others = [files for files in candidates if files is not longest]
        reason = f"Of the series of a folder only the longest is read ({len(longest)} slices)."
        left_out += [LeftOut(f"{place}: a series of {len(files)} slices", reason) for files in others]
    return found
