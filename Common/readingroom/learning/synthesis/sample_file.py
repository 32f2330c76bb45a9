"""A synthetic picture as a DICOM file that nobody can take for a patient's: its header and its pixels say what it is.

The picture stands above a strip that says SYNTHETIC, so that the mark covers nothing of it; a network that learns from
the picture is given what is above the strip, since it would otherwise learn the mark.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from ...errors import InputError, OutputError
from ...files import atomic_write
from ...imaging.dicom_file import read_image, text
from ...imaging.dicom_pixels import stored_values

Gray = NDArray[np.float32]

MARK = "SYNTHETIC"
_BITS = 12
_LETTER = (6, 11)  # columns and rows of a letter of Pillow's own bitmap font
_MARGIN = 2


def marked(gray: Gray) -> Gray:
    """The picture [j, i] with the strip below it."""
    strip = _strip(gray.shape[1])
    return np.concatenate([gray, strip])


def write_sample(path: Path, gray: Gray, patient_id: str, number: int, made_by: str, label: str) -> None:
    """Write a picture [j, i], 0 to 1, with its mark. The same picture of the same generator is the same bytes.

    Parameters
    ----------
    patient_id : a name that says that this is no patient
    number : of the picture
    made_by : a sentence on what made it, and of what
    label : what it was made to show

    Raises
    ------
    OutputError : the folder is read-only, or the disk is full
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = SecondaryCaptureImageStorage
    uids = [generate_uid(entropy_srcs=[patient_id, made_by, what]) for what in ("study", "series", f"image {number}")]
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = uids
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SyntheticData = "YES"
    dataset.ConversionType = "SYN"  # synthetic image, PS3.3 C.8.6.1
    dataset.ContentQualification = "RESEARCH"
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER", MARK]
    dataset.DerivationDescription = made_by[:1024]
    dataset.Modality = "OT"  # it comes from no modality
    dataset.PatientName, dataset.PatientID = f"{MARK}^not a patient", patient_id
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "", 1, number
    dataset.PatientOrientation = ""
    dataset.StudyDescription = dataset.SeriesDescription = f"{MARK}: made by a generator, not a patient"
    dataset.ImageComments = f"{MARK}. Made to look like: {label}"[:10240]
    dataset.Manufacturer = "ReadingRoom"
    dataset.BurnedInAnnotation = "NO"  # none that names a patient
    dataset.LossyImageCompression = "00"
    values = np.rint(np.clip(marked(gray), 0, 1) * (2**_BITS - 1)).astype("<u2")
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, _BITS, _BITS - 1, 0
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (_BITS - 1), 2**_BITS
    dataset.PixelData = values.tobytes()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    with atomic_write(path) as temporary:
        try:
            dataset.save_as(temporary, enforce_file_format=True)
        except ValueError as error:
            raise OutputError(f"Cannot write {path.name}: {error}.") from error


def read_sample(path: Path) -> Gray:
    """The picture [j, i] that `write_sample` wrote, 0 to 1, without its mark.

    Raises
    ------
    InputError : it cannot be read, or is no synthetic picture with our mark
    """
    dataset = read_image(path)
    values = stored_values(dataset, path.name)
    what = (text(dataset, "SyntheticData"), text(dataset, "ImageType").split("\\")[-1], text(dataset, "BitsStored"))
    if what == ("YES", MARK, str(_BITS)) and values.ndim == 2:
        gray = np.asarray(values / np.float32(2**_BITS - 1), dtype=np.float32)
        strip = _strip(gray.shape[1])
        if len(gray) > len(strip) and np.array_equal(gray[-len(strip) :] > 0.5, strip > 0.5):
            return np.ascontiguousarray(gray[: -len(strip)])
    raise InputError(f"{path.name} is no synthetic picture that readingroom synthesize wrote.")


def _strip(columns: int) -> Gray:
    """White on black, as wide as the picture; narrow pictures have the word in three lines."""
    words = [MARK] if columns >= len(MARK) * _LETTER[0] else ["SYN", "THE", "TIC"]
    width, height = max(map(len, words)) * _LETTER[0], _LETTER[1] * len(words)
    letters = Image.new("L", (width, height))
    drawing, font = ImageDraw.Draw(letters), ImageFont.load_default_imagefont()
    for line, word in enumerate(words):
        drawing.text((0, _LETTER[1] * line), word, fill=255, font=font)
    scale = max(1, columns // (2 * width))
    drawn = np.kron(np.asarray(letters) > 127, np.ones((scale, scale), dtype=bool))
    strip = np.zeros((drawn.shape[0] + 2 * _MARGIN, columns), dtype=np.float32)
    shown = drawn[:, :columns]
    left = (columns - shown.shape[1]) // 2
    strip[_MARGIN:-_MARGIN, left : left + shown.shape[1]] = shown
    return strip
