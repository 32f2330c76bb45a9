import numpy as np
import pytest
import torch

from readingroom.errors import CancelledError
from readingroom.learning.training.images import prepared
from readingroom.learning.training.loop.predict import predict
from readingroom.learning.training.normalization import Normalization
from readingroom.progress import Progress

NORMALIZATION = Normalization((0.4,), (0.2,))


def test_logits_are_in_the_order_of_the_rows(a_cohort, a_network, a_protocol):
    network, protocol, rows = a_network(), a_protocol(batch=2), np.array([30, 3, 17, 3, 0, 12, 7, 9, 11])
    logits = predict(network, a_cohort, rows, protocol, NORMALIZATION, "cpu")
    assert logits.shape == (9, 2)
    for place, number in enumerate(rows):
        inputs = NORMALIZATION(prepared(a_cohort.rows[number], protocol.input), "picture")
        with torch.inference_mode():
            assert np.allclose(network(torch.from_numpy(inputs[None]))[0], logits[place], atol=1e-6)


def test_kept_pictures_give_the_same_logits(a_cohort, a_network, a_protocol, tmp_path):
    network, rows = a_network(), np.arange(10)
    fresh = predict(network, a_cohort, rows, a_protocol(), NORMALIZATION, "cpu")
    assert np.array_equal(
        fresh, predict(network, a_cohort, rows, a_protocol(), NORMALIZATION, "cpu", pictures=tmp_path)
    )
    assert len(list(tmp_path.glob("*.npy"))) == 10


def test_the_network_answers_in_evaluation_mode_and_stays_as_it_was(a_cohort, a_network, a_protocol):
    network = a_network().train()
    first, second = (predict(network, a_cohort, np.arange(5), a_protocol(), NORMALIZATION, "cpu") for _ in range(2))
    assert np.array_equal(first, second)
    assert network.training


def test_asking_can_be_canceled(a_cohort, a_network, a_protocol):
    with pytest.raises(CancelledError):
        predict(a_network(), a_cohort, np.arange(5), a_protocol(), NORMALIZATION, "cpu",
                Progress(canceled=lambda: True))  # fmt: skip
