"""Masks from label maps, DICOM SEG and RTSTRUCT, on the grid of the image that they are meant for."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom import uid

from readingroom.errors import InputError
from readingroom.imaging.dicom_contours import even_odd
from readingroom.imaging.mask_file import load_mask
from readingroom.imaging.segments import Segment, write_segments
from readingroom.imaging.volume import Volume, load_volume
from readingroom.phantoms.dicom_series import Grid, ct_slices, write_slices
from readingroom.phantoms.dicom_structures import segmentation, structure_set
from readingroom.study import StudyMask

COUNT, ROWS, COLUMNS = 12, 32, 40
GRID = Grid()
CORONAL = Grid((1.0, 0.0, 0.0, 0.0, 0.0, -1.0))


def made(tmp_path: Path, grid: Grid = GRID, without: tuple[int, ...] = ()) -> tuple[Volume, list]:
    """A CT and its data sets, from the first slice to the last."""
    slices = ct_slices(np.zeros((COUNT, ROWS, COLUMNS), int), grid)
    kept = [item for index, item in enumerate(slices) if index not in without]
    return load_volume(write_slices(tmp_path / "ct", kept)), slices


def contour(k: float, corners: list[tuple[float, float]], grid: Grid = GRID) -> np.ndarray:
    """Corners ``(j, i)`` in pixels of slice ``k`` as points in LPS mm."""
    row, column = np.array(grid.orientation[:3]), np.array(grid.orientation[3:])
    return np.array([grid.position(k) + j * grid.spacing[0] * column + i * grid.spacing[1] * row for j, i in corners])


def square(low: float, high: float) -> list[tuple[float, float]]:
    """The corners of a square."""
    return [(low, low), (low, high), (high, high), (high, low)]


def saved(path: Path, dataset) -> Path:
    """The data set as a file."""
    dataset.save_as(path, enforce_file_format=True)
    return path


# Filling


def test_pixels_whose_centers_lie_inside_are_filled():
    filled = even_odd([np.array(square(1.5, 4.5))], (7, 7))
    expected = np.zeros((7, 7), bool)
    expected[2:5, 2:5] = True
    assert np.array_equal(filled, expected)


@pytest.mark.parametrize("turned", [False, True])
def test_a_loop_within_a_loop_is_a_hole(turned):
    inner = np.array(square(3.5, 5.5))
    filled = even_odd([np.array(square(1.5, 7.5)), inner[::-1] if turned else inner], (9, 9))
    assert filled.sum() == 36 - 4
    assert not filled[4:6, 4:6].any()


def test_a_hole_that_a_channel_joins_to_the_outline_stays_a_hole():
    outline = [(1.5, 1.5), (1.5, 7.5), (7.5, 7.5), (7.5, 1.5), (4.5, 1.5)]
    hole = [(4.5, 3.5), (5.5, 3.5), (5.5, 5.5), (3.5, 5.5), (3.5, 3.5), (4.5, 3.5), (4.5, 1.5)]
    filled = even_odd([np.array(outline + hole)], (9, 9))
    assert filled.sum() == 36 - 4


def test_corners_and_edges_on_pixel_centers_count_once():
    halves = [np.array([(1, 1), (1, 4), (4, 4), (4, 1)], float), np.array([(4, 1), (4, 4), (7, 4), (7, 1)], float)]
    filled = [even_odd([half], (9, 9)) for half in halves]
    assert not (filled[0] & filled[1]).any()
    assert (filled[0] | filled[1]).sum() == 18


@pytest.mark.parametrize("seed", range(5))
def test_any_loop_is_filled_as_the_crossings_of_a_ray_say(seed):
    loop = np.random.default_rng(seed).uniform(-3, 15, (9, 2))
    filled = even_odd([loop], (12, 12))
    stop = np.roll(loop, -1, axis=0)
    for j, i in np.ndindex(12, 12):
        crosses = (loop[:, 0] <= j) != (stop[:, 0] <= j)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = loop[:, 1] + (j - loop[:, 0]) / (stop[:, 0] - loop[:, 0]) * (stop[:, 1] - loop[:, 1])
        assert filled[j, i] == (np.count_nonzero(crosses & (at < i)) % 2 == 1)


# RTSTRUCT


@pytest.mark.parametrize("grid", [GRID, CORONAL], ids=["axial", "coronal"])
def test_a_structure_lies_where_it_was_drawn(tmp_path, grid):
    volume, _ = made(tmp_path, grid)
    contours = [contour(k, square(9.5, 19.5), grid) for k in (3, 4, 5)]
    path = saved(tmp_path / "rs.dcm", structure_set({"Lung": contours}))
    mask = load_mask(path, volume.image)
    drawn = SimpleITK.Image(COLUMNS, ROWS, COUNT, SimpleITK.sitkUInt8)
    drawn[10:20, 10:20, 3:6] = 1
    drawn.SetSpacing((grid.spacing[1], grid.spacing[0], grid.thickness))
    drawn.SetOrigin(grid.position(0))
    row, column = np.array(grid.orientation[:3]), np.array(grid.orientation[3:])
    drawn.SetDirection(np.stack([row, column, np.cross(row, column)], axis=1).ravel().tolist())
    expected = SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(drawn, "LPS")) > 0
    assert np.array_equal(mask.voxels, expected)
    assert mask.notes == ()


def test_a_structure_with_a_hole(tmp_path):
    volume, _ = made(tmp_path)
    contours = [contour(4, square(9.5, 19.5)), contour(4, square(12.5, 15.5))]
    mask = load_mask(saved(tmp_path / "rs.dcm", structure_set({"Ring": contours})), volume.image)
    assert mask.voxels.sum() == 100 - 9


def test_two_structures_together_have_no_hole_where_they_overlap(tmp_path):
    volume, _ = made(tmp_path)
    structures = {"A": [contour(4, square(9.5, 19.5))], "B": [contour(4, square(14.5, 24.5))]}
    path = saved(tmp_path / "rs.dcm", structure_set(structures))
    assert load_mask(path, volume.image, ("A", "B")).voxels.sum() == 100 + 100 - 25
    chosen = StudyMask("lungs", "ct", path, structures=("B",))
    assert load_mask(chosen, volume.image).voxels.sum() == 100


@pytest.mark.parametrize(
    ("names", "sentence"),
    [((), "holds 2 structures, 'GTV-1', 'Lung'; name the one that is meant"),
     (("Liver",), "has no structure 'Liver'; it has 'GTV-1', 'Lung'")],
)  # fmt: skip
def test_the_names_are_told_where_the_right_one_was_not_given(tmp_path, names, sentence):
    volume, _ = made(tmp_path)
    structures = {name: [contour(4, square(9.5, 19.5))] for name in ("GTV-1", "Lung")}
    with pytest.raises(InputError, match=sentence):
        load_mask(saved(tmp_path / "rs.dcm", structure_set(structures)), volume.image, names)


def test_contours_between_slices_go_to_the_nearest_and_it_is_said(tmp_path):
    volume, _ = made(tmp_path)
    contours = [contour(k + 0.3, square(9.5, 19.5)) for k in (3, 4)]
    mask = load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": contours})), volume.image)
    assert mask.voxels[3:5].sum() == mask.voxels.sum() == 200
    assert mask.notes == ("Contours of 'Lung' lie up to 0.30 of a slice off; each went to the nearest slice.",)


def test_contours_beyond_the_image_are_left_out_and_said(tmp_path):
    volume, _ = made(tmp_path)
    contours = [contour(k, square(9.5, 19.5)) for k in (10, 11, 12, 13)]
    mask = load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": contours})), volume.image)
    assert mask.voxels.sum() == 200
    assert mask.notes == ("2 of 4 contours of 'Lung' lie beyond the image and were left out.",)


def test_a_structure_that_is_not_in_the_image_is_refused(tmp_path):
    volume, _ = made(tmp_path)
    path = saved(tmp_path / "rs.dcm", structure_set({"Lung": [contour(40, square(9.5, 19.5))]}))
    with pytest.raises(InputError, match="'Lung' lies outside the image"):
        load_mask(path, volume.image)


def test_a_contour_on_the_slice_that_is_missing_lies_there(tmp_path):
    volume, _ = made(tmp_path, without=(4,))
    contours = [contour(k, square(9.5, 19.5)) for k in (3, 4, 5)]
    mask = load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": contours})), volume.image)
    assert mask.voxels[3:6].sum() == 300


def test_slices_without_a_contour_are_said_and_many_are_refused(tmp_path):
    volume, _ = made(tmp_path)
    contours = [contour(k, square(9.5, 19.5)) for k in (2, 3, 5, 6)]
    mask = load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": contours})), volume.image)
    assert mask.notes == ("'Lung' has no contour on 1 of the 5 slices that it spans; it is empty there.",)
    contours = [contour(k, square(9.5, 19.5)) for k in (1, 3, 5, 7)]
    with pytest.raises(InputError, match="was drawn on 4 of the 7 slices that it spans"):
        load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": contours})), volume.image)


def test_contours_across_the_slices_are_refused(tmp_path):
    volume, _ = made(tmp_path)
    slanted = contour(4, square(9.5, 19.5)) + np.array([[0, 0, 0], [0, 0, 3.0], [0, 0, 6.0], [0, 0, 3.0]])
    with pytest.raises(InputError, match="do not lie in slices of the image"):
        load_mask(saved(tmp_path / "rs.dcm", structure_set({"Lung": [slanted]})), volume.image)


def test_structures_of_another_examination_are_refused(tmp_path):
    volume, slices = made(tmp_path)
    structures = {"Lung": [contour(4, square(9.5, 19.5))]}
    same = saved(tmp_path / "a.dcm", structure_set(structures, slices[0].FrameOfReferenceUID))
    assert load_mask(same, volume.image).voxels.any()
    other = saved(tmp_path / "b.dcm", structure_set(structures, "1.2.3"))
    with pytest.raises(InputError, match="was drawn on another examination"):
        load_mask(other, volume.image)


def test_structures_and_segments_of_another_patient_are_refused(tmp_path):
    volume, slices = made(tmp_path)
    inside = np.zeros((COUNT, ROWS, COLUMNS), bool)
    inside[3:6, 8:12, 8:12] = True
    structures = {"a": [contour(k, square(7.5, 11.5)) for k in (3, 4, 5)]}
    files = {"structures": structure_set(structures), "segments": segmentation(slices, {"a": inside})}
    for name, dataset in files.items():
        assert load_mask(saved(tmp_path / f"{name}.dcm", dataset), volume.image).voxels.any()
        dataset.PatientID = "SOMEBODY"
        with pytest.raises(InputError, match="its PatientID is not that of the image") as refused:
            load_mask(saved(tmp_path / f"{name}-of-another.dcm", dataset), volume.image)
        assert "SOMEBODY" not in str(refused.value)


def test_points_and_open_lines_enclose_nothing(tmp_path):
    volume, _ = made(tmp_path)
    path = saved(tmp_path / "rs.dcm", structure_set({"Marker": [contour(4, square(9.5, 19.5))]}, kind="POINT"))
    with pytest.raises(InputError, match=r"'Marker' of 'rs\.dcm' has no contours"):
        load_mask(path, volume.image)


# SEG


def boxes() -> dict[str, np.ndarray]:
    """Two regions that overlap."""
    first, second = np.zeros((COUNT, ROWS, COLUMNS), np.uint8), np.zeros((COUNT, ROWS, COLUMNS), np.uint8)
    first[3:6, 5:15, 5:15] = 1
    second[4:8, 10:20, 10:20] = 1
    return {"Left lung": first, "Right lung": second}


@pytest.mark.parametrize("grid", [GRID, CORONAL], ids=["axial", "coronal"])
def test_a_segment_lies_where_it_was_drawn(tmp_path, grid):
    volume, slices = made(tmp_path, grid)
    path = saved(tmp_path / "seg.dcm", segmentation(slices, boxes()))
    both = np.maximum(*boxes().values())
    marked = write_slices(tmp_path / "marked", ct_slices(both.astype(int), grid))
    assert np.array_equal(load_mask(path, volume.image, ("Left lung", "Right lung")).voxels, load_volume(marked).voxels)


def test_a_segment_is_chosen_by_its_name(tmp_path):
    volume, slices = made(tmp_path)
    path = saved(tmp_path / "seg.dcm", segmentation(slices, boxes()))
    assert np.array_equal(load_mask(path, volume.image, ("Right lung",)).voxels, boxes()["Right lung"])
    with pytest.raises(InputError, match="2 structures, 'Left lung', 'Right lung'; name the one"):
        load_mask(path, volume.image)


def test_a_fractional_segment_holds_what_is_more_likely_inside(tmp_path):
    volume, slices = made(tmp_path)
    share = np.zeros((COUNT, ROWS, COLUMNS), np.float32)
    share[3:6, 5:15, 5:10], share[3:6, 5:15, 10:15] = 0.8, 0.3
    path = saved(tmp_path / "seg.dcm", segmentation(slices, {"Lung": share}, "FRACTIONAL"))
    assert np.array_equal(load_mask(path, volume.image).voxels, share > 0.5)


def test_segments_of_another_examination_are_refused(tmp_path):
    volume, _ = made(tmp_path)
    others = ct_slices(np.zeros((COUNT, ROWS, COLUMNS), int))
    with pytest.raises(InputError, match="was drawn on another examination"):
        load_mask(saved(tmp_path / "seg.dcm", segmentation(others, boxes())), volume.image, ("Left lung",))


def test_a_damaged_segmentation_says_so(tmp_path):
    volume, slices = made(tmp_path)
    dataset = segmentation(slices, boxes())
    dataset.PixelData = dataset.PixelData[:100]
    with pytest.raises(InputError, match="damaged"):
        load_mask(saved(tmp_path / "seg.dcm", dataset), volume.image, ("Left lung",))


# Other files, and the image itself


def test_an_image_is_no_mask(tmp_path):
    volume, _ = made(tmp_path)
    with pytest.raises(InputError, match="is no mask; of DICOM it must be a SEG or RTSTRUCT"):
        load_mask(next((tmp_path / "ct").iterdir()), volume.image)


def test_a_label_map_has_no_names(tmp_path):
    volume, _ = made(tmp_path)
    label = SimpleITK.Cast(volume.image > -5000, SimpleITK.sitkUInt8)
    SimpleITK.WriteImage(label, tmp_path / "mask.nrrd")
    assert load_mask(tmp_path / "mask.nrrd", volume.image).voxels.all()
    with pytest.raises(InputError, match="no structures to choose from"):
        load_mask(tmp_path / "mask.nrrd", volume.image, ("Lung",))


def slicer_segments(path: Path, image: SimpleITK.Image) -> tuple[Path, dict[str, np.ndarray]]:
    """Two segments that overlap, as Slicer writes them."""
    masks = {name: np.zeros((COUNT, ROWS, COLUMNS), bool) for name in ("Lung", "Tumor")}
    masks["Lung"][2:9, 4:20, 5:30] = True
    masks["Tumor"][4:7, 15:25, 8:18] = True
    segments = [Segment(name.lower(), name, (1.0, 0.0, 0.0), mask) for name, mask in masks.items()]
    write_segments(path, image, segments)
    return path, masks


@pytest.mark.parametrize("name", ["Tumor", "tumor"])
def test_a_segment_of_slicer_is_chosen_by_its_name_or_id(tmp_path, name):
    volume, _ = made(tmp_path)
    path, masks = slicer_segments(tmp_path / "x.seg.nrrd", volume.image)
    found = load_mask(path, volume.image, (name,))
    assert np.array_equal(found.voxels, masks["Tumor"])
    assert found.notes == ()


def test_segments_of_slicer_together_are_what_is_in_one_of_them(tmp_path):
    volume, _ = made(tmp_path)
    path, masks = slicer_segments(tmp_path / "x.seg.nrrd", volume.image)
    assert np.array_equal(load_mask(path, volume.image, ("Tumor", "Lung")).voxels, masks["Lung"] | masks["Tumor"])


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "holds 2 structures, 'Lung', 'Tumor'; name the one"),
        (("Liver",), "has no structure 'Liver'; it has 'Lung'"),
    ],
)
def test_of_several_segments_of_slicer_none_is_guessed(tmp_path, names, sentence):
    volume, _ = made(tmp_path)
    path, _ = slicer_segments(tmp_path / "x.seg.nrrd", volume.image)
    with pytest.raises(InputError, match=sentence):
        load_mask(path, volume.image, names)


def test_a_single_segment_of_slicer_needs_no_name_and_may_be_cut_to_what_is_drawn(tmp_path):
    volume, _ = made(tmp_path)
    mask = np.zeros((COUNT, ROWS, COLUMNS), bool)
    mask[4:7, 15:25, 8:18] = True
    part = volume.image[8:18, 15:25, 4:7]
    write_segments(tmp_path / "x.seg.nrrd", part, [Segment("t", "Tumor", (1.0, 0.0, 0.0), mask[4:7, 15:25, 8:18])])
    assert np.array_equal(load_mask(tmp_path / "x.seg.nrrd", volume.image).voxels, mask)


def test_structures_and_segments_beside_the_slices_are_set_aside(tmp_path):
    _, slices = made(tmp_path)
    saved(tmp_path / "ct" / "rs.dcm", structure_set({"Lung": [contour(4, square(9.5, 19.5))]}))
    saved(tmp_path / "ct" / "seg.dcm", segmentation(slices, boxes()))
    assert load_volume(tmp_path / "ct").notes == (
        "Set aside, no slices: 1 radiotherapy structure set (RTSTRUCT), 1 segmentation (SEG).",
    )


# Real ones


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Twice the overlap over the sum."""
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@pytest.mark.parametrize(
    ("names", "labels"), [(("GTV-1",), (3,)), (("Lung-Left",), (1,)), (("Lung-Right", "Lung-Left"), (1, 2))]
)
def test_real_contours_fill_what_others_made_of_them(shared, names, labels):
    """The labels of the data's authors lie on a part of the slices, where tumor went before lung."""
    data = shared / "data"
    volume = load_volume(data / "dicom_io/ct_lung1_001/image").image
    mask = load_mask(data / "dicom_io/ct_lung1_001/rtstruct/1-1.dcm", volume, names)
    other = SimpleITK.Resample(
        SimpleITK.ReadImage(data / "lung_ct/LUNG1-001/labels.nii.gz"), volume, SimpleITK.Transform(),
        SimpleITK.sitkNearestNeighbor, 0,
    )  # fmt: skip
    values = SimpleITK.GetArrayFromImage(other)
    tumor = values == 3
    expected = np.isin(values, labels)
    assert dice(mask.voxels & ~tumor if 3 not in labels else mask.voxels, expected) > 0.99


