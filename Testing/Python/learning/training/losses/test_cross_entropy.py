import json

import numpy as np
import pytest
import torch

from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.training import losses
from readingroom.learning.training.losses.cross_entropy import CrossEntropy, balanced_weights


def cohort(*labels):
    return Cohort(tuple(Row(f"p{n}", f"s{n}", {"frontal": f"{n}.png"}, label=label) for n, label in enumerate(labels)))


@pytest.fixture(scope="module")
def oracle(shared):
    return json.loads((shared / "oracles" / "training" / "training.json").read_text())


def test_losses_are_found_by_the_names_of_their_files():
    assert {"binary", "cross-entropy"} <= set(losses.names())


def test_targets_are_one_hot_in_the_order_of_the_classes():
    found = CrossEntropy(("no", "yes")).targets(cohort("yes", "no"))
    assert found.tolist() == [[0, 1], [1, 0]]


def test_a_label_that_is_no_class_is_told_with_its_study():
    with pytest.raises(InputError, match="'s1' of patient 'p1' has the label 'maybe'"):
        CrossEntropy(("no", "yes")).targets(cohort("yes", "maybe"))


def test_mixed_targets_give_the_mixed_loss(oracle):
    mixup = oracle["mixup"]
    loss = CrossEntropy(("a", "b"))(torch.tensor(mixup["logits"]), torch.tensor(mixup["y_mix"]))
    assert loss.mean().item() == pytest.approx(mixup["soft_ce"], abs=1e-6)


def test_balanced_weights_equal_those_of_the_oracle(oracle):
    labels = np.repeat([0, 1, 2], [3600, 3600, 1300])
    assert balanced_weights(labels, 3) == pytest.approx(oracle["balanced_class_weight_covid"])


def test_weights_multiply_the_loss_of_their_class():
    logits, targets = torch.tensor([[1.0, -1.0], [0.5, 0.2]]), torch.eye(2)
    plain = CrossEntropy(("a", "b"))(logits, targets)
    weighted = CrossEntropy(("a", "b"), np.array([2.0, 0.5]))(logits, targets)
    assert torch.allclose(weighted, plain * torch.tensor([2.0, 0.5]))


def test_labels_are_smoothed_while_training_only():
    logits, targets = torch.tensor([[3.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    loss = CrossEntropy(("a", "b"), smoothing=0.2)
    smoothed = -(0.9 * torch.log_softmax(logits, 1)[0, 0] + 0.1 * torch.log_softmax(logits, 1)[0, 1])
    assert torch.allclose(loss.train()(logits, targets), smoothed)
    assert torch.allclose(loss.eval()(logits, targets), -torch.log_softmax(logits, 1)[0, :1])


def test_a_class_without_training_rows_is_refused():
    with pytest.raises(InputError, match="cannot be learned"):
        balanced_weights(np.array([0, 0, 2]), 3)
