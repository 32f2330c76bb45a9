import copy
import math

import numpy as np
import pytest
import SimpleITK
import torch
from PIL import Image
from torch import nn

from readingroom.bundles.preprocessing import Preprocessing
from readingroom.errors import CancelledError, EngineError, InputError
from readingroom.imaging.preprocessing import normalized
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.splits import LeakageError, Split
from readingroom.learning.protocols.training_protocol import Augment, Optimizer, Schedule
from readingroom.learning.training.loop.fit import fit
from readingroom.learning.training.picture_store import prepared
from readingroom.progress import Progress

PLAIN = {"augment": Augment()}
SGD = Optimizer("sgd", 0.1)


@pytest.fixture
def trained(a_cohort, a_split, prepared_pictures, tmp_path):
    def train(network, protocol, folder="run", **options):
        options = {"device": "cpu", "pictures": prepared_pictures} | options
        return fit(network, a_cohort, a_split, protocol, tmp_path / folder, **options)

    return train


def logits_of(network, cohort, rows, fitted):
    """What a trained network says of rows of a cohort."""
    levels = [prepared(cohort.rows[number], fitted.preprocessing) for number in rows]
    inputs = np.stack([normalized(gray, fitted.preprocessing) for gray in levels])
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(inputs))


def without_normalization():
    """A network in which rows do not depend on each other, and nothing is random."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2), nn.Tanh(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 2)
    )


def same(first, second):
    return all(torch.equal(first.state_dict[name], second.state_dict[name]) for name in first.state_dict)


def furthest(first, second):
    return max((first.state_dict[n] - second.state_dict[n]).abs().max().item() for n in first.state_dict)


def test_it_learns_what_is_planted(trained, a_network, a_protocol):
    fitted = trained(a_network(), a_protocol(epochs=12, optimizer=Optimizer("adamw", 0.03)))
    assert fitted.history[fitted.best_epoch].validation_loss < 0.55 < fitted.history[0].validation_loss


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(trained, a_network, a_protocol):
    protocol = a_protocol(mixup=0.3, averaging=0.9)
    first = trained(a_network(), protocol, "first")
    assert same(first, trained(a_network(), protocol, "second"))
    assert not same(first, trained(a_network(), a_protocol(mixup=0.3, averaging=0.9, seed=7), "third"))


def test_the_number_of_loading_processes_changes_nothing(trained, a_network, a_protocol):
    alone = trained(a_network(), a_protocol(epochs=2), "alone", workers=0)
    assert same(alone, trained(a_network(), a_protocol(epochs=2), "helped", workers=2))


def test_the_random_numbers_of_the_caller_are_left_alone(trained, a_network, a_protocol):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(a_network(), a_protocol(epochs=1))
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_weights_are_those_of_the_lowest_validation_loss(
    trained, a_cohort, a_split, a_network, a_protocol, prepared_pictures
):
    # So high a rate makes the loss go up and down.
    protocol = a_protocol(epochs=8, optimizer=Optimizer("sgd", 3.0), schedule=Schedule("constant"))
    fitted = trained(a_network(), protocol)
    losses = [epoch.validation_loss for epoch in fitted.history]
    assert fitted.best_epoch == int(np.argmin(losses)) < 7
    network = a_network()
    network.load_state_dict(fitted.state_dict)
    logits = logits_of(network, a_cohort, a_split.validation, fitted)
    targets = torch.tensor([a_cohort.rows[row].label == "yes" for row in a_split.validation]).long()
    loss = nn.functional.cross_entropy(logits, targets).item()
    assert loss == pytest.approx(min(losses), rel=1e-5)


def test_the_rate_of_each_epoch_is_that_of_the_protocol(trained, a_network, a_protocol):
    protocol = a_protocol(epochs=5, schedule=Schedule("cosine", 0.001))
    rates = [epoch.rate for epoch in trained(a_network(), protocol).history]
    assert rates == pytest.approx([protocol.rate(epoch) for epoch in range(5)])


def test_one_cycle_falls_in_the_end(trained, a_network, a_protocol):
    rates = [epoch.rate for epoch in trained(a_network(), a_protocol(schedule=Schedule("one-cycle"))).history]
    assert rates[-1] < 0.1 * max(rates)


def test_training_stops_when_patience_runs_out(trained, a_network, a_protocol):
    protocol = a_protocol(epochs=50, patience=3, optimizer=Optimizer("sgd", 1e-9), schedule=Schedule("constant"))
    fitted = trained(without_normalization(), protocol)  # it does not move, so the first epoch is the best
    assert (len(fitted.history), fitted.best_epoch) == (4, 0)


def test_accumulated_passes_make_the_step_of_the_whole_batch(trained, a_protocol):
    whole = trained(without_normalization(), a_protocol(batch=8, optimizer=SGD, **PLAIN), "whole")
    parts = trained(without_normalization(), a_protocol(batch=4, accumulate=2, optimizer=SGD, **PLAIN), "parts")
    assert furthest(whole, parts) < 1e-6


def test_frozen_parts_keep_their_weights_and_their_statistics(trained, a_network, a_protocol):
    network = a_network()
    for parameter in network[:2].parameters():
        parameter.requires_grad = False
    before = copy.deepcopy(network.state_dict())
    after = trained(network, a_protocol()).state_dict
    frozen = [name for name in before if name.startswith(("0.", "1."))]
    assert "1.running_mean" in frozen
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["6.weight"], after["6.weight"])


def test_class_weights_push_towards_the_rare_class(a_cohort, a_protocol, tmp_path, prepared_pictures):
    rare = [n for n in range(27) if n % 2 == 0 or n < 4]
    split = Split(np.array(rare), np.arange(27, 40), np.array([], dtype=np.intp), "few of one class")
    probability = {}
    for balance in ("none", "weights", "sampler"):
        protocol = a_protocol(balance=balance, optimizer=SGD, epochs=10, batch=4, **PLAIN)
        network = without_normalization()
        fitted = fit(network, a_cohort, split, protocol, tmp_path / balance, "cpu", pictures=prepared_pictures)
        network.load_state_dict(fitted.state_dict)
        logits = logits_of(network, a_cohort, split.validation, fitted)
        probability[balance] = torch.softmax(logits, 1)[:, 1].mean().item()
    assert probability["none"] < min(probability["weights"], probability["sampler"])


def test_a_finished_training_is_not_done_again(trained, a_network, a_protocol):
    first = trained(a_network(), a_protocol())
    said = []
    again = trained(a_network(), a_protocol(), progress=Progress(lambda fraction, sentence: said.append(sentence)))
    assert same(first, again)
    assert again.history == first.history
    assert not [sentence for sentence in said if "epoch" in sentence]


@pytest.mark.parametrize(("changes", "what"), [({"epochs": 4}, "protocol"), ({"seed": 1}, "protocol")])
def test_the_folder_of_another_training_is_refused(trained, a_network, a_protocol, changes, what):
    trained(a_network(), a_protocol())
    with pytest.raises(InputError, match=f"another training: its {what} differs"):
        trained(a_network(), a_protocol(**changes))


def test_another_network_in_the_folder_is_refused(trained, a_network, a_protocol):
    trained(a_network(), a_protocol())
    with pytest.raises(InputError, match="its network differs"):
        trained(without_normalization(), a_protocol())


def test_words_about_a_protocol_do_not_make_another_training(trained, a_network, a_protocol):
    first = trained(a_network(), a_protocol())
    assert same(first, trained(a_network(), a_protocol(title="Another title")))


def test_an_image_that_cannot_be_used_is_told_with_its_study(a_cohort, a_split, a_network, a_protocol, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    rows = list(a_cohort.rows)
    rows[3] = Row("p3", "s3", {"frontal": tmp_path / "broken.png"}, label="yes")
    with pytest.raises(InputError, match=r"Study 's3' of patient 'p3': 'broken.png' is damaged"):
        fit(a_network(), Cohort(tuple(rows)), a_split, a_protocol(), tmp_path / "run", "cpu")


def test_a_canceled_training_goes_on_with_the_same_result(trained, a_network, a_protocol):
    protocol = a_protocol(mixup=0.2, averaging=0.9)
    whole = trained(a_network(), protocol, "whole")
    asked = []

    def canceled():
        return len([s for s in asked if s.startswith("Training")]) > 4

    with pytest.raises(CancelledError):
        trained(a_network(), protocol, "parts", progress=Progress(lambda _, s: asked.append(s), canceled))
    assert same(whole, trained(a_network(seed=9), protocol, "parts"))


def test_progress_goes_from_0_to_1_and_says_what_is_done(trained, a_network, a_protocol):
    said = []
    trained(a_network(), a_protocol(), progress=Progress(lambda fraction, sentence: said.append((fraction, sentence))))
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert said[0][1].startswith("Preparing the images")
    assert "epoch 3 of 3" in said[-1][1]
    assert "Best validation loss so far" in said[-1][1]


def test_a_training_that_diverges_says_so(trained, a_protocol):
    network = nn.Sequential(nn.Flatten(), nn.Linear(32 * 32, 2))
    with pytest.raises(InputError, match=r"diverged in epoch 1.*Lower the learning rate"):
        trained(network, a_protocol(optimizer=Optimizer("sgd", 10.0, decay=1e30), **PLAIN))


class _Greedy(nn.Linear):
    def forward(self, inputs):
        if self.training:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(inputs)


def test_too_little_memory_is_a_sentence(trained, a_protocol):
    with pytest.raises(EngineError, match="not enough for a batch of 8"):
        trained(nn.Sequential(nn.Flatten(), _Greedy(32 * 32, 2)), a_protocol())


def test_half_precision_on_a_processor_is_noted(trained, a_network, a_protocol):
    assert trained(a_network(), a_protocol(epochs=1, precision="16-mixed")).notes == (
        "Half precision needs a graphics card; the processor trained in single precision.",
    )


def test_bfloat16_is_computed_as_the_protocol_says(trained, a_network, a_protocol):
    single = trained(a_network(), a_protocol(epochs=1), "single")
    half = trained(a_network(), a_protocol(epochs=1, precision="bf16-mixed"), "half")
    assert 0 < furthest(single, half) < 0.1


def test_nothing_is_printed(trained, a_network, a_protocol, capfd, recwarn):
    trained(a_network(), a_protocol(epochs=1))
    assert capfd.readouterr() == ("", "")
    assert not [str(warning.message) for warning in recwarn if "readingroom" not in str(warning.filename)]


def test_a_log_for_tensorboard_and_one_for_spreadsheets_is_kept(trained, a_network, a_protocol, tmp_path):
    trained(a_network(), a_protocol())
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 4
    assert list((tmp_path / "run" / "log").glob("events.*"))


def test_only_the_result_is_left_in_the_folder(trained, a_network, a_protocol, tmp_path):
    trained(a_network(), a_protocol())
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {"fitted.json", "history.csv", "log", "network.safetensors", "run.json"}


def test_a_moved_folder_goes_on_as_well(a_cohort, a_split, a_network, a_protocol, prepared_pictures, tmp_path):
    protocol = a_protocol(epochs=8, optimizer=Optimizer("sgd", 3.0), schedule=Schedule("constant"))

    def train(name, progress=None):
        return fit(a_network(), a_cohort, a_split, protocol, tmp_path / name, "cpu", pictures=prepared_pictures,
                   progress=progress)  # fmt: skip

    whole = train("whole")
    assert whole.best_epoch < 6
    said = []
    with pytest.raises(CancelledError):
        train("before", Progress(lambda _, s: said.append(s), lambda: any("epoch 8 of 8" in s for s in said)))
    (tmp_path / "before").rename(tmp_path / "after")
    assert same(whole, train("after"))


def test_a_network_of_slices_gets_stacks(a_protocol, a_split, tmp_path):
    """Slices reach the network as [n, slices, channels, rows, columns]."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(40):
        path = tmp_path / f"{number}.nii.gz"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(generator.normal(size=(5, 20, 20)).astype(np.float32)), path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label="ab"[number % 2]))

    class Slices(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(16 * 16, 2)

        def forward(self, stacks):
            assert stacks.shape[1:] == (3, 1, 16, 16)
            return self.linear(stacks.flatten(3)).mean((1, 2))

    wanted = Preprocessing("slices", (16, 16), 1, slices=3, window=(0.0, 6.0))
    protocol = a_protocol(input=wanted, aggregation="mean", epochs=1)
    fitted = fit(Slices(), Cohort(tuple(rows)), a_split, protocol, tmp_path / "run", "cpu")
    assert math.isfinite(fitted.history[0].train_loss)


def test_a_split_without_rows_that_choose_the_epoch_is_refused(a_cohort, a_network, a_protocol, tmp_path):
    nobody = np.array([], dtype=np.intp)
    with pytest.raises(InputError, match="rows that choose the epoch"):
        fit(a_network(), a_cohort, Split(np.arange(5), nobody, nobody, "all"), a_protocol(), tmp_path, "cpu")


def test_a_split_that_leaks_is_refused_whoever_made_it(a_cohort, a_network, a_protocol, tmp_path):
    rows = list(a_cohort.rows)
    rows[39] = Row("p0", "another study", {"frontal": rows[39].image}, label="yes")  # its patient trains
    leaking = Split(np.arange(20), np.arange(20, 40), np.array([], dtype=np.intp), "by hand")
    with pytest.raises(LeakageError, match="'p0' is in two parts of the split 'by hand'"):
        fit(a_network(), Cohort(tuple(rows)), leaking, a_protocol(), tmp_path, "cpu")


def test_mixup_needs_as_many_slices_of_each_study(a_cohort, a_split, a_network, a_protocol, tmp_path):
    protocol = a_protocol(input=Preprocessing("slices", (32, 32), 1), aggregation="mean", mixup=0.2)
    with pytest.raises(InputError, match="MixUp needs as many slices"):
        fit(a_network(), a_cohort, a_split, protocol, tmp_path, "cpu")


def test_pictures_of_any_kind_of_file_are_trained_on(a_split, a_network, a_protocol, tmp_path):
    generator = np.random.default_rng(0)
    rows = []
    for number in range(40):
        path = tmp_path / f"{number}.{('png', 'jpg', 'tif')[number % 3]}"
        Image.fromarray(generator.integers(0, 255, (20, 30)).astype(np.uint8)).save(path)
        rows.append(Row(f"p{number}", f"s{number}", {"frontal": path}, label="ab"[number % 2]))
    assert fit(a_network(), Cohort(tuple(rows)), a_split, a_protocol(epochs=1), tmp_path / "run", "cpu").history
