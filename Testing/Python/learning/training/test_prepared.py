from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from readingroom.bundles.metadata import Preprocessing
from readingroom.errors import InputError
from readingroom.imaging.breast import find_breast
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import gray_levels, normalized, prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.learning.cohorts.cohort import Row
from readingroom.learning.training.normalization import IMAGENET_MEAN, IMAGENET_STD, measured
from readingroom.learning.training.picture_store import prepared
from readingroom.phantoms.chest_ct import chest_ct
from readingroom.phantoms.chest_radiograph import chest_radiograph
from readingroom.phantoms.mammogram import mammogram, write_exam

WINDOW = {"window": (-600.0, 1500.0)}


def row(path, **fields):
    return Row("patient", "study", {"ct": path}, label="a", **fields)


@pytest.fixture(scope="module")
def a_film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.png"
    Image.fromarray((255 * chest_radiograph(200, 160, seed=1)).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def a_ct(tmp_path_factory):
    """A phantom of 24 slices, of which only those in the middle show lung, with air around; and its lung mask."""
    folder = tmp_path_factory.mktemp("ct")
    phantom = chest_ct((24, 128, 170), (6.0, 2.4, 2.4))
    for name, voxels in (("ct", phantom.pixels), ("lungs", (phantom.left_lung | phantom.right_lung).astype(np.uint8))):
        image = SimpleITK.GetImageFromArray(voxels)
        image.SetSpacing(phantom.spacing[::-1])
        SimpleITK.WriteImage(image, folder / f"{name}.nii.gz")
    return folder / "ct.nii.gz", phantom


@pytest.mark.parametrize("preset", ["published", "rigorous"])
def test_training_sees_the_pixels_that_the_reader_sees(a_film, preset):
    gray = load_radiograph(open_image(a_film, "frontal").image).gray
    numbers = Preprocessing("picture", (96, 96), preset=preset, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    wanted = measured(Preprocessing("picture", (96, 96), 3, preset, "imagenet"))
    trained_on = normalized(prepared(row(a_film), wanted), wanted)
    assert np.array_equal(trained_on, prepare(gray, numbers).pixels)


@pytest.mark.parametrize("role", ["left-cc", "mammogram"])
@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_muscle_is_looked_for_on_a_view_that_is_not_cc_by_its_role_or_its_header(tmp_path, role, view):
    """The pixels are those of an oblique view throughout; a role that names the view goes before the header."""
    path = write_exam(tmp_path, {"left-mlo": mammogram("left", "mlo", 1)}, ViewPosition=view, ViewCodeSequence=None)
    wanted = Preprocessing("picture", (96, 48), 1, normalize="none", organ="breast", organ_crop=True, keep_aspect=True)
    trained_on = normalized(prepared(Row("a", "b", {role: path["left-mlo"]}, label="a"), wanted), wanted)
    gray = load_radiograph(open_image(path["left-mlo"], role).image).gray
    without, with_muscle = (prepare(gray, wanted, find_breast(gray, view)).pixels for view in ("CC", "MLO"))
    assert not np.array_equal(without, with_muscle)
    assert np.array_equal(trained_on, without if "CC" in (view, role[-2:].upper()) else with_muscle)


def test_the_row_s_own_mask_of_the_breast_goes_before_the_one_that_is_found(tmp_path):
    path = write_exam(tmp_path, {"left-cc": mammogram("left", "cc", 1)})["left-cc"]
    wanted = Preprocessing("picture", (96, 48), 1, normalize="none", organ="breast", organ_crop=True)
    film = load_radiograph(open_image(path, "left-cc").image)
    drawn = np.zeros(film.gray.shape, np.uint8)
    drawn[40:90, 10:60] = 1
    SimpleITK.WriteImage(film.geometry.place(drawn), tmp_path / "breast.nrrd")
    masked = Row("a", "b", {"left-cc": path}, label="a", masks={"breast": tmp_path / "breast.nrrd"})
    assert np.array_equal(prepared(masked, wanted), gray_levels(film.gray, wanted, drawn != 0))
    assert not np.array_equal(prepared(masked, wanted), prepared(replace(masked, masks={}), wanted))


def test_a_picture_that_keeps_its_aspect_is_padded_with_black(tmp_path):
    film = np.full((100, 50), 200, np.uint8)
    film[:, 0] = 250
    Image.fromarray(film).save(tmp_path / "tall.png")
    gray = prepared(row(tmp_path / "tall.png"), Preprocessing("picture", (64, 64), keep_aspect=True))
    assert gray.shape == (64, 64)
    assert (gray[:, :15] == 0).all()
    assert (gray[:, 49:] == 0).all()
    assert (gray[:, 18:46] > 0.7).all()


def test_a_picture_may_be_a_rectangle(a_film):
    assert prepared(row(a_film), Preprocessing("picture", (64, 32))).shape == (64, 32)


def test_a_mammogram_is_cut_to_the_breast(tmp_path):
    film = np.zeros((200, 160), np.uint8)
    j, i = np.mgrid[:200, :160]
    film[((j - 100) / 80) ** 2 + (i / 60) ** 2 < 1] = 120  # the breast, on the left
    film[90:110, 10:40] = 220
    film[10:20, 140:155] = 250  # a marker
    Image.fromarray(film).save(tmp_path / "breast.png")
    gray = prepared(row(tmp_path / "breast.png"), Preprocessing("picture", (64, 32), organ="breast", organ_crop=True))
    assert gray[32, 30] > 0.3  # the nipple is at the right border now
    assert gray.max() < 0.95  # the marker is cut away


def test_slices_are_evenly_spaced_in_the_window(a_ct):
    path, phantom = a_ct
    wanted = Preprocessing("slices", (32, 32), 3, slices=5, **WINDOW)
    stack = prepared(row(path), wanted)
    assert stack.shape == (5, 32, 32)
    # the lung of the phantom is -850 HU: (-850 + 1350) / 1500
    whole = prepared(row(path), Preprocessing("slices", phantom.pixels.shape[1:], 1, **WINDOW))
    assert whole.shape == phantom.pixels.shape
    assert np.allclose(whole, np.clip((phantom.pixels + 1350.0) / 1500, 0, 1), atol=1e-4)


def test_slices_without_lung_are_left_out(a_ct, tmp_path):
    path, phantom = a_ct
    image = SimpleITK.ReadImage(path)
    voxels = phantom.pixels.copy()
    lungs = phantom.left_lung | phantom.right_lung
    voxels[:7][lungs[:7]] = 40  # belly
    belly = SimpleITK.GetImageFromArray(voxels)
    belly.CopyInformation(image)
    SimpleITK.WriteImage(belly, tmp_path / "belly.nii.gz")
    wanted = Preprocessing("slices", (64, 64), 1, organ="lungs", least_organ=0.02, **WINDOW)
    assert len(prepared(row(tmp_path / "belly.nii.gz"), wanted)) == 24 - 7


def test_slices_are_cut_to_the_box_around_the_lungs(a_ct):
    path, _ = a_ct
    whole, cut = (
        prepared(
            row(path),
            Preprocessing("slices", (64, 64), 1, organ="lungs", least_organ=0.02, organ_crop=crop, **WINDOW),
        )
        for crop in (False, True)
    )
    outside = 0.05  # air around the body is -1000 HU, which the window makes 0.23; lung is 0.33
    assert (np.abs(cut - 0.233) < outside / 2).mean() < 0.5 * (np.abs(whole - 0.233) < outside / 2).mean()


def test_a_mask_of_the_table_is_taken_instead_of_our_own(a_ct, tmp_path):
    path, phantom = a_ct
    mask = np.zeros(phantom.pixels.shape, np.uint8)
    mask[5:9, 40:80, 40:80] = 1
    image = SimpleITK.GetImageFromArray(mask)
    image.CopyInformation(SimpleITK.ReadImage(path))
    SimpleITK.WriteImage(image, tmp_path / "mask.nii.gz")
    masked = row(path, masks={"lungs": tmp_path / "mask.nii.gz"})
    found = prepared(
        masked, Preprocessing("slices", (40, 40), 1, organ="lungs", least_organ=0.02, organ_crop=True, **WINDOW)
    )
    expected = np.clip((phantom.pixels[5:9, 40:80, 40:80] + 1350.0) / 1500, 0, 1)
    assert np.allclose(found, expected, atol=1e-4)


def test_a_volume_is_stretched_to_its_size(a_ct):
    path, phantom = a_ct
    volume = prepared(row(path), Preprocessing("volume", (16, 64, 64), 1, **WINDOW))
    assert volume.shape == (16, 64, 64)
    expected = np.clip((phantom.pixels + 1350.0) / 1500, 0, 1)
    assert volume.mean() == pytest.approx(expected.mean(), abs=0.02)


def test_a_ramp_stays_a_ramp_when_a_volume_is_resized(tmp_path):
    """Centers of voxels stay at the centers of the parts of the volume that they cover."""
    ramp = np.broadcast_to(np.linspace(0.5 / 40, 1 - 0.5 / 40, 40, dtype=np.float32), (20, 30, 40)).copy()
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(ramp), tmp_path / "ramp.nii.gz")
    wanted = Preprocessing("volume", (16, 16, 20), 1, window=(0.5, 1.0))
    volume = prepared(row(tmp_path / "ramp.nii.gz"), wanted)
    assert np.allclose(volume[8, 8, 2:-2], (np.arange(20)[2:-2] + 0.5) / 20, atol=1e-3)


def test_a_volume_on_a_given_spacing_is_cut_about_its_center(a_ct):
    path, _ = a_ct
    volume = prepared(row(path), Preprocessing("volume", (16, 48, 96), 1, spacing=(12.0, 4.8, 4.8), **WINDOW))
    assert volume.shape == (16, 48, 96)
    assert (volume[:2] == 0).all()  # 12 slices in 16
    assert volume[8].max() > 0.5


def test_percentiles_make_gray_levels_of_an_mr(tmp_path):
    voxels = np.random.default_rng(0).uniform(100, 900, (16, 20, 20)).astype(np.float32)
    voxels[0, 0, 0] = 1e6
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), tmp_path / "mr.nrrd")
    wanted = Preprocessing("volume", (16, 20, 20), 1, percentiles=(0.5, 99.5))
    gray = prepared(row(tmp_path / "mr.nrrd"), wanted)
    assert gray.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "gives no window"),
        (WINDOW | {"organ": "lungs", "least_organ": 0.9}, "In no slice does the organ fill 90%"),
    ],
)
def test_what_cannot_be_prepared_is_told_with_its_study(a_ct, settings, sentence):
    with pytest.raises(InputError, match=f"^Study 'study' of patient 'patient': .*{sentence}"):
        prepared(row(a_ct[0]), Preprocessing("slices", (32, 32), **settings))


