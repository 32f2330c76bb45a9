"""Frozen features of several slices: what the head says is what the network of slices in the bundle says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.cohorts.splits import Split
from readingroom.learning.protocols.training_protocol import TrainingProtocol
from readingroom.learning.training.feature_cache import Source
from readingroom.learning.training.frozen import prepare_frozen
from readingroom.learning.training.normalization import measured
from readingroom.progress import Progress


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """16 volumes of three to six slices; of the ill ones a slice has a bright block."""
    folder = tmp_path_factory.mktemp("volumes")
    generator = np.random.default_rng(0)
    rows = []
    for number in range(16):
        voxels = generator.normal(-700, 60, (3 + number % 4, 32, 32))
        if number // 2 % 2:
            voxels[1, 8:24, 8:24] += 600
        image = SimpleITK.GetImageFromArray(voxels.astype(np.int16))
        SimpleITK.WriteImage(image, str(folder / f"{number}.nrrd"))
        label = "ill" if number // 2 % 2 else "normal"
        rows.append(Row(f"p{number // 2}", f"s{number}", {"ct": folder / f"{number}.nrrd"}, label=label))
    return stating(Cohort(tuple(rows)), positive=["ill"])


@pytest.mark.parametrize("aggregation", ["mean", "gated-attention"])
def test_the_network_of_slices_that_ships_says_what_the_head_said(
    volumes: Cohort, tiny: TrainingProtocol, tmp_path: Path, aggregation: str
) -> None:
    protocol = replace(
        tiny,
        input=Preprocessing("slices", (32, 32), normalize="imagenet", window=(-600.0, 1500.0)),
        aggregation=aggregation,  # type: ignore[arg-type]
        head="linear",
        head_settings={} if aggregation == "mean" else {"epochs": 2},
    )
    label_set = label_set_of(volumes, "pasc-fibrosis")
    split = Split(np.arange(10), np.array([], dtype=np.intp), np.arange(10, 16), "by hand")
    trainer = prepare_frozen(
        volumes, label_set, protocol, "mobilenetv2_100", None, tmp_path / "features", split.train, "cpu", 1
    )
    said = trainer.train_fold(split, 0, tmp_path / "fold", Progress())
    final = trainer.train_final(split, 0, tmp_path / "fold", Progress())
    source = Source.of(measured(protocol.input))
    with torch.inference_mode():
        network = [final.network(torch.from_numpy(source.read(volumes.rows[row]))[None])[0] for row in split.test]
    assert np.allclose(torch.stack(network).numpy(), said.logits, atol=1e-4)
    assert final.embeddings.shape[0] == 10
    assert (said.distances > 0).all()
