import numpy as np
import pytest

from readingroom.learning.training.loop.epoch_sampler import EpochSampler, class_sampling_weights


def rows(order):
    return [place.row for place in order]


def test_each_epoch_has_an_order_of_its_own_and_always_the_same():
    order = EpochSampler(20, 5, seed=1)
    first = rows(order)
    order.set_epoch(1)
    second = rows(order)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert rows(EpochSampler(20, 5, seed=1, epoch=1)) == second
    assert rows(EpochSampler(20, 5, seed=2)) != first


def test_what_does_not_fill_a_batch_is_left_for_another_epoch():
    order = EpochSampler(23, 5, seed=0)
    assert len(order) == len(rows(order)) == 20
    left = set()
    for epoch in range(10):
        order.set_epoch(epoch)
        left |= set(range(23)) - set(rows(order))
    assert len(left) > 3


def test_fewer_rows_than_a_batch_are_one_batch():
    order = EpochSampler(3, 8, seed=0)
    assert (order.batch, sorted(rows(order))) == (3, [0, 1, 2])


def test_processes_share_out_the_batches_of_the_whole():
    whole = rows(EpochSampler(24, 8, seed=3, epoch=2))
    shares = [rows(EpochSampler(24, 8, seed=3, rank=rank, processes=2, epoch=2)) for rank in range(2)]
    for batch in range(3):
        mine = [share[4 * batch : 4 * batch + 4] for share in shares]
        assert mine[0] + mine[1] == whole[8 * batch : 8 * batch + 8]


def test_a_place_has_one_position_whichever_process_it_goes_to():
    positions = [p.position for rank in range(2) for p in EpochSampler(24, 8, seed=3, rank=rank, processes=2)]
    assert sorted(positions) == list(range(24))


def test_balanced_classes_are_drawn_equally_often():
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    sampling_weights = class_sampling_weights(np.eye(3, dtype=np.float32)[labels], None)
    drawn = np.concatenate([labels[rows(EpochSampler(1000, 10, 0, sampling_weights, epoch=e))] for e in range(10)])
    assert np.bincount(drawn) / len(drawn) == pytest.approx([1 / 3] * 3, abs=0.02)


def test_oversampled_rows_are_drawn_as_many_times_as_often():
    labels = np.repeat([0, 1], [900, 100])
    sampling_weights = class_sampling_weights(np.eye(2, dtype=np.float32)[labels], 5)
    assert sampling_weights[-1] / sampling_weights[0] == 5
    drawn = np.concatenate([labels[rows(EpochSampler(1000, 10, 0, sampling_weights, epoch=e))] for e in range(10)])
    assert drawn.mean() == pytest.approx(500 / 1400, abs=0.02)


def test_a_row_of_several_findings_is_drawn_for_its_rarest_and_a_row_of_none_for_the_most_frequent():
    targets = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=np.float32)
    sampling_weights = class_sampling_weights(targets, None)
    assert sampling_weights[2] == sampling_weights.max()
    assert sampling_weights[3] == sampling_weights[0] == sampling_weights.min()
