"""The stored values of a DICOM image, decoded and checked against what its header says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    UID,
    ExplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    RLELossless,
)

from ..errors import InputError, SetupError
from ..formatting import counted
from .codestream import Codestream, codestream
from .dicom_file import quiet_pydicom, text, whole_number
from .dicom_frame import frame_of
from .rle import decode_rle
from .stored_bits import values_in_cells

_YBR = ("YBR_FULL", "YBR_FULL_422")
_COLOR = ("RGB", *_YBR, "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")
_NEEDED = ("SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation")
_LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, JPEG2000MC, HTJ2K)
# Decodes more than 8 bits and signed values, which Pillow does not always; pydicom would try Pillow first.
_DEEP_DECODER = "pylibjpeg"
_DEEP_SYNTAXES = (*JPEG2000TransferSyntaxes, JPEGExtended12Bit)


def stored_values(dataset: Dataset, name: str, frame: int = 0) -> NDArray:
    """The values of a frame as stored: ``[j, i]`` integers, or ``[j, i, 3]`` red, green, blue.

    Raises
    ------
    InputError : no pixel data, a header that contradicts itself or the pixel data, a damaged or unknown compression
    SetupError : the decoder of this compression is not installed
    """
    _refuse_contradictions(dataset, name)
    decoder = _decoder(dataset, name)
    with quiet_pydicom():
        try:
            if RLELossless == decoder.UID:
                return _run_lengths(dataset, frame, name)
            if decoder.UID.is_encapsulated:
                return _compressed(dataset, frame, decoder, name)
            return _plain(dataset, frame, decoder, name)
        except InputError:
            raise
        except Exception as error:  # decoders raise anything on damaged bytes
            raise InputError(f"The pixels of '{name}' are damaged or cut short.") from error


def refuse_other_frames(dataset: Dataset, name: str) -> None:
    """Stop at compressed frames that are not as large as the header says, before anybody decodes them.

    Raises
    ------
    InputError : one of them is damaged, larger or smaller, or compressed in a way that is not measured
    """
    syntax = UID(text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID"), IGNORE)
    if "PixelData" not in dataset or not syntax.is_transfer_syntax or not syntax.is_encapsulated:
        return
    rows, columns, samples, allocated = (
        whole_number(dataset, keyword) or 1 for keyword in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    )
    for frame in range(_frames(dataset)):
        with _reasons_told(name):
            data = frame_of(dataset.PixelData, frame, _frames(dataset))
            if syntax == RLELossless:
                decode_rle(data, rows * columns, samples * ((allocated + 7) // 8))
            else:
                _refuse_other_codestream(dataset, codestream(data), name)


def is_color(dataset: Dataset) -> bool:
    """True when each pixel holds red, green and blue."""
    return whole_number(dataset, "SamplesPerPixel") == 3


def _refuse_contradictions(dataset: Dataset, name: str) -> None:
    if "PixelData" not in dataset:
        raise InputError(f"'{name}' has no pixel data: it holds no image, or is cut short.")
    photometric = text(dataset, "PhotometricInterpretation")
    if not photometric:
        raise InputError(
            f"'{name}' does not say whether its low values are black or white (PhotometricInterpretation)."
        )
    if missing := [keyword for keyword in _NEEDED if whole_number(dataset, keyword) is None]:
        raise InputError(f"'{name}' does not say how its pixels are stored ({', '.join(missing)} is missing).")
    samples, allocated, stored, signed = (whole_number(dataset, keyword) for keyword in _NEEDED)
    if photometric not in ("MONOCHROME1", "MONOCHROME2", *_COLOR):
        raise InputError(f"'{name}' is stored as {photometric}, which is not how a radiograph is stored.")
    if samples != (3 if photometric in _COLOR else 1):
        raise InputError(f"'{name}' contradicts itself: {samples} samples per pixel, stored as {photometric}.")
    if allocated not in (8, 16) or not 1 <= (stored or 0) <= allocated or signed not in (0, 1):
        raise InputError(
            f"'{name}' has an impossible pixel format: {stored} of {allocated} bits, representation {signed}; "
            "radiographs have 8 to 16 bits."
        )


def _decoder(dataset: Dataset, name: str) -> Decoder:
    syntax = UID(text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID"), IGNORE)
    if not syntax:  # a file of an old scanner, without file meta information: pydicom found its encoding by trying
        implicit, little = dataset.original_encoding
        syntax = UID("1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = syntax
    try:
        with quiet_pydicom():
            decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise InputError(f"'{name}' is compressed in a way that is not supported ({syntax.name}).") from error
    if not decoder.is_available:
        raise SetupError(
            f"'{name}' is compressed as {syntax.name}; to decode it, install pylibjpeg, pylibjpeg-libjpeg and "
            "pylibjpeg-openjpeg."
        )
    return decoder


def _plain(dataset: Dataset, frame: int, decoder: Decoder, name: str) -> NDArray:
    options = _options(dataset)
    values = _number(dataset, "Rows") * _number(dataset, "Columns") * _number(dataset, "SamplesPerPixel")
    stored = values * _number(dataset, "BitsAllocated") // 8
    if options["photometric_interpretation"] == "YBR_FULL_422":
        stored = stored // 3 * 2
    if dataset["PixelData"].is_undefined_length:
        raise InputError(f"'{name}' contradicts itself: its header says that it is not compressed, its pixel data are.")
    if len(dataset.PixelData) >= 2 * stored * _frames(dataset):
        raise InputError(
            f"'{name}' contradicts itself: its header says {_number(dataset, 'Columns')} x {_number(dataset, 'Rows')} "
            f"pixels of {_number(dataset, 'BitsAllocated')} bits, its pixel data hold at least twice as many."
        )
    options["number_of_frames"] = _frames(dataset)
    cells, _ = decoder.as_array(dataset.PixelData, index=frame, raw=not is_color(dataset), **options)
    return cells if is_color(dataset) else _in_use(dataset, cells)


def _run_lengths(dataset: Dataset, frame: int, name: str) -> NDArray:
    rows, columns, samples = (_number(dataset, keyword) for keyword in ("Rows", "Columns", "SamplesPerPixel"))
    size = _number(dataset, "BitsAllocated") // 8
    with _reasons_told(name):
        decoded = decode_rle(frame_of(dataset.PixelData, frame, _frames(dataset)), rows * columns, samples * size)
    cells = decoded if size == 1 else (decoded[::2].astype(np.uint16) << 8) | decoded[1::2]
    options = _options(dataset, planar_configuration=1)
    plain = get_decoder(ExplicitVRLittleEndian)
    cells, _ = plain.as_array(cells.astype(f"<u{size}").tobytes(), index=0, raw=samples == 1, **options)
    return cells if samples == 3 else _in_use(dataset, cells)


def _compressed(dataset: Dataset, frame: int, decoder: Decoder, name: str) -> NDArray:
    with _reasons_told(name):
        found = codestream(frame_of(dataset.PixelData, frame, _frames(dataset)))
    _refuse_other_codestream(dataset, found, name)
    options = _options(
        dataset,
        bits_allocated=8 if found.bits <= 8 else 16,
        bits_stored=found.bits,
        pixel_representation=int(found.signed),
        apply_j2k_sign_correction=False,
        apply_jls_sign_correction=False,
    )
    cells, _ = decoder.as_array(
        encapsulate([found.data], has_bot=False),
        index=0,
        decoding_plugin=_plugin(decoder),
        raw=not is_color(dataset),
        **options,
    )
    return cells if is_color(dataset) else _in_use(dataset, cells, found.bits, decoder.UID in _LOSSY)


@contextmanager
def _reasons_told(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InputError(f"The compressed picture in '{name}' cannot be read: {error}.") from error


def _in_use(dataset: Dataset, cells: NDArray, bits_of_cell: int | None = None, lossy: bool = False) -> NDArray:
    """What the header says is the value, in cells that hold ``bits_of_cell`` bits."""
    bits, signed = _number(dataset, "BitsStored"), _number(dataset, "PixelRepresentation") == 1
    width = _number(dataset, "BitsAllocated")
    high = whole_number(dataset, "HighBit")
    if high is None or not bits - 1 <= high < (bits_of_cell or width):
        high = bits - 1  # missing or impossible, or the compression holds the value alone
    if cells.dtype.itemsize * 8 != width:
        cells = cells.astype(f"{cells.dtype.kind}{width // 8}")  # extends the sign that the compression knows
    cells = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    return values_in_cells(cells, bits, high + 1 - bits, signed, lossy)


def _options(dataset: Dataset, **others: Any) -> dict[str, Any]:
    """What pydicom's decoders are told of the picture; of gray values the cells alone, unsigned and whole."""
    photometric = text(dataset, "PhotometricInterpretation")
    options = {
        "rows": _number(dataset, "Rows"),
        "columns": _number(dataset, "Columns"),
        "samples_per_pixel": _number(dataset, "SamplesPerPixel"),
        "photometric_interpretation": photometric,
        "bits_allocated": _number(dataset, "BitsAllocated"),
        "bits_stored": _number(dataset, "BitsAllocated"),
        "pixel_representation": 0,
        "planar_configuration": whole_number(dataset, "PlanarConfiguration") or 0,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        "pixel_vr": dataset["PixelData"].VR,
    }
    return options | others


