"""The stored values of a DICOM image, decoded and checked against what its header says of them."""

from __future__ import annotations

from numpy.typing import NDArray
from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGExtended12Bit

from ..errors import InputError, SetupError
from .codestream import codestream_size
from .dicom_file import quiet_pydicom, text, whole_number

_COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")
_NEEDED = ("SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation")
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
    if decoder.UID.is_encapsulated:
        _refuse_other_codestream_size(dataset, name)
    with quiet_pydicom():
        try:
            values, _ = decoder.as_array(dataset, index=frame, decoding_plugin=_plugin(decoder))
        except Exception as error:  # decoders raise anything on damaged bytes
            raise InputError(f"The pixels of '{name}' are damaged or cut short.") from error
    if values.shape[:2] != (whole_number(dataset, "Rows"), whole_number(dataset, "Columns")):
        raise InputError(f"The pixels of '{name}' do not have the size that its header gives.")
    return values


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


def _plugin(decoder: Decoder) -> str:
    preferred = decoder.UID in _DEEP_SYNTAXES and _DEEP_DECODER in decoder.available_plugins
    return _DEEP_DECODER if preferred else ""  # empty: pydicom's choice


def _refuse_other_codestream_size(dataset: Dataset, name: str) -> None:
    try:
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1), b"")
    except Exception as error:  # pydicom raises anything on damaged items
        raise InputError(f"The pixels of '{name}' are damaged or cut short.") from error
    size = codestream_size(frame)
    expected = whole_number(dataset, "Columns"), whole_number(dataset, "Rows")
    if size is not None and size != expected:
        raise InputError(
            f"'{name}' contradicts itself: its header says {expected[0]} x {expected[1]} pixels, "
            f"its compressed picture {size[0]} x {size[1]}."
        )
