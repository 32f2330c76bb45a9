"""NRRD, NIfTI and MetaImage files by their headers: what they say is read, what they lack is refused, nothing else."""

import bz2
import gzip
import os
import struct

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import InputError
from readingroom.imaging.file_kind import file_kind
from readingroom.imaging.volume import load_volume
from readingroom.imaging.volume_file import read_volume

VALUES = np.arange(4 * 5 * 6).reshape(4, 5, 6)


def read(path):
    return read_volume(path, file_kind(path), several_slices=True)


def array(path):
    return SimpleITK.GetArrayFromImage(read(path))


def nifti(path, values, order="<", version=1, slope=0.0, intercept=0.0, extension=0, dim=None, srow=None, codes=(0, 1)):
    """Write a NIfTI file of ``[k, j, i]`` values."""
    dim = dim or [values.ndim, *values.shape[::-1]]
    dim = [*dim, *[1] * (8 - len(dim))]
    datatype = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "c8": 32, "f8": 64}[values.dtype.str[1:]]
    srow = srow or (-0.5, 0, 0, 1, 0, -0.6, 0, 2, 0, 0, 2, 3)
    pixdim = (1, 0.5, 0.6, 2, 1, 1, 1, 1)
    if version == 1:
        header = bytearray(352 + extension)
        fields = {0: ("i", 348), 40: ("8h", *dim), 70: ("2h", datatype, 8 * values.itemsize), 76: ("8f", *pixdim)}
        fields |= {108: ("3f", len(header), slope, intercept), 252: ("2h", *codes), 280: ("12f", *srow)}
        header[344:348] = b"n+1\0"
    else:
        header = bytearray(544 + extension)
        fields = {0: ("i", 540), 12: ("2h", datatype, 8 * values.itemsize), 16: ("8q", *dim), 104: ("8d", *pixdim)}
        fields |= {168: ("q", len(header)), 176: ("2d", slope, intercept), 344: ("2i", *codes), 400: ("12d", *srow)}
        header[4:12] = b"n+2\0\r\n\x1a\n"
    for place, (layout, *numbers) in fields.items():
        struct.pack_into(order + layout, header, place, *numbers)
    data = bytes(header) + values.astype(values.dtype.newbyteorder(order)).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def nrrd(path, data, further="encoding: raw\n", sizes="6 5 4", kind="short"):
    header = (
        f"NRRD0005\n# made by a test\ntype: {kind}\nendian: little\ndimension: {len(sizes.split())}\nsizes: {sizes}\n"
    )
    path.write_bytes(f"{header}{further}\n".encode() + data)
    return path


def test_an_nrrd_in_text_is_named_as_such_without_an_order_of_bytes(tmp_path):
    path = tmp_path / "a.nrrd"
    path.write_text("NRRD0005\ntype: short\ndimension: 3\nsizes: 2 1 1\nencoding: ascii\n\n3 4\n")
    with pytest.raises(InputError, match="'ascii', which is not supported"):
        read_volume(path, "nrrd", True)


# NIfTI --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("extension", [0, 4000])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_values_of_a_nifti_begin_where_its_header_says(tmp_path, order, version, extension, name, dtype):
    path = nifti(tmp_path / name, VALUES.astype(dtype), order, version, extension=extension)
    np.testing.assert_array_equal(array(path), VALUES.astype(dtype))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("slope", "intercept", "wanted"),
    [(0, 7, VALUES), (1, -1024, VALUES - 1024), (2, -100, 2 * VALUES - 100), (np.nan, 5, VALUES), (1, np.nan, VALUES)],
)
def test_a_nifti_is_scaled_as_its_header_says(tmp_path, version, slope, intercept, wanted):
    path = nifti(tmp_path / "a.nii", VALUES.astype("i2"), "<", version, slope, intercept)
    np.testing.assert_array_equal(array(path), wanted)


@pytest.mark.parametrize("dim", [[4, 6, 5, 4, 1], [7, 6, 5, 4, 1, 1, 1, 1], [5, 6, 5, 4, 0, 1]])
def test_axes_of_length_one_behind_the_volume_are_left_out(tmp_path, dim):
    np.testing.assert_array_equal(array(nifti(tmp_path / "a.nii", VALUES.astype("i2"), dim=dim)), VALUES)


