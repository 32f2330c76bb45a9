"""From a table to a bundle, with a network that the loop trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("sklearn", reason="needs the extra [train]")

from readingroom.errors import InputError
from readingroom.imaging.open import open_image
from readingroom.imaging.preprocessing import prepare
from readingroom.imaging.radiograph_loading import load_radiograph
from readingroom.learning.cohorts.cohort import Cohort
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.cohorts.label_set import label_set_of
from readingroom.learning.cohorts.splits import hold_out
from readingroom.learning.evaluation import predictions
from readingroom.learning.protocols.training_protocol import Schedule, TrainingProtocol, Validation
from readingroom.learning.reporting.figures.training_curves import read_history
from readingroom.learning.training.fine_tuned import FineTuned
from readingroom.learning.training.train import train_bundle
from readingroom.progress import Progress
from readingroom.readers.network import load_network


def test_a_held_out_part_is_evaluated_by_the_final_model_with_outputs_in_the_bundle_s_order(
    phantoms: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    """The loop sorts the classes as the table writes them; the bundle puts what is looked for first."""
    protocol = replace(
        tiny,
        input=replace(tiny.input, normalize="training"),
        validation=Validation("hold-out", hold_out=0.34, inner=0.3),
    )
    made = train_bundle(phantoms, protocol, tmp_path, "tuned", mode="fine-tune", device="cpu", resamples=50)
    said = predictions.read(tmp_path / "tuned-predictions.csv")
    assert said.classes == ("opacity-large", "normal")
    network = load_network(made)
    rows = {row.study_id: row for row in phantoms.rows}
    for number, study in enumerate(said.study_ids):
        gray = load_radiograph(open_image(rows[study].image, "frontal").image).gray
        with torch.inference_mode():
            logits = network(torch.from_numpy(prepare(gray, made.metadata.preprocessing).pixels[None]))[0]
        assert np.allclose(
            logits.numpy(), said.logits[0, number], rtol=0.01, atol=0.02
        )  # kernels are stored in half precision
    assert made.metadata.preprocessing.mean[0] == pytest.approx(made.metadata.preprocessing.mean[1])
    runs = read_history(tmp_path / "tuned-history.csv")
    assert [run.name for run in runs] == ["repeat 1, hold-out"]
    assert len(made.metadata.training.settings) > 8


def test_a_bundle_that_is_gone_on_with_begins_with_each_output_in_its_place(
    phantoms: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    protocol = replace(tiny, epochs=1, least_epochs=1, validation=Validation("hold-out", hold_out=0.34, inner=0.3))
    first = train_bundle(phantoms, protocol, tmp_path, "first", mode="fine-tune", device="cpu", resamples=20)
    still = replace(protocol, optimizer=replace(protocol.optimizer, rate=1e-10), schedule=Schedule("constant"))
    question, backbone = label_set_of(phantoms, "chest-xray"), first.metadata.backbone  # type: ignore[union-attr]
    nowhere = [""] * len(phantoms)
    going_on = FineTuned(phantoms, question, still, backbone, first.folder, tmp_path / "pictures", nowhere, "cpu")
    split = hold_out(phantoms, 0.34, 0, 0.3)
    made = going_on.train_final(split, 0, tmp_path / "run", Progress()).network.state_dict()
    for name in ("classifier.weight", "classifier.bias"):
        assert torch.allclose(made[name], first.weights()[name].float(), atol=1e-3), name
    others = {"normal": "pneumonia"}
    other = Cohort(tuple(replace(row, label=others.get(row.label or "", row.label)) for row in phantoms.rows))
    with pytest.raises(
        InputError, match="tells opacity-large, normal, and the table asks for opacity-large, pneumonia"
    ):
        train_bundle(
            stating(other, positive=["opacity, large"]),
            protocol,
            tmp_path,
            "second",
            weights=first.folder,
            device="cpu",
        )


def test_joined_answers_heads_on_features_and_losses_of_other_outcomes_are_not_fine_tuned(
    phantoms: Cohort, tiny: TrainingProtocol, tmp_path: Path
) -> None:
    label_set = label_set_of(phantoms, "chest-xray")
    slices = replace(tiny, input=replace(tiny.input, kind="slices"), aggregation="vote")
    for protocol, sentence in (
        (slices, "A bundle is one network"),
        (replace(tiny, head="mil-attention"), "frozen"),
        (replace(tiny, loss="binary"), "'binary' does not fit the table"),
    ):
        with pytest.raises(InputError, match=sentence):
            FineTuned(phantoms, label_set, protocol, "mobilenetv2_100", None, tmp_path, ())
