"""What tells one image from another: a hash of its decoded pixels, small copies of it, and how it was acquired."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from ...errors import InputError
from ...imaging.dicom_facts import study_image
from ...imaging.dicom_file import numbers, read_elements, read_header, read_image, text, what_it_is, whole_number
from ...imaging.dicom_gray import gray_of
from ...imaging.dicom_pixels import stored_values
from ...imaging.dicom_series import find_series
from ...imaging.dicom_slice import frames_of, slices_of
from ...imaging.dicom_volume import with_pixels
from ...imaging.display import robust_window
from ...imaging.file_kind import file_kind, first_bytes, is_dicom
from ...imaging.gray import refuse_no_picture
from ...imaging.picture_file import read_picture
from ...imaging.slice_stack import FEWEST_SLICES, stacked
from ...imaging.values_gray import values_gray
from ...imaging.volume_file import VOLUME_KINDS, read_volume
from ...regular_file import cannot_read, open_regular
from ...study import StudyImage
from .perceptual_hash import Hashes, none, perceptual_hashes

Floats = NDArray[np.float32]
FORMAT = 3  # of stored fingerprints; raise it when what is measured changes
PRINT_SIZE, THUMBNAIL_SIZE = 24, 32
_ARRAYS = ("print", "thumbnail", "looks")
# Acquisition facts that a model could take a class from; none of them names the patient.
_HEADER = ("Modality", "Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "KVP", "SliceThickness",
           "BitsStored", "ViewPosition", "BodyPartExamined")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """One image, be it a file or a folder of DICOM slices.

    Parameters
    ----------
    pixel_hash : SHA-256 of the stored values and their shape, whatever the file format; the order of slices and three
        equal color channels make no difference
    print : (24, 24) means over the picture as shown; of a volume its middle slice. Compared by correlation, so that
        size, format, brightness and contrast make no difference
    thumbnail : (32, 32) the same picture, 0 to 1
    size : ``[j, i]`` or ``[k, j, i]``
    spacing : mm, as ``size``; empty where the file does not say
    mean, deviation : of the picture as shown, 0 to 1
    bytes_per_pixel : of the file, which tells how it was compressed
    series : DICOM SeriesInstanceUID, or empty
    header_patient : hash of the DICOM PatientID, or empty
    facts : acquisition facts by DICOM keyword, and ``FileKind``
    looks : hashes of what the picture looks like, see `perceptual_hash`; empty of a volume
    """

    pixel_hash: str
    print: Floats
    thumbnail: Floats
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    mean: float
    deviation: float
    bytes_per_pixel: float
    series: str = ""
    header_patient: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    looks: Hashes = field(default_factory=none)

    def to_bytes(self) -> bytes:
        """As a numpy archive."""
        plain = {name: value for name, value in vars(self).items() if name not in _ARRAYS}
        words = json.dumps(plain)
        data = io.BytesIO()
        np.savez(data, words=np.array(words), **{name: getattr(self, name) for name in _ARRAYS})
        return data.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """What `to_bytes` wrote.

        Raises
        ------
        ValueError : damaged
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                words = json.loads(str(archive["words"]))
                words |= {name: tuple(words[name]) for name in ("size", "spacing")}
                return cls(**{name: archive[name] for name in _ARRAYS}, **words)
        except (OSError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError("The stored fingerprint is damaged.") from error


def fingerprint(path: Path) -> Fingerprint:
    """Decode an image and describe it.

    Raises
    ------
    InputError : missing, unreadable, damaged, no image, or all its pixels are the same
    SetupError : the decoder of a compressed DICOM image is not installed
    """
    opened = _opened(path)
    return Fingerprint(
        pixel_hash=opened.pixel_hash,
        print=_small(opened.gray, PRINT_SIZE),
        thumbnail=_small(opened.gray, THUMBNAIL_SIZE),
        size=tuple(int(length) for length in opened.size),
        spacing=tuple(float(length) for length in opened.spacing),
        mean=float(opened.gray.mean()),
        deviation=float(opened.gray.std()),
        bytes_per_pixel=opened.file_bytes / float(np.prod(opened.size)),
        series=opened.series,
        header_patient=opened.header_patient,
        facts=opened.facts,
        looks=perceptual_hashes(opened.gray) if len(opened.size) == 2 else none(),
    )


def shown(path: Path) -> Floats:
    """``[j, i]`` 0 to 1: the picture, or the middle slice, that a fingerprint is taken from.

    Raises
    ------
    InputError, SetupError : as `fingerprint`
    """
    return _opened(path).gray


def content_key(path: Path) -> str:
    """SHA-256 of the bytes of a file, or of all files of a folder whatever their names.

    Raises
    ------
    InputError : missing, or may not be read
    """
    try:
        if path.is_dir():
            return _combined(content_key(file) for file in path.rglob("*") if file.is_file())
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError(f"'{path.name}' does not exist in the folder {path.parent.absolute()}.") from error
    except OSError as error:
        raise cannot_read(path, error) from error


@dataclass(frozen=True, eq=False)
class _Opened:
    """An image in memory, as far as a fingerprint needs it."""

    gray: Floats
    pixel_hash: str
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    file_bytes: int
    facts: Mapping[str, str]
    series: str = ""
    header_patient: str = ""


def _opened(path: Path) -> _Opened:
    if path.is_dir():
        return _open_folder(path)
    kind = file_kind(path)
    if kind == "dicom":
        return _open_series(path) if frames_of(read_header(path, several_frames=True)) > 1 else _open_pictures([path])
    if kind in VOLUME_KINDS:
        return _open_volume(path, kind)
    values = read_picture(path, kind).values
    gray = values_gray(values, StudyImage(role="picture", path=path, rendered=True), path.name).gray
    return _Opened(gray, _combined([_hash(values)]), gray.shape, (), path.stat().st_size, {"FileKind": kind})


def _open_folder(folder: Path) -> _Opened:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_dicom_image(path))
    if not files:
        raise InputError(f"The folder '{folder.name}' holds no DICOM image.")
    return _open_series(folder) if sum(map(_placed, files)) >= FEWEST_SLICES else _open_pictures(files)


