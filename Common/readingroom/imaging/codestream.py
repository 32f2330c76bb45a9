"""What a compressed picture says of itself, read before it is decoded.

A header that says 512 x 512 around a JPEG of 60,000 x 60,000 would otherwise fill the memory first and fail after. What
is read here is what the decoder gets: of a JPEG 2000 picture the bare codestream, without the boxes around it.
Sources: ITU-T T.81 (JPEG), T.87 (JPEG-LS), T.800 (JPEG 2000).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

_START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # JPEG baseline to lossless, and JPEG-LS
_SEQUENTIAL = (0xC0, 0xC1)
_HIERARCHICAL, _START_OF_SCAN = 0xDE, 0xDA
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_MOST_SEGMENTS = 200_000  # of a header; a picture has some dozens, or some for each tile
_END_OF_IMAGE = b"\xff\xd9"
_MOST_SCANS = 30  # each is a pass over the whole picture; a progressive JPEG has about ten

_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_SOC_SIZ = b"\xff\x4f\xff\x51"
_COD, _COC, _SOT, _SOD = 0x52, 0x53, 0x90, 0x93
# OpenJPEG makes objects of a hundred bytes to some thousand for each of these, however few bytes the picture has.
_MOST_COMPONENTS, _MOST_TILES, _MOST_BLOCKS, _MOST_PACKETS = 4, 10_000, 1_000_000, 5_000_000


@dataclass(frozen=True)
class Codestream:
    """A compressed picture as a decoder takes it, and the size that it will have.

    Parameters
    ----------
    data : the codestream
    samples : values of each pixel
    bits : of each value
    signed : values may be below 0
    """

    data: bytes
    columns: int
    rows: int
    samples: int
    bits: int
    signed: bool = False


def codestream(frame: bytes) -> Codestream:
    """The JPEG, JPEG-LS or JPEG 2000 picture in a frame.

    Raises
    ------
    ValueError : none of these, damaged, or nothing says how much memory it will take
    """
    if frame.startswith(b"\xff\xd8"):
        return _jpeg(frame)
    return _jpeg_2000(frame if frame.startswith(_SOC_SIZ) else _without_boxes(frame))


def _jpeg(frame: bytes) -> Codestream:
    if frame.count(b"\xff\xda") > _MOST_SCANS:  # in compressed data no marker follows 0xFF
        raise ValueError("it has more scans than any picture")
    headers: list[tuple[int, int]] = []
    for marker, place in _segments(frame, 2, _steps()):
        if marker == _HIERARCHICAL:
            raise ValueError("its size changes from frame to frame")
        if marker in _START_OF_FRAME:
            headers.append((marker, place))
        if marker == _START_OF_SCAN:
            break
    if len(headers) != 1:
        raise ValueError("it does not have one frame header")
    end = frame.find(_END_OF_IMAGE, place)  # decoders fill up with gray what a picture without an end lacks
    if end < 0:
        raise ValueError("it is cut short")
    kind, start = headers[0]
    frame = frame[: end + 2]
    return Codestream(
        _with_all_coefficients(frame, place) if kind in _SEQUENTIAL else frame,
        columns=_number(frame, start + 7, 2),
        rows=_number(frame, start + 5, 2),
        samples=_number(frame, start + 9, 1),
        bits=_number(frame, start + 4, 1),
    )


def _with_all_coefficients(frame: bytes, scan: int) -> bytes:
    """The frame with a first scan header as the standard wants it.

    A sequential scan has all coefficients, 0 to 63, at once (T.81 table B.3). Some encoders write another range, which
    libjpeg takes at its word and then finds the scan damaged.
    """
    end = scan + 2 + _number(frame, scan + 2, 2)
    return frame[: end - 3] + b"\x00\x3f\x00" + frame[end:] if end <= len(frame) else frame


def _steps() -> Iterator[int]:
    return iter(range(_MOST_SEGMENTS))


def _segments(data: bytes, place: int, steps: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Markers of a JPEG or JPEG 2000 header and where they lie, each with a length behind it."""
    while place + 4 <= len(data):
        if next(steps, None) is None:
            raise ValueError("it has more segments than any picture")
        marker = data[place + 1]
        if data[place] != 0xFF:
            raise ValueError("its header is damaged")
        if marker == 0xFF:  # fill byte
            place += 1
        elif marker in _WITHOUT_LENGTH:
            place += 2
        else:
            yield marker, place
            length = _number(data, place + 2, 2)
            if length < 2:
                raise ValueError("its header is damaged")
            place += 2 + length
    raise ValueError("it is cut short")