def test_a_volume_without_lungs_asks_for_a_mask(tmp_path):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((8, 16, 16), np.int16)), tmp_path / "brain.nii.gz")
    with pytest.raises(InputError, match="give a mask 'lungs'"):
        prepared(
            row(tmp_path / "brain.nii.gz"), Preprocessing("slices", (32, 32), organ="lungs", organ_crop=True, **WINDOW)
        )


def test_a_picture_is_no_volume_and_a_volume_no_picture(a_film, a_ct):
    with pytest.raises(InputError, match=r"'film.png' is no volume"):
        prepared(row(a_film), Preprocessing("slices", (32, 32), **WINDOW))
    with pytest.raises(InputError, match=r"'ct.nii.gz' is a volume"):
        prepared(row(a_ct[0]), Preprocessing("picture", (32, 32)))


def test_a_real_ct_in_dicom_and_in_nifti_has_lungs(shared):
    wanted = Preprocessing("slices", (64, 64), 3, slices=6, organ="lungs", least_organ=0.02, organ_crop=True, **WINDOW)
    for path in ("lung_ct/LUNG1-001/ct.nii.gz", "lung_ct/LIDC-IDRI-0314/ct_2mm.nii.gz", "dicom_io/ct_lung1_001"):
        stack = prepared(row(shared / "data" / path), wanted)
        assert stack.shape == (6, 64, 64)
        assert 0.2 < (stack < 0.45).mean() < 0.9
