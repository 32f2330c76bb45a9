"""Run lengths are decoded as pydicom does it, and no further than the picture is large."""

import numpy as np
import pytest
from pydicom.uid import RLELossless

from readingroom.imaging.dicom_frame import frame_of
from readingroom.imaging.rle import decode_rle
from readingroom.phantoms.dicom_files import radiograph_dataset


def framed(*segments):
    places = np.cumsum([64, *map(len, segments)])[:-1]
    header = np.zeros(16, "<u4")
    header[0], header[1 : len(segments) + 1] = len(segments), places
    return header.tobytes() + b"".join(segments)


@pytest.mark.parametrize("runs", [1, 3, 40, 500])
def test_values_come_back(runs):
    values = np.random.default_rng(runs).integers(0, 65_536, 20 * 30, np.uint16)
    values = values[np.arange(600) // runs * runs].reshape(20, 30)
    frame = frame_of(radiograph_dataset(values, 16, transfer_syntax=RLELossless).PixelData)
    high, low = decode_rle(frame, 600, 2)
    np.testing.assert_array_equal(high, values.ravel() >> 8)
    np.testing.assert_array_equal(low, values.ravel() & 255)


def test_padding_behind_a_segment_is_left_aside():
    assert decode_rle(framed(b"\x03abcd\0"), 4, 1).tobytes() == b"abcd"


def test_a_segment_is_decoded_no_further_than_its_pixels():
    bomb = b"\x81a" * 50_000_000  # 6.4 GB of the letter a
    with pytest.raises(ValueError, match="more than 300 bytes"):
        decode_rle(framed(bomb), 300, 1)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (framed(b"\x03abcd"), "4 bytes instead of 5"),
        (framed(b"\x03abcd", b"\x03abcd"), "2 segments instead of 1"),
        (b"", "0 segments instead of 1"),
        (framed(b"\x03abcd")[:66], "instead of 5"),
        (np.array([1, 5, *[0] * 14], "<u4").tobytes(), "overlap"),
        (framed(b"\x80" * 100), "0 bytes instead of 5"),
    ],
)
def test_another_number_of_segments_or_bytes_is_refused(frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        decode_rle(frame, 5, 1)