def _without_boxes(frame: bytes) -> bytes:
    """The codestream in a JP2 file (T.800 Annex I). A box of length 1 has it elsewhere, one of length 0 is the last."""
    if not frame.startswith(_JP2_SIGNATURE):
        raise ValueError("it is no JPEG and no JPEG 2000")
    place = 0
    for _ in _steps():
        if place + 8 > len(frame):
            break
        length, kind, header = _number(frame, place, 4), frame[place + 4 : place + 8], 8
        if length == 1:
            length, header = _number(frame, place + 8, 8), 16
        length = length or len(frame) - place
        if kind == b"jp2c":
            return frame[place + header : place + length]
        if length < header:
            break
        place += length
    raise ValueError("there is no codestream in its boxes")


def _jpeg_2000(data: bytes) -> Codestream:
    if not data.startswith(_SOC_SIZ) or len(data) < 42:
        raise ValueError("it has no image size")
    right, bottom, left, top, width, height, tiles_left, tiles_top = (_number(data, 8 + 4 * n, 4) for n in range(8))
    samples = _number(data, 40, 2)
    if not 1 <= samples <= _MOST_COMPONENTS:
        raise ValueError("it has more components than any picture")
    components = {data[42 + 3 * n : 45 + 3 * n] for n in range(samples)}
    if len(components) != 1 or (component := components.pop())[1:] != b"\x01\x01":
        raise ValueError("its components are not alike")
    if not (tiles_left <= left < right and tiles_top <= top < bottom and width and height):
        raise ValueError("its tiles do not cover it")
    tiles = ceil((right - tiles_left) / width) * ceil((bottom - tiles_top) / height)
    if tiles > _MOST_TILES:
        raise ValueError("it has more tiles than any picture")
    size = min(width, right - left), min(height, bottom - top)
    for style in _coding_styles(data):
        _refuse_too_fine(style, size, tiles * samples)
    bits, signed = (component[0] & 0x7F) + 1, component[0] > 0x7F
    return Codestream(data, right - left, bottom - top, samples, bits, signed)


def _coding_styles(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Layers, and what COD and COC have in common, of the main header and the headers of tile parts (T.800 Annex A)."""
    place, layers, steps = 2, 1, _steps()
    while True:
        part = None
        for marker, at in _segments(data, place, steps):
            segment = data[at + 4 : at + 2 + _number(data, at + 2, 2)]
            if marker == _SOT:
                part = at
            elif marker == _SOD:
                break
            elif marker == _COD:
                layers = _number(segment, 2, 2)
                yield layers, segment[:1] + segment[5:]
            elif marker == _COC:
                yield layers, segment[1:]
        if part is None:
            raise ValueError("the header of a tile is damaged")
        length = _number(data, part + 6, 4)
        place = part + length if length else data.find(_END_OF_IMAGE, part + 12)  # without a length it is the last
        if not part < place <= len(data):
            raise ValueError("it is cut short")
        if len(data) - place < 2 or data[place : place + 2] == _END_OF_IMAGE:
            return


def _refuse_too_fine(style: tuple[int, bytes], size: tuple[int, int], tiles: int) -> None:
    """Stop at code blocks and precincts so small, or layers so many, that they need more memory than the pixels."""
    layers, coding = style
    if len(coding) < 6 or coding[1] > 32 or max(coding[2:4]) > 8:
        raise ValueError("its coding style is damaged")
    levels, precincts = coding[1], coding[6:]
    if coding[0] & 1 and len(precincts) <= levels:
        raise ValueError("its coding style is damaged")
    blocks = packets = 0
    for level in range(levels + 1):
        width, height = (ceil(length / 2 ** (levels - level)) for length in size)
        across, down = (precincts[level] & 15, precincts[level] >> 4) if coding[0] & 1 else (15, 15)
        packets += ceil(width / 2**across + 1) * ceil(height / 2**down + 1)
        inner = 1 if level else 0  # the bands of a level have half its size
        columns, rows = 2 ** min(coding[2] + 2, max(across - inner, 0)), 2 ** min(coding[3] + 2, max(down - inner, 0))
        blocks += ceil(width / columns) * ceil(height / rows)
    if (blocks + packets) * tiles > _MOST_BLOCKS or packets * tiles * layers > _MOST_PACKETS:
        raise ValueError("it is divided into smaller pieces than any picture")


def _number(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "big")
