"""The grayscale pipeline on DICOM files of the chest phantom."""

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.pixels import apply_modality_lut, apply_voi, pixel_array

from readingroom.errors import InputError, SetupError
from readingroom.imaging.dicom_file import read_image
from readingroom.imaging.dicom_gray import dicom_gray
from readingroom.imaging.display import Window
from readingroom.imaging.lookup_tables import lookup_table
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import lookup_table_item, radiograph_dataset, stored, write_dicom

FULL_12_BITS = {"WindowCenter": 2048, "WindowWidth": 4096}
CODECS = {uid.JPEG2000Lossless: "openjpeg", uid.JPEGLSLossless: "jpeg_ls", uid.JPEGLosslessSV1: "libjpeg"}


@pytest.fixture(scope="module")
def chest():
    return chest_radiograph(96, 80)


@pytest.fixture
def shown(tmp_path):
    """Write values as DICOM, read them back as they are displayed."""

    def write_and_show(values, bits=12, **elements):
        return dicom_gray(read_image(write_dicom(tmp_path / "chest.dcm", values, bits, **elements)), "chest.dcm")

    return write_and_show


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_every_depth_and_sign_shows_the_same_picture(chest, shown, bits, signed):
    center = 2 ** (bits - 1) * (not signed)
    result = shown(stored(chest, bits, signed), bits, WindowCenter=center, WindowWidth=2**bits)
    np.testing.assert_allclose(result.gray, chest, atol=1 / 2**bits + 1e-6)
    assert result.notes == ()


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.RLELossless,
        uid.JPEG2000Lossless,
        uid.JPEGLSLossless,
        uid.JPEGLosslessSV1,
    ],
)
def test_lossless_compressions_show_the_same_picture(chest, shown, syntax):
    if syntax in CODECS:
        pytest.importorskip(CODECS[syntax])
    values = stored(chest)
    np.testing.assert_array_equal(
        shown(values, transfer_syntax=syntax, **FULL_12_BITS).gray, shown(values, **FULL_12_BITS).gray
    )


def test_baseline_jpeg_shows_nearly_the_same_picture(chest, shown):
    result = shown(stored(chest, 8), 8, transfer_syntax=uid.JPEGBaseline8Bit)
    assert np.abs(result.gray - chest).mean() < 0.01


def test_monochrome1_is_turned_so_that_bone_is_bright(chest, shown):
    values = stored(1 - chest)
    result = shown(values, PhotometricInterpretation="MONOCHROME1", **FULL_12_BITS)
    np.testing.assert_allclose(result.gray, chest, atol=0.001)


