"""The agreement of dense tissue with what a radiologist named."""

import numpy as np
import pytest

from experiments.mammogram_density import MEASURES, Films, out_of_fold, quadratic_kappa, section


def kappa(truth, called):
    return quadratic_kappa(np.array(truth), np.array(called), np.ones((1, len(truth))))[0]


def test_quadratic_kappa_is_that_of_its_definition():
    assert kappa([0, 1, 2], [0, 1, 2]) == 1
    assert kappa([0, 0, 2, 2], [2, 2, 0, 0]) == -1
    assert kappa([0, 1, 2, 2], [0, 2, 2, 1]) == pytest.approx(7 / 11)  # as scikit-learn has it


def test_classes_come_from_cut_offs_of_other_patients():
    random = np.random.default_rng(0)
    tissue = np.repeat([0, 1, 2], 40)
    patients = np.array([f"p{number // 2}" for number in range(120)])
    called = out_of_fold(tissue + random.uniform(0, 0.8, 120), tissue, patients)
    assert (called == tissue).mean() > 0.9


def test_the_section_has_a_line_for_each_measure():
    random = np.random.default_rng(0)
    tissue = np.tile([0, 0, 1, 1, 2, 2], 10)
    patients = np.repeat(np.arange(30), 2).astype(str)
    measured = {name: tissue / 3 + random.normal(0, 0.1, 60) for name in MEASURES}
    text = section(Films(patients, tissue, measured))
    assert "60 oblique films of 30 women (20 fatty, 20 fatty-glandular, 20 dense-glandular)" in text
    assert all(f"| {name} | 0.9" in text for name in MEASURES)
