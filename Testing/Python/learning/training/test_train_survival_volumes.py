"""Networks that read a CT as one volume learn times: frozen with a head on kept features, and trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.bundle import Bundle
from readingroom.bundles.metadata import SurvivalMetadata
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row, write_cohort
from readingroom.learning.evaluation.survival_predictions import SurvivalPredictions
from readingroom.learning.protocols.plan import plan
from readingroom.learning.protocols.training_protocol import TrainingProtocol, Validation, load_protocol
from readingroom.learning.reporting.evaluate import Options, evaluate_cohort
from readingroom.learning.training.feature_cache import Source
from readingroom.learning.training.train import train_bundle
from readingroom.networks import volumes as networks
from readingroom.networks.survival_heads import CauseSpecificLayers, incidence

SHAPE = (8, 32, 32)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """18 volumes with their lungs; the larger the bright block, the sooner the event."""
    folder = tmp_path_factory.mktemp("volumes")
    generator = np.random.default_rng(0)
    lungs = np.zeros(SHAPE, dtype=np.uint8)
    lungs[:, 4:28, 2:30] = 1
    rows = []
    for number in range(18):
        voxels = generator.normal(-700, 60, SHAPE)
        voxels[2:6, 6 : 6 + number, 6 : 6 + number] += 700
        paths = {"ct": folder / f"{number}-ct.nrrd", "lungs": folder / f"{number}-lungs.nrrd"}
        for name, array in (("ct", voxels.astype(np.int16)), ("lungs", lungs)):
            image = SimpleITK.GetImageFromArray(array)
            image.SetSpacing((1.0, 1.0, 3.0))
            SimpleITK.WriteImage(image, str(paths[name]))
        time = 26.0 - 1.3 * number + float(generator.uniform(0, 2))
        rows.append(
            Row(
                f"p{number}", f"s{number}", {"ct": paths["ct"]}, time=time, event=number % 6 != 0,
                masks={"lungs": paths["lungs"]},
            )
        )  # fmt: skip
    return Cohort(tuple(rows))


def tiny(variant: str, kind: str = "rigorous") -> TrainingProtocol:
    """A variant with random values on small volumes, and three folds; for the 3D ResNet-18 a narrow one."""
    protocol = load_protocol("lung-survival", kind).with_variants(variant)  # type: ignore[arg-type]
    return replace(
        protocol,
        networks=("narrow_resnet14_3d",) if variant == "r3d" else protocol.networks,
        weights="none",
        input=replace(protocol.input, size=(16, 32, 32)),
        epochs=2,
        batch=8,
        accumulate=1,
        head_settings={"months": 24, "layers": 1, "width": 8, "dropout": 0.2},
        validation=Validation(folds=3, inner=0.3),
    )


@pytest.fixture(scope="module")
def bundle(volumes: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Of the r3d variant, frozen."""
    out = tmp_path_factory.mktemp("out")
    return train_bundle(volumes, tiny("r3d"), out, "r3d", mode="frozen", device="cpu", resamples=30)


def said_of(bundle: Bundle, pixels: np.ndarray) -> np.ndarray:
    """Cumulative incidence that the network of a bundle gives."""
    metadata = bundle.of_kind(SurvivalMetadata)
    network = networks.create(
        metadata.backbone,
        metadata.outputs,
        channels=metadata.preprocessing.channels,
        classifier=lambda features: CauseSpecificLayers(features, 1, 24, metadata.layers, metadata.width),
    )
    network.load_state_dict(bundle.weights())
    with torch.inference_mode():
        return incidence(network(torch.from_numpy(pixels)), metadata.head, 1).numpy()


def test_a_bundle_of_volumes_has_a_head_of_times_and_nothing_to_aggregate(bundle: Bundle) -> None:
    metadata = bundle.of_kind(SurvivalMetadata)
    assert (metadata.backbone, metadata.aggregation, metadata.head) == ("narrow_resnet14_3d", "none", "deephit")
    assert metadata.preprocessing.kind == "volume"
    assert metadata.training.settings["mode"] == "frozen"
    assert metadata.metrics["c_td"].n == 18


def test_a_trained_network_of_volumes_gives_the_risks_that_evaluating_its_table_gives(
    volumes: Cohort, tmp_path: Path
) -> None:
    trained = train_bundle(volumes, tiny("r3d"), tmp_path, "tuned", device="cpu", resamples=30)
    metadata = trained.of_kind(SurvivalMetadata)
    assert metadata.training.settings["mode"] == "fine-tune"
    write_cohort(tmp_path / "cohort.csv", volumes.rows)
    found = evaluate_cohort(
        trained, volumes, tmp_path / "cohort.csv", Options(resamples=30, permutations=100, device="cpu")
    )
    assert isinstance(found.images, SurvivalPredictions)
    own = said_of(trained, Source.of(metadata.preprocessing).read(volumes.rows[5]))
    assert np.allclose(found.images.incidence[0, 5], own[0], atol=1e-4)


@pytest.mark.parametrize("kind", ["published", "rigorous"])
@pytest.mark.parametrize("variant", ["r3d", "densenet3d"])
def test_the_plan_of_a_network_of_volumes_misses_nothing(kind: str, variant: str) -> None:
    text = plan(load_protocol("lung-survival", kind).with_variants(variant))  # type: ignore[arg-type]
    assert "volume" in text
    assert "cannot be trained" not in text
    assert "reads slices" not in text


def test_volumes_too_small_for_a_map_are_refused_before_anything_is_read(volumes: Cohort, tmp_path: Path) -> None:
    small = tiny("densenet3d")
    small = replace(small, input=replace(small.input, size=(32, 32, 32)))
    with pytest.raises(InputError, match="32 x 32 x 32 voxels leave 3D DenseNet-121 a map of a single place"):
        train_bundle(volumes, small, tmp_path, "x", device="cpu")
    assert not list(tmp_path.iterdir())
