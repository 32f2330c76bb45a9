"""What CMake packages is what the tree holds; what the Extensions Index reads is there."""

from __future__ import annotations

import json
import re

import pytest
import rule_engine

import update_cmake_lists
from readingroom.examples import chest_radiograph
from readingroom.readers.registry import readers
from readingroom.trust import header_checks
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


def test_slicers_wizard_finds_where_the_next_module_goes():
    assert (ROOT / "CMakeLists.txt").read_text("utf-8").count("\n# NEXT_MODULE\n") == 1


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
    [
        "HOMEPAGE",
        "CATEGORY",
        "CONTRIBUTORS",
        "DESCRIPTION",
        "ICONURL",
        "SCREENSHOTURLS",
        "DEPENDS",
        "DICOM_SUPPORT_RULE",
    ],
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


# The rules of the Extensions Index's schema, version 1.0.2: each key with its type and what else is asked of it.
_CATALOG_ENTRY = {
    "$schema": (str, lambda value: value.endswith("/slicer-extension-catalog-entry-schema-v1.0.2.json#")),
    "build_dependencies": (list, lambda value: value and all(isinstance(name, str) for name in value)),
    "build_subdirectory": (str, lambda value: value == "."),
    "category": (str, lambda value: value == "Analysis"),  # one of the categories that the Index accepts
    "dicom_support_rule": (str, lambda value: value.strip() == value != ""),
    "scm_revision": (str, lambda value: value == "main"),  # a branch, so that the Index builds what is newest
    "scm_url": (str, lambda value: re.fullmatch(r"(https|git)://\S+/Slicer\w+\.git", value)),
    "tier": (int, lambda value: value in (1, 3, 5)),
}
_REQUIRED = {"$schema", "category", "scm_url"}
_OPTIONAL = {
    *("scm_revision", "scm_type", "build_dependencies", "build_subdirectory"),
    *("dicom_support_rule", "enabled", "tier"),
}


def catalog_entry() -> dict:
    return json.loads((ROOT / "ReadingRoom.json").read_text("utf-8"))


def test_catalog_entry_has_the_keys_that_the_index_knows():
    entry = catalog_entry()
    assert set(entry) >= _REQUIRED
    assert set(entry) <= _REQUIRED | _OPTIONAL


@pytest.mark.parametrize("key", sorted(_CATALOG_ENTRY))
def test_catalog_entry_has_values_that_the_index_accepts(key: str):
    value, (kind, holds) = catalog_entry()[key], _CATALOG_ENTRY[key]
    assert type(value) is kind
    assert holds(value), value


def test_catalog_entry_is_named_after_the_project_and_has_unix_line_ends():
    assert b"\r" not in (ROOT / "ReadingRoom.json").read_bytes()
    assert "project(ReadingRoom)" in (ROOT / "CMakeLists.txt").read_text("utf-8")


def test_catalog_entry_agrees_with_cmake():
    entry, text = catalog_entry(), (ROOT / "CMakeLists.txt").read_text("utf-8")
    assert f'set(EXTENSION_CATEGORY "{entry["category"]}")' in text
    assert f'set(EXTENSION_DEPENDS "{" ".join(entry["build_dependencies"])}")' in text
    assert f'set(EXTENSION_DICOM_SUPPORT_RULE "{entry["dicom_support_rule"]}")' in text


def offers(modality: str) -> bool:
    """Whether Slicer offers the extension for such a file: it knows of it no more than Modality and SOPClassUID."""
    known = {"Modality": modality, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}
    return rule_engine.Rule(catalog_entry()["dicom_support_rule"]).matches(known)


def test_the_extension_is_offered_for_the_example_that_ships():
    import pydicom

    assert offers(pydicom.dcmread(chest_radiograph(), stop_before_pixels=True).Modality)


@pytest.mark.parametrize("reader", readers().values(), ids=lambda reader: reader.name)
def test_the_extension_is_offered_for_what_each_reader_reads(reader):
    assert [modality for role in reader.images for modality in role.modality if not offers(modality)] == []


def test_the_extension_is_offered_for_nothing_that_no_reader_reads():
    read = {modality for reader in readers().values() for role in reader.images for modality in role.modality}
    others = {*header_checks.OTHER_MODALITIES, *header_checks.UNCLEAR_MODALITIES, ""} - read
    assert [modality for modality in sorted(others) if offers(modality)] == []
