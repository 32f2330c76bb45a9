"""Where the liver of a read comes from: a file with many labels, one click, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

from liver_hcc_cases import SPACING, gray_network, image_of, lesion, phantom, pixels, write_bundle, write_nrrd
from readingroom import device
from readingroom.bundles.bundle import Bundle
from readingroom.codes import LIVER
from readingroom.errors import InputError, RefusedError
from readingroom.imaging.mask_file import load_mask
from readingroom.imaging.volume import load_volume
from readingroom.progress import Progress
from readingroom.readers.base import ReadContext
from readingroom.readers.liver_hcc import READER
from readingroom.readers.liver_masks import LiverMask, find_liver, given_liver_checks
from readingroom.readers.opening import open_study
from readingroom.study import StudyMask


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "bright", gray_network())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_nrrd(folder / "mr.nrrd", pixels())
    write_nrrd(folder / "liver.nrrd", phantom().liver)
    write_nrrd(folder / "kidney.nrrd", phantom().right_kidney)
    write_nrrd(folder / "spleen.nrrd", phantom().spleen)
    return folder


def found(bundle: Bundle, files: Path, mask: str = "", point: tuple[float, ...] | None = None) -> LiverMask:
    masks = {"liver": files / mask} if mask else {}
    study = open_study(READER, {"mr": files / "mr.nrrd"}, masks, points={"liver": point} if point else {})
    context = ReadContext(bundle, device.choose("cpu"), Progress())
    case = READER.load(study)
    context.check(*given_liver_checks(case))
    return find_liver(case, context)


def test_a_liver_that_was_given_is_taken_as_it_is(bundle: Bundle, files: Path) -> None:
    liver = found(bundle, files, "liver.nrrd")
    assert np.array_equal(liver.mask, phantom().liver)
    assert liver.source == "file liver.nrrd"


@pytest.mark.parametrize("organ", ["kidney.nrrd", "spleen.nrrd"])
def test_another_organ_is_refused(bundle: Bundle, files: Path, organ: str) -> None:
    with pytest.raises(RefusedError):
        found(bundle, files, organ)


def test_a_point_grows_it(bundle: Bundle, files: Path) -> None:
    away = ndimage.distance_transform_edt(phantom().liver & ~lesion(), SPACING)
    k, j, i = (int(part) for part in np.unravel_index(away.argmax(), away.shape))
    point = image_of(phantom().liver).TransformIndexToPhysicalPoint((i, j, k))
    liver = found(bundle, files, point=point)
    share = 2 * (liver.mask & phantom().liver).sum() / (liver.mask.sum() + phantom().liver.sum())
    assert share > 0.8
    assert liver.source.startswith("grown from the point")


def test_without_a_mask_it_says_what_to_do(bundle: Bundle, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="grow a first guess from one point"):
        found(bundle, files)


def test_of_a_file_of_many_organs_the_liver_is_taken_by_name(shared: Path) -> None:
    folder = shared / "data" / "totalseg_examples"
    image = load_volume(folder / "example_mr_sm.nii.gz").image
    path = folder / "example_seg_mr.nii.gz"
    labels = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "LPS")
    mask = load_mask(StudyMask("liver", "mr", path, LIVER), image)
    assert np.array_equal(mask.voxels, SimpleITK.GetArrayFromImage(labels) == 5)
    spleen = load_mask(StudyMask("liver", "mr", path, LIVER, structures=("spleen",)), image)
    assert np.array_equal(spleen.voxels, SimpleITK.GetArrayFromImage(labels) == 1)
    with pytest.raises(InputError, match="has no structure 'Leber'"):
        load_mask(StudyMask("liver", "mr", path, LIVER, structures=("Leber",)), image)
