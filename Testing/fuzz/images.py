"""DICOM files, pictures and volumes, damaged: opened, decoded and checked as a read does it."""

from __future__ import annotations

import functools
import gzip
import io
import random
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.imaging.volume import load_volume
from readingroom.trust.radiograph_checks import checks_before

from .driver import Case, Driver
from .mutations import mutated

Seeds = Mapping[str, tuple[str, bytes]]  # by name: suffix and content


def _film(rows: int = 72, columns: int = 64) -> np.ndarray:
    j, i = np.mgrid[:rows, :columns]
    return np.asarray(120 + 80 * np.sin(i / 9) * np.cos(j / 11) + (i + j) / 3)


def a_film(pixels: bytes = bytes(72 * 64), syntax: UID = ExplicitVRLittleEndian, bits: int = 8) -> Dataset:
    """A film of 72 x 64 pixels with a patient, a window and a table."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.update({"PatientName": "Fuzz^Anna", "PatientID": "7", "PatientAge": "061Y", "PatientSex": "F"})
    dataset.update({"Modality": "CR", "ViewPosition": "PA", "BodyPartExamined": "CHEST", "StudyDate": "20200102"})
    dataset.PixelSpacing = [0.2, 0.2]
    dataset.Rows, dataset.Columns = 72, 64
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = (8, 8, 7) if bits == 8 else (16, bits, bits - 1)
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
    dataset.WindowCenter, dataset.WindowWidth = [128, 100], [256, 90]
    table = Dataset()
    table.LUTDescriptor = [256, 0, 8]
    table.LUTData = np.arange(256, dtype=np.uint16).tobytes()
    dataset.VOILUTSequence = [table]
    packed = syntax.is_compressed and not syntax.is_deflated
    dataset.PixelData = encapsulate([pixels]) if packed else pixels
    dataset["PixelData"].VR = "OB" if packed or bits == 8 else "OW"
    return dataset


def dicom(pixels: bytes, syntax: UID, bits: int = 8) -> bytes:
    """`a_film` as a file."""
    written = io.BytesIO()
    a_film(pixels, syntax, bits).save_as(written, enforce_file_format=True)
    return written.getvalue()


@functools.cache
def dicom_seeds() -> Seeds:
    """One film in each way in which DICOM stores it."""
    from jpeg_ls import encode_array as jpeg_ls
    from openjpeg.utils import encode_array as jpeg_2000

    gray, deep = _film().astype(np.uint8), (_film() * 16).astype(np.uint16)
    jpeg = io.BytesIO()
    Image.fromarray(gray).save(jpeg, "JPEG")
    rows = b"".join(b"\x3f" + row.tobytes() for row in gray)  # literal runs of 64
    rle = struct.pack("<16I", 1, 64, *[0] * 14) + rows
    found = {
        "explicit": dicom(deep.tobytes(), ExplicitVRLittleEndian, 12),
        "implicit": dicom(gray.tobytes(), ImplicitVRLittleEndian),
        "deflated": dicom(gray.tobytes(), DeflatedExplicitVRLittleEndian),
        "jpeg": dicom(jpeg.getvalue(), JPEGBaseline8Bit),
        "jpeg-ls": dicom(bytes(jpeg_ls(deep)), JPEGLSLossless, 12),
        "jpeg-2000": dicom(bytes(jpeg_2000(gray, photometric_interpretation=2)), JPEG2000Lossless),
        "rle": dicom(rle, RLELossless),
    }
    return {name: (".dcm", content) for name, content in found.items()}


@functools.cache
def picture_seeds() -> Seeds:
    """PNG, JPEG and TIFF of every depth that is read."""
    gray = _film().astype(np.uint8)
    color, deep = np.stack([gray, gray // 2, gray], axis=2), (_film() * 200).astype(np.uint16)
    made = {
        "png-8": (gray, "PNG", {}),
        "png-16": (deep, "PNG", {}),
        "png-rgb": (color, "PNG", {}),
        "jpeg-gray": (gray, "JPEG", {}),
        "jpeg-progressive": (color, "JPEG", {"progressive": True}),
        "tiff-raw": (deep, "TIFF", {}),
        "tiff-lzw": (gray, "TIFF", {"compression": "tiff_lzw"}),
        "tiff-deflate": (_film().astype(np.float32), "TIFF", {"compression": "tiff_deflate"}),
    }
    seeds = {}
    for name, (pixels, kind, options) in made.items():
        written = io.BytesIO()
        Image.fromarray(pixels).save(written, kind, **options)
        seeds[name] = (f".{kind.lower()}", written.getvalue())
    return seeds


@functools.cache
def volume_seeds() -> Seeds:
    """NIfTI and NRRD, raw and compressed, and a picture in each."""
    values = np.broadcast_to(_film(20, 18), (12, 20, 18)).astype(np.int16)
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, 18, 20, 12, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 0.7, 0.7, 2.5, 1, 1, 1, 1)
    struct.pack_into("<ffff", header, 108, 352.0, 1.0, -1024.0, 0.0)
    struct.pack_into("<hh", header, 252, 1, 1)
    struct.pack_into("<12f", header, 280, -0.7, 0, 0, 3, 0, -0.7, 0, 4, 0, 0, 2.5, 5)
    header[344:348] = b"n+1\0"
    nifti = bytes(header) + values.tobytes()
    text = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 18 20 12\n"
        "space directions: (0.7,0,0) (0,0.7,0) (0,0,2.5)\nkinds: domain domain domain\nendian: little\n"
        "encoding: {}\nspace origin: (0,0,0)\n\n"
    )
    flat = "NRRD0004\ntype: uchar\ndimension: 2\nsizes: 18 20\nencoding: raw\n\n"
    return {
        "nifti": (".nii", nifti),
        "nifti-gz": (".nii.gz", gzip.compress(nifti, mtime=0)),
        "nrrd": (".nrrd", text.format("raw").encode() + values.tobytes()),
        "nrrd-gzip": (".nrrd", text.format("gzip").encode() + gzip.compress(values.tobytes(), mtime=0)),
        "nrrd-flat": (".nrrd", flat.encode() + values[0].astype(np.uint8).tobytes()),
    }


def read_picture(path: Path) -> None:
    """What a read does with a film before a network sees it."""
    opened = open_image(path, "frontal")
    film = load_radiograph(opened.image)
    checks_before(opened.image, film.gray, color_fraction=film.color_fraction)


def read_volume(path: Path) -> None:
    """A volume, as a reader of CT opens it."""
    open_image(path, "ct", 3)
    load_volume(path)


def _cases(seeds: Callable[[], Seeds], *ways: Callable[[Path], None]) -> Callable[[random.Random, Path], Case]:
    def case(source: random.Random, folder: Path) -> Case:
        known = seeds()
        name = source.choice(sorted(known))
        suffix, content = known[name]
        inside = source.random() < 0.4 and suffix in (".nii.gz",)  # what was compressed is damaged, not the compression
        others = [each for _, each in known.values()]
        changed = (
            gzip.compress(mutated(gzip.decompress(content), source, others), 1)
            if inside
            else mutated(content, source, others)
        )
        path = folder / f"file{suffix}"
        path.write_bytes(changed)
        way = source.choice(ways)
        return Case(name, lambda: way(path))

    return case


DICOM = Driver("dicom", "DICOM files", _cases(dicom_seeds, read_picture))
PICTURES = Driver("pictures", "PNG, JPEG and TIFF", _cases(picture_seeds, read_picture))
VOLUMES = Driver("volumes", "NIfTI and NRRD", _cases(volume_seeds, read_volume, read_picture))
