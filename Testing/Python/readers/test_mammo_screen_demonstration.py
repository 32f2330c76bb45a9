"""The bundle of Mammo Screen that ships: it opens, reads the example, and says what it is."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="reading needs the extra 'read'")

import mammo_screen_cases as cases
from readingroom import cli
from readingroom.bundles import store
from readingroom.phantoms.mammogram import Lesion, four_views, write_exam
from readingroom.readers.mammo_screen import READER

MASS = Lesion(depth=0.5, outer=0.1, upper=-0.2, radius=0.11, strength=1.6)  # of the exam of Sample Data


@pytest.fixture(scope="module")
def bundle():
    return store.find(READER.default_bundle)


@pytest.fixture(scope="module")
def example():
    """The views of Sample Data's exam."""
    return four_views(3, left=[MASS], rows=960, columns=768)


@pytest.fixture(scope="module")
def folder(example, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exam")
    write_exam(folder, example, PatientID="PHANTOM-MG")
    return folder


def test_it_is_small_enough_to_ship_undamaged_and_a_demonstration(bundle):
    assert sum((bundle.folder / path).stat().st_size for path in bundle.files) < 10_000_000
    assert cli.main(["bundles", "verify", str(bundle.folder)]) == 0
    assert bundle.metadata.demonstration
    assert "hantom" in bundle.metadata.title
    assert "phantom" in bundle.metadata.name


def test_the_breast_with_the_mass_is_the_suspicious_one_and_the_map_is_hottest_inside_the_mass(
    bundle, folder, example, tmp_path
):
    reading = cases.read(bundle, tmp_path, [folder])
    assert reading.finding("left-breast").positive
    assert reading.finding("left-breast").probability > reading.finding("right-breast").probability + 0.2
    heats = {role: cases.heat(tmp_path, role) for role in ("left-cc", "left-mlo")}
    hottest = max(heats, key=lambda role: heats[role].max())
    place = np.unravel_index(heats[hottest].argmax(), heats[hottest].shape)
    assert example[hottest].lesions[place]


def test_a_phantom_is_like_those_of_training(bundle, folder, tmp_path):
    (distance,) = [check for check in cases.read(bundle, tmp_path, [folder]).checks if check.name == "distance"]
    assert distance.status == "pass"


@pytest.mark.parametrize("exam", ["cbis_ddsm_quarter/sfm-benign-0", "gmic_exam0"])
def test_real_films_are_stopped_for_their_distance_from_phantoms(bundle, shared, tmp_path, exam):
    sides = {"L": "left", "R": "right"}
    films = {file.stem.removeprefix("0_"): file for file in (shared / "data" / "mammo_fourview" / exam).glob("*.png")}
    views = {f"{sides[name[0]]}_{name[2:].lower()}": file for name, file in films.items()}
    checks = cases.read(bundle, tmp_path, force=True, **views).checks
    (distance,) = [check for check in checks if check.name == "distance"]
    assert distance.status == "stop"


def test_the_shell_reads_with_it_without_naming_it_and_the_report_says_demonstration(folder, tmp_path):
    assert cli.main(["read", "mammo-screen", str(folder), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    report = next((tmp_path / "out").rglob("report.html")).read_text(encoding="utf-8")
    assert "DEMONSTRATION" in report
    assert "phantom" in report
