import json

import numpy as np
import pytest
import torch

from readingroom.learning.training.loop.mixup import draw, mix


def test_inputs_and_targets_are_mixed_as_in_the_oracle(shared):
    oracle = json.loads((shared / "oracles" / "training" / "training.json").read_text())["mixup"]
    inputs, targets = torch.tensor(oracle["x"]), torch.tensor(oracle["y_onehot"])
    mixed, wanted = mix(inputs, targets, oracle["lam"], np.array(oracle["perm"]))
    assert torch.allclose(mixed, torch.tensor(oracle["x_mix"]), atol=1e-6)
    assert torch.allclose(wanted, torch.tensor(oracle["y_mix"]), atol=1e-6)


def test_a_share_of_1_leaves_everything_as_it_is():
    inputs, targets = torch.rand(4, 1, 2, 2), torch.eye(4)
    mixed, wanted = mix(inputs, targets, 1.0, np.array([3, 2, 1, 0]))
    assert torch.equal(mixed, inputs)
    assert torch.equal(wanted, targets)


def test_the_share_follows_the_beta_distribution():
    shares = [draw(0.2, 4, np.random.default_rng(seed))[0] for seed in range(3000)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
    assert np.var(shares) == pytest.approx(1 / (4 * (2 * 0.2 + 1)), abs=0.01)
