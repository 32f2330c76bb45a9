"""Phantoms of mammograms."""

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from readingroom.imaging.mammography_exam import mammography_exam
from readingroom.imaging.open import open_image
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.phantoms.benign_breast import BENIGN_KINDS
from readingroom.phantoms.mammogram import Lesion, four_views, mammogram, write_exam


def test_the_same_seed_gives_the_same_woman_and_another_seed_another_one():
    assert np.array_equal(mammogram(seed=4).gray, mammogram(seed=4).gray)
    assert not np.array_equal(mammogram(seed=4).breast, mammogram(seed=5).breast)


def test_the_breasts_lie_back_to_back_and_the_muscle_is_on_oblique_views_alone():
    views = four_views(2)
    for role, view in views.items():
        assert view.breast[:, 0 if role.startswith("left") else -1].any()
        assert not view.breast[:, -1 if role.startswith("left") else 0].any()
        assert view.muscle.any() == role.endswith("mlo")
    assert np.array_equal(views["left-cc"].breast, views["right-cc"].breast[:, ::-1])


@pytest.mark.parametrize("kind", ["mass", "calcifications", "asymmetry"])
@pytest.mark.parametrize(("outer", "upper"), [(0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5)])
def test_a_lesion_is_in_the_same_quadrant_and_as_far_from_the_nipple_on_both_views(kind, outer, upper):
    views = four_views(1, right=[Lesion(kind, 0.5, outer, upper)])
    depths = []
    for role in ("right-cc", "right-mlo"):
        view = views[role]
        row, column = ndimage.center_of_mass(view.lesions)
        held = np.flatnonzero(view.breast.any(axis=0))
        middle = {"right-cc": 0.5, "right-mlo": 0.56}[role] * len(view.gray)
        assert (row < middle) == ((outer if role == "right-cc" else upper) > 0)
        depths.append((column - held[0]) / len(held))
    assert depths[0] == pytest.approx(depths[1], abs=0.05)
    assert not views["left-cc"].lesions.any()


@pytest.mark.parametrize("kind", ["mass", "calcifications", "asymmetry"])
def test_a_lesion_is_brighter_than_the_same_breast_without_it(kind):
    bare, ill = mammogram(seed=3), mammogram(seed=3, lesions=[Lesion(kind)])
    assert (ill.gray - bare.gray)[ill.lesions].mean() > 0.01
    assert (ill.gray - bare.gray)[ill.lesions].max() > 0.1
    assert np.abs(ill.gray - bare.gray)[~ndimage.binary_dilation(ill.lesions, iterations=40)].max() < 1e-3


@pytest.mark.parametrize("kind", BENIGN_KINDS)
def test_what_is_no_lesion_is_seen_where_it_is_said_to_be_and_is_none_of_the_lesions(kind):
    bare, other = mammogram(seed=3), mammogram(seed=3, lesions=[Lesion(kind)])
    assert (other.gray - bare.gray)[other.benign].mean() > 0.01
    assert np.abs(other.gray - bare.gray)[~ndimage.binary_dilation(other.benign, iterations=15)].max() < 0.03
    assert not other.lesions.any()


def test_a_benign_mass_looks_like_any_other_and_is_none_of_the_lesions():
    cancer, benign = (mammogram(seed=3, lesions=[Lesion(benign=told)]) for told in (False, True))
    assert np.array_equal(cancer.gray, benign.gray)
    assert np.array_equal(cancer.lesions, benign.benign)
    assert cancer.lesions.any()
    assert not benign.lesions.any()


def test_margins_differ_in_how_soft_they_are():
    def steepness(margin: str) -> float:
        lesion = Lesion(margin=margin, outer=-0.3)
        bare, ill = (mammogram(seed=3, lesions=each, rows=640, columns=512).gray for each in ([], [lesion]))
        return float(ndimage.gaussian_gradient_magnitude(ill - bare, 1.5).max())

    assert steepness("circumscribed") > 1.5 * steepness("indistinct")


def test_an_exam_is_four_dicom_files_whose_views_are_found(tmp_path):
    views = four_views(1)
    files = write_exam(tmp_path, views, "20230405", PatientID="1")
    assert dict(mammography_exam([tmp_path]).files) == files
    image = open_image(files["right-mlo"], "right-mlo").image
    assert (image.date, image.modality, image.fact("BodyPartExamined")) == ("20230405", "MG", "BREAST")
    gray = load_radiograph(image).gray
    assert np.abs(gray - views["right-mlo"].gray).max() < 2e-3
    assert len({pydicom.dcmread(path).StudyInstanceUID for path in files.values()}) == 1


@pytest.mark.parametrize(
    ("wrong", "said"), [({"rows": 20}, "shows nothing"), ({"dense": 1.5}, "share of dense tissue")]
)
def test_what_would_show_nothing_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        mammogram(**wrong)