def _frames(dataset: Dataset) -> int:
    return max(whole_number(dataset, "NumberOfFrames") or 1, 1)


def _number(dataset: Dataset, keyword: str) -> int:
    """Of an element that `_refuse_contradictions` found to be a number."""
    number = whole_number(dataset, keyword)
    assert number is not None
    return number


def _plugin(decoder: Decoder) -> str:
    preferred = decoder.UID in _DEEP_SYNTAXES and _DEEP_DECODER in decoder.available_plugins
    return _DEEP_DECODER if preferred else ""  # empty: pydicom's choice


def _refuse_other_codestream(dataset: Dataset, found: Codestream, name: str) -> None:
    columns, rows, samples, allocated = (
        _number(dataset, keyword) for keyword in ("Columns", "Rows", "SamplesPerPixel", "BitsAllocated")
    )
    if (found.columns, found.rows) != (columns, rows):
        header, picture = f"{columns} x {rows} pixels", f"{found.columns} x {found.rows}"
    elif found.samples != samples:
        header, picture = f"{counted(samples, 'value')} for each pixel", str(found.samples)
    elif not 1 <= found.bits <= allocated:
        header, picture = f"{allocated} bits for each value", str(found.bits)
    else:
        return
    raise InputError(f"'{name}' contradicts itself: its header says {header}, its compressed picture {picture}.")
