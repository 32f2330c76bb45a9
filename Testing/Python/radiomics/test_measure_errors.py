"""What cannot be measured ends in one sentence; what takes long can be canceled."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError, InputError
from readingroom.progress import Progress
from readingroom.radiomics.measure import measure
from readingroom.radiomics.settings import Settings


def test_an_empty_mask_is_refused(an_image, a_mask):
    with pytest.raises(InputError, match="empty"):
        measure(an_image, a_mask * 0)


def test_a_single_voxel_is_refused(an_image, like_image):
    voxel = np.zeros((14, 20, 24), np.uint8)
    voxel[5, 5, 5] = 1
    with pytest.raises(InputError, match="single voxel"):
        measure(an_image, like_image(voxel))


def test_a_line_of_voxels_is_refused_unless_asked_for(an_image, like_image):
    line = np.zeros((14, 20, 24), np.uint8)
    line[5, 5, 5:9] = 1
    with pytest.raises(InputError, match="minimumROIDimensions"):
        measure(an_image, like_image(line))
    assert measure(an_image, like_image(line), Settings(minimum_dimensions=1)).values["original_shape_Flatness"] == 0


def test_too_few_voxels_are_refused_when_a_least_number_is_set(an_image, a_mask):
    with pytest.raises(InputError, match="minimumROISize"):
        measure(an_image, a_mask, Settings(minimum_voxels=100_000))


def test_several_labels_want_a_choice(an_image, a_mask):
    labels = SimpleITK.GetArrayFromImage(a_mask)
    labels[:, :, :10] *= 2
    labels = SimpleITK.GetImageFromArray(labels)
    labels.CopyInformation(a_mask)
    with pytest.raises(InputError, match=r"more than one label \(1, 2\)"):
        measure(an_image, labels)
    assert measure(an_image, labels, Settings(label=2)).values["original_shape_VoxelVolume"] > 0
    with pytest.raises(InputError, match="no label 3"):
        measure(an_image, labels, Settings(label=3))


def test_the_only_label_is_taken_whatever_its_number(an_image, a_mask):
    one = measure(an_image, a_mask).values
    assert measure(an_image, a_mask * 7).values == one


def test_a_layer_of_overlapping_segments_is_chosen(an_image, a_mask):
    layers = SimpleITK.Compose(a_mask * 0, a_mask)
    found = measure(an_image, layers, Settings(label_channel=1)).values
    assert found == measure(an_image, a_mask).values
    with pytest.raises(InputError, match="no layer 2"):
        measure(an_image, layers, Settings(label_channel=2))


def test_a_mask_on_another_grid_is_resampled_only_when_asked_and_it_is_said(an_image, a_mask):
    other = SimpleITK.Resample(
        a_mask,
        [29, 24, 20],
        SimpleITK.Transform(),
        SimpleITK.sitkNearestNeighbor,
        a_mask.GetOrigin(),
        [0.64, 0.9, 1.7],
        a_mask.GetDirection(),
    )
    with pytest.raises(InputError, match="another grid"):
        measure(an_image, other)
    found = measure(an_image, other, Settings(correct_mask=True))
    assert found.notes == ("The mask was resampled onto the grid of the image (nearest neighbor).",)
    assert "diagnostics_Mask-corrected_VoxelNum" in found.provenance


def test_rounding_of_the_origin_is_no_other_grid(an_image, a_mask):
    a_mask.SetOrigin(tuple(value + 1e-6 for value in a_mask.GetOrigin()))
    assert not measure(an_image, a_mask).notes


def test_a_mask_that_reaches_beyond_the_image_is_refused(an_image, a_mask):
    a_mask.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(InputError, match="beyond the image"):
        measure(an_image, a_mask, Settings(correct_mask=True))


def test_a_constant_region_has_no_texture_but_a_shape(an_image, a_mask):
    flat = an_image * 0 + 40
    with pytest.raises(InputError, match="same value"):
        measure(flat, a_mask)
    found = measure(flat, a_mask, Settings(features={"shape": ()})).values
    assert len(found) == 14


def test_voxels_without_a_value_are_refused_with_their_number(an_image, a_mask):
    values = SimpleITK.GetArrayFromImage(an_image).astype(np.float32)
    values[6, 9, 15] = np.nan
    values[6, 9, 14] = np.inf
    values[0, 10, 0] = np.nan  # outside the region
    image = SimpleITK.GetImageFromArray(values)
    image.CopyInformation(an_image)
    with pytest.raises(InputError, match="2 of the region's"):
        measure(image, a_mask)


def test_too_many_gray_levels_are_refused_before_the_memory_is_taken(an_image, like_image):
    everything = like_image(np.ones((14, 20, 24), np.uint8))
    fine = SimpleITK.Cast(an_image, SimpleITK.sitkFloat64)
    with pytest.raises(InputError, match="Choose a binWidth of"):
        measure(fine, everything, Settings(bin_width=1e-9))
    with pytest.raises(InputError, match="Choose a binCount of"):
        measure(fine, everything, Settings(bin_count=10**8))


def test_levels_that_few_voxels_spread_over_are_reckoned_too(an_image, a_mask):
    with pytest.raises(InputError, match="gray levels"):
        measure(SimpleITK.Cast(an_image, SimpleITK.sitkFloat64) * 1e7, a_mask)


def test_values_too_far_apart_for_any_bin_are_refused(an_image, a_mask):
    far = SimpleITK.Cast(an_image, SimpleITK.sitkFloat64)
    far[15, 9, 6], far[15, 9, 7] = 1e308, -1e308
    with pytest.raises(InputError, match="too far to be sorted into bins"):
        measure(far, a_mask)


@pytest.mark.parametrize("ibsi", [False, True])
def test_a_grid_too_fine_for_memory_is_refused_before_it_is_made(an_image, a_mask, ibsi):
    with pytest.raises(InputError, match="wider resampledPixelSpacing"):
        measure(an_image, a_mask, Settings(resampled_spacing=(1e-9, 1e-9, 1e-9), ibsi=ibsi))


@pytest.mark.parametrize("wrong", [0.5, float("nan")])
def test_a_mask_of_fractions_is_refused(an_image, a_mask, wrong):
    fractions = SimpleITK.Cast(a_mask, SimpleITK.sitkFloat32)
    fractions[2, 2, 2] = wrong
    with pytest.raises(InputError, match="holds fractions"):
        measure(an_image, fractions)


def test_a_color_image_is_refused(an_image, a_mask):
    with pytest.raises(InputError, match="several values"):
        measure(SimpleITK.Compose(an_image, an_image, an_image), a_mask)


def test_thresholds_that_leave_nothing_are_refused(an_image, a_mask):
    with pytest.raises(InputError, match="resegmentRange"):
        measure(an_image, a_mask, Settings(resegment_range=(5000, 6000)))


def test_a_region_of_several_slices_has_no_shape_in_the_slice(an_image, a_mask):
    with pytest.raises(InputError, match="one slice"):
        measure(an_image, a_mask, Settings(features={"shape2D": ()}, force_2d=True))
    with pytest.raises(InputError, match="force2D"):
        measure(an_image, a_mask, Settings(features={"shape2D": ()}))


def test_a_flat_image_is_measured_without_its_shape_in_space_and_that_is_said(an_image, a_mask):
    found = measure(an_image[:, :, 6], a_mask[:, :, 6])
    assert len(found.values) == 93
    assert "left out" in found.notes[0]


def test_a_filter_that_is_too_wide_for_the_image_is_said(an_image, a_mask):
    settings = Settings(image_types={"LoG": {"sigma": (2.0, 80.0)}}, features={"firstorder": ("Mean",)})
    found = measure(an_image, a_mask, settings)
    assert list(found.values) == ["log-sigma-2-0-mm-3D_firstorder_Mean"]
    assert "80 mm" in found.notes[0]


def test_progress_is_told_before_every_feature_class_and_rises(an_image, a_mask):
    told: list[tuple[float, str]] = []
    measure(an_image, a_mask, progress=Progress(lambda fraction, sentence: told.append((fraction, sentence))))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    for words in ("shape", "first-order", "co-occurrence", "dependence", "run lengths", "size zones", "tone"):
        assert any(words in sentence for _, sentence in told), words


def test_the_work_ends_between_feature_classes_when_canceled(an_image, a_mask):
    told: list[str] = []
    progress = Progress(lambda _, sentence: told.append(sentence), canceled=lambda: len(told) == 4)
    with pytest.raises(CancelledError):
        measure(an_image, a_mask, progress=progress)
    assert len(told) == 4


def test_inputs_stay_as_they_were(an_image, a_mask):
    before = SimpleITK.Hash(an_image), SimpleITK.Hash(a_mask)
    measure(an_image, a_mask, Settings(normalize=True, resampled_spacing=(2, 2, 2), resegment_range=(-5,)))
    assert (SimpleITK.Hash(an_image), SimpleITK.Hash(a_mask)) == before