@pytest.mark.parametrize("dim", [[0, 6, 5, 4], [8, 6, 5, 4], [3, -6, 5, 4], [3, 6, 5, 400]])
def test_impossible_lengths_are_damage(tmp_path, dim):
    with pytest.raises(InputError, match="damaged or cut short"):
        read(nifti(tmp_path / "a.nii", VALUES.astype("i2"), dim=dim))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("missing", [1, 2, 100])
def test_a_nifti_with_an_extension_that_is_cut_is_refused(tmp_path, name, missing):
    path = nifti(tmp_path / name, VALUES.astype("i2"), extension=4000)
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(InputError, match="damaged or cut short"):
        read(path)


def test_a_packed_file_whose_checksum_is_wrong_is_damaged(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", VALUES.astype("i2"))
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        read(path)


@pytest.mark.parametrize("codes", [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (0, 2), (3, 4)])
@pytest.mark.parametrize("srow", [None, (0, 0.6, 0, 1, 0.5, 0, 0, 2, 0, 0, -2, 3)])
def test_a_nifti_lies_where_simpleitk_puts_it(tmp_path, codes, srow):
    path = nifti(tmp_path / "a.nii", VALUES.astype("i2"), srow=srow, codes=codes)
    found, wanted = read(path), SimpleITK.ReadImage(str(path))
    for ours, theirs in (
        (found.GetSpacing(), wanted.GetSpacing()),
        (found.GetOrigin(), wanted.GetOrigin()),
        (found.GetDirection(), wanted.GetDirection()),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda path: nifti(path, VALUES.astype("i2"), srow=(-0.5, 0.1, 0, 1, 0, -0.6, 0, 2, 0, 0, 2, 3)), "sheared"),
        (lambda path: nifti(path, VALUES.astype("c8")), "complex numbers"),
        (lambda path: nifti(path, np.zeros((3, 4, 5, 6), "u1")), "several volumes"),
    ],
)
def test_what_is_whole_and_cannot_be_read_is_named(tmp_path, made, words):
    with pytest.raises(InputError, match=words):
        read(made(tmp_path / "a.nii"))


@pytest.mark.parametrize("name", ["a.hdr", "a.mhd", "a.nhdr"])
def test_headers_whose_values_lie_in_another_file_are_named(tmp_path, name):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VALUES.astype("i2")), str(tmp_path / name))
    with pytest.raises(InputError, match="other file"):
        read(tmp_path / name)


# NRRD ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "packed"), [("raw", bytes), ("gzip", gzip.compress), ("gz", gzip.compress), ("bzip2", bz2.compress)]
)
@pytest.mark.parametrize("sizes", ["6 5 4", "6 5 4 1", "6 5 4 1 1"])
def test_values_of_an_nrrd_are_unpacked(tmp_path, encoding, packed, sizes):
    data = packed(VALUES.astype("<i2").tobytes())
    np.testing.assert_array_equal(array(nrrd(tmp_path / "a.nrrd", data, f"encoding: {encoding}\n", sizes)), VALUES)


@pytest.mark.parametrize("named", ["secret.raw", "-", "LIST", "/dev/zero", "/etc/hostname"])
@pytest.mark.parametrize("field", ["data file", "datafile", "DATA FILE"])
def test_an_nrrd_that_names_another_file_is_refused(tmp_path, named, field):
    (tmp_path / "secret.raw").write_bytes(VALUES.astype("<i2").tobytes())
    path = nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes(), f"encoding: raw\n{field}: {named}\n")
    with pytest.raises(InputError, match="detached header"):
        read(path)


@pytest.mark.parametrize(
    ("further", "words"),
    [
        ("encoding: hex\n", "'hex', which is not supported"),
        ("encoding: ascii\n", "'ascii', which is not supported"),
        ('encoding: raw\nunits: "px" "px" "px"\nspacings: 1 1 1\n', "units that are not known or not one"),
        ('encoding: raw\nunits: "mm" "mm" "cm"\nspacings: 1 1 1\n', "units that are not known or not one"),
        ("encoding: raw\nkinds: list domain vector\n", "several axes of components"),
        ("encoding: raw\nspace: LPS\nspace directions: (1,0,0) (0.5,1,0) (0,0,1)\n", "sheared"),
        ("encoding: raw\nspace: LPS\nspace directions: (1,0,0) (0,0,0) (0,0,1)\n", "without a direction"),
        ("encoding: raw\nspace: LPS\nspace directions: (1,0,0) (0,x,0) (0,0,1)\n", "damaged"),
        ("encoding: raw\nline skip: 99999\n", "damaged"),
    ],
)
def test_an_nrrd_that_cannot_be_read_says_why(tmp_path, further, words):
    with pytest.raises(InputError, match=words):
        read(nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes(), further))


