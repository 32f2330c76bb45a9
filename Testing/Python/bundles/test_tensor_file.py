"""Headers of safetensors files: real ones are read, damaged ones refused."""

from __future__ import annotations

import hashlib
import io
import json
import struct

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.bundles import tensor_file
from readingroom.bundles.tensor_file import TensorFacts

safetensors_numpy = pytest.importorskip("safetensors.numpy")


def _file(folder, header, numbers=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + numbers)
    return path


def test_header_of_a_real_file_is_read(tmp_path):
    tensors = {"a": numpy.zeros((2, 3), numpy.float16), "b": numpy.array(1), "c": numpy.zeros((0, 4), numpy.float32)}
    safetensors_numpy.save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    assert tensor_file.read_header(tmp_path / "x.safetensors") == {
        "a": TensorFacts("F16", (2, 3)),
        "b": TensorFacts("I64", ()),
        "c": TensorFacts("F32", (0, 4)),
    }


@pytest.mark.parametrize(
    ("header", "numbers", "reason"),
    [
        (b"", b"", "does not begin"),
        (b"nothing", b"", "not readable"),
        (b"[" * 50_000, b"", "not readable"),
        (b"[]", b"", "not a list of tensors"),
        ({"a": 1}, b"", "not described"),
        ({"a": {"dtype": "F32", "shape": [1]}}, b"", "not described"),
        ({"a": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, b"1234", "not described"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234", "size that its shape says"),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}}, b"1234", "size that its shape says"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678", "leave gaps"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"12345678", "header tells of 4"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"12", "header tells of 4"),
        ({"a": {"dtype": "F32", "shape": [1] * 17, "data_offsets": [0, 4]}}, b"1234", "size that its shape says"),
        (b'{"a": {"dtype": "F32", "shape": [' + b"9" * 4000 + b'], "data_offsets": [0, 4]}}', b"1234", "not readable"),
        (b'{"a": {"dtype": "F32", "dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}', b"1234", "not readable"),
    ],
)
def test_damaged_headers_are_refused_with_the_reason(tmp_path, header, numbers, reason):
    with pytest.raises(ValueError, match=reason):
        tensor_file.read_header(_file(tmp_path, header, numbers))


@pytest.mark.parametrize("length", [0, 2**20, 2**63])
def test_a_header_length_that_the_file_does_not_have_is_refused(tmp_path, length):
    with pytest.raises(ValueError, match="does not begin with a header"):
        tensor_file.read_header(_file(tmp_path, {}, length=length))


def test_every_cut_of_a_real_file_is_refused(tmp_path):
    whole = safetensors_numpy.save({"a": numpy.arange(4, dtype=numpy.float32), "b": numpy.zeros((2, 2))})
    path = tmp_path / "x.safetensors"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="it"):
            tensor_file.read_header(path)


@settings(max_examples=50, deadline=None)
@given(
    header=st.dictionaries(st.text(max_size=3), st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists))
)
def test_a_header_of_anything_but_tensors_is_refused_as_value_error(tmp_path_factory, header):
    header["a"] = header.get("a", 1)
    with pytest.raises(ValueError, match="its"):
        tensor_file.read_header(_file(tmp_path_factory.getbasetemp(), header))


def test_arrays_are_those_that_were_stored(tmp_path):
    tensors = {
        "a": numpy.linspace(-1, 1, 6, dtype=numpy.float16).reshape(2, 3),
        "b": numpy.array(5),
        "c": numpy.zeros((0, 4), numpy.float32),
        "d": numpy.array([1e-300, numpy.pi]),
        "e": numpy.array([True, False]),
    }
    found = tensor_file.arrays(safetensors_numpy.save(tensors, metadata={"format": "pt"}))
    assert set(found) == set(tensors)
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype
        numpy.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
@pytest.mark.parametrize("dtype", [numpy.float16, numpy.float32, numpy.float64])
def test_a_file_with_a_number_that_is_not_finite_is_refused(value, dtype):
    array = numpy.zeros(3, dtype)
    good = safetensors_numpy.save({"a": array, "b": numpy.array([-1, 2**31 - 1])})
    assert tensor_file.examine(io.BytesIO(good), len(good)) == hashlib.sha256(good).hexdigest()
    array[2] = value
    bad = safetensors_numpy.save({"a": array})
    with pytest.raises(ValueError, match="'a' holds numbers that are not finite"):
        tensor_file.examine(io.BytesIO(bad), len(bad))


@pytest.mark.parametrize(
    ("dtype", "number"), [("BF16", 0x7F80), ("BF16", 0xFFC1), ("F8_E5M2", 0x7C), ("F8_E4M3", 0xFF)]
)
def test_formats_that_numpy_lacks_are_looked_through_as_well(dtype, number):
    data = number.to_bytes(2 if dtype == "BF16" else 1, "little")
    header = json.dumps({"a": {"dtype": dtype, "shape": [1], "data_offsets": [0, len(data)]}}).encode()
    file = struct.pack("<Q", len(header)) + header
    with pytest.raises(ValueError, match="not finite"):
        tensor_file.examine(io.BytesIO(file + data), len(file + data))
    tensor_file.examine(io.BytesIO(file + bytes(len(data))), len(file + data))


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_its_length_while_it_is_read_is_refused(change):
    data = safetensors_numpy.save({"a": numpy.zeros(3)})
    read = data[:change] if change < 0 else data + b"x"
    with pytest.raises(ValueError, match="while it was read"):
        tensor_file.examine(io.BytesIO(read), len(data))


def test_arrays_that_numpy_lacks_are_refused(tmp_path):
    header = json.dumps({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    with pytest.raises(ValueError, match="BF16"):
        tensor_file.arrays(struct.pack("<Q", len(header)) + header + b"12")


@pytest.mark.parametrize("data", [b"", b"1234567", struct.pack("<Q", 4) + b"{}", b"\xff" * 64])
def test_bytes_that_are_no_tensors_are_refused(data):
    with pytest.raises(ValueError, match=r"header|begin"):
        tensor_file.arrays(data)
