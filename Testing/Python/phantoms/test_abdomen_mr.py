"""The phantom abdomen on MR: organs in their places, signals as physics has them, disease as much as asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.imaging.volume import load_volume
from readingroom.phantoms.abdomen_mr import SEQUENCES, AbdomenMR, abdomen_mr, plant
from readingroom.phantoms.dicom_series import Grid, mr_slices, write_slices

SHAPE, SPACING = (20, 72, 96), (12.0, 4.2, 4.2)
VOXEL_ML = float(np.prod(SPACING)) / 1000
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "totalseg_examples"
ORGANS = ("liver", "spleen", "right_kidney", "left_kidney")


def small(seed: int = 1, **given) -> AbdomenMR:
    return abdomen_mr(seed, **{"shape": SHAPE, "spacing": SPACING, "bias": 0.0, **given})


def mean(made: AbdomenMR, organ: str) -> float:
    return float(made.pixels[getattr(made, organ) & ~made.nodules].mean())


def parenchyma(made: AbdomenMR) -> float:
    return float(np.median(made.pixels[made.liver & ~made.nodules]))


def test_a_seed_gives_the_same_voxels_and_another_gives_another_build():
    first, same, other = small(1, nodules_ml=10), small(1, nodules_ml=10), small(2, nodules_ml=10)
    assert (first.pixels == same.pixels).all()
    assert (first.nodules == same.nodules).all()
    assert (first.body != other.body).any()
    assert (first.liver != other.liver).mean() > 0.002


@pytest.mark.parametrize("cirrhosis", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_organs_have_the_size_and_the_place_of_a_persons(seed, cirrhosis):
    made = small(seed, cirrhosis=cirrhosis)
    ml = {organ: getattr(made, organ).sum() * VOXEL_ML for organ in ORGANS}
    assert 800 < ml["liver"] < 2300
    assert 90 < ml["spleen"] < 900
    assert 70 < ml["right_kidney"] < 260
    assert 70 < ml["left_kidney"] < 260
    k, j, i = {organ: np.argwhere(getattr(made, organ)).mean(axis=0) for organ in ORGANS}, 1, 2
    middle = np.argwhere(made.body).mean(axis=0)
    assert k["liver"][i] < middle[i] < k["spleen"][i]
    assert k["right_kidney"][i] < middle[i] < k["left_kidney"][i]
    assert k["right_kidney"][j] > middle[j]
    assert k["right_kidney"][0] < k["liver"][0]


def test_organs_lie_in_the_body_and_apart_and_the_liver_is_one_piece():
    made = small()
    stacked = sum(getattr(made, organ).astype(int) for organ in ORGANS)
    assert stacked.max() == 1
    assert not (stacked.astype(bool) & ~made.body).any()
    pieces = SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(made.liver.astype(np.uint8)))
    assert SimpleITK.GetArrayFromImage(pieces).max() == 1


def test_on_t2_spleen_and_kidneys_are_brighter_than_liver_and_on_t1_darker():
    t2, t1 = small(), small(sequence="T1-in-phase")
    for organ in ("spleen", "right_kidney", "left_kidney"):
        assert mean(t2, organ) > 1.4 * parenchyma(t2)
        assert mean(t1, organ) < 0.9 * parenchyma(t1)


def test_fat_drops_the_signal_of_opposed_phase_as_much_as_it_weighs():
    def ratio(fat: float) -> float:
        opposed, in_phase = (small(fat=fat, sequence=phase) for phase in ("T1-opposed-phase", "T1-in-phase"))
        assert (opposed.liver == in_phase.liver).all()
        return parenchyma(opposed) / parenchyma(in_phase)

    assert ratio(0.0) == pytest.approx(1.0, abs=0.02)
    # 420 of water and 640 of fat at a share of 0.2: (336 - 128) / (336 + 128).
    assert ratio(0.2) == pytest.approx(208 / 464, abs=0.03)


def test_fat_brightens_the_liver_on_t2_unless_it_is_saturated():
    assert parenchyma(small(fat=0.2)) > 1.2 * parenchyma(small())
    assert parenchyma(small(fat=0.2, sequence="T2-fat-saturated")) < parenchyma(small(sequence="T2-fat-saturated"))


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_nodule_is_brighter_on_t2_and_darker_on_t1_than_liver(sequence):
    made = small(nodules_ml=60.0, sequence=sequence)
    ratio = made.pixels[made.nodules].mean() / parenchyma(made)
    assert (1.2 < ratio < 1.9) if sequence.startswith("T2") else (0.5 < ratio < 0.95)


@pytest.mark.parametrize("ml", [2.0, 9.0, 80.0, 300.0])
def test_nodules_have_the_volume_that_was_asked_for_and_lie_in_the_liver(ml):
    for seed in range(3):
        made = small(seed, nodules_ml=ml)
        assert made.nodules_ml == pytest.approx(ml, abs=VOXEL_ML)
        assert not (made.nodules & ~made.liver).any()


def test_without_milliliters_there_is_no_nodule():
    assert not small().nodules.any()


def test_cirrhosis_makes_the_surface_uneven_the_texture_coarse_and_the_spleen_large():
    for seed in range(3):
        healthy, cirrhotic = (small(seed, cirrhosis=grade) for grade in (0.0, 1.0))
        assert cirrhotic.spleen.sum() > 1.5 * healthy.spleen.sum()
        assert surface(cirrhotic.liver) > 1.05 * surface(healthy.liver)
        spread = [np.subtract(*np.quantile(each.pixels[each.liver], [0.75, 0.25])) / parenchyma(each)
                  for each in (healthy, cirrhotic)]  # fmt: skip
        assert spread[1] > 1.3 * spread[0]


def surface(mask: np.ndarray) -> float:
    """Faces of voxels against the volume to the two thirds."""
    return float(sum(np.diff(mask, axis=axis).sum() for axis in range(3)) / mask.sum() ** (2 / 3))


def test_noise_is_rician_and_the_bias_field_as_strong_as_asked_for():
    air = small().pixels[~small().body].astype(float)
    assert air.mean() / air.std() == pytest.approx(np.sqrt(np.pi / (4 - np.pi)), rel=0.03)  # Rayleigh, without signal
    even, biased = small(), small(bias=0.3)
    field = np.log(biased.pixels[even.liver] + 1.0) - np.log(even.pixels[even.liver] + 1.0)
    whole = np.log(biased.pixels[even.body] + 1.0) - np.log(even.pixels[even.body] + 1.0)
    assert 0.2 < whole.std() < 0.4
    assert field.std() > 0.05


@pytest.mark.parametrize("given", [{"fat": 0.7}, {"cirrhosis": 1.5}, {"nodules_ml": -1.0}, {"nodules_ml": 5000.0}])
def test_what_no_liver_has_is_refused(given):
    with pytest.raises(ValueError, match="mL"):
        small(**given)


def test_planting_changes_the_liver_alone_and_keeps_the_type():
    before = small(3)
    after, nodules = plant(before.pixels, before.liver, SPACING, 5, nodules_ml=40.0, fat=0.1, cirrhosis=0.5)
    assert after.dtype == before.pixels.dtype
    assert (after == before.pixels)[~before.liver].all()
    assert nodules.sum() * VOXEL_ML == pytest.approx(40.0, abs=VOXEL_ML)
    assert not (nodules & ~before.liver).any()
    again, _ = plant(before.pixels, before.liver, SPACING, 5, nodules_ml=40.0, fat=0.1, cirrhosis=0.5)
    assert (after == again).all()
    same, none = plant(before.pixels, before.liver, SPACING, 5)
    assert (same == before.pixels).all()
    assert not none.any()


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the folder 'shared'")
def test_a_nodule_is_planted_into_a_real_mr():
    image = SimpleITK.ReadImage(str(REAL / "example_mr_sm.nii.gz"))
    pixels = SimpleITK.GetArrayFromImage(image)
    liver = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(REAL / "example_seg_mr.nii.gz"))) == 5
    after, nodules = plant(pixels, liver, image.GetSpacing()[::-1], 0, nodules_ml=25.0)
    assert nodules.sum() * 0.027 == pytest.approx(25.0, abs=0.03)
    assert after[nodules].mean() > 1.25 * pixels[liver].mean()
    rest = liver & ~nodules
    assert (after[rest] == pixels[rest]).all()


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_it_is_written_as_a_dicom_series_that_says_its_sequence(sequence, tmp_path):
    made = small(nodules_ml=20.0, sequence=sequence)
    grid = Grid(spacing=SPACING[1:], thickness=SPACING[0])
    slices = mr_slices(made.pixels, grid, sequence)
    assert {each.Modality for each in slices} == {"MR"}
    assert slices[0].EchoTime < 10 if sequence.startswith("T1") else slices[0].EchoTime > 60
    assert ("FS" in slices[0].ScanOptions) == (sequence in ("T2-fat-saturated", "T1-portal-venous"))
    volume = load_volume(write_slices(tmp_path / "mr", slices), modalities=("MR",))
    assert (volume.voxels == made.pixels).all()
    assert volume.image.GetSpacing() == pytest.approx(SPACING[::-1])
