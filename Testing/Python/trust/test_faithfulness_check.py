"""A map that does not show what the network uses is said to be one."""

import pytest

from readingroom.reading import Faithfulness
from readingroom.trust.checks import faithfulness_check


@pytest.mark.parametrize(
    ("gain", "status"),
    [(0.2, "pass"), (0.002, "pass"), (0.0017, "warn"), (4e-9, "warn"), (0.0, "warn"), (-0.1, "warn")],
)
def test_a_map_without_gain_is_doubted(gain, status):
    check = faithfulness_check(Faithfulness((0.0, 0.2), (0.9, 0.4), (0.9, 0.6), gain), "Pneumonia")
    assert check.status == status
    assert "Pneumonia" in check.sentence
