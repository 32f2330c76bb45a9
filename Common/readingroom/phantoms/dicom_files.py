"""Real DICOM files of synthetic radiographs: every way of storing one that a reader has to understand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    generate_uid,
)

from .jpeg_lossless import encode_jpeg_lossless

_UNCOMPRESSED_PIXELS = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def stored(gray: NDArray, bits: int = 12, signed: bool = False) -> NDArray:
    """A picture ``[j, i]`` from 0 to 1 as whole numbers over the full range of ``bits``."""
    least = -(2 ** (bits - 1)) if signed else 0
    values = np.rint(gray * (2**bits - 1)) + least
    return values.astype(np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}"))


def radiograph_dataset(
    values: NDArray,
    bits: int = 12,
    storage: str = DigitalXRayImageStorageForPresentation,
    transfer_syntax: str = ExplicitVRLittleEndian,
    **elements: Any,
) -> Dataset:
    """A DX dataset with these stored values: ``[j, i]``, color ``[j, i, 3]``, or frames ``[k, j, i]``.

    ``elements`` are further elements by DICOM keyword, None removes one. Lossless compressions are those that
    pydicom can encode (RLE, JPEG 2000, JPEG-LS) and gray JPEG lossless; JPEG baseline comes from Pillow.
    """
    dataset = Dataset()
    dataset.SOPClassUID = UID(storage)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = UID(storage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    _set(dataset, Modality="DX", BodyPartExamined="CHEST", PatientName="Phantom^Chest", PatientID="PHANTOM")
    big_endian = transfer_syntax == ExplicitVRBigEndian
    _set_pixels(dataset, values.astype(values.dtype.newbyteorder(">")) if big_endian else values, bits)
    if transfer_syntax == JPEGBaseline8Bit:
        _set_stream(dataset, _baseline_jpeg(values), JPEGBaseline8Bit)
    elif transfer_syntax == JPEGLosslessSV1:
        _set_stream(dataset, encode_jpeg_lossless(values, bits), JPEGLosslessSV1)
    elif transfer_syntax not in _UNCOMPRESSED_PIXELS:
        dataset.compress(UID(transfer_syntax))
    else:
        dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    _set(dataset, **elements)
    return dataset


def write_dicom(path: Path, values: NDArray, bits: int = 12, **elements: Any) -> Path:
    """Write `radiograph_dataset` to ``path``, which is returned."""
    dataset = radiograph_dataset(values, bits, **elements)
    dataset.save_as(path, enforce_file_format=True)
    return path


def lookup_table_item(entries: Sequence[int], first: int = 0, bits: int = 12) -> Dataset:
    """An item for ``VOILUTSequence`` or ``ModalityLUTSequence``."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 65_536, first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return item


def _set(dataset: Dataset, **elements: Any) -> None:
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def _set_pixels(dataset: Dataset, values: NDArray, bits: int) -> None:
    color = values.ndim == 3 and values.shape[-1] == 3
    if values.ndim == 3 and not color:
        dataset.NumberOfFrames = len(values)
    rows, columns = values.shape[:2] if color else values.shape[-2:]
    _set(dataset, Rows=rows, Columns=columns, SamplesPerPixel=3 if color else 1)
    dataset.PhotometricInterpretation = "RGB" if color else "MONOCHROME2"
    if color:
        dataset.PlanarConfiguration = 0
    allocated = 8 * values.dtype.itemsize
    _set(dataset, BitsAllocated=allocated, BitsStored=bits, HighBit=bits - 1)
    dataset.PixelRepresentation = int(np.issubdtype(values.dtype, np.signedinteger))
    data = values.tobytes()
    dataset.add_new("PixelData", "OW" if allocated == 16 else "OB", data + b"\0" * (len(data) % 2))


def _set_stream(dataset: Dataset, stream: bytes, transfer_syntax: UID) -> None:
    dataset.add_new("PixelData", "OB", encapsulate([stream]))
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = transfer_syntax


def _baseline_jpeg(values: NDArray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "JPEG", quality=95)
    return stream.getvalue()
