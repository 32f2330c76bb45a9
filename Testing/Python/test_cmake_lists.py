"""What CMake packages is what the tree holds; what the Extensions Index reads is there."""

from __future__ import annotations

import json
import re

import pytest

import update_cmake_lists
from update_cmake_lists import MODULE_FOLDERS, ROOT


@pytest.mark.parametrize("folder", MODULE_FOLDERS)
def test_every_file_of_a_module_is_listed_for_packaging(folder: str):
    text = (ROOT / folder / "CMakeLists.txt").read_text("utf-8")
    assert update_cmake_lists.updated(text, ROOT / folder) == text, "run: python Testing/update_cmake_lists.py"


def test_a_new_file_makes_the_list_stale(tmp_path):
    (tmp_path / "Module.py").write_text("")
    text = "set(MODULE_PYTHON_SCRIPTS\n  )\n\nset(MODULE_PYTHON_RESOURCES\n  )\n"
    listed = update_cmake_lists.updated(text, tmp_path)
    assert "\n  Module.py\n" in listed
    (tmp_path / "Resources").mkdir()
    (tmp_path / "Resources" / "icon.png").write_text("")
    assert "\n  Resources/icon.png\n" in update_cmake_lists.updated(listed, tmp_path)


def test_every_module_folder_is_added_to_the_extension():
    with_module = {path.parent.name for path in ROOT.glob("*/CMakeLists.txt")}
    assert with_module == set(MODULE_FOLDERS)


def test_no_helper_lies_beside_the_modules_where_slicer_would_take_it_for_a_module():
    for folder in MODULE_FOLDERS:
        scripts, _resources = update_cmake_lists.files_of(ROOT / folder)
        beside = [script for script in scripts if "/" not in script]
        name = re.search(r"set\(MODULE_NAME (\w+)\)", (ROOT / folder / "CMakeLists.txt").read_text("utf-8"))[1]
        assert beside == [f"{name}.py"]


def test_no_two_modules_package_a_file_under_the_same_path():
    listed = [path for folder in MODULE_FOLDERS for part in update_cmake_lists.files_of(ROOT / folder) for path in part]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    "name",
    ["HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"],
)
def test_extension_metadata_is_one_quoted_line(name: str):
    text = (ROOT / "CMakeLists.txt").read_text("utf-8")
    assert re.search(rf'^set\(EXTENSION_{name} "[^"\n]+"\)$', text, flags=re.MULTILINE)


def test_pictures_that_the_index_shows_are_in_the_repository():
    text = (ROOT / "CMakeLists.txt").read_text("utf-8")
    pictures = re.findall(r"/main/([\w/.-]+\.png)", text)
    assert len(pictures) >= 2
    assert [picture for picture in pictures if not (ROOT / picture).is_file()] == []


def test_the_icon_is_128_pixels_wide_and_high():
    from PIL import Image

    for path in (ROOT / "ReadingRoom.png", *ROOT.glob("*/Resources/Icons/*.png")):
        with Image.open(path) as icon:
            assert icon.size == (128, 128), path.name


def test_catalog_entry_agrees_with_cmake():
    entry = json.loads((ROOT / "ReadingRoom.json").read_text("utf-8"))
    text = (ROOT / "CMakeLists.txt").read_text("utf-8")
    assert set(entry) <= {
        *("$schema", "category", "scm_url", "scm_revision", "scm_type"),
        *("build_dependencies", "build_subdirectory", "dicom_support_rule", "enabled", "tier"),
    }
    assert "project(ReadingRoom)" in text
    assert f'set(EXTENSION_CATEGORY "{entry["category"]}")' in text
    assert f'set(EXTENSION_DEPENDS "{" ".join(entry["build_dependencies"])}")' in text
    repository = entry["scm_url"].rsplit("/", 1)[1]
    assert repository.startswith("Slicer")
