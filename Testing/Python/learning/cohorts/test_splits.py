"""No split lets what belongs together lie in two parts, and each is the same on any machine."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import readingroom
from readingroom.errors import InputError
from readingroom.learning.cohorts.cohort import Cohort, Row
from readingroom.learning.cohorts.splits import (
    LeakageError,
    Split,
    checked,
    hold_out,
    k_fold,
    leave_one_site_out,
    patient_groups,
    stated,
)
from readingroom.learning.protocols.training_protocol import Validation, load_protocol
from readingroom.learning.training.cross_validation import plan_cross_validation

WAYS: dict[str, Callable[[Cohort, Sequence[str], int], tuple[Split, ...]]] = {
    "k-fold": lambda cohort, hashes, seed: k_fold(cohort, 3, seed, 0.2, hashes),
    "hold-out": lambda cohort, hashes, seed: (hold_out(cohort, 0.3, seed, 0.2, hashes),),
    "leave-one-site-out": lambda cohort, hashes, seed: leave_one_site_out(cohort, seed, 0.2, hashes),
    "stated": lambda cohort, hashes, seed: (stated(cohort, hashes),),
    "training by k-fold": lambda cohort, hashes, seed: training(cohort, hashes, seed, "k-fold"),
    "training by k-fold, some aside": lambda cohort, hashes, seed: training(cohort, hashes, seed, "k-fold", 0.2),
    "training by hold-out": lambda cohort, hashes, seed: training(cohort, hashes, seed, "hold-out", 0.3),
    "training by site": lambda cohort, hashes, seed: training(cohort, hashes, seed, "leave-one-site-out"),
}


def training(cohort: Cohort, hashes: Sequence[str], seed: int, kind: str, aside: float = 0.0) -> tuple[Split, ...]:
    """All splits that `readingroom train` would use; the table's own ones come first there, so half have none."""
    validation = Validation(kind=kind, folds=3, hold_out=aside, inner=0.2)  # type: ignore[arg-type]
    protocol = replace(load_protocol("chest-xray", "rigorous"), validation=validation, seed=seed)
    unstated = Cohort(tuple(replace(row, split="" if seed % 2 else row.split) for row in cohort.rows))
    made = plan_cross_validation(unstated, protocol, hashes)
    return (*(split for repeat in made.repeats for split in repeat), made.final)


def a_row(number: int, patient: str, label: str = "x", site: str = "north", **more) -> Row:
    return Row(patient, f"s{number}", {"frontal": Path(f"{number}.png")}, label, site=site, **more)


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Cohort, list[str]]:
    """Up to 60 rows of up to 25 patients. Mostly a patient has one class, site and side, and images of their own."""
    parts = st.sampled_from(["", "train", "train", "validation", "test"])
    usual = st.tuples(st.sampled_from("xy"), st.sampled_from(["north", "south"]), parts)
    of_patient = [draw(usual) for _ in range(draw(st.integers(4, 25)))]
    rarely = st.sampled_from([False] * draw(st.sampled_from([4, 30, 200])) + [True])
    rows, hashes = [], []
    for number in range(draw(st.integers(1, 60))):
        patient = draw(st.integers(0, len(of_patient) - 1))
        label, site, part = draw(usual) if draw(rarely) else of_patient[patient]
        origin = "synthetic" if draw(rarely) else "real"
        rows.append(a_row(number, f"p{patient}", label, site, origin=origin, split=part))
        hashes.append(f"shared {number % 3}" if draw(rarely) else f"own {number}" if number % 7 else "")
    return Cohort(tuple(rows)), hashes


def wrong_sides(cohort: Cohort, hashes: Sequence[str], split: Split) -> list[str]:
    """What lies in two parts, worked out row by row."""
    found = []
    for one, rows in enumerate(split.parts):
        for other in range(one):
            for i in rows:
                for j in split.parts[other]:
                    first, second = cohort.rows[i], cohort.rows[j]
                    if i == j or first.patient_id == second.patient_id:
                        found.append(f"patient of rows {i}, {j}")
                    if hashes[i] and hashes[i] == hashes[j]:
                        found.append(f"image of rows {i}, {j}")
    return found + [f"synthetic row {i}" for part in split.parts[1:] for i in part if cohort.rows[i].synthetic]


