"""Windows and lookup tables against the oracle, pydicom and the printed formulas of the standard."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from readingroom.imaging.display import LookupTable, Window, robust_window, shows_nothing, through

# oracles/preprocess/preprocess.json, "voi": center 2048, width 2000, output range 0 to 4095
INPUT = np.array([[0, 500, 1000], [1500, 2047, 2048], [2500, 3000, 4095]])
ORACLE = {
    "LINEAR": [[0, 0, 0], [925.932966, 2046.475738, 2048.524262], [2974.457229, 3998.71936, 4095]],
    "LINEAR_EXACT": [[0, 0, 0], [925.47, 2045.4525, 2047.5], [2972.97, 3996.72, 4095]],
    "SIGMOID": [
        [67.021925, 177.201104, 448.346023],
        [1025.757058, 2045.452501, 2047.5],
        [2914.701466, 3564.056949, 4027.846097],
    ],
}


@pytest.mark.parametrize("function", ORACLE)
def test_a_window_equals_the_oracle(function):
    gray = Window(2048, 2000, function)(INPUT)
    np.testing.assert_allclose(gray * 4095, ORACLE[function], atol=1e-3)


@pytest.mark.parametrize("function", ORACLE)
@pytest.mark.parametrize(("center", "width"), [(40, 400), (-600, 1500), (0.5, 1.5), (3000, 10)])
def test_a_window_equals_pydicom(function, center, width):
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.PixelRepresentation, dataset.BitsStored = "MONOCHROME2", 0, 12
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = center, width, function
    values = np.arange(-1100, 3200)
    expected = apply_windowing(values, dataset) / 4095
    np.testing.assert_allclose(Window(center, width, function)(values), expected, atol=1e-6)


def test_a_linear_window_of_width_one_is_a_threshold():
    assert Window(10, 1)(np.array([9, 10, 11])).tolist() == [0, 1, 1]


@pytest.mark.parametrize(("width", "function"), [(0.5, "LINEAR"), (0, "LINEAR_EXACT"), (-3, "SIGMOID"), (9, "CUBIC")])
def test_an_impossible_window_is_refused(width, function):
    with pytest.raises(ValueError, match="window"):
        Window(0, width, function)


def test_a_sigmoid_far_from_its_center_saturates_without_overflow():
    with np.errstate(all="raise"):
        assert Window(0, 0.001, "SIGMOID")(np.array([-60000, 60000])).tolist() == pytest.approx([0, 1])


def test_a_table_holds_its_ends_for_values_beyond_it():
    table = LookupTable(first=10, entries=np.array([5.0, 6.0, 7.0]), bits=8)
    assert table(np.array([-3, 10, 11, 12, 900])).tolist() == [5, 5, 6, 7, 7]


def test_a_table_that_declares_16_bits_and_uses_12_still_reaches_white():
    table = LookupTable(first=0, entries=np.linspace(0, 4095, 4096).round(), bits=16)
    assert table.gray(np.array([0, 4095])).tolist() == [0, 1]


def test_robust_limits_ignore_a_few_burnt_pixels():
    values = np.tile(np.arange(1000), (1000, 1))
    values[:2, :5] = 60_000
    window = robust_window(values)
    assert window.center + window.width / 2 == pytest.approx(994, abs=2)


def test_where_the_percentiles_coincide_the_extremes_decide():
    values = np.zeros((100, 100))
    values[0, 0] = 8
    assert robust_window(values)(np.array([0, 8])).tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", ">i2", ">u2", "i4", "f4"])
def test_a_curve_through_a_table_equals_the_curve_itself(dtype):
    dtype = np.dtype(dtype)
    limits = np.finfo(np.float16) if dtype == np.float32 else np.iinfo(dtype)
    values = np.linspace(float(limits.min), float(limits.max), 70_000).astype(dtype).reshape(700, 100)
    window = Window(3, 100, "SIGMOID")
    np.testing.assert_array_equal(through(window, values), window(values))


def test_contrast_below_one_visible_step_is_no_picture():
    assert shows_nothing(np.array([[0.5, 0.503]], np.float32))
    assert not shows_nothing(np.array([[0.5, 0.51]], np.float32))
