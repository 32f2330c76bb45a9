"""TotalSegmentator as a program of its own: a stand-in on the path, whose label map names its labels."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from readingroom.errors import CancelledError, EngineError, InputError
from readingroom.imaging.nifti_labels import nifti_label_names
from readingroom.imaging.total_segmentator import (
    TotalSegmentator,
    find_total_segmentator,
    is_installed,
    segmented,
)
from readingroom.progress import Progress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script that the shell starts")

# Calls bright voxels the liver, under a number that is not the real one's, and the darkest a kidney.
_PROGRAM = """
import gzip, os, struct, sys, time
import numpy as np, SimpleITK
arguments = sys.argv[1:]
value = lambda flag: arguments[arguments.index(flag) + 1]
assert value("-ta") == "total_mr" and "--ml" in arguments and value("-rs") == "liver", arguments
sys.stderr.write(" 40%|####      | 2/5\\r"); sys.stderr.flush()
how = os.environ.get("STAND_IN", "")
if how == "fails":
    sys.exit("no memory left")
if how == "hangs":
    open(os.environ["STAND_IN_STARTED"], "w").write(str(os.getpid()))
    time.sleep(60)
image = SimpleITK.ReadImage(value("-i"))
array = SimpleITK.GetArrayFromImage(image)
labels = np.where(array > 300, 9, np.where(array > 100, 5, 0)).astype(np.uint8)
if how == "finds nothing":
    labels[labels == 9] = 0
made = SimpleITK.GetImageFromArray(labels)
made.CopyInformation(image)
plain = value("-o").replace(".nii.gz", ".nii")
SimpleITK.WriteImage(made, plain)
data = bytearray(open(plain, "rb").read())
names = {5: "kidney_right", 9: "spleen" if how == "names no liver" else "liver"}
table = "".join(f'<Label Key="{k}" Red="0" Alpha="1"><![CDATA[{n}]]></Label>' for k, n in names.items())
text = f"<CaretExtension><VolumeInformation><LabelTable>{table}</LabelTable></VolumeInformation>".encode()
size = -(-(len(text) + 8) // 16) * 16
extension = struct.pack("<ii", size, 0) + text.ljust(size - 8, b"\\0")
data[108:112] = struct.pack("<f", 352 + size)
data[348:352] = b"\\1\\0\\0\\0"
with gzip.open(value("-o"), "wb") as file:
    file.write(bytes(data[:352]) + extension + bytes(data[352:]))
os.remove(plain)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in on the path, with its weights."""
    script = tmp_path / "bin" / "TotalSegmentator"
    script.parent.mkdir()
    # The first line of a script cannot name a program whose path has a space.
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n')
    script.with_suffix(".py").write_text(_PROGRAM)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "weights"))
    for name in ("Dataset850_TotalSegMRI_part1", "Dataset851_TotalSegMRI_part2"):
        (tmp_path / "weights" / name / "trainer").mkdir(parents=True)
    return script


def an_image() -> SimpleITK.Image:
    """Dark, gray, and bright from the sixth column on; oblique, so that places count."""
    voxels = np.full((12, 16, 20), 50, np.float32)
    voxels[..., :6], voxels[..., 12:] = 200, 400
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing((2.0, 2.0, 5.0))
    image.SetOrigin((-30.0, 12.0, 7.0))
    turn = np.deg2rad(10)
    image.SetDirection((np.cos(turn), -np.sin(turn), 0, np.sin(turn), np.cos(turn), 0, 0, 0, 1))
    return image


def found(progress: Progress | None = None) -> np.ndarray:
    program = find_total_segmentator()
    assert program is not None
    return segmented(program, an_image(), "liver", True, progress or Progress())


def test_the_liver_is_taken_by_its_name(program: Path) -> None:
    assert np.array_equal(found(), SimpleITK.GetArrayFromImage(an_image()) > 300)


def test_it_says_how_far_it_is(program: Path) -> None:
    heard: list[str] = []
    found(Progress(lambda fraction, sentence: heard.append(sentence)))
    assert "TotalSegmentator looks for the organs." in heard


def test_without_weights_it_is_not_started(program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "none"))
    assert is_installed()
    assert find_total_segmentator() is None


def test_coarse_weights_alone_will_do(program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "coarse" / "Dataset852_TotalSegMRI_3mm" / "trainer").mkdir(parents=True)
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "coarse"))
    assert find_total_segmentator() == TotalSegmentator((str(program),), True)
    assert found().any()


def test_without_the_program_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not is_installed()
    assert find_total_segmentator() is None


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ("fails", EngineError, "TotalSegmentator failed"),
        ("names no liver", InputError, "names no 'liver'"),
        ("finds nothing", InputError, "found no liver"),
    ],
)
def test_what_goes_wrong_is_told(
    program: Path, monkeypatch: pytest.MonkeyPatch, how: str, error: type[Exception], words: str
) -> None:
    monkeypatch.setenv("STAND_IN", how)
    with pytest.raises(error, match=words) as raised:
        found()
    if how == "fails":
        assert "no memory left" in raised.value.detail  # type: ignore[attr-defined]


def test_a_cancel_ends_it(program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    monkeypatch.setenv("STAND_IN", "hangs")
    monkeypatch.setenv("STAND_IN_STARTED", str(started))
    with pytest.raises(CancelledError):
        found(Progress(canceled=lambda: started.exists() and bool(started.read_text())))
    number = int(started.read_text())
    for _turn in range(100):
        if not Path(f"/proc/{number}").exists() if Path("/proc").is_dir() else True:
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def test_a_real_label_map_tells_its_names(shared: Path) -> None:
    names = nifti_label_names(shared / "data" / "totalseg_examples" / "example_seg_mr.nii.gz")
    assert (names[1], names[2], names[5]) == ("spleen", "kidney_right", "liver")


def test_other_files_tell_none(tmp_path: Path) -> None:
    plain = tmp_path / "plain.nii.gz"
    SimpleITK.WriteImage(an_image(), str(plain))
    (tmp_path / "no.nii").write_bytes(b"no")
    assert nifti_label_names(plain) == {}
    assert nifti_label_names(tmp_path / "no.nii") == {}
    assert nifti_label_names(tmp_path / "missing.nii") == {}