def test_the_center_of_a_real_tumor_is_where_others_published_it(shared):
    data = shared / "data/dicom_io/ct_lung1_001"
    image = load_volume(data / "image").image
    inside = load_mask(data / "rtstruct/1-1.dcm", image, ("GTV-1",)).voxels
    center = image.TransformContinuousIndexToPhysicalPoint(np.argwhere(inside).mean(axis=0)[::-1].tolist())
    assert center == pytest.approx((82.301, -201.481, -456.838), abs=1e-3)


def test_real_contours_of_an_mr_fill_what_others_made_of_them(shared):
    data = shared / "data"
    volume = load_volume(data / "dicom_io/mr_sts_002/image").image
    mask = load_mask(data / "dicom_io/mr_sts_002/mask/RS.dcm", volume)
    other = SimpleITK.ReadImage(data / "sts_pet_ct_mr/STS_002/MR_T1_mask.nii.gz")
    on_grid = SimpleITK.Resample(other, volume, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0)
    assert dice(mask.voxels, SimpleITK.GetArrayFromImage(on_grid) > 0) > 0.95


def test_a_real_segmentation_lies_on_its_ct(shared):
    data = shared / "data/dicom_reports/dcmqi/segmentations"
    volume = load_volume(data / "ct-3slice")
    mask = load_mask(data / "liver.dcm", volume.image)
    assert mask.voxels.sum() == 107_098
    assert 20 < np.median(volume.voxels[mask.voxels]) < 80  # HU of a liver


