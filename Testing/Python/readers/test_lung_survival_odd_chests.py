"""Lung Survival where few slices hold lung, where the risk is near certain, and where a network shows its attention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

from lung_survival_cases import dense_network, phantom, read, write_bundle
from pasc_fibrosis_cases import write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.reading import Reading

FEW = 6


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A chest, its lungs, and as many of their slices around the tumor as ``FEW`` says."""
    chest, folder = phantom(), tmp_path_factory.mktemp("files")
    lungs = chest.right_lung | chest.left_lung
    middle = int(np.flatnonzero(chest.tumor.any(axis=(1, 2))).mean())
    few = np.zeros_like(lungs)
    few[middle - FEW // 2 : middle + FEW // 2] = lungs[middle - FEW // 2 : middle + FEW // 2]
    write_nrrd(folder / "ct.nrrd", chest.pixels)
    write_nrrd(folder / "lungs.nrrd", lungs)
    write_nrrd(folder / "few.nrrd", few)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "dense")


@pytest.fixture(scope="module")
def few(bundle, files, tmp_path_factory) -> Reading:
    """Of fewer slices than the network takes, so that it was given some of them more than once."""
    out = tmp_path_factory.mktemp("out") / "few"
    return read(bundle, out, files / "ct.nrrd", {"lungs": files / "few.nrrd"}, force=True)


def test_a_slice_that_was_given_twice_is_left_out_and_counted_once(few):
    left_out = next(one for one in few.curves if one.name == "left-out")
    check = next(one for one in few.checks if one.name == "weights of the slices")
    assert left_out.positions == (0.0, 1.0, 2.0, 3.0)
    assert check.sentence.startswith("Without the 3 heaviest slices")


def test_half_of_the_weight_is_on_no_more_slices_than_there_are(few):
    strip = next(one for one in few.curves if one.name == "attention")
    region = next(one for one in few.regions if one.name == "half-of-weight")
    assert len(strip.positions) == FEW
    assert region.title in {"Lung on the slice that carries half of the weight"} | {
        f"Lung on the {several} slices that carry half of the weight" for several in range(2, FEW)
    }


@pytest.fixture(scope="module", params=["deephit", "deephit-published"])
def sure(request, files, tmp_path_factory) -> tuple[Reading, Path]:
    """Of a network whose risk is 1 as far as a computer can tell, or that has nobody outlive its months."""
    network = dense_network()
    with torch.no_grad():
        last = network.classifier.causes[0][-1]
        last.weight[::2, 0] += 400.0
    made = write_bundle(tmp_path_factory.mktemp("bundles") / "sure", network, head=request.param)
    out = tmp_path_factory.mktemp("out") / "sure"
    return read(made, out, files / "ct.nrrd", {"lungs": files / "lungs.nrrd"}), out


def test_a_risk_that_is_near_certain_still_says_where_it_comes_from(sure):
    reading, out = sure
    evidence = next(one for one in reading.heat_maps if one.shows == "evidence")
    assert reading.finding("death").probability > 0.99
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / evidence.path))).max() == pytest.approx(1, abs=0.2)


def test_slices_whose_map_is_empty_are_shown_as_they_were_read(sure):
    reading, out = sure
    evidence = next(one for one in reading.heat_maps if one.shows == "evidence")
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / evidence.path)))
    assert any("warm" in one.caption for one in reading.key_pictures)
    for picture in reading.key_pictures:
        assert ("warm" in picture.caption) <= (heat[picture.slice].max() > 0)


def test_a_risk_that_is_near_certain_is_not_told_as_100_percent(sure):
    reading, _ = sure
    check = next(one for one in reading.checks if one.name == "weights of the slices")
    assert "100 %" not in check.sentence


def test_a_network_that_says_where_it_looks_has_that_in_place_of_the_weight_of_whole_slices(
    bundle, files, tmp_path, monkeypatch
):
    from readingroom.readers import survival_network

    ask = survival_network.ask_survival

    def looking(*given):
        found = ask(*given)
        places = np.zeros((len(found.weights), 4, 4), np.float32)
        places[:, 1, 2] = found.weights
        return replace(found, maps=None, attended=places)

    monkeypatch.setattr(survival_network, "ask_survival", looking)
    out = tmp_path / "out"
    reading = read(bundle, out, files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    (attention,) = reading.heat_maps
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / attention.path)))

    assert attention.shows == "attention"
    assert attention.method == "weight of the slices times attention to places, relative"
    assert 0 < (heat > 0.5).sum() < 0.02 * heat.size
    assert any("the places that it looks at" in note for note in reading.provenance.notes)
