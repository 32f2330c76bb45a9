"""Two processes on one computer, as Lightning starts them, against one process."""

import pytest
import torch
from torch import nn

from readingroom.errors import CancelledError, InputError
from readingroom.learning.protocols.training_protocol import Augment, Optimizer, Schedule
from readingroom.learning.training.loop.fit import fit
from readingroom.progress import Progress


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = (nn.Conv2d(1, 4, 3, stride=2), nn.Tanh(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        return nn.Sequential(*body, nn.Linear(64, 2))


@pytest.fixture
def trained(a_cohort, a_split, a_protocol, prepared_pictures, tmp_path):
    def train(devices, progress=None, **changes):
        # With a rate of 1, no momentum and one batch, the step is the gradient itself.
        plain = {"optimizer": Optimizer("sgd", 1.0), "schedule": Schedule("constant"), "balance": "weights"}
        protocol = a_protocol(**({"epochs": 1, "batch": 26} | plain | changes))
        return fit(network(), a_cohort, a_split, protocol, tmp_path / f"on {devices}", "cpu", devices,
                   progress=progress, pictures=prepared_pictures)  # fmt: skip

    return train


@pytest.mark.slow
def test_the_averaged_gradient_of_two_processes_is_that_of_one_with_the_doubled_batch(trained):
    said = []
    one, two = trained(1), trained(2, Progress(lambda fraction, sentence: said.append(sentence)))
    before = network().state_dict()
    for name, weights in one.state_dict.items():
        assert (weights - before[name]).abs().max() > 1e-4
        assert (weights - two.state_dict[name]).abs().max() < 1e-6
    # 13 rows choose the epoch: one process has seven of them, the other six, and each counts once.
    assert two.history[0].validation_loss == pytest.approx(one.history[0].validation_loss, abs=1e-6)
    assert two.history[0].train_loss == pytest.approx(one.history[0].train_loss, abs=1e-6)
    assert said[-1] == "Training, epoch 1 of 1."


@pytest.mark.slow
def test_both_processes_end_when_the_training_is_canceled(trained):
    asked = []

    def canceled():
        return any("epoch 2" in sentence for sentence in asked)

    with pytest.raises(CancelledError):
        trained(2, Progress(lambda _, sentence: asked.append(sentence), canceled), batch=2, epochs=500)


def test_several_computers_need_a_launcher(a_cohort, a_split, a_protocol, tmp_path):
    with pytest.raises(InputError, match="torchrun"):
        fit(network(), a_cohort, a_split, a_protocol(), tmp_path, "cpu", nodes=2)


def test_a_batch_that_cannot_be_shared_out_is_refused(trained):
    with pytest.raises(InputError, match="batch of 9 cannot be shared out among 2 processes"):
        trained(2, batch=9, augment=Augment())


def test_a_launcher_that_started_another_number_of_processes_is_refused(
    a_cohort, a_split, a_protocol, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "launched")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="started 2 processes, but 4 devices on 1 computers need 4"):
        fit(network(), a_cohort, a_split, a_protocol(), tmp_path, "cpu", devices=4)
