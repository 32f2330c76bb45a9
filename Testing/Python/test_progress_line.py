"""Progress of a command: one line on a terminal, a line now and then in a file."""

from __future__ import annotations

import pytest

from readingroom.commands import progress_line, terminal
from readingroom.commands.progress_line import ProgressLine


def test_a_file_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress_line.time, "monotonic", lambda: now)
    with ProgressLine() as line:
        for second in range(40):
            now = float(second)
            line.show(second / 40, f"Second {second}.")
    assert capsys.readouterr().err.splitlines() == [" 38% Second 15.", " 75% Second 30."]


def test_a_terminal_gets_one_line_that_is_written_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressLine() as line:
        line.show(0.5, "Half.")
    said = capsys.readouterr().err
    assert "##########..........] Half." in said
    assert "\n" not in said


def test_what_is_said_meanwhile_stands_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ProgressLine() as line:
        line.show(1.0, "Writing the table.")
        terminal.complain("Done.")
    shown = capsys.readouterr().err.split("\r")
    assert shown[1].rstrip() == "[####################] Writing the table."
    assert shown[3].isspace()
    assert len(shown[3]) == len(shown[1].rstrip())
    assert shown[4] == "Done.\n"
