"""What cannot be measured ends in one sentence; what takes long can be canceled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError, InputError
from readingroom.progress import Progress
from readingroom.radiomics.compiled import choice
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda mask: mask[:, :, :-1], r"its size is 24 x 20 x 13 voxels instead of 24 x 20 x 14\."),
        (lambda mask: mask.SetOrigin((-31.0, 12.5, 7.3)), r"its origin is -31, 12.5, 7.3 mm instead of -31, 12.5, 7\."),
        (
            lambda mask: mask.SetSpacing((0.80000011, 1.1, 3.0)),
            "its spacing is 0.8 x 1.1 x 3 mm instead of 0.8 x 1.1 x 2.5",
        ),
        (lambda mask: mask.SetSpacing((0.80002, 1.1, 2.50011)), "its spacing is 0.80002 x 1.1 x 2.50011 mm instead of"),
        (
            lambda mask: mask.SetDirection((0.8, 0.6, 0, -0.6, 0.8, 0, 0, 0, 1)),
            "axes are turned by 73.7, 73.7, 0 degrees",
        ),
        (lambda mask: mask.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1)), "axes are turned by 36.9, 36.9, 180 degrees"),
    ],
)
def test_two_grids_are_told_apart_by_what_differs(an_image, a_mask, change, words):
    a_mask = change(a_mask) or a_mask
    with pytest.raises(InputError, match=words):
        measure(an_image, a_mask)


def test_a_difference_in_the_last_digits_shows(an_image, a_mask):
    a_mask.SetOrigin((-31.0000001, 12.5, 7.0))
    with pytest.raises(InputError, match=r"-31\.0000001, 12.5, 7 mm instead of -31, 12.5, 7"):
        measure(an_image, a_mask, Settings(geometry_tolerance=1e-9))


def test_values_below_zero_are_background_of_a_mask(an_image, a_mask):
    labels = SimpleITK.Cast(a_mask, SimpleITK.sitkInt16) * 2 - 1  # -1 and 1
    assert measure(an_image, labels).values == measure(an_image, a_mask).values


def test_values_beyond_labels_are_refused(an_image, a_mask):
    with pytest.raises(InputError, match="labels go up to"):
        measure(an_image, SimpleITK.Cast(a_mask, SimpleITK.sitkFloat64) * 1e12)


def test_rounding_of_the_origin_is_no_other_grid(an_image, a_mask):
    a_mask.SetOrigin(tuple(value + 1e-6 for value in a_mask.GetOrigin()))
    assert not measure(an_image, a_mask).notes


def test_a_mask_that_reaches_beyond_the_image_is_refused(an_image, a_mask):
    a_mask.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(InputError, match="beyond the image"):
        measure(an_image, a_mask, Settings(correct_mask=True))


@pytest.mark.parametrize("texture", ["glcm", "gldm", "glrlm", "glszm", "ngtdm"])
def test_a_constant_region_has_no_texture(an_image, a_mask, texture):
    with pytest.raises(InputError, match="same value"):
        measure(an_image * 0 + 40, a_mask, Settings(features={"firstorder": (), texture: ()}))


def test_a_constant_region_has_a_shape_and_first_order_statistics(an_image, a_mask):
    found = measure(an_image * 0 + 40, a_mask, Settings(features={"shape": (), "firstorder": ()})).values
    assert len(found) == 32
    assert found["original_firstorder_Mean"] == 40
    assert found["original_firstorder_Variance"] == 0


def test_what_a_filter_leaves_nothing_of_is_said(an_image, a_mask):
    settings = Settings(image_types={"Original": {}, "Wavelet": {}}, features={"firstorder": ("Mean",)})
    (note,) = measure(an_image[:, :, 6:7], a_mask[:, :, 6:7], settings).notes
    assert "rounding errors" in note
    assert "wavelet-LLH" in note
    assert "wavelet-LLL" not in note


def test_voxels_without_a_value_are_refused_with_their_number(an_image, a_mask):
    values = SimpleITK.GetArrayFromImage(an_image).astype(np.float32)
    values[6, 9, 15] = np.nan
    values[6, 9, 14] = np.inf
    values[0, 10, 0] = np.nan  # outside the region
    image = SimpleITK.GetImageFromArray(values)
    image.CopyInformation(an_image)
    with pytest.raises(InputError, match="2 of the region's"):
        measure(image, a_mask)
    assert len(measure(image, a_mask, Settings(features={"shape": ()})).values) == 14
    assert len(measure(image, a_mask, Settings(resegment_range=(-500, 500))).values) == 107  # leaves them out


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"image_types": {"LoG": {"sigma": (1.0,)}}}, "outside the region, which the filter"),
        ({"image_types": {"Wavelet": {}}}, "outside the region, which the filter"),
        ({"resampled_spacing": (2.0, 2.0, 2.0)}, "outside the region, which resampling"),
        ({"normalize": True}, "no mean to normalize by"),
    ],
)
def test_voxels_without_a_value_outside_the_region_matter_where_they_are_carried_into_it(
    an_image, a_mask, changed, words
):
    image = SimpleITK.Cast(an_image, SimpleITK.sitkFloat32)
    image = SimpleITK.Mask(image, a_mask, float("nan"))
    assert len(measure(image, a_mask).values) == 107
    with pytest.raises(InputError, match=words):
        measure(image, a_mask, Settings(**changed))


def test_too_many_gray_levels_are_refused_before_the_memory_is_taken(an_image, like_image):
    everything = like_image(np.ones((14, 20, 24), np.uint8))
    fine = SimpleITK.Cast(an_image, SimpleITK.sitkFloat64)
    with pytest.raises(InputError, match="Choose a binWidth of"):
        measure(fine, everything, Settings(bin_width=1e-9))
    with pytest.raises(InputError, match="Choose a binCount of"):
        measure(fine, everything, Settings(bin_count=10**8))


def test_first_order_statistics_need_no_memory_for_texture(an_image, a_mask):
    wide = SimpleITK.Cast(an_image, SimpleITK.sitkFloat64) * 1e7
    with pytest.raises(InputError, match="co-occurrence of gray levels needs about"):
        measure(wide, a_mask)
    found = measure(wide, a_mask, Settings(features={"firstorder": ()})).values
    assert len(found) == 18
    assert found["original_firstorder_Range"] == pytest.approx(1e7 * _range(an_image, a_mask))


def test_features_of_values_need_no_bins(an_image, a_mask):
    far = SimpleITK.Cast(an_image, SimpleITK.sitkFloat64) * 1e300
    chosen = {"firstorder": ("Mean", "Median")}
    assert len(measure(far, a_mask, Settings(features=chosen, bin_width=1e-9)).values) == 2
    with pytest.raises(InputError, match="gray levels"):
        measure(far, a_mask, Settings(features={"firstorder": ("Entropy",)}))


def test_the_distances_of_neighbors_matter_where_neighbors_are_looked_at_alone(an_image, a_mask, monkeypatch):
    without = dataclasses.replace(choice.BY_NUMPY, cooccurrences=_not_asked_for)
    monkeypatch.setattr(choice, "matrices", lambda voxels, progress: without)
    chosen = {"firstorder": (), "glszm": (), "glrlm": ()}
    found = measure(an_image, a_mask, Settings(features=chosen, distances=(50,))).values
    assert found == measure(an_image, a_mask, Settings(features=chosen)).values


def test_only_what_was_asked_for_is_measured(an_image, a_mask, monkeypatch):
    monkeypatch.setattr("numpy.linalg.eigvals", _not_asked_for)
    monkeypatch.setattr("readingroom.radiomics.shape.diameters", _not_asked_for)
    chosen = {"shape": ("MeshVolume",), "glcm": ("Contrast",)}
    assert len(measure(an_image, a_mask, Settings(features=chosen)).values) == 2


def _not_asked_for(*arguments, **options):
    raise AssertionError("nobody asked for this")


def _range(image, mask):
    inside = SimpleITK.GetArrayFromImage(image)[SimpleITK.GetArrayFromImage(mask) > 0]
    return int(inside.max()) - int(inside.min())


def test_values_that_lie_too_close_for_so_many_bins_are_refused(an_image, a_mask):
    single = SimpleITK.Cast(an_image, SimpleITK.sitkFloat32)
    with pytest.raises(InputError, match="smaller binCount"):
        measure(single, a_mask, Settings(features={"firstorder": ()}, bin_count=10**8))


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


@pytest.mark.parametrize("ibsi", [False, True])
def test_a_spacing_with_another_number_of_values_than_axes_is_refused(an_image, a_mask, ibsi):
    with pytest.raises(InputError, match="has 3 axes and resampledPixelSpacing 2 values; give one for each axis"):
        measure(an_image, a_mask, Settings(resampled_spacing=(1, 1), ibsi=ibsi))


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


@pytest.mark.parametrize(("force_2d", "words"), [(True, "one slice; this one has 12"), (False, "needs force2D")])
def test_shape_in_the_slice_is_left_out_where_there_is_no_one_slice_and_that_is_said(an_image, a_mask, force_2d, words):
    found = measure(an_image, a_mask, Settings(features={"shape2D": (), "firstorder": ()}, force_2d=force_2d))
    assert len(found.values) == 18
    assert words in found.notes[0]
    with pytest.raises(InputError, match=words):
        measure(an_image, a_mask, Settings(features={"shape2D": ()}, force_2d=force_2d))


def test_retired_features_are_left_out_and_that_is_said(an_image, a_mask):
    found = measure(an_image, a_mask, Settings(features={"glcm": ("Contrast", "SumVariance")}))
    assert list(found.values) == ["original_glcm_Contrast"]
    assert "SumVariance" in found.notes[0]
    assert "ClusterTendency" in found.notes[0]
    with pytest.raises(InputError, match="retired"):
        measure(an_image, a_mask, Settings(features={"glcm": ("SumVariance",)}))


def test_a_flat_image_is_measured_without_its_shape_in_space_and_that_is_said(an_image, a_mask):
    found = measure(an_image[:, :, 6], a_mask[:, :, 6])
    assert len(found.values) == 93
    assert "left out" in found.notes[0]
    with pytest.raises(InputError, match="Shape in space was left out"):
        measure(an_image[:, :, 6], a_mask[:, :, 6], Settings(features={"shape": ()}))


def test_a_flat_image_with_slices_forced_is_measured_along_one_axis_and_that_is_said(an_image, a_mask):
    flat = an_image[:, :, 6], a_mask[:, :, 6]
    chosen = {"glcm": ("Contrast",)}
    (note,) = measure(*flat, Settings(features=chosen, force_2d=True)).notes
    assert "only neighbors left and right" in note
    with pytest.raises(InputError, match="force2Ddimension cannot be 2"):
        measure(*flat, Settings(features=chosen, force_2d=True, force_2d_axis=2))


def test_patterns_in_space_need_space_and_something_around_each_voxel(an_image, a_mask):
    settings = Settings(image_types={"LBP3D": {}}, features={"firstorder": ("Mean",)})
    with pytest.raises(InputError, match="a single slice of two dimensions"):
        measure(an_image[:, :, 6], a_mask[:, :, 6], settings)
    found = measure(SimpleITK.Clamp(an_image, an_image.GetPixelID(), 0, 0), a_mask, settings)
    assert list(found.values) == ["lbp-3D-m1_firstorder_Mean", "lbp-3D-m2_firstorder_Mean"]
    assert any("has no kurtosis there" in note for note in found.notes)


def test_patterns_of_planes_measured_in_space_are_said(an_image, a_mask):
    settings = Settings(image_types={"LBP2D": {}}, features={"firstorder": ("Mean",)})
    assert "force2D keeps to the planes" in measure(an_image, a_mask, settings).notes[0]


@pytest.mark.parametrize("kind", ["Square", "SquareRoot", "Logarithm", "Exponential"])
def test_an_image_of_zeros_is_rescaled_to_zeros(an_image, a_mask, kind):
    settings = Settings(image_types={kind: {}}, features={"firstorder": ("Maximum",)})
    assert measure(an_image * 0, a_mask, settings).values == {f"{kind.lower()}_firstorder_Maximum": 0}


def test_the_surroundings_of_a_filter_are_all_that_counts(an_image, a_mask):
    """What lies beyond its reach changes nothing, but for the steps that rescale by the image's largest value."""
    wide = np.tile(SimpleITK.GetArrayFromImage(an_image), (1, 1, 6))
    mask = np.zeros(wide.shape, np.uint8)
    mask[3:11, 4:15, 60:80] = 1
    kinds = {"LoG": {"sigma": (1.0,)}, "Wavelet": {}, "Gradient": {}, "LBP2D": {}}
    settings = Settings(image_types=kinds, features={"firstorder": ("Energy",), "glcm": ("Contrast",)}, bin_width=5)
    found = []
    for beyond in (0, 1000):
        wide[:, :, :10] += beyond
        found.append(measure(*map(SimpleITK.GetImageFromArray, (wide, mask)), settings).values)
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_a_filter_that_is_too_wide_for_the_image_is_said(an_image, a_mask):
    settings = Settings(image_types={"LoG": {"sigma": (2.0, 80.0)}}, features={"firstorder": ("Mean",)})
    found = measure(an_image, a_mask, settings)
    assert list(found.values) == ["log-sigma-2-0-mm-3D_firstorder_Mean"]
    assert "80 mm" in found.notes[0]
    with pytest.raises(InputError, match="needs 4 voxels along each axis; the image has 24 x 20 x 1"):
        measure(an_image[:, :, 6:7], a_mask[:, :, 6:7], settings)


@pytest.mark.parametrize("shape", [(3, 3, 900), (3, 900, 3), (900, 3, 3), (1, 300, 300), (300, 1, 300), (300, 300, 1)])
def test_long_lines_and_wide_planes_have_their_diameters(shape):
    middle = tuple(slice(None) if size > 3 else size // 2 for size in shape)
    mask = np.zeros(shape, np.uint8)
    mask[middle] = 1
    images = [SimpleITK.GetImageFromArray(each) for each in (np.indices(shape).sum(axis=0).astype(np.int16), mask)]
    chosen = Settings(features={"shape": ("Maximum3DDiameter",)}, minimum_dimensions=1)
    extent = [size for size in shape if size > 3]
    # The surface lies half a voxel beyond the center of the outermost voxel, along one axis at a time.
    expected = np.hypot(*extent[:2]) if len(extent) == 2 else extent[0]
    assert measure(*images, chosen).values["original_shape_Maximum3DDiameter"] == pytest.approx(expected, rel=2e-3)


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
