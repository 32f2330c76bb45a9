"""``readingroom cohort`` on the shell: wrong use, and places that cannot be written."""

import pytest

from readingroom.cli import FAILED, REFUSED, main


def test_a_key_without_a_spreadsheet_is_wrong_use(folder, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["cohort", str(folder), "--out", str(tmp_path / "c.csv"), "--on", "accession"])
    assert "need --labels" in capsys.readouterr().err


def test_a_folder_is_no_table(folder, a_film, tmp_path, capsys):
    a_film("1.dcm")
    assert main(["cohort", str(folder), "--out", str(tmp_path)]) == REFUSED
    assert "is a folder" in capsys.readouterr().err


def test_a_place_that_is_not_there_is_one_sentence(folder, a_film, tmp_path, capsys):
    a_film("1.dcm")
    assert main(["cohort", str(folder), "--out", str(tmp_path / "nowhere" / "c.csv")]) == FAILED
    assert capsys.readouterr().err.count("\n") == 1


def test_paths_count_from_the_table_when_the_folder_is_given_from_elsewhere(folder, a_film, tmp_path, monkeypatch):
    a_film("a/1.dcm")
    monkeypatch.chdir(folder)
    assert main(["cohort", ".", "--out", "../cohort.csv"]) == 0
    assert ",films/a/1.dcm" in (tmp_path / "cohort.csv").read_text("utf-8")


def test_names_of_patients_are_neither_printed_nor_written(folder, a_film, tmp_path, capsys):
    a_film("1.dcm", PatientName="Mustermann^Eva", ReferringPhysicianName="Arzt^Egon")
    (folder / "2.dcm").write_bytes((folder / "1.dcm").read_bytes()[:400])
    assert main(["cohort", str(folder), "--out", str(tmp_path / "cohort.csv")]) == 0
    said = capsys.readouterr()
    written = "".join(path.read_text("utf-8") for path in tmp_path.glob("*.csv"))
    assert not any(name in said.out + said.err + written for name in ("Mustermann", "Eva", "Arzt"))