def _placed(path: Path) -> int:
    """How many image planes of a file say where they lie in the patient: those of radiographs do not."""
    try:
        return sum(item.plane is not None for item in slices_of(read_header(path, several_frames=True), path))
    except InputError:
        return 0


def _is_dicom_image(path: Path) -> bool:
    """False for other files, and for contours, segmentations and reports that lie beside the slices."""
    if not is_dicom(first_bytes(path)):
        return False
    try:
        return what_it_is(read_elements(path)).startswith("an image")
    except InputError:  # reading it as an image will say why
        return True


def _open_series(path: Path) -> _Opened:
    """The slices that a read would open, in their order in space."""
    series = find_series(path)
    stack = stacked(series.slices, series.name)
    slices = [item for item in stack.slices if item is not None]
    middle, hashes = len(slices) // 2, []
    for number, header, dataset, item in with_pixels(enumerate(slices)):
        values = stored_values(dataset, item.path.name, item.frame)
        hashes.append(_hash(values))
        if number == middle:
            shown_as, gray = header, gray_of(header, values, item.path.name).gray
    size = (len(stack.slices), stack.first.rows, stack.first.columns)
    spacing = (stack.spacing, *stack.plane.spacing)
    files = {item.path for item in slices}
    return _described(shown_as, slices[middle].path, gray, hashes, size, spacing, files)


def _open_pictures(files: list[Path]) -> _Opened:
    """No slices of a volume: each is a picture, and the middle one by their numbers is shown."""
    opened = [(path, read_image(path)) for path in files]
    opened.sort(key=lambda each: (whole_number(each[1], "InstanceNumber") or 0, each[0]))
    values = [stored_values(dataset, path.name) for path, dataset in opened]
    path, header = opened[len(opened) // 2]
    shown_as = values[len(opened) // 2]
    size = ((len(opened),) if len(opened) > 1 else ()) + shown_as.shape[:2]
    spacing = numbers(header, "PixelSpacing") or numbers(header, "ImagerPixelSpacing")
    return _described(header, path, gray_of(header, shown_as, path.name).gray, map(_hash, values), size, spacing, files)


def _described(
    header: Dataset,
    path: Path,
    gray: Floats,
    hashes: Iterable[str],
    size: tuple[int, ...],
    spacing: tuple[float, ...],
    files: Iterable[Path],
) -> _Opened:
    """With what the header of the picture that is shown says."""
    image = study_image(header, path)
    known = {**image.facts, "Modality": image.modality}
    known |= {keyword: text(header, keyword) for keyword in ("ConvolutionKernel", "SliceThickness")}
    facts = {keyword: known[keyword] for keyword in _HEADER if known.get(keyword)}
    facts |= {"FileKind": "dicom", "TransferSyntax": image.facts.get("TransferSyntax", "")}
    patient = text(header, "PatientID")
    return _Opened(
        gray,
        _combined(hashes),
        size,
        spacing,
        sum(file.stat().st_size for file in files),
        facts,
        series=text(header, "SeriesInstanceUID"),
        header_patient=hashlib.sha256(patient.encode()).hexdigest() if patient else "",
    )


def _open_volume(path: Path, kind: str) -> _Opened:
    image = read_volume(path, kind, several_slices=True)
    values = SimpleITK.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() != 1 or values.ndim not in (2, 3):
        raise InputError(f"'{path.name}' is neither a picture nor a volume of single values.")
    slices = values.reshape(-1, *values.shape[-2:])
    middle = slices[len(slices) // 2]
    refuse_no_picture(middle, path.name)
    gray = robust_window(middle)(middle)
    hashes = _combined(_hash(each) for each in slices)
    spacing = tuple(reversed(image.GetSpacing()))
    return _Opened(gray, hashes, values.shape, spacing, path.stat().st_size, {"FileKind": kind})


def _small(gray: Floats, size: int) -> Floats:
    return np.asarray(Image.fromarray(gray).resize((size, size), Image.Resampling.BOX), np.float32)


def _hash(values: NDArray) -> str:
    """Of one picture ``[j, i]`` or ``[j, i, 3]``: its shape and its values, independent of how they are stored."""
    if values.ndim == 3 and np.array_equal(values[..., :1].repeat(values.shape[-1], -1), values):
        values = values[..., 0]
    whole = np.issubdtype(values.dtype, np.integer) or bool(np.all(values == np.trunc(values)))
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update(np.ascontiguousarray(values, "<i8" if whole else "<f8").tobytes())
    return digest.hexdigest()


def _combined(hashes: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()
