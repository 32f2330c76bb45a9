import json

import pytest

from readingroom.learning.training.loop.history import Epoch, best, is_over, write


def curve(losses):
    return [Epoch(number, 1.0, loss, 0.01) for number, loss in enumerate(losses)]


def stop(losses, **rules):
    """The epoch after which a training on this curve stops."""
    epochs = curve(losses)
    return next(n for n in range(len(epochs)) if is_over(epochs[: n + 1], **rules))


@pytest.fixture(scope="module")
def oracle(shared):
    return json.loads((shared / "oracles" / "training" / "training.json").read_text())["early_stopping"]


def test_patience_counts_the_epochs_without_a_better_loss(oracle):
    losses = [1 - 0.01 * n for n in range(60)] + [0.45 + 0.001 * n for n in range(60)]
    last, best_epoch, lowest = oracle["stop_best"]
    assert stop(losses, epochs=120, least_epochs=1, patience=10) == last
    assert best(curve(losses[: last + 1])) == best_epoch
    assert losses[best_epoch] == pytest.approx(lowest)


def test_patience_that_ran_out_early_stops_as_soon_as_it_may(oracle):
    losses = [1 - 0.01 * n for n in range(30)] + [0.71] * 470
    # The paper may stop from epoch 50 on, counted from 0: when 51 are done.
    found = stop(losses, epochs=500, least_epochs=51, patience=10)
    assert found == oracle["plateau_from_30"]["correct_stop"] != oracle["plateau_from_30"]["notebook_stop"]


def test_a_better_loss_before_the_least_epochs_starts_the_patience_anew():
    losses = [1.0, *[2.0] * 8, 0.5, *[2.0] * 20]
    assert stop(losses, epochs=30, least_epochs=10, patience=5) == 14


def test_without_patience_all_epochs_are_done():
    assert stop([1.0] * 7, epochs=7, least_epochs=1, patience=None) == 6


def test_a_training_that_has_not_begun_is_not_over():
    assert not is_over([], epochs=1, least_epochs=1, patience=1)


def test_of_equal_losses_the_first_is_the_best():
    assert best(curve([0.5, 0.3, 0.3, 0.4])) == 1


def test_the_log_has_a_line_for_each_epoch(tmp_path):
    write(curve([0.5, 0.25]), tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text().splitlines() == [
        "epoch,train_loss,validation_loss,rate", "0,1.0,0.5,0.01", "1,1.0,0.25,0.01",
    ]  # fmt: skip