@pytest.mark.parametrize(
    ("units", "millimeters"),
    [
        ('space units: "mm" "mm" "mm"', 1.0),
        ('space units: "um" "um" "um"', 0.001),
        ('space units: "cm" "cm" "cm"', 10.0),
        ('units: "" "" "s"', 1.0),
    ],
)
def test_the_unit_that_an_nrrd_states_is_used(tmp_path, units, millimeters):
    space = "space: LPS\nspace directions: (1,0,0) (0,2,0) (0,0,3)\nspace origin: (5,6,7)\n"
    found = read(nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes(), f"encoding: raw\n{space}{units}\n"))
    np.testing.assert_allclose(found.GetSpacing(), np.array([1, 2, 3]) * millimeters)
    np.testing.assert_allclose(found.GetOrigin(), np.array([5, 6, 7]) * millimeters)


@pytest.mark.parametrize("space", ["LPS", "RAS", "left-anterior-superior", "scanner-xyz"])
def test_an_nrrd_lies_where_simpleitk_puts_it(tmp_path, space):
    further = f"encoding: raw\nspace: {space}\nspace directions: (0,2,0) (-3,0,0) (0,0,4)\nspace origin: (5,6,7)\n"
    path = nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes(), further)
    found, wanted = read(path), SimpleITK.ReadImage(str(path))
    assert (found.GetSpacing(), found.GetOrigin()) == (wanted.GetSpacing(), wanted.GetOrigin())
    np.testing.assert_allclose(found.GetDirection(), wanted.GetDirection())


# All ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii.gz", "a.mha"])
@pytest.mark.parametrize("vectors", [False, True])
def test_what_simpleitk_writes_is_read_as_simpleitk_reads_it(tmp_path, name, vectors):
    shape = (4, 5, 6, 3) if vectors else (4, 5, 6)
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).normal(size=shape).astype("f4"), isVector=vectors)
    image.SetDirection([0, -1, 0, 0, 0, 1, -1, 0, 0])
    image.SetSpacing([0.1, 0.2, 0.3])
    image.SetOrigin([1, 2, 3])
    SimpleITK.WriteImage(image, str(tmp_path / name), useCompression=True)
    found = read(tmp_path / name)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(found), SimpleITK.GetArrayFromImage(image))
    np.testing.assert_allclose(found.GetDirection(), image.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(found.GetOrigin(), image.GetOrigin(), atol=1e-6)


def test_a_volume_that_no_memory_holds_is_refused_before_it_is_unpacked(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.zeros(0, "f8"), dim=[3, 2000, 2000, 2000])
    with pytest.raises(InputError, match="more than is read"):
        read(path)


def test_no_library_writes_to_standard_error_about_a_damaged_volume(tmp_path, capfd):
    path = nifti(tmp_path / "a.nii", VALUES.astype("i2"), srow=(0.5, 0.5, 0, 1, 0, -0.6, 0, 2, 0, 0, 2, 3))
    data = path.read_bytes()
    for place in range(0, 352, 3):
        path.write_bytes(data[:place] + os.urandom(2) + data[place + 2 :])
        try:
            read(path)
        except InputError:
            continue
    assert capfd.readouterr().err == ""


def test_voxels_live_longer_than_the_volume_that_they_were_asked_of(tmp_path):
    image = SimpleITK.GetImageFromArray(np.arange(4 * 50 * 60, dtype=np.float32).reshape(4, 50, 60))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"))
    voxels = load_volume(tmp_path / "a.nrrd").voxels
    others = [np.full((4, 50, 60), -1, np.float32) for _ in range(50)]  # take the memory that was freed
    assert voxels[3, 49, 59] == 4 * 50 * 60 - 1
    assert not voxels.flags.writeable
    assert len(others) == 50
