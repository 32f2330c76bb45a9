import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from readingroom.learning.training.loop.trainer import MovingAverage


def averages(decay, values):
    current = nn.Linear(1, 1, bias=False)
    average = AveragedModel(current, use_buffers=True, **MovingAverage(decay)._kwargs)
    found = []
    for value in values:
        nn.init.constant_(current.weight, value)
        average.update_parameters(current)
        found.append(average.module.weight.item())
    return found


def test_the_first_steps_are_forgotten_soon():
    by_hand, mean = [], None
    for done, value in enumerate([1.0, 2.0, 3.0, 4.0]):
        keep = (1 + done) / (10 + done)
        mean = value if mean is None else keep * mean + (1 - keep) * value
        by_hand.append(mean)
    assert averages(0.999, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(by_hand)


def test_later_steps_are_averaged_with_the_decay_of_the_protocol():
    values = torch.linspace(0, 1, 60).tolist()
    found = averages(0.5, values)
    assert found[-1] == pytest.approx(0.5 * found[-2] + 0.5 * values[-1])
