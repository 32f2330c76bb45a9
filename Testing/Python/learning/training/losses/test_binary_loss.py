import json

import numpy as np
import pytest
import torch

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.findings import stating
from readingroom.learning.protocols.training_protocol import load_protocol
from readingroom.learning.training.losses.binary import BinaryCrossEntropy, outputs, positive_weights


def cohort(*labels):
    rows = tuple(Row(f"p{n}", f"s{n}", {"frontal": f"{n}.png"}, label=label) for n, label in enumerate(labels))
    return stating(Cohort(rows), negative=[label for label in labels if label == "no-finding"])


@pytest.fixture(scope="module")
def oracle(shared):
    return json.loads((shared / "oracles" / "training" / "training.json").read_text())


def test_a_study_may_have_several_findings_or_none():
    found = cohort("mass|effusion", "no-finding", "mass")
    assert outputs(load_protocol("chest-xray"), found) == ("effusion", "mass")
    assert BinaryCrossEntropy(("effusion", "mass")).targets(found).tolist() == [[1, 1], [0, 0], [0, 1]]


def test_it_takes_raw_logits_and_no_softmax(oracle):
    numbers = oracle["paper004_multilabel"]
    logits, targets = torch.tensor(numbers["logits"]), torch.tensor(numbers["targets"])
    loss = BinaryCrossEntropy(tuple("abcdefg"))(logits, targets).mean().item()
    assert loss == pytest.approx(numbers["correct_bce_with_logits"], abs=1e-6)
    assert abs(loss - numbers["WRONG_softmax_then_bce_with_logits"]) > 0.1


def test_a_sure_and_right_answer_costs_nothing_which_it_would_behind_a_softmax(oracle):
    sure = 20 * (2 * torch.eye(7)[:1] - 1)
    loss = BinaryCrossEntropy(tuple("abcdefg"))(sure, torch.eye(7)[:1]).item()
    assert loss < 1e-6 < oracle["paper004_multilabel"]["lower_bound_of_wrong_loss_one_positive_of_7"]


def test_positives_weigh_as_in_the_oracle(oracle):
    rule = oracle["pos_weight_rule"]
    targets = np.zeros((rule["n"], 3))
    for column, count in enumerate(rule["n_pos"]):
        targets[:count, column] = 1
    weights = positive_weights(targets)
    assert weights.tolist() == rule["pos_weight"]
    loss = BinaryCrossEntropy(("a", "b", "c"), weights)(torch.tensor(rule["logits"]), torch.tensor(rule["targets"]))
    assert loss.mean().item() == pytest.approx(rule["loss"], abs=1e-6)


def test_targets_are_smoothed_towards_one_half_while_training_only():
    logits, targets = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    loss = BinaryCrossEntropy(("a",), smoothing=0.2)
    p = torch.sigmoid(logits)[0]
    assert torch.allclose(loss.train()(logits, targets), -(0.9 * p.log() + 0.1 * (1 - p).log()))
    assert torch.allclose(loss.eval()(logits, targets), -p.log())


def test_a_finding_that_is_none_of_the_outputs_is_told_with_its_study():
    with pytest.raises(InputError, match="'s0' of patient 'p0' has the finding 'nodule'"):
        BinaryCrossEntropy(("mass",)).targets(cohort("nodule"))


def test_a_finding_without_positive_rows_is_refused():
    with pytest.raises(InputError, match="cannot be learned"):
        positive_weights(np.array([[1, 0], [0, 0]]))
