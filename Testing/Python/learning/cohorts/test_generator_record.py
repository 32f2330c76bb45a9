"""A synthetic study trains only where all that its generator learned from trains too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from readingroom.errors import InputError
from readingroom.learning.audit.counts import missing_values
from readingroom.learning.cohorts.cohort import Cohort, Row, read_cohort, write_cohort
from readingroom.learning.cohorts.generator_record import GeneratorRecord, read_record, row_digest
from readingroom.learning.cohorts.splits import LeakageError, Split, checked, hold_out, k_fold, stated
from readingroom.records import to_json

FOLDS = 4


def real(number: int, **fields) -> Row:
    return Row(f"p{number}", f"s{number}", {"frontal": Path(f"{number}.png")}, label="ab"[number % 2], **fields)


def a_generator(folder: Path, learned: list[Row], name: str = "generator") -> tuple[Row, Path]:
    """A synthetic study whose pixels have the hash ``name``, and the record of its generator."""
    record = GeneratorRecord(
        "gan", "small", "a", "fold", tuple(row_digest(row, row.study_id) for row in learned), (name,), (8, 8)
    )
    path = folder / f"{name}.json"
    path.write_text(json.dumps(to_json(record)), encoding="utf-8")
    made = Row(f"made-{name}", name, {"frontal": Path(f"{name}.png")}, "a", origin="synthetic", generator=path)
    return made, path


def with_hashes(rows: list[Row]) -> tuple[Cohort, list[str]]:
    return Cohort(tuple(rows)), [row.study_id for row in rows]


@pytest.fixture
def patients() -> list[Row]:
    return [real(number) for number in range(16)]


def test_the_pictures_of_each_fold_s_generator_train_in_that_fold_alone(patients: list[Row], tmp_path: Path) -> None:
    splits = k_fold(*with_hashes(patients)[:1], FOLDS, 0, 0.2, [row.study_id for row in patients])
    made = [
        a_generator(tmp_path, [patients[row] for row in split.train if patients[row].label == "a"], f"g{number}")[0]
        for number, split in enumerate(splits)
    ]
    cohort, hashes = with_hashes([*patients, *made])
    for number, split in enumerate(k_fold(cohort, FOLDS, 0, 0.2, hashes)):
        assert [cohort.rows[row].study_id for row in split.train if cohort.rows[row].synthetic] == [f"g{number}"]
        assert split.test.tolist() == splits[number].test.tolist()


def test_one_generator_of_all_patients_trains_in_no_fold(patients: list[Row], tmp_path: Path) -> None:
    made, _ = a_generator(tmp_path, [row for row in patients if row.label == "a"])
    cohort, hashes = with_hashes([*patients, made])
    for split in k_fold(cohort, FOLDS, 0, 0.2, hashes):
        assert not any(cohort.rows[row].synthetic for row in split.train)


def test_where_several_generators_may_serve_those_that_learned_from_most_do(patients: list[Row], tmp_path) -> None:
    made = [a_generator(tmp_path, patients[0:end:2], name)[0] for end, name in ((8, "half"), (16, "all"), (16, "also"))]
    cohort, hashes = with_hashes([*patients, *made])
    split = hold_out(cohort, 0.0, 0, 0.0, hashes)
    assert [cohort.rows[row].study_id for row in split.train if cohort.rows[row].synthetic] == ["all", "also"]
    assert checked(cohort, Split([*range(16), 16], [], [], "mine"), hashes)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_generator_that_saw_what_chooses_or_is_tested_is_refused(part: str, patients: list[Row], tmp_path) -> None:
    parts = ["train"] * 12 + ["validation"] * 2 + ["test"] * 2
    rows = [replace(row, split=name) for row, name in zip(patients, parts, strict=True)]
    fair, _ = a_generator(tmp_path, rows[0:12:2], "fair")
    rows.append(replace(fair, split="train"))
    assert 16 in stated(*with_hashes(rows)).train
    seen = next(row for row in rows if row.split == part and row.label == "a")
    leaking, _ = a_generator(tmp_path, [*rows[0:12:2], seen], "leaking")
    with pytest.raises(LeakageError, match=r"'leaking' \(1 in all\) trains in 'as stated', but its generator learned"):
        stated(*with_hashes([*rows, replace(leaking, split="train")]))


def test_a_picture_that_the_generator_did_not_make_is_refused(patients: list[Row], tmp_path: Path) -> None:
    """Somebody puts the record of a fair generator beside pictures of another one."""
    _, fair = a_generator(tmp_path, patients[0:12:2], "fair")
    other, _ = a_generator(tmp_path, patients[0::2], "other")
    cohort, hashes = with_hashes([*patients, replace(other, generator=fair)])
    with pytest.raises(LeakageError, match="did not make it"):
        checked(cohort, Split([*range(12), 16], [], [12, 13, 14, 15], "mine"), hashes)  # type: ignore[arg-type]


def test_a_patient_under_another_name_or_with_other_pixels_is_another_study(patients: list[Row]) -> None:
    row = patients[0]
    assert row_digest(row, "x") == row_digest(replace(row, study_id="other"), "x")
    assert row_digest(row, "x") != row_digest(row, "y")
    assert row_digest(row, "x") != row_digest(replace(row, patient_id="q"), "x")


def test_a_table_keeps_the_generators_of_its_studies(patients: list[Row], tmp_path: Path) -> None:
    made, path = a_generator(tmp_path, patients[:4])
    write_cohort(tmp_path / "cohort.csv", [*patients, made])
    found = read_cohort(tmp_path / "cohort.csv").rows[-1]
    assert (found.origin, found.generator) == ("synthetic", path)
    assert read_cohort(tmp_path / "cohort.csv").column("generator").tolist() == [""] * 16 + [path.as_posix()]
    assert "generator" not in {each.column for each in missing_values(read_cohort(tmp_path / "cohort.csv"))}
    assert read_record(path).split == "fold"


def test_a_real_study_with_a_generator_is_a_problem_of_the_table(tmp_path: Path) -> None:
    table = "patient_id,study_id,image_frontal,label,origin,generator\np,s,a.png,x,real,g.json\nq,t,b.png,x,,\n"
    (tmp_path / "cohort.csv").write_text(table, encoding="utf-8")
    assert "so that its origin must be synthetic" in read_cohort(tmp_path / "cohort.csv").problems[0]
    with pytest.raises(ValueError, match="no generator"):
        real(0, generator=Path("g.json"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"generator": "gan"}'])
def test_a_damaged_record_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "generator.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="does not say what a generator learned from"):
        read_record(tmp_path / "generator.json")
    with pytest.raises(InputError, match=r"missing\.json"):
        read_record(tmp_path / "missing.json")


def test_a_generator_that_learned_from_nothing_is_no_generator() -> None:
    with pytest.raises(ValueError, match="learned from something"):
        GeneratorRecord("gan", "small", "a", "fold", (), ("x",), (8, 8))