def test_monochrome1_is_inverted_after_the_window():
    # preprocess.json, monochrome1_rule: y_max - y + y_min, here with an asymmetric window
    values = np.arange(0, 4096, 64, np.uint16).reshape(8, 8)
    dataset = radiograph_dataset(values, WindowCenter=1000, WindowWidth=800, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(dicom_gray(dataset, "x").gray, 1 - Window(1000, 800)(values), atol=1e-6)


def test_inverse_presentation_shape_goes_with_monochrome1_and_does_not_invert_twice(chest, shown):
    result = shown(
        stored(1 - chest),
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
        **FULL_12_BITS,
    )
    np.testing.assert_allclose(result.gray, chest, atol=0.001)
    assert result.notes == ()


def test_inverse_presentation_shape_alone_inverts_and_says_so(chest, shown):
    result = shown(stored(1 - chest), PresentationLUTShape="INVERSE", **FULL_12_BITS)
    np.testing.assert_allclose(result.gray, chest, atol=0.001)
    assert "contradicts itself" in result.notes[0]


def test_rescaled_values_meet_a_window_in_their_own_unit(chest, shown):
    result = shown(stored(chest), RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3095, WindowWidth=8190,
                   VOILUTFunction="LINEAR_EXACT")  # fmt: skip
    np.testing.assert_allclose(result.gray, chest, atol=0.001)


def test_a_modality_table_equals_pydicom(chest, shown, tmp_path):
    item = lookup_table_item(np.linspace(100, 60_000, 4096).astype(int), bits=16)
    item.ModalityLUTType = "US"
    shown(stored(chest), ModalityLUTSequence=[item], WindowCenter=30_000, WindowWidth=60_000)
    dataset = read_image(tmp_path / "chest.dcm")
    table = lookup_table(dataset.ModalityLUTSequence[0], (0, 4095))
    values = pixel_array(dataset)
    np.testing.assert_array_equal(table(values), apply_modality_lut(values, dataset))


@pytest.mark.parametrize("first", [0, 200, -50])
def test_a_voi_table_equals_pydicom(shown, tmp_path, first):
    values = np.arange(-100, 3900, 10, np.int16).reshape(20, 20)
    entries = (4095 * np.linspace(0, 1, 3000) ** 2).astype(int)
    result = shown(values, VOILUTSequence=[lookup_table_item(entries, first)])
    dataset = read_image(tmp_path / "chest.dcm")
    np.testing.assert_allclose(result.gray * 4095, apply_voi(pixel_array(dataset), dataset), atol=0.01)


def test_a_voi_table_goes_before_a_window(chest, shown):
    identity = lookup_table_item(range(4096))
    result = shown(stored(chest), VOILUTSequence=[identity], WindowCenter=100, WindowWidth=50)
    np.testing.assert_allclose(result.gray, chest, atol=0.001)


def test_a_table_of_8_bit_entries_for_12_bit_values_does_not_wrap_around(chest, shown):
    entries = np.linspace(0, 255, 4096).round().astype(int)
    result = shown(stored(chest), VOILUTSequence=[lookup_table_item(entries, bits=8)])
    np.testing.assert_allclose(result.gray, chest, atol=0.005)


def test_the_first_of_several_windows_is_used_and_a_note_says_so(chest, shown):
    result = shown(stored(chest), WindowCenter=[2048, 100], WindowWidth=[4096, 20])
    np.testing.assert_allclose(result.gray, chest, atol=0.001)
    assert result.notes == ("The header gives 2 windows; the first was used.",)


def test_without_a_window_the_pixels_decide_and_a_note_says_so(chest, shown):
    result = shown(stored(chest * 0.2))
    assert result.gray.max() == 1
    assert result.gray.min() == 0
    assert np.corrcoef(result.gray.ravel(), chest.ravel())[0, 1] > 0.99
    assert "no usable window" in result.notes[0]


def test_8_bits_without_a_window_are_shown_as_they_are(chest, shown):
    result = shown(stored(chest * 0.5, 8), 8)
    np.testing.assert_allclose(result.gray, chest * 0.5, atol=0.003)
    assert result.notes == ()


@pytest.mark.parametrize("window", [{"WindowCenter": 2048, "WindowWidth": 0}, {"WindowCenter": 2048}])
def test_an_impossible_window_is_replaced_aloud(chest, shown, window):
    result = shown(stored(chest), **window)
    assert result.gray.std() > 0.1
    assert result.notes[0] == "The window in the header cannot be used."


def test_a_window_that_misses_all_pixels_is_replaced_aloud(chest, shown):
    result = shown(stored(chest), WindowCenter=60_000, WindowWidth=100)
    assert result.gray.std() > 0.1
    assert "without contrast" in result.notes[0]


def test_padding_is_black_and_does_not_set_the_contrast(chest, shown):
    values = stored(chest * 0.2) + 1
    values[:30] = 4095
    result = shown(values, PixelPaddingValue=4095, PhotometricInterpretation="MONOCHROME1")
    assert result.gray[:30].max() == 0
    assert result.gray[30:].std() > 0.1


def test_a_padding_range_is_padding_too(chest, shown):
    values = stored(chest * 0.5)
    values[:10], values[10:20] = 4000, 4050
    assert shown(values, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095).gray[:20].max() == 0


def test_a_gray_picture_stored_in_color_counts_as_gray(chest, shown):
    result = shown(np.repeat(stored(chest, 8)[..., None], 3, axis=2), 8)
    np.testing.assert_allclose(result.gray, chest, atol=0.003)
    assert result.color_fraction == 0


def test_true_color_is_measured(chest, shown):
    values = np.repeat(stored(chest, 8)[..., None], 3, axis=2)
    values[:48, :, 0] //= 4
    assert shown(values, 8).color_fraction == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"PixelData": None}, "no pixel data"),
        ({"PhotometricInterpretation": None}, "black or white"),
        ({"BitsAllocated": None}, "BitsAllocated is missing"),
        ({"PixelRepresentation": None}, "PixelRepresentation is missing"),
        ({"BitsStored": 20}, "20 of 16 bits"),
        ({"BitsAllocated": 32}, "of 32 bits"),
        ({"BitsStored": 0}, "0 of 16 bits"),
        ({"SamplesPerPixel": 3}, "3 samples per pixel"),
        ({"PhotometricInterpretation": "RGB"}, "1 samples per pixel"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR"),
        ({"Rows": 5000}, "damaged or cut short"),
        ({"Rows": 0}, "80 x 0 pixels"),
        ({"Rows": None}, "without an image size"),
        ({"Rows": 60_000, "Columns": 60_000}, "60,000 x 60,000 pixels"),
    ],
)
def test_a_contradictory_header_is_refused_with_one_sentence(chest, shown, elements, sentence):
    with pytest.raises(InputError, match=sentence):
        shown(stored(chest), **elements)


