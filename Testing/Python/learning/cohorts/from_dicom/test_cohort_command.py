"""``readingroom cohort`` on the shell: wrong use, and places that cannot be written."""

import sys

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
    assert capsys.readouterr().err.splitlines()[-1].startswith("readingroom: Cannot write c.csv: there is no folder")


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


@pytest.mark.skipif(sys.platform == "win32", reason="names have no line breaks there")
def test_names_of_files_that_would_command_a_terminal_are_written_out(folder, a_film, tmp_path, capsys):
    a_film("1.dcm")
    (folder / "a\nb\x1b[2J.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 40)
    assert main(["cohort", str(folder), "--out", str(tmp_path / "cohort.csv")]) == 0
    said = capsys.readouterr().out
    assert "left out: a\\nb\\x1b[2J.dcm: " in said
    assert "\x1b" not in said
