"""A header costs no more than a header, whatever it holds."""

import struct
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from readingroom.errors import InputError
from readingroom.imaging.dicom_file import items, numbers, read_elements, read_header, read_image, text
from readingroom.imaging.dicom_gray import dicom_gray
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom

MOST_MEMORY = 100 * 2**20  # of Python's objects for one header
ITEM, END_OF_ITEM = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0"
END_OF_SEQUENCE = b"\xfe\xff\xdd\xe0\0\0\0\0"
EMPTY_ITEM = ITEM + b"\0\0\0\0"
OPEN = b"\xff\xff\xff\xff"
SEQUENCE = b"\x08\x00\x15\x10SQ\0\0"  # (0008,1015), private or unknown: nobody asks for it


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("header") / "a.dcm"
    values = stored(chest_radiograph(96, 80))
    return write_dicom(path, values, WindowCenter=2048, WindowWidth=4096).read_bytes()


def with_bytes(original, data, before=0x00100010):
    """The file with something between its elements, before PatientName."""
    tag = struct.pack("<HH", before >> 16, before & 0xFFFF)
    place = original.index(tag)
    return original[:place] + data + original[place:]


def private(group, element, value, vr=b"LO"):
    if vr in (b"UT", b"OB", b"UN"):
        return struct.pack("<HH2sHI", group, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


ENDLESS = {
    "a million empty items": SEQUENCE + OPEN + EMPTY_ITEM * 1_000_000 + END_OF_SEQUENCE,
    "items with an element each": SEQUENCE + OPEN + (ITEM + struct.pack("<I", 10) + private(9, 0x10, b"ab")) * 500_000,
    "open items": SEQUENCE + OPEN + (ITEM + OPEN + END_OF_ITEM) * 500_000 + END_OF_SEQUENCE,
    "400,000 elements": b"".join(private(9 + 2 * (n // 0xEFF0), 0x1000 + n % 0xEFF0, b"ab") for n in range(400_000)),
    "one element again and again": private(9, 0x10, b"ab") * 300_000,
    "60 MB in a sequence": SEQUENCE + OPEN + ITEM + OPEN + private(9, 0x1010, bytes(60_000_000), b"OB") + END_OF_ITEM,
    "an open value": struct.pack("<HH2sHI", 9, 0x1010, b"OB", 0, 0xFFFFFFFF) + bytes(40_000_000),
    "an open value in fragments": struct.pack("<HH2sHI", 9, 0x1010, b"OB", 0, 0xFFFFFFFF) + EMPTY_ITEM * 1_000_000,
    "many character sets": private(8, 0x0005, b"ISO_IR 999\\" * 5_000, b"CS"),
    "millions of character sets": private(8, 0x0005, b"XX\\" * 5_000_000, b"UT"),
    "character sets in each item": SEQUENCE
    + OPEN
    + (ITEM + struct.pack("<I", 128) + private(8, 0x0005, b"XX\\" * 40, b"CS")) * 30_000,
}


@contextmanager
def little_memory():
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEMORY


@pytest.mark.parametrize("what", ENDLESS)
def test_a_header_without_end_is_refused_or_read_at_little_cost(tmp_path, original, what):
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, ENDLESS[what]))
    with little_memory():
        try:
            read_image(tmp_path / "a.dcm")
        except InputError as error:
            sentence = str(error)
        else:
            sentence = ""
    assert sentence in (
        "",
        "'a.dcm' has a longer header than any image.",
        "'a.dcm' names more character sets than any image.",
        "'a.dcm' is a damaged DICOM file.",
    )


@pytest.mark.parametrize("depth", [900, 3000, 300_000])
def test_sequences_within_sequences_without_end_are_refused(tmp_path, original, depth):
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, (SEQUENCE + OPEN + ITEM + OPEN) * depth))
    with pytest.raises(InputError, match=r"nests sequences deeper|longer header"):
        read_header(tmp_path / "a.dcm")


def test_20_mb_of_window_values_are_passed_over_aloud(tmp_path):
    path = write_dicom(
        tmp_path / "a.dcm", stored(chest_radiograph(96, 80)), transfer_syntax=ImplicitVRLittleEndian, WindowWidth=4096
    )
    place = path.read_bytes().index(struct.pack("<HH", 0x28, 0x1051))
    values = b"1\\" * 10_000_000 + b"1 "
    window = struct.pack("<HHI", 0x28, 0x1050, len(values)) + values
    path.write_bytes(path.read_bytes()[:place] + window + path.read_bytes()[place:])
    with little_memory():
        shown = dicom_gray(read_image(path), "a.dcm")
    assert shown.notes[0] == "The window in the header cannot be used."


@pytest.mark.parametrize("length", [100_000, 2_000_000])
def test_a_text_too_long_to_be_one_counts_as_absent(tmp_path, original, length):
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, private(8, 0x103E, b"D" * length, b"UT")))
    header = read_header(tmp_path / "a.dcm")
    assert text(header, "SeriesDescription") == ""
    assert numbers(header, "WindowCenter") == (2048,)


def test_a_sequence_that_is_asked_for_has_the_limits_of_a_header(tmp_path, original):
    content = EMPTY_ITEM * 120_000
    sequence = struct.pack("<HH2sHI", 0x54, 0x220, b"SQ", 0, len(content)) + content
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, sequence, before=0x7FE00010))
    assert items(read_header(tmp_path / "a.dcm"), "ViewCodeSequence") == []


def test_a_large_private_element_is_passed_over(tmp_path, original):
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, private(9, 0x1010, bytes(80_000_000), b"OB")))
    with little_memory():
        values = read_image(tmp_path / "a.dcm").PixelData
    assert values == stored(chest_radiograph(96, 80)).tobytes()


@pytest.mark.parametrize("preamble", [True, False])
def test_a_deflated_file_is_refused_before_it_is_inflated(tmp_path, preamble):
    path = write_dicom(
        tmp_path / "a.dcm", stored(chest_radiograph(96, 80)), transfer_syntax=DeflatedExplicitVRLittleEndian
    )
    if not preamble:
        path.write_bytes(path.read_bytes()[132:])
    for read in (read_elements, read_header, read_image):
        with pytest.raises(InputError, match="deflated"):
            read(path)


def test_a_header_of_many_elements_is_read(tmp_path, original):
    elements = b"".join(private(0x0009, 0x1000 + n, b"ab") for n in range(20_000))
    (tmp_path / "a.dcm").write_bytes(with_bytes(original, elements))
    assert np.frombuffer(read_image(tmp_path / "a.dcm").PixelData, "<u2").max() > 3000


def test_thousands_of_frames_may_have_a_long_header(tmp_path):
    frame = Dataset()
    frame.PlanePositionSequence = [Dataset()]
    frame.PlanePositionSequence[0].ImagePositionPatient = [1, 2, 3]
    values = stored(chest_radiograph(32, 32))[None].repeat(2000, 0)
    path = write_dicom(tmp_path / "a.dcm", values, PerFrameFunctionalGroupsSequence=[frame] * 2000)
    assert len(items(read_header(path, several_frames=True), "PerFrameFunctionalGroupsSequence")) == 2000
