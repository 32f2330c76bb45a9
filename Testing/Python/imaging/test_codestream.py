"""A compressed picture is measured before it is decoded, and decoded from the bytes that were measured."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from readingroom.imaging.codestream import codestream
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored
from readingroom.phantoms.jpeg_lossless import encode_jpeg_lossless


@pytest.fixture(scope="module")
def jpeg():
    stream = io.BytesIO()
    Image.fromarray(stored(chest_radiograph(96, 80), 8)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def jpeg_2000():
    utils = pytest.importorskip("openjpeg.utils")
    return utils.encode_array(stored(chest_radiograph(96, 80)), photometric_interpretation=2, bits_stored=12)


def box(kind, content, extended=False):
    if extended:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def jp2(data, *before, extended=False):
    signature = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return signature + b"".join(before) + box(b"jp2c", data, extended)


def with_number(data, after, offset, number, size=4):
    """The data with another number, ``offset`` bytes behind the first place where ``after`` stands."""
    place = data.index(after) + offset
    return data[:place] + number.to_bytes(size, "big") + data[place + size :]


def with_size(jpeg_2000, columns, rows, tile=None):
    data = with_number(with_number(jpeg_2000, b"\xff\x51", 6, columns), b"\xff\x51", 10, rows)
    return with_number(with_number(data, b"\xff\x51", 22, tile or columns), b"\xff\x51", 26, tile or rows)


def facts(found):
    return found.columns, found.rows, found.samples, found.bits, found.signed


def test_a_jpeg_gives_its_size(jpeg):
    assert facts(codestream(jpeg)) == (80, 96, 1, 8, False)


def test_a_lossless_jpeg_gives_its_size():
    assert facts(codestream(encode_jpeg_lossless(stored(chest_radiograph(96, 80)), 12))) == (80, 96, 1, 12, False)


def test_a_jpeg_ls_gives_its_size():
    jpeg_ls = pytest.importorskip("jpeg_ls")
    data = bytes(jpeg_ls.encode(stored(chest_radiograph(96, 80), 16)))
    assert facts(codestream(data)) == (80, 96, 1, 16, False)


def test_a_jpeg_2000_gives_its_size(jpeg_2000):
    assert facts(codestream(jpeg_2000)) == (80, 96, 1, 12, False)


def test_an_offset_of_the_image_in_its_grid_is_no_part_of_its_size(jpeg_2000):
    data = with_number(with_number(jpeg_2000, b"\xff\x51", 14, 30), b"\xff\x51", 18, 16)
    assert (codestream(data).columns, codestream(data).rows) == (50, 80)


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("before", [(), (box(b"uuid", bytes(5000)),), (box(b"uuid", bytes(5000), extended=True),)])
def test_boxes_around_a_jpeg_2000_are_taken_off_however_long(jpeg_2000, before, extended):
    assert codestream(jp2(jpeg_2000, *before, extended=extended)).data == jpeg_2000


def test_the_last_box_may_have_no_length(jpeg_2000):
    assert codestream(jp2(b"")[:-8] + struct.pack(">I4s", 0, b"jp2c") + jpeg_2000).data == jpeg_2000


def test_a_codestream_that_only_looks_like_one_inside_another_box_is_not_taken(jpeg_2000):
    decoy = box(b"uuid", with_size(jpeg_2000, 8, 8))
    assert codestream(jp2(jpeg_2000, decoy)).columns == 80


@pytest.mark.parametrize("last", [0, 5, 255])
def test_a_sequential_scan_gets_all_coefficients_whatever_its_header_says(jpeg, last):
    scan = jpeg.index(b"\xff\xda\x00\x08\x01")
    odd = jpeg[: scan + 8] + bytes([last]) + jpeg[scan + 9 :]
    assert codestream(odd).data == jpeg


def test_a_progressive_scan_keeps_its_coefficients():
    stream = io.BytesIO()
    Image.fromarray(stored(chest_radiograph(96, 80), 8)).save(stream, "JPEG", progressive=True)
    assert codestream(stream.getvalue()).data == stream.getvalue()


def hierarchical(jpeg):
    return jpeg[:2] + b"\xff\xde\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00" + jpeg[2:]


def two_frame_headers(jpeg):
    place = jpeg.index(b"\xff\xc0")
    header = jpeg[place : place + 13]
    return jpeg[:place] + header + jpeg[place:]


def many_scans(jpeg):
    scan = jpeg.index(b"\xff\xda")
    return jpeg[:-2] + jpeg[scan:-2] * 200 + jpeg[-2:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (hierarchical, "changes from frame to frame"),
        (two_frame_headers, "one frame header"),
        (many_scans, "more scans"),
        (lambda jpeg: jpeg[:150], "cut short"),
        (lambda jpeg: jpeg[:-2], "cut short"),
        (lambda jpeg: jpeg[:2] + b"\xff\xe0\x00\x02" * 300_000 + jpeg[2:], "more segments"),
        (lambda jpeg: jpeg[:2] + b"\xff" * 300_000 + jpeg[2:], "more segments"),
        (lambda jpeg: jpeg[:2] + b"\xff\xe0\x00\x00" + jpeg[2:], "header is damaged"),
        (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100), "no JPEG"),
        (lambda _: b"", "no JPEG"),
    ],
)
def test_a_jpeg_whose_cost_is_not_known_is_refused(jpeg, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        codestream(change(jpeg))


def with_components(data, count):
    start = data.index(b"\xff\x51")
    component = data[start + 40 : start + 43]
    size = (38 + 3 * count).to_bytes(2, "big")
    return (
        data[: start + 2]
        + size
        + data[start + 4 : start + 38]
        + count.to_bytes(2, "big")
        + component * count
        + data[start + 43 :]
    )


def test_thousands_of_components_are_counted(jpeg_2000):
    assert codestream(with_components(jpeg_2000, 3)).samples == 3
    with pytest.raises(ValueError, match="more components"):
        codestream(with_components(jpeg_2000, 16_384))


def with_precincts(data, exponents):
    start = data.index(b"\xff\x52")
    levels = data[start + 9]
    length = data[start + 2 : start + 4]
    segment = data[start + 4 : start + 2 + int.from_bytes(length, "big")]
    segment = bytes([segment[0] | 1]) + segment[1:10] + bytes([exponents]) * (levels + 1)
    end = start + 2 + int.from_bytes(length, "big")
    return data[:start] + b"\xff\x52" + (2 + len(segment)).to_bytes(2, "big") + segment + data[end:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: with_size(data, 60_000, 60_000, tile=100), "more tiles"),
        (lambda data: with_number(data, b"\xff\x51", 22, 0), "do not cover"),
        (lambda data: with_number(data, b"\xff\x51", 14, 80), "do not cover"),
        (lambda data: with_number(data, b"\xff\x51", 41, 2, size=1), "not alike"),
        (lambda data: with_precincts(with_size(data, 9000, 9000), 0x11), "smaller pieces"),
        (lambda data: with_number(with_size(data, 9000, 9000), b"\xff\x52", 10, 0, size=2), "smaller pieces"),
        (lambda data: with_number(data, b"\xff\x52", 9, 99, size=1), "coding style"),
        (
            lambda data: with_number(with_precincts(with_size(data, 9000, 9000), 0x77), b"\xff\x52", 6, 65_535, size=2),
            "smaller pieces",
        ),
        (lambda data: data[: len(data) // 2], "cut short"),
        (lambda data: data[:60], "cut short"),
        (lambda data: data[:-2] + b"\xff\x90\0\x0a\0\0\0\0\0\x0e\0\1\xff\x93" * 150_000, "more segments"),
        (lambda data: jp2(data, box(b"free", b"") * 300_000), "no codestream"),
        (lambda data: with_number(data, b"\xff\x90", 6, 0)[:-2], "cut short"),
        (lambda data: with_number(data, b"\xff\x90", 6, 2**31), "cut short"),
        (lambda data: jp2(data)[:34], "no codestream"),
        (lambda data: jp2(b"") + struct.pack(">I4s", 3, b"uuid"), "no image size"),
        (lambda data: box(b"jP  ", b"\r\n\x87\n") + struct.pack(">I4s", 3, b"uuid"), "no codestream"),
    ],
)
def test_a_jpeg_2000_whose_cost_is_not_known_is_refused(jpeg_2000, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        codestream(change(jpeg_2000))


def test_bytes_that_are_random_behind_a_beginning_are_refused_or_measured(jpeg, jpeg_2000):
    numbers = np.random.default_rng(3)
    for start in (jpeg[:30], jpeg_2000[:60], jp2(jpeg_2000)[:70]):
        for _ in range(200):
            try:
                found = codestream(start + numbers.bytes(200))
            except ValueError:
                continue
            assert found.columns > 0
