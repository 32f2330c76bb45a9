"""Nothing that comes from a file, a header or a server is a command to a terminal, or makes one line look like two."""

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from readingroom.commands import terminal
from readingroom.errors import InputError
from readingroom.plain_text import is_unicode, one_line, plain
from shell import readingroom

COMMANDS = Path(__file__).parents[2] / "Common" / "readingroom" / "commands"
HARMFUL = {
    "\x1b[2J": "\\x1b[2J", "\a": "\\x07", "\x9b31m": "\\x9b31m", "\u202e": "\\u202e", "\u2066": "\\u2066",
    "\x00": "\\x00", "\x7f": "\\x7f", "\u2028": "\\u2028", "\ud800": "\\ud800", "\ufeff": "\\ufeff",
    os.fsdecode(b"\xf6"): "\\xf6", "\U000e0041": "\\U000e0041",
}  # fmt: skip


@pytest.mark.parametrize(("harmful", "shown"), HARMFUL.items())
def test_a_harmful_character_is_written_out(harmful, shown):
    assert one_line(f"a{harmful}b") == plain(f"a{harmful}b") == f"a{shown}b"


@pytest.mark.parametrize(
    "text", ["Müller, Jürgen", "山田　太郎", "صورة", "می\u200cخواهم", "23 %", "“quoted” – 5 µm²", ""]
)
def test_letters_of_any_script_stay_as_they_are(text):
    assert one_line(text) == plain(text) == text


def test_a_line_break_stays_between_lines_and_not_within_one():
    assert plain("one\n\ttwo") == "one\n\ttwo"
    assert one_line("one\ntwo") == "one\\ntwo"
    assert str(InputError("The file 'a\nb\x1b' is damaged.")) == "The file 'a\\nb\\x1b' is damaged."


def test_a_name_that_is_no_utf_8_is_told_from_others():
    assert not is_unicode(os.fsdecode(b"R\xf6ntgen"))
    assert is_unicode("Röntgen")


def test_a_guarded_stream_writes_plain_text_whoever_prints(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    terminal.guard()
    terminal.guard()
    print("a\x1b[2Jb\nc")
    terminal.say("d\ne")
    terminal.complain("f\u202eg")
    terminal.over_write("h\x07i\n", 12)
    assert sys.stdout.getvalue() == "a\\x1b[2Jb\nc\nd\\ne\n"
    assert sys.stderr.getvalue() == "f\\u202eg\n\rh\\x07i\\n    \r"


def test_commands_speak_through_the_terminal_alone():
    spoken = {
        f"{path.name}:{node.lineno}"
        for path in COMMANDS.glob("*.py")
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert spoken == set()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("name", [b"R\xf6ntgen.nrrd", b"a\x1b[2J\x07b.nrrd", b"two\nlines.nrrd", b"100 %s %n 'q'.nrrd",
                                  b"-dash.nrrd", "\u202egnp.nrrd".encode(), b"x" * 250 + b".nrr"])  # fmt: skip
def test_a_file_of_any_name_is_read_or_refused_in_a_sentence(tmp_path, name):
    import SimpleITK

    SimpleITK.WriteImage(SimpleITK.Image([300, 300], SimpleITK.sitkUInt8), str(tmp_path / "a.nrrd"))
    os.rename(tmp_path / "a.nrrd", os.fsencode(tmp_path) + b"/" + name)
    image = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    run = readingroom("read", "chest-xray", image, "--out", tmp_path / "out")
    assert run.returncode == 3, run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("readingroom: ")
    assert is_unicode(run.stderr)
    assert not set(run.stderr) & {"\x1b", "\x07", "\u202e"}
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_folder_for_results_whose_name_is_no_unicode_is_refused_before_the_work(tmp_path):
    from readingroom.examples import chest_radiograph

    out = os.fsencode(tmp_path) + b"/R\xf6ntgen"
    command = [sys.executable, "-m", "readingroom.cli", "read", "chest-xray", chest_radiograph(), "--out", out]
    run = subprocess.run(command, capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (3, b"")
    assert b"is no Unicode" in run.stderr
    assert os.listdir(tmp_path) == []