def test_a_real_label_map_has_its_names(shared):
    data = shared / "data/dicom_reports/dcmqi/segmentations"
    volume = load_volume(data / "23x38x3/image").image
    volume.EraseMetaData("0020|0052")  # it was not drawn on these slices
    path = data / "sparse-labelmap-noppv.dcm"
    mask = load_mask(path, volume).voxels  # its background is no segment
    assert mask.any()
    assert np.array_equal(load_mask(path, volume, ("Liver",)).voxels, mask)


@pytest.mark.parametrize("data", ["1\\2", "1\\2\\3\\4", "1\\2\\x", "1\\2\\nan"])
def test_a_damaged_contour_says_so(tmp_path, data):
    volume, _ = made(tmp_path)
    dataset = structure_set({"Lung": [contour(4, square(9.5, 19.5))]})
    element = dataset.ROIContourSequence[0].ContourSequence[0]["ContourData"]
    element._value = data
    with pytest.raises(InputError, match="is damaged: its points are not three numbers each"):
        load_mask(saved(tmp_path / "rs.dcm", dataset), volume.image)


# Untrusted files


@pytest.mark.parametrize("syntax", [None, uid.RLELossless, uid.JPEG2000Lossless])
def test_compressed_segments_are_read_and_refused_where_their_header_gives_another_size(tmp_path, syntax):
    if syntax == uid.JPEG2000Lossless:
        pytest.importorskip("openjpeg")
    volume, slices = made(tmp_path)
    inside = np.zeros((COUNT, ROWS, COLUMNS), np.float32)
    inside[3:8, 4:20, 5:30] = 1
    dataset = segmentation(slices, {"Lung": inside}, "FRACTIONAL")
    if syntax is not None:
        dataset.compress(syntax)
    path = saved(tmp_path / "seg.dcm", dataset)
    assert np.array_equal(load_mask(path, volume.image).voxels, inside > 0)
    if syntax is not None:
        dataset.Rows = 64
        with pytest.raises(InputError, match=r"contradicts itself|cannot be read"):
            load_mask(saved(tmp_path / "other.dcm", dataset), volume.image)


def test_structures_whose_header_has_no_end_are_refused(tmp_path):
    volume, _ = made(tmp_path)
    path = saved(tmp_path / "rs.dcm", structure_set({"Lung": [contour(3, square(3.5, 9.5))]}))
    item = b"\xfe\xff\x00\xe0\0\0\0\0"
    sequence = b"\x08\x00\x15\x10SQ\0\0\xff\xff\xff\xff" + item * 1_000_000 + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = path.read_bytes()
    place = data.index(b"\x10\x00\x10\x00")
    path.write_bytes(data[:place] + sequence + data[place:])
    with pytest.raises(InputError, match="longer header"):
        load_mask(path, volume.image)
