import json

import pytest
import torch
from torch import nn

from readingroom.learning.protocols.training_protocol import Optimizer
from readingroom.learning.training.loop.module import create_optimizer


def weights_after(steps, optimizer, gradient=0.5):
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    made = create_optimizer(optimizer, [weight])
    found = []
    for _ in range(steps):
        weight.grad = torch.full_like(weight, gradient)
        made.step()
        found.append(weight.item())
    return found


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (Optimizer("sgd", 0.01, momentum=0.9, decay=5e-4), "sgd_paper000_w_after_steps"),
        (Optimizer("adamw", 1e-4, decay=1e-2), "adamw_paper003_w_after_steps"),
    ],
)
def test_steps_are_those_of_the_oracle(shared, optimizer, name):
    oracle = json.loads((shared / "oracles" / "training" / "training.json").read_text())
    assert weights_after(3, optimizer) == pytest.approx(oracle[name], abs=1e-9)


def test_adam_penalizes_and_adamw_decays():
    plain = weights_after(1, Optimizer("adam", 0.01))
    assert weights_after(1, Optimizer("adam", 0.01, decay=0.1)) == pytest.approx(plain, abs=1e-6)
    assert weights_after(1, Optimizer("adamw", 0.01, decay=0.1)) == pytest.approx([plain[0] - 0.001], abs=1e-6)
