"""Radiographs as they are displayed, from every kind of file and from memory."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.errors import InputError
from readingroom.imaging.geometry import Geometry
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.dicom_files import stored, write_dicom
from readingroom.study import StudyImage


@pytest.fixture(scope="module")
def chest():
    return chest_radiograph(96, 80)


def load(path):
    return load_radiograph(open_image(path, "frontal").image)


def in_memory(values, **fields):
    return StudyImage(role="frontal", pixels=SimpleITK.GetImageFromArray(values), **fields)


def same_geometry(image, path):
    expected = SimpleITK.ImageFileReader()
    expected.SetFileName(str(path))
    expected.ReadImageInformation()
    return image.GetSize() == expected.GetSize() and all(
        np.allclose(found, wanted)
        for found, wanted in zip(
            vars(Geometry.of(image)).values(), vars(Geometry.of(expected)).values(), strict=True
        )
    )  # fmt: skip


def save_picture(path, values, **options):
    Image.fromarray(values).save(path, **options)
    return path


def bare_png(width, height, rows=b""):
    """A PNG whose header alone says how large it is."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# Real files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        "cr_chest_rsna/chest_pa.dcm",
        "cr_chest_wg04/RG1_J2KI.dcm",
        "ct_wg04/CT1_JLSL.dcm",
        "ct_wg04/CT2_RLE.dcm",
        "ct_lung1_001/image/1-050.dcm",
        "mr_liver_siemens/MR-SIEMENS-DICOM-WithOverlays.dcm",
        "misc/explicit_VR-UN.dcm",
    ],
)
def test_a_real_image_lies_where_simpleitk_puts_it_and_shows_the_same_order_of_values(shared, file):
    path = Path(shared) / "data" / "dicom_io" / file
    loaded = load(path)
    assert same_geometry(loaded.image, path)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(loaded.image)[0], loaded.gray)
    values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0].astype(float)
    inside = (loaded.gray > 0.01) & (loaded.gray < 0.99)  # where no window cuts
    # SimpleITK, too, hands out MONOCHROME1 turned into MONOCHROME2
    assert np.corrcoef(values[inside], loaded.gray[inside])[0, 1] > 0.99


def test_a_large_real_mammogram_lies_where_simpleitk_puts_it(shared):
    path = Path(shared) / "data" / "dicom_io" / "mg_wg04" / "MG1_J2KI.dcm"
    assert same_geometry(load(path).image, path)


@pytest.mark.parametrize("file", ["cr_chest_rsna/chest_pa.dcm", "cr_chest_wg04/RG1_J2KI.dcm"])
def test_bone_is_bright_and_lung_dark_in_real_radiographs(shared, file):
    gray = load(Path(shared) / "data" / "dicom_io" / file).gray
    rows, columns = gray.shape
    spine = gray[int(0.35 * rows) : int(0.5 * rows), int(0.47 * columns) : int(0.53 * columns)].mean()
    lungs = gray[int(0.2 * rows) : int(0.4 * rows), int(0.22 * columns) : int(0.3 * columns)].mean()
    assert spine > lungs + 0.2


# Pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_8_bit_pictures_are_shown_as_they_are(tmp_path, chest, name):
    path = save_picture(tmp_path / name, stored(chest, 8), dpi=(127, 127))
    loaded = load(path)
    assert np.abs(loaded.gray - chest).mean() < 0.02
    assert loaded.gray.dtype == np.float32
    assert loaded.notes == ()
    assert same_geometry(loaded.image, path)


def test_a_16_bit_png_that_uses_its_range_is_shown_as_it_is(tmp_path, chest):
    loaded = load(save_picture(tmp_path / "a.png", stored(chest, 16)))
    np.testing.assert_allclose(loaded.gray, chest, atol=1e-4)


def test_a_16_bit_png_of_detector_values_is_stretched_aloud(tmp_path, chest):
    loaded = load(save_picture(tmp_path / "a.png", stored(chest, 12)))
    assert loaded.gray.max() == 1
    assert "no window" in loaded.notes[0]


def test_gray_in_rgb_is_gray_without_a_word(tmp_path, chest):
    gray = stored(chest, 8)
    loaded = load(save_picture(tmp_path / "a.png", np.stack([gray] * 3, axis=-1)))
    np.testing.assert_allclose(loaded.gray, gray / 255, atol=1e-5)
    assert (loaded.color_fraction, loaded.notes) == (0, ())


def test_a_photograph_is_loaded_with_its_share_of_color(tmp_path):
    colors = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    loaded = load(save_picture(tmp_path / "a.png", colors))
    assert loaded.color_fraction > 0.9
    assert "colors" in loaded.notes[0]


