"""What a bundle remembers of its training studies: enough to recognize them, too little to reconstruct them."""

from __future__ import annotations

import numpy as np

from readingroom.learning.cohorts.perceptual_hash import BYTES, FEW, VIEWS
from readingroom.learning.training.training_digest import TrainingDigest, make_digest

PATIENTS = [f"NIH-{number:05d}" for number in range(200)]
PICTURES = [f"{number:064x}" for number in range(200)]
STRANGERS = [f"HAN-{number:05d}" for number in range(1000)]


def test_training_patients_and_pictures_are_recognized() -> None:
    seen = make_digest(PATIENTS, PICTURES)
    assert list(seen.patients_among([PATIENTS[7], "HAN-1"])) == [True, False]
    assert list(seen.pictures_among([PICTURES[7], "f" * 64, ""])) == [True, False, False]


def test_strangers_are_not_taken_for_training_patients() -> None:
    assert not make_digest(PATIENTS, PICTURES).patients_among(STRANGERS).any()


def test_no_identifier_can_be_read_in_what_is_kept() -> None:
    kept = b"".join(array.tobytes() for array in make_digest(PATIENTS, PICTURES).arrays().values())
    assert b"NIH" not in kept
    assert bytes.fromhex(PICTURES[7]) not in kept


def test_too_little_is_kept_of_a_patient_to_try_all_identifiers_out() -> None:
    """Of 10^8 identifiers some thousand strangers share the digests of 200 patients."""
    patients = make_digest(PATIENTS, PICTURES).patients
    assert 10**8 * len(patients) / 256 ** patients.shape[1] > 1000


def test_another_cohort_has_another_salt_and_the_same_cohort_the_same_bytes() -> None:
    first, again, other = (make_digest(p, PICTURES) for p in (PATIENTS, reversed(PATIENTS), PATIENTS[1:]))
    assert all(np.array_equal(first.arrays()[name], again.arrays()[name]) for name in first.arrays())
    assert not np.array_equal(first.salt, other.salt)


def test_a_picture_that_could_not_be_read_is_no_picture() -> None:
    seen = make_digest(PATIENTS, ["", ""])
    assert seen.pictures.shape == (0, 16)
    assert not seen.pictures_among(["", PICTURES[0]]).any()


def test_what_is_kept_comes_back() -> None:
    arrays = make_digest(PATIENTS, PICTURES).arrays()
    assert TrainingDigest(**arrays).patients_among(PATIENTS).all()


def looks_of(pictures: int, seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (pictures, VIEWS, BYTES), dtype=np.uint8))


def test_of_thousands_of_pictures_less_is_kept_of_each_and_all_are_still_known() -> None:
    looks = looks_of(2001, 1)
    many = make_digest(["one"] * 2001, [], looks)
    assert many.looks.shape == (2001, FEW, BYTES)
    assert many.copies_among([looks[7], *looks_of(1, 2)]).tolist() == [True, False]


def test_a_training_that_goes_on_knows_the_pictures_of_the_first_whatever_was_kept_of_them() -> None:
    looks, later = looks_of(2001, 1), looks_of(3, 2)
    both = make_digest(["two"] * 3, [], later, make_digest(["one"] * 2001, [], looks))
    assert both.copies_among([looks[7], later[0], *looks_of(1, 3)]).tolist() == [True, True, False]
