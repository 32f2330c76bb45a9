"""How far models disagree; numbers from the definition."""

import numpy as np
import pytest

from readingroom.metrics.ensemble import disagreement


def test_entropy_of_three_models_is_split_in_two():
    found = disagreement(np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])[:, None])
    assert found.total == pytest.approx([0.6730116670092565], abs=1e-9)
    assert found.within == pytest.approx([0.5363196474851994], abs=1e-9)
    assert found.between == pytest.approx([0.13669201952405707], abs=1e-9)


def test_models_that_say_the_same_do_not_disagree():
    assert disagreement(np.full((4, 2, 3), 1 / 3)).between == pytest.approx([0, 0], abs=1e-12)


def test_certain_models_that_contradict_each_other_disagree_in_full():
    found = disagreement([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert found.between == pytest.approx([np.log(2)])
    assert found.within == pytest.approx([0])


def test_one_model_alone_needs_its_axis():
    with pytest.raises(ValueError, match="models, cases, classes"):
        disagreement([[0.5, 0.5]])