def test_transparent_parts_become_black_and_an_opaque_alpha_changes_nothing(tmp_path, chest):
    gray = stored(chest, 8)
    alpha = np.full_like(gray, 255)
    opaque = load(save_picture(tmp_path / "a.png", np.stack([gray, alpha], axis=-1)))
    np.testing.assert_allclose(opaque.gray, gray / 255, atol=1e-5)
    assert opaque.notes == ()
    alpha[:40] = 0
    holed = load(save_picture(tmp_path / "b.png", np.stack([gray, alpha], axis=-1)))
    assert holed.gray[:40].max() == 0
    assert "Transparent" in holed.notes[0]


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "I;16", "F"])
def test_every_mode_of_a_picture_is_read(tmp_path, chest, mode):
    picture = Image.fromarray(stored(chest, 8))
    picture = Image.fromarray(stored(chest, 16)) if mode == "I;16" else picture.convert(mode)
    picture.save(tmp_path / "a.tif")
    assert np.corrcoef(load(tmp_path / "a.tif").gray.ravel(), chest.ravel())[0, 1] > 0.5  # "1" is dithered


def test_a_picture_of_several_pages_is_refused(tmp_path, chest):
    page = Image.fromarray(stored(chest, 8))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    with pytest.raises(InputError, match="holds 3 pictures"):
        load(tmp_path / "a.tif")


@pytest.mark.parametrize("size", [(30_000, 30_000), (12_000, 12_000)])
def test_a_huge_png_is_refused_from_its_header(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(bare_png(*size))
    with pytest.raises(InputError, match=r"more .*than any radiograph"):
        load(path)


def test_a_picture_without_pixels_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(bare_png(0, 10))
    with pytest.raises(InputError):
        load(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_truncated_picture_is_refused(tmp_path, chest, name):
    path = save_picture(tmp_path / name, stored(chest, 8))
    data = path.read_bytes()
    for share in (0.05, 0.5, 0.9):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(InputError):
            load(path)


# NRRD and NIfTI ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_volume_files_keep_their_geometry(tmp_path, chest, name, dimensions):
    values = stored(chest) if dimensions == 2 else stored(chest)[None]
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing([0.2, 0.3, 2][:dimensions])
    SimpleITK.WriteImage(image, str(tmp_path / name))
    loaded = load(tmp_path / name)
    assert same_geometry(loaded.image, tmp_path / name)
    assert loaded.image.GetDimension() == dimensions
    assert np.corrcoef(loaded.gray.ravel(), chest.ravel())[0, 1] > 0.99
    assert "no window" in loaded.notes[0]


def test_the_window_and_gray_scale_of_the_viewer_are_applied_to_a_file(tmp_path, chest):
    path = tmp_path / "frontal.nrrd"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored(1 - chest)), str(path))
    facts = {"WindowCenter": "2047.5", "WindowWidth": "4095"}
    loaded = load_radiograph(
        StudyImage(role="frontal", path=path, facts={**facts, "PhotometricInterpretation": "MONOCHROME1"})
    )
    np.testing.assert_allclose(loaded.gray, chest, atol=0.001)
    assert loaded.notes == ()


TURNS = [
    [1, 0, 0, 0, 1, 0, 0, 0, 1],  # axial, as a radiograph without a position is written
    [1, 0, 0, 0, 0, 1, 0, -1, 0],  # coronal
    [0, 0, 1, 1, 0, 0, 0, -1, 0],  # sagittal
]


@pytest.mark.parametrize("upright", TURNS, ids=["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nii.gz", "a.mha"])
def test_a_file_that_lies_turned_is_shown_upright_and_stays_where_it_is(tmp_path, chest, upright, swapped, flips, name):
    image = SimpleITK.GetImageFromArray(stored(chest)[None])
    image.SetDirection(upright)
    image.SetSpacing([0.2, 0.3, 1])
    image.SetOrigin([10, 20, 30])
    turned = SimpleITK.Flip(SimpleITK.PermuteAxes(image, [1, 0, 2]) if swapped else image, [*flips, False])
    SimpleITK.WriteImage(turned, str(tmp_path / name))
    loaded = load(tmp_path / name)
    assert np.corrcoef(loaded.gray.ravel(), chest.ravel())[0, 1] > 0.99
    for found, wanted in zip(
        vars(Geometry.of(loaded.image)).values(), vars(Geometry.of(image)).values(), strict=True
    ):  # fmt: skip
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert any("turned upright" in note for note in loaded.notes) == (swapped or any(flips))


def test_a_nifti_as_dcm2niix_writes_radiographs_is_shown_upright_and_not_mirrored(tmp_path, chest):
    path = tmp_path / "a.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored(chest)[None, ::-1]), str(path))
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code and sform_code
    struct.pack_into("<12f", data, 280, 1, 0, 0, 0, 0, 1, 0, -95, 0, 0, 1, 0)  # srow
    path.write_bytes(data)
    loaded = load(path)
    assert np.corrcoef(loaded.gray.ravel(), chest.ravel())[0, 1] > 0.99
    assert "from the bottom to the top" in loaded.notes[0]