@pytest.mark.parametrize("way", WAYS)
@given(cohorts(), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_nothing_lies_in_a_wrong_part(way: str, made: tuple[Cohort, list[str]], seed: int) -> None:
    cohort, hashes = made
    try:
        splits = WAYS[way](cohort, hashes, seed)
    except InputError:  # too few patients, one site, or a table that states a leak
        return
    for split in splits:
        assert wrong_sides(cohort, hashes, split) == []


@given(cohorts(), st.lists(st.sampled_from(["left out", "train", "validation", "test"]), min_size=60, max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_guard_refuses_exactly_the_leaking_splits(made: tuple[Cohort, list[str]], places: list[str]) -> None:
    cohort, hashes = made
    place = np.array(places[: len(cohort)])
    split = Split(*(np.flatnonzero(place == part) for part in ("train", "validation", "test")), "drawn")
    if wrong_sides(cohort, hashes, split):
        with pytest.raises(LeakageError):
            checked(cohort, split, hashes)
    else:
        assert checked(cohort, split, hashes) is split


@pytest.mark.parametrize("way", ["k-fold", "hold-out", "leave-one-site-out"])
@given(cohorts(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_table_does_not_matter(way: str, made: tuple[Cohort, list[str]], random) -> None:
    cohort, hashes = made
    order = list(range(len(cohort)))
    random.shuffle(order)
    try:
        splits = WAYS[way](cohort, hashes, 7)
    except InputError:
        return
    again = WAYS[way](cohort.take(order), [hashes[row] for row in order], 7)
    for split, other in zip(splits, again, strict=True):
        for part, other_side in zip(split.parts, other.parts, strict=True):
            assert {int(row) for row in part} == {order[row] for row in other_side}


def a_cohort(patients: int = 60) -> tuple[Cohort, list[str]]:
    """Patients with 1, 2 or 4 rows; classes x and y at two sites, y mostly in the south."""
    rows = [
        a_row(10 * patient + k, f"p{patient:02d}", "xy"[patient % 2], "north" if patient % 5 < 2 else "south")
        for patient in range(patients)
        for k in range((1, 2, 4)[patient % 3])
    ]
    return Cohort(tuple(rows)), [row.study_id for row in rows]


def test_the_split_of_a_seed_is_this_one_on_any_machine() -> None:
    cohort, hashes = a_cohort(12)
    folds = k_fold(cohort, 3, 1, 0.25, hashes)
    tests = [sorted({cohort.rows[row].patient_id for row in split.test}) for split in folds]
    held = [sorted({cohort.rows[row].patient_id for row in split.validation}) for split in folds]
    assert tests == [["p03", "p04", "p05", "p10"], ["p06", "p08", "p09", "p11"], ["p00", "p01", "p02", "p07"]]
    assert held == [["p01", "p08"], ["p00", "p01", "p04"], ["p03", "p04", "p06", "p09"]]


def test_every_real_row_is_tested_once_and_classes_and_sites_are_even() -> None:
    cohort, hashes = a_cohort()
    folds = k_fold(cohort, 5, 3, 0.1, hashes)
    assert sorted(np.concatenate([split.test for split in folds])) == list(range(len(cohort)))
    cells = [Counter((row.label, row.site) for row in cohort.take(split.test).rows) for split in folds]
    for cell in {(row.label, row.site) for row in cohort.rows}:
        assert max(count[cell] for count in cells) - min(count[cell] for count in cells) <= 4  # rows of one patient


def test_the_seed_decides() -> None:
    cohort, hashes = a_cohort()
    first, again, other = (hold_out(cohort, 0.2, seed, 0.1, hashes) for seed in (1, 1, 2))
    assert np.array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


def test_a_held_out_share_is_about_that_share_of_each_class() -> None:
    cohort, hashes = a_cohort()
    split = hold_out(cohort, 0.2, 0, 0.25, hashes)
    for label in "xy":
        everywhere = sum(row.label == label for row in cohort.rows)
        tested, held = (sum(row.label == label for row in cohort.take(part).rows) for part in split.parts[:0:-1])
        assert tested == pytest.approx(0.2 * everywhere, abs=4)
        assert held == pytest.approx(0.2 * everywhere, abs=4)


def test_each_of_several_findings_is_spread_the_rarest_too() -> None:
    """As label texts, the eight combinations of a rare finding would be as many classes of one or two patients."""
    names = ("mass", "effusion", "nodule")
    labels = ["|".join(name for place, name in enumerate(names) if number >> place & 1) for number in range(1, 8)]
    rare = [f"{label}|hernia" for label in labels]
    table = [*(label for label in [*labels, "no finding"] for _ in range(12)), *rare, "hernia", "hernia"]
    made = Cohort(tuple(a_row(number, f"p{number}", label) for number, label in enumerate(table)))
    for finding, most in (("hernia", 1), *((name, 2) for name in names)):
        there = np.array([finding in label for label in table])
        counts = [int(there[split.test].sum()) for split in k_fold(made, 3, 0, 0.1, [""] * len(made))]
        assert max(counts) - min(counts) <= most


def test_a_finding_that_is_never_alone_counts_its_patients_all_the_same() -> None:
    table = ["a|b"] * 3 + ["b"] * 3 + ["normal"] * 3
    made = Cohort(tuple(a_row(number, f"p{number}", label) for number, label in enumerate(table)))
    assert len(k_fold(made, 3, 0, 0.0, [""] * 9)) == 3
    with pytest.raises(InputError, match=r"4 folds need 4 patients of each label; the rarest, 'a', has 3"):
        k_fold(made, 4, 0, 0.0, [""] * 9)


def test_of_times_events_and_lengths_of_follow_up_are_spread_evenly() -> None:
    rows = [
        Row(f"p{i}", "s", {"frontal": Path("a.png")}, time=(3.0, 9.0, 30.0)[i % 3], event=i < 30) for i in range(60)
    ]
    for split in k_fold(Cohort(tuple(rows)), 5, seed=3, hashes=[""] * 60):
        tested = [rows[row] for row in split.test]
        counts = Counter((row.time, row.event) for row in tested)
        assert set(counts.values()) == {2}
        assert len(counts) == 6


def test_folds_need_patients_whose_event_was_seen_and_none_that_was_lost() -> None:
    everybody = [Row(f"p{i}", "s", {"frontal": Path("a.png")}, time=3.0, event=True) for i in range(6)]
    assert len(k_fold(Cohort(tuple(everybody)), 5, seed=3, validation=0.0, hashes=[""] * 6)) == 5
    nobody = Cohort(tuple(replace(row, event=False) for row in everybody))
    with pytest.raises(InputError, match="5 folds need 5 patients whose event was seen; there are 0"):
        k_fold(nobody, 5, seed=3, hashes=[""] * 6)


def test_survival_is_spread_by_event() -> None:
    rows = [Row(f"p{i}", "s", {"frontal": Path("a.png")}, time=float(i), event=i < 10) for i in range(40)]
    for split in k_fold(Cohort(tuple(rows)), 5, 0, 0.0, [str(i) for i in range(40)]):
        assert sum(rows[row].event is True for row in split.test) == 2


def test_patients_who_share_an_image_are_one_group() -> None:
    cohort = Cohort(tuple(a_row(i, patient) for i, patient in enumerate("dcbae")))
    assert patient_groups(cohort, ["1", "2", "1", "2", ""]).tolist() == ["b", "a", "b", "a", "e"]
    assert patient_groups(cohort, ["1", "1", "2", "2", "1"]).tolist() == ["c", "c", "a", "a", "c"]


def test_a_left_out_site_trains_nothing_and_neither_do_its_patients_elsewhere() -> None:
    rows = (
        *(a_row(i, f"n{i}", "xy"[i % 2], "north") for i in range(6)),
        *(a_row(i, f"s{i}", "xy"[i % 2], "south") for i in range(6, 12)),
        a_row(20, "n0", "x", "south"),
        a_row(21, "drawn", "x", "north", origin="synthetic"),
    )
    north, south = leave_one_site_out(Cohort(rows), 0, 0.0, [row.study_id for row in rows])
    assert north.name == "site north"
    assert {rows[i].study_id for i in north.test} == {f"s{i}" for i in range(6)}
    assert {rows[i].study_id for i in north.train} == {f"s{i}" for i in range(6, 12)}
    assert "s0" not in {rows[i].study_id for i in south.train}
    assert "s21" in {rows[i].study_id for i in south.train}


def test_synthetic_rows_of_a_evaluated_patient_are_left_out() -> None:
    rows = [*(a_row(i, f"p{i}") for i in range(8)), *(a_row(i + 10, f"p{i}", origin="synthetic") for i in range(8))]
    split = hold_out(Cohort(tuple(rows)), 0.25, 0, 0.34, [row.study_id for row in rows])
    evaluated = {rows[i].patient_id for part in split.parts[1:] for i in part}
    assert len(evaluated) == 4
    assert {rows[i].patient_id for i in split.train if rows[i].synthetic} == {f"p{i}" for i in range(8)} - evaluated


@pytest.mark.parametrize(
    ("rows", "hashes", "words"),
    [
        ([("p1", "train"), ("p1", "test"), ("p2", "train")], "abc", "Patient 'p1' is in two parts"),
        ([("p1", "train"), ("p2", "test")], "aa", "The image of study 's0' of patient 'p1' is in two parts"),
        ([("p1", "validation"), ("p1", "test"), ("p2", "train")], "abc", "Patient 'p1'"),
    ],
)
def test_a_table_that_states_a_leak_is_refused(rows, hashes: str, words: str) -> None:
    cohort = Cohort(tuple(a_row(i, patient, split=part) for i, (patient, part) in enumerate(rows)))
    with pytest.raises(LeakageError, match=words):
        stated(cohort, list(hashes))


def test_a_table_that_tests_on_synthetic_rows_is_refused() -> None:
    rows = (
        a_row(0, "p0", split="train"),
        a_row(1, "p1", split="test"),
        a_row(2, "p2", split="test", origin="synthetic"),
    )
    with pytest.raises(LeakageError, match="Synthetic study 's2'"):
        stated(Cohort(rows), list("abc"))


def test_images_are_read_when_no_hashes_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    gray = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8))
    gray.save(tmp_path / "a.png")
    gray.save(tmp_path / "b.tiff")
    rows = (
        Row("p1", "s", {"frontal": tmp_path / "a.png"}, "x", split="train"),
        Row("p2", "s", {"frontal": tmp_path / "b.tiff"}, "x", split="test"),
    )
    with pytest.raises(LeakageError, match="The image of study"):
        stated(Cohort(rows))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c, h: k_fold(c, 9, 0, 0.1, h), "9 folds need 9 patients of each label; the rarest, 'x', has 6"),
        (lambda c, h: k_fold(c, 1, 0, 0.1, h), "two folds or more"),
        (lambda c, h: hold_out(c, 1.0, 0, 0.1, h), "share of 1.0"),
        (lambda c, h: hold_out(c, 0.2, 0, -0.1, h), "share of -0.1"),
        (lambda c, h: hold_out(c, 0.01, 0, 0.1, h), "share of 0.01 of 12 patients is none of them"),
        (lambda c, h: leave_one_site_out(c.take([0, 1]), 0, 0.1, h[:2]), "there must be two or more"),
        (lambda c, h: stated(c, h), "no row in the part train or test"),
        (lambda c, h: hold_out(Cohort((a_row(0, "p", origin="synthetic"),)), 0.2, 0, 0.1, ["a"]), "no real study"),
        (lambda c, h: leave_one_site_out(Cohort((a_row(0, "p", site=""),)), 0, 0.1, ["a"]), "1 of 1 have none"),
    ],
)
def test_what_cannot_be_split_is_refused(call, words: str) -> None:
    cohort, hashes = a_cohort(12)
    with pytest.raises(InputError, match=words):
        call(cohort, hashes)


@pytest.mark.parametrize("parts", [([0, 1], [], [1]), ([0, 0], [], [1]), ([0], [2], [2])])
def test_a_row_is_on_one_side_once(parts) -> None:
    with pytest.raises(LeakageError, match="a row in two parts, or twice"):
        Split(*map(np.array, parts), "wrong")


def test_rows_that_are_not_there_are_no_split() -> None:
    cohort, hashes = a_cohort(3)
    with pytest.raises(ValueError, match="rows that the cohort does not have"):
        checked(cohort, Split(np.array([0]), np.array([]), np.array([99]), "far"), hashes)


def test_splits_are_built_here_and_where_training_and_evaluating_derive_them() -> None:
    package = Path(readingroom.__file__).parent
    builders = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name == "Split":
                    builders.add(path.relative_to(package).as_posix())
    # Those of rounds are tried above with the others, those of baselines go through the guard at once, and those of
    # views are splits of rows that went through it, picture by picture.
    assert builders == {
        "learning/cohorts/splits.py",
        "learning/training/cross_validation.py",
        "learning/training/views.py",
        "learning/reporting/baselines.py",
        "learning/reporting/survival_tables.py",
    }
