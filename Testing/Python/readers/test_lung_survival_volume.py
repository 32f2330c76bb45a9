"""Risk over 24 months from a network that reads the CT as one volume; on a phantom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

from liver_hcc_cases import NETWORK, mean_network
from lung_survival_cases import MONTHS, phantom, read, write_bundle
from pasc_fibrosis_cases import write_nrrd
from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import Preprocessing
from readingroom.errors import BundleError
from readingroom.networks import volumes
from readingroom.networks.survival_heads import CauseSpecificLayers
from readingroom.phantoms.lung_cancer_ct import LungCancerCT
from readingroom.reading import Reading

VOLUME = Preprocessing(
    "volume", (48, 96, 96), 1, normalize="none", window=(-600, 1500), organ="lungs", organ_crop=True, keep_aspect=True
)


def gray_network() -> torch.nn.Module:
    """The brightness of the volume raises the risk of each month."""
    network = mean_network(len(MONTHS), lambda features: CauseSpecificLayers(features, 1, len(MONTHS)))
    with torch.no_grad():
        (cause,) = network.fc[1].causes
        cause[-1].weight[:, 0] = 4.0
        cause[-1].bias[:] = -4.0
    return network


def consolidated(chest: LungCancerCT) -> np.ndarray:
    """The upper third of the right lung."""
    upper = chest.right_lung.copy()
    upper[: int(np.quantile(np.nonzero(chest.right_lung)[0], 2 / 3))] = False
    return upper


def bundle_of(folder: Path, network: torch.nn.Module, **changes: object) -> Bundle:
    described = {"backbone": NETWORK, "aggregation": "none", "preprocessing": VOLUME, **changes}
    return write_bundle(folder, network, **described)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def chest() -> LungCancerCT:
    return phantom()


@pytest.fixture(scope="module")
def files(chest, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    dense = np.where(consolidated(chest), 0, chest.pixels).astype(np.int16)
    write_nrrd(folder / "ct.nrrd", dense)
    write_nrrd(folder / "lungs.nrrd", chest.right_lung | chest.left_lung)
    write_nrrd(folder / "tumor.nrrd", chest.tumor)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("out") / "read"


@pytest.fixture(scope="module")
def reading(files, out, tmp_path_factory) -> Reading:
    bundle = bundle_of(tmp_path_factory.mktemp("bundles") / "gray", gray_network())
    masks = {"lungs": files / "lungs.nrrd", "tumour": files / "tumor.nrrd"}
    return read(bundle, out, files / "ct.nrrd", masks, {"age": "67"})


def test_the_risk_over_time_is_told_and_no_weights_of_slices(reading):
    assert [one.name for one in reading.curves] == ["incidence-death"]
    assert 0 < reading.finding("death").probability < 1
    assert not any(one.name == "half-of-weight" for one in reading.regions)
    assert any(one.name == "tumour" for one in reading.regions)
    assert any("reads the CT as one volume" in note for note in reading.provenance.notes)
    assert any("No slice can be left out" in note for note in reading.provenance.notes)


def test_the_map_lies_in_the_ct_where_the_risk_is_raised(reading, out, chest):
    (described,) = reading.heat_maps
    assert described.shows == "evidence"
    heat = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / described.path)))
    assert heat.shape == chest.pixels.shape
    assert 0.9 < heat.max() <= 1
    assert reading.key_pictures[1].slice == int(heat.max(axis=(1, 2)).argmax())
    dense = consolidated(chest)
    level = np.nonzero(dense)[0].min()
    beside, below = chest.left_lung.copy(), chest.right_lung.copy()
    beside[:level], below[level:] = False, False
    assert heat[dense].mean() > 1.2 * max(heat[beside].mean(), heat[below].mean())


def test_a_layer_of_features_after_pooling_leaves_the_map_its_closed_form(files, tmp_path):
    network = volumes.create("monai_resnet50", len(MONTHS), classifier=lambda n: CauseSpecificLayers(n, 1, len(MONTHS)))
    small = Preprocessing("volume", (32, 32, 32), 1, normalize="none", window=(-600, 1500))
    bundle = bundle_of(tmp_path / "bottleneck", network, backbone="monai_resnet50", preprocessing=small)
    found = read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
    assert [one.method for one in found.heat_maps] == ["cam of the risk, relative"]


def test_weights_of_another_network_are_refused(files, tmp_path):
    bundle = bundle_of(tmp_path / "other", gray_network(), backbone="densenet121_3d")
    with pytest.raises(BundleError, match="do not fit the network 'densenet121_3d'"):
        read(bundle, tmp_path / "out", files / "ct.nrrd", {"lungs": files / "lungs.nrrd"})