def test_a_nifti_that_does_not_say_which_way_is_up_is_read_as_stored_and_a_note_says_so(tmp_path, chest):
    path = tmp_path / "a.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(stored(chest)[None]), str(path))
    data = bytearray(path.read_bytes())
    data[252:256] = bytes(4)  # qform_code and sform_code
    data[280:328] = bytes(48)  # srow
    path.write_bytes(data)
    loaded = load(path)
    assert np.corrcoef(loaded.gray.ravel(), chest.ravel())[0, 1] > 0.99
    assert "does not say which way is up" in loaded.notes[0]


def test_a_volume_is_refused_for_what_it_is(tmp_path):
    SimpleITK.WriteImage(SimpleITK.Image([20, 30, 40], SimpleITK.sitkInt16), str(tmp_path / "ct.nii.gz"))
    with pytest.raises(InputError, match="volume of 20 x 30 x 40"):
        load(tmp_path / "ct.nii.gz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_numbers_are_counted(tmp_path, chest, bad):
    values = chest.copy()
    values[3:5, 7] = bad
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(tmp_path / "a.nrrd"))
    with pytest.raises(InputError, match="2 pixels that are not numbers"):
        load(tmp_path / "a.nrrd")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_a_file_is_read_by_its_content_whatever_its_name(tmp_path, chest, name):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(chest), str(tmp_path / name))
    path = (tmp_path / name).rename(tmp_path / "IM0001")
    np.testing.assert_allclose(load(path).gray, chest, atol=1e-6)


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii", "a.nii.gz"])
def test_a_truncated_volume_file_is_refused(tmp_path, chest, name):
    path = tmp_path / name
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(chest), str(path), useCompression=True)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError):
        load(path)


def test_a_huge_nrrd_is_refused_from_its_header(tmp_path):
    header = "NRRD0004\ntype: short\ndimension: 2\nsizes: 30000 30000\nencoding: raw\nendian: little\n\n"
    (tmp_path / "a.nrrd").write_bytes(header.encode() + b"\0" * 64)
    with pytest.raises(InputError, match="30,000 x 30,000"):
        load(tmp_path / "a.nrrd")


# Memory -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_rendered_pixels_in_memory_are_shown_as_they_are(chest, dtype):
    values = stored(chest, 8) if dtype == np.uint8 else chest
    loaded = load_radiograph(in_memory(values, rendered=True, facts={"PhotometricInterpretation": "MONOCHROME1"}))
    np.testing.assert_allclose(loaded.gray, chest, atol=0.003)
    assert loaded.image.GetDimension() == 2


def test_pixels_in_memory_go_through_their_window(chest):
    image = in_memory(stored(chest)[None], facts={"WindowCenter": "2047.5", "WindowWidth": "4095"})
    np.testing.assert_allclose(load_radiograph(image).gray, chest, atol=0.001)
    assert load_radiograph(image).image.GetSize() == (80, 96, 1)
    inverted = replace(image, facts={**image.facts, "PhotometricInterpretation": "MONOCHROME1"})
    np.testing.assert_allclose(load_radiograph(inverted).gray, 1 - chest, atol=0.001)


def test_a_broken_window_in_the_facts_is_replaced_aloud(chest):
    image = in_memory(stored(chest), facts={"WindowCenter": "mid", "WindowWidth": "4095"})
    assert "cannot be used" in load_radiograph(image).notes[0]


def test_color_pixels_in_memory_are_measured():
    colors = np.random.default_rng(0).integers(0, 255, (1, 30, 30, 3), np.uint8)
    image = SimpleITK.GetImageFromArray(colors, isVector=True)
    assert load_radiograph(StudyImage(role="frontal", pixels=image)).color_fraction > 0.9


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (SimpleITK.Image([9, 9, 9], SimpleITK.sitkInt16), "volume of 9 x 9 x 9"),
        (SimpleITK.Image([9, 9], SimpleITK.sitkInt16), "same value"),
        (SimpleITK.Image([9, 0], SimpleITK.sitkInt16), "9 x 0 pixels"),
        (SimpleITK.Image([9, 9], SimpleITK.sitkComplexFloat32), "complex"),
    ],
)
def test_pixels_that_are_no_radiograph_are_refused(image, sentence):
    with pytest.raises(InputError, match=sentence):
        load_radiograph(StudyImage(role="frontal", pixels=image))


def test_two_values_per_pixel_are_no_radiograph(chest):
    image = SimpleITK.GetImageFromArray(np.stack([chest, 1 - chest], axis=-1), isVector=True)
    with pytest.raises(InputError, match="2 values per pixel"):
        load_radiograph(StudyImage(role="frontal", pixels=image))


def test_a_dicom_folder_and_its_file_give_the_same_radiograph(tmp_path, chest):
    path = write_dicom(tmp_path / "a.dcm", stored(chest), ImagerPixelSpacing=[0.2, 0.3])
    from_folder = load_radiograph(StudyImage(role="frontal", path=tmp_path))
    np.testing.assert_array_equal(from_folder.gray, load(path).gray)
    assert same_geometry(from_folder.image, path)
