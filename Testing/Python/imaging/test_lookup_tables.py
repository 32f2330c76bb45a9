"""Lookup tables hold the same numbers whatever VR, byte order and packing they were written with."""

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from readingroom.imaging.dicom_file import read_image
from readingroom.imaging.dicom_gray import dicom_gray
from readingroom.imaging.lookup_tables import lookup_table
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom

CHEST = chest_radiograph(96, 80)
ENTRIES = np.rint((np.arange(4096) / 4095) ** 0.6 * 65_535).astype(np.uint16)
SYNTAXES = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)


def table_item(entries, first=0, bits=16, vr="US", data_vr="OW", byte_order="<", length=None):
    length = len(entries) if length is None else length
    item = Dataset()
    numbers = [length % 65_536, first % 65_536, bits]
    item.add_new("LUTDescriptor", vr, numbers if vr == "US" else [int(n) for n in np.array(numbers, "u2").view("i2")])
    words = np.asarray(entries, np.uint16)
    if data_vr == "OW":
        item.add_new("LUTData", "OW", words.astype(f"{byte_order}u2").tobytes())
    else:
        item.add_new("LUTData", data_vr, [int(n) for n in (words if data_vr == "US" else words.view("i2"))])
    return item


def shown(path, values, sequence, item, **elements):
    return dicom_gray(read_image(write_dicom(path, values, **{sequence: [item]}, **elements)), "a.dcm").gray


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize("data_vr", ["US", "SS", "OW"])
@pytest.mark.parametrize("vr", ["US", "SS"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_table_is_the_same_in_every_vr_and_byte_order(tmp_path, sequence, data_vr, vr, signed, syntax):
    values = stored(CHEST, 12, signed)
    byte_order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    item = table_item(ENTRIES, -2048 * signed, vr=vr, data_vr=data_vr, byte_order=byte_order)
    window = {"WindowCenter": 32_768, "WindowWidth": 65_536} if sequence == "ModalityLUTSequence" else {}
    gray = shown(tmp_path / "a.dcm", values, sequence, item, transfer_syntax=syntax, **window)
    np.testing.assert_allclose(gray, ENTRIES[values.astype(int) + 2048 * signed] / 65_535, atol=2e-5)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("count", [255, 256])
def test_entries_of_8_bits_may_lie_two_in_a_word(tmp_path, syntax, count):
    values = stored(CHEST, 8)
    entries = np.rint(255 * (np.arange(count) / 255) ** 0.6).astype(np.uint8)
    words = np.pad(entries, (0, count % 2)).view("<u2")
    byte_order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    item = table_item(words, bits=8, byte_order=byte_order, length=count)
    gray = shown(tmp_path / "a.dcm", values, "VOILUTSequence", item, bits=8, transfer_syntax=syntax)
    np.testing.assert_allclose(gray, entries[np.minimum(values, count - 1)] / 255, atol=1e-6)


def test_a_length_of_0_stands_for_65536(tmp_path):
    values = stored(CHEST, 16)
    item = table_item(np.arange(65_536)[::-1])
    np.testing.assert_allclose(shown(tmp_path / "a.dcm", values, "VOILUTSequence", item, bits=16), 1 - CHEST, atol=1e-4)


@pytest.mark.parametrize(
    ("vr", "first", "values", "meant"),
    [
        ("US", 63_536, (-2000, 2095), -2000),  # signed values, written with the wrong VR
        ("US", 63_536, (0, 65_535), 63_536),
        ("SS", -2000, (-2000, 2095), -2000),
        ("SS", -2000, (0, 4095), -2000),  # begins below the least value
        ("SS", -25_536, (39_000, 45_000), 40_000),
        ("US", 100, (0, 4095), 100),
    ],
)
def test_the_sign_of_the_first_mapped_value_is_the_one_that_fits_the_values(vr, first, values, meant):
    assert lookup_table(table_item(ENTRIES, first, vr=vr), values).first == meant


@pytest.mark.parametrize(
    "item",
    [
        table_item(ENTRIES, length=5000),
        table_item(ENTRIES, bits=7),
        table_item(ENTRIES, bits=17),
        table_item(np.zeros(4096)),
        table_item([]),
        Dataset(),
    ],
)
def test_a_damaged_table_is_none(item):
    assert lookup_table(item, (0, 4095)) is None


def test_a_table_cut_off_behind_an_unknown_representation_is_none():
    item = Dataset()
    item.LUTDescriptor = [4, 0, 8]
    cut_off = RawDataElement(Tag("LUTData"), "O\0", 8, None, 0, False, True)  # what pydicom makes of such bytes
    item._dict[cut_off.tag] = cut_off
    assert lookup_table(item, (0.0, 3.0)) is None