def test_a_header_that_hides_a_larger_compressed_picture_is_refused_before_decoding(chest, shown):
    pytest.importorskip("openjpeg")
    with pytest.raises(InputError, match="header says 80 x 40 pixels, its compressed picture 80 x 96"):
        shown(stored(chest), transfer_syntax=uid.JPEG2000Lossless, Rows=40)


def test_a_constant_image_is_refused(shown):
    with pytest.raises(InputError, match="same value"):
        shown(np.full((40, 40), 7, np.uint16))


def test_a_film_in_dicom_is_refused(chest, tmp_path):
    path = write_dicom(tmp_path / "film.dcm", stored(chest), transfer_syntax=uid.RLELossless)
    dataset = read_image(path)
    dataset.file_meta.TransferSyntaxUID = uid.MPEG2MPML
    with pytest.raises(InputError, match="not supported"):
        dicom_gray(dataset, "film.dcm")


def test_a_missing_decoder_is_named(chest, tmp_path, monkeypatch):
    pytest.importorskip("openjpeg")
    dataset = read_image(write_dicom(tmp_path / "a.dcm", stored(chest), transfer_syntax=uid.JPEG2000Lossless))
    from pydicom.pixels import get_decoder

    monkeypatch.setattr(get_decoder(uid.JPEG2000Lossless), "_available", {})
    with pytest.raises(SetupError, match="pylibjpeg-openjpeg"):
        dicom_gray(dataset, "a.dcm")


def _stored_text(dataset, keyword, text):
    """An element as a file holds it, which pydicom would not write."""
    tag = pydicom.tag.Tag(keyword)
    value = text.encode()
    dataset._dict[tag] = pydicom.dataelem.RawDataElement(
        tag, pydicom.datadict.dictionary_VR(keyword), len(value), value, 0, False, True
    )


@pytest.mark.parametrize(
    ("center", "width", "function", "words"),
    [
        ("1500", "2000", "LINEAR", ""),
        ("1500", "2000", "linear", ""),
        ("1500", "2000", "LINEAR\\LINEAR", ""),
        ("1500\\", "2000\\", "LINEAR", ""),
        (" 1500,0", "2000 ", "", ""),
        ("1500\\60", "2000\\wide", "LINEAR", "2 windows, of which 1 cannot be used"),
        ("\\1500", "\\2000", "LINEAR", "2 windows, of which 1 cannot be used"),
        ("600\\1500", "0\\2000", "LINEAR", "2 windows, of which 1 cannot be used"),
        ("600\\1500", "-5\\2000", "LINEAR", "2 windows, of which 1 cannot be used"),
        ("1500", "2000", "CURVED", "VOI LUT function that DICOM does not have"),
    ],
)
def test_a_window_that_can_be_used_is_used_whatever_stands_beside_it(chest, center, width, function, words):
    values = stored(chest)
    dataset = radiograph_dataset(values)
    for keyword, text in (("WindowCenter", center), ("WindowWidth", width), ("VOILUTFunction", function)):
        _stored_text(dataset, keyword, text)
    shown = dicom_gray(dataset, "a.dcm")
    np.testing.assert_allclose(shown.gray, Window(1500, 2000)(values), atol=1e-6)
    assert words in " ".join(shown.notes)
    assert len(shown.notes) == bool(words)


@pytest.mark.parametrize(("center", "width"), [("1500", "0"), ("abc", "2000"), ("1500", "nan"), ("1500", "1e999")])
def test_without_a_window_that_can_be_used_the_pixels_decide_and_notes_say_so(chest, center, width):
    dataset = radiograph_dataset(stored(chest))
    _stored_text(dataset, "WindowCenter", center)
    _stored_text(dataset, "WindowWidth", width)
    assert "The window in the header cannot be used." in dicom_gray(dataset, "a.dcm").notes


def test_a_damaged_rescaling_is_said(chest):
    dataset = radiograph_dataset(stored(chest), WindowCenter=2048, WindowWidth=4096)
    _stored_text(dataset, "RescaleSlope", "steep")
    _stored_text(dataset, "RescaleIntercept", "")
    assert "rescaling in the header cannot be used" in dicom_gray(dataset, "a.dcm").notes[0]
