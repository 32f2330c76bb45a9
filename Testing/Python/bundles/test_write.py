"""Writing a bundle: MONAI's tools read it, the same inputs give the same bytes, nothing is left half-written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy
import pytest

from readingroom.bundles import bundle, paths
from readingroom.errors import OutputError


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_written_bundle_loads_with_the_same_metadata_and_texts(a_bundle, a_metadata):
    loaded = bundle.load(a_bundle.folder)
    assert loaded == a_bundle
    assert loaded.metadata == a_metadata
    assert loaded.card == "# A card\n"
    assert (a_bundle.folder / "LICENSE").read_text("utf-8") == "Apache License 2.0\n"
    numpy.testing.assert_array_equal(loaded.arrays("features")["mean"], [0.0, 1.0, 2.0])


def test_same_inputs_give_the_same_bytes(write_bundle, tmp_path):
    first, second = write_bundle(tmp_path / "a"), write_bundle(tmp_path / "b")
    assert _hashes(first.folder) == _hashes(second.folder)
    assert first.sha256 == second.sha256


def test_order_of_the_state_dict_does_not_change_the_bytes(write_bundle, tmp_path):
    tensors = {name: numpy.full((2, 2), i, numpy.float32) for i, name in enumerate("abcdef")}
    first = write_bundle(tmp_path / "a", state_dict=tensors)
    second = write_bundle(tmp_path / "b", state_dict=dict(reversed(tensors.items())))
    assert first.sha256 == second.sha256


def test_kernels_are_stored_in_half_precision_and_vectors_in_single(a_bundle):
    torch = pytest.importorskip("torch")
    weights = a_bundle.weights()
    assert weights["kernel"].dtype == torch.float16
    assert weights["bias"].dtype == torch.float32
    assert weights["bias"][0] == pytest.approx(1e-9)  # half precision would make it 0
    assert weights["num_batches_tracked"].shape == ()


def test_sha256sums_is_what_the_sha256sum_command_reads(a_bundle):
    for line in (a_bundle.folder / paths.SUMS).read_text().splitlines():
        digest, path = line.split("  ")
        assert hashlib.sha256((a_bundle.folder / path).read_bytes()).hexdigest() == digest
    assert a_bundle.sha256 == hashlib.sha256((a_bundle.folder / paths.SUMS).read_bytes()).hexdigest()


def test_an_earlier_bundle_is_replaced_and_nothing_else_is_left(write_bundle, a_metadata, tmp_path):
    write_bundle(tmp_path)
    newer = write_bundle(tmp_path, dataclasses.replace(a_metadata, version="1.3.0"))
    assert bundle.load(newer.folder).metadata.version == "1.3.0"
    assert [path.name for path in tmp_path.iterdir()] == [a_metadata.name]


def test_a_folder_that_is_no_bundle_is_left_alone(write_bundle, a_metadata, tmp_path):
    letter = tmp_path / a_metadata.name / "letter.txt"
    letter.parent.mkdir()
    letter.write_text("mine")
    with pytest.raises(OutputError, match="no bundle"):
        write_bundle(tmp_path)
    assert letter.read_text() == "mine"


def test_a_file_in_place_of_the_parent_folder_is_an_output_error(write_bundle, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Choose another folder"):
        write_bundle(tmp_path / "file")


@pytest.mark.parametrize(("value", "sentence"), [(numpy.nan, "not finite"), (1e6, "too large for half precision")])
def test_weights_that_half_precision_cannot_hold_are_refused_and_nothing_is_written(
    write_bundle, tmp_path, value, sentence
):
    with pytest.raises(ValueError, match=sentence):
        write_bundle(tmp_path / "out", state_dict={"kernel": numpy.full((2, 2), value)})
    assert not (tmp_path / "out").exists()


def test_folder_must_be_named_like_the_bundle(write_bundle, a_metadata, a_bundle, tmp_path):
    from readingroom.bundles.write import write

    with pytest.raises(ValueError, match="named 'other'"):
        write(tmp_path / "other", a_metadata, {}, card="", license_text="")


def test_monai_metadata_has_the_fields_that_its_specification_requires(a_bundle):
    data = json.loads((a_bundle.folder / paths.METADATA).read_text(encoding="utf-8"))
    # MONAI bundle specification, "metadata.json File", and the required list of its JSON schema
    assert {
        "schema", "version", "changelog", "monai_version", "pytorch_version", "numpy_version",
        "required_packages_version", "task", "description", "authors", "copyright",
        "network_data_format",
    } <= set(data)  # fmt: skip
    tensor_fields = {
        "type", "format", "num_channels", "spatial_shape", "dtype", "value_range", "is_patch_data", "channel_def",
    }  # fmt: skip
    assert tensor_fields <= set(data["network_data_format"]["inputs"]["image"])
    assert tensor_fields <= set(data["network_data_format"]["outputs"]["pred"])
    assert data["network_data_format"]["outputs"]["pred"]["channel_def"] == {"0": "Pneumonia", "1": "No finding"}


@pytest.fixture
def a_network_bundle(write_bundle, a_metadata, tmp_path):
    """A bundle whose weights are those of its own backbone, random."""
    pytest.importorskip("torch")
    from readingroom.networks import backbones

    network = backbones.create(a_metadata.backbone, a_metadata.outputs)
    return write_bundle(tmp_path / "real", state_dict=network.state_dict())


def test_monai_verifies_input_and_output_of_the_network(a_network_bundle):
    verify_net_in_out = pytest.importorskip("monai.bundle").verify_net_in_out
    files = {
        "meta_file": str(a_network_bundle.folder / paths.METADATA),
        "config_file": str(a_network_bundle.folder / paths.INFERENCE),
    }
    verify_net_in_out("network_def", **files, device="cpu")
    override = {"_meta_#network_data_format#outputs#pred#num_channels": 5}
    with pytest.raises(ValueError, match="output channel number"):
        verify_net_in_out("network_def", **files, device="cpu", **override)


def test_monai_config_parser_runs_the_stored_network(a_network_bundle, a_metadata):
    parser = pytest.importorskip("monai.bundle").ConfigParser()
    import torch

    from readingroom.networks import backbones

    parser.read_meta(a_network_bundle.folder / paths.METADATA)
    parser.read_config(a_network_bundle.folder / paths.INFERENCE)
    parser["bundle_root"] = str(a_network_bundle.folder)
    parser["device"] = "cpu"
    network = parser.get_parsed_content("network")
    parser.get_parsed_content("initialize")
    own = backbones.create(a_metadata.backbone, a_metadata.outputs)
    own.load_state_dict(a_network_bundle.weights())
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        logits = parser.get_parsed_content("inferer")(image, network)
        torch.testing.assert_close(logits, own(image))
    probabilities = parser.get_parsed_content("postprocessing")(logits[0])
    assert float(probabilities.sum()) == pytest.approx(1)
    assert parser.get("_meta_#readingroom#name") == a_metadata.name


def test_monai_config_parser_runs_our_preprocessing(a_bundle, a_metadata):
    parser = pytest.importorskip("monai.bundle").ConfigParser()
    from readingroom.imaging import preprocessing

    parser.read_config(a_bundle.folder / paths.INFERENCE)
    parser["bundle_root"] = str(a_bundle.folder)
    gray = numpy.linspace(0, 1, 64 * 64, dtype=numpy.float32).reshape(64, 64)
    pixels = parser.get_parsed_content("preprocessing")(gray)
    assert pixels.shape == (3, 32, 32)
    numpy.testing.assert_array_equal(pixels, preprocessing.prepare(gray, a_metadata.preprocessing).pixels)


def test_a_folder_with_hashes_of_something_else_is_no_bundle(write_bundle, a_metadata, tmp_path):
    folder = tmp_path / a_metadata.name
    folder.mkdir()
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  system.iso\n")
    (folder / "system.iso").write_text("mine")
    with pytest.raises(OutputError, match="holds something that is no bundle"):
        write_bundle(tmp_path)
    assert (folder / "system.iso").read_text() == "mine"


def test_a_file_of_the_user_s_own_beside_a_bundle_is_not_lost(write_bundle, a_metadata, tmp_path):
    folder = write_bundle(tmp_path).folder
    (folder / "docs" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds docs/notes\.txt, which is no part of a bundle"):
        write_bundle(tmp_path)
    assert (folder / "docs" / "notes.txt").read_text() == "mine"
