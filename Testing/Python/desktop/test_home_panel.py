"""The panel of the module Reading Room as a person uses it."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile

import pytest
import qt
import slicer
import slicer.packaging

import host
from readingroom.bundles import store
from readingroom.desktop import pinned_packages, settings


@pytest.fixture
def home(modules, one_bundle_ships):
    return host.open_module("ReadingRoomHome").panel


@pytest.fixture
def another_bundle(tmp_path):
    """The bundle that ships under another name, as a folder to install."""
    folder = tmp_path / "another"
    shutil.copytree(store.shipped_folder() / "cxr-nih-pneumonia", folder)
    metadata = folder / "configs" / "metadata.json"
    content = json.loads(metadata.read_text("utf-8"))
    content["readingroom"].update(name="cxr-another", title="Another bundle")
    metadata.write_text(json.dumps(content), "utf-8")
    sums = [line.split(maxsplit=1)[1] for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines()]
    lines = [f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in sums]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")
    return folder


@pytest.fixture
def bundle_zip(another_bundle):
    """The same as a zip."""
    path = another_bundle.parent / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(another_bundle.rglob("*")):
            if file.is_file():
                archive.write(file, f"cxr-another/{file.relative_to(another_bundle).as_posix()}")
    return path


def rows(home) -> list[list[str]]:
    table = home.bundles.table
    return [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount)]


def choose_zip(monkeypatch, path) -> None:
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *_args: str(path))


def test_it_says_that_everything_is_installed(home):
    assert home.setup.state.text == "Everything is installed: you can read."
    assert not home.setup.button.visible


def test_the_one_button_sets_up_what_is_missing(modules, monkeypatch):
    slicer.packaging.reset()
    missing = {"timm"}
    installed = pinned_packages.version_of
    monkeypatch.setattr(pinned_packages, "version_of", lambda name: "" if name in missing else installed(name))
    home = host.open_module("ReadingRoomHome").panel
    assert home.setup.state.text == "To be set up: timm."
    host.click(home.setup.button)
    assert [name for name, _requirements, _options in slicer.packaging.calls] == ["pip_ensure"]
    assert home.message.sentence.text == "pip ended without an error, but these are still missing: timm."
    slicer.packaging.declined = True
    host.click(home.setup.button)
    assert home.message.sentence.text == "Nothing was installed, as you asked."
    slicer.packaging.reset()


def test_what_makes_features_faster_is_offered_until_it_is_there(modules, monkeypatch):
    slicer.packaging.reset()
    there = {"numba": ""}
    installed = pinned_packages.version_of
    monkeypatch.setattr(pinned_packages, "version_of", lambda name: there.get(name, installed(name)))
    monkeypatch.setattr(slicer.packaging, "run_pip", lambda *_arguments: there.update(numba="0.68.1"))
    home = host.open_module("ReadingRoomHome").panel
    assert home.setup.state.text == "Everything is installed: you can read."
    host.click(home.setup.compiler_button)
    assert [requirements for _name, requirements, _options in slicer.packaging.calls] == [["numba>=0.68.1"]]
    assert home.message.sentence.text.startswith("numba is installed.")
    assert not home.setup.compiler_button.visible
    slicer.packaging.reset()


def test_the_list_of_packages_is_folded_while_nothing_is_missing(home, monkeypatch):
    assert not home.setup.packages.visible
    host.click(home.setup.packages_button)
    assert home.setup.packages.visible
    host.click(home.setup.packages_button)
    installed = pinned_packages.version_of
    monkeypatch.setattr(pinned_packages, "version_of", lambda name: "" if name == "timm" else installed(name))
    home.refresh()
    assert home.setup.packages.visible


def test_what_pip_said_is_behind_the_sentence(modules, monkeypatch):
    installed = pinned_packages.version_of
    monkeypatch.setattr(pinned_packages, "version_of", lambda name: "" if name == "timm" else installed(name))
    home = host.open_module("ReadingRoomHome").panel
    slicer.packaging.failing = True
    host.click(home.setup.button)
    host.click(home.message.details_button)
    assert "non-zero exit status" in home.message.details.plainText


def test_readers_whose_modules_are_loaded_are_listed_and_opened(home):
    assert list(home.readers.buttons) == ["ChestXRay"]
    host.click(home.readers.buttons["ChestXRay"])
    assert slicer.util.moduleSelector().selectedModule == "ChestXRay"


def test_a_reader_whose_module_is_not_loaded_is_not_listed(home):
    host.unload_module("ChestXRay")
    home.refresh()
    assert home.readers.buttons == {}
    assert not home.readers_section.visible


def test_the_way_without_a_network_unfolds(home):
    assert not home.setup.offline.visible
    host.click(home.setup.offline_button)
    assert home.setup.offline.visible
    assert "pip install --no-index" in home.setup.offline.plainText


def test_the_device_is_told_when_it_is_known(home):
    host.wait_until(
        lambda: "will compute" in home.setup.device.text or "the processor computes" in home.setup.device.text
    )


def test_the_bundle_that_ships_is_listed_and_cannot_be_removed(home):
    assert [row[0] for row in rows(home)] == ["Pneumonia on NIH chest radiographs"]
    assert rows(home)[0][2:] == ["Chest X-Ray", "built in"]
    assert not home.bundles.remove.enabled


def test_a_bundle_is_installed_from_a_zip_and_removed_again(home, bundle_zip, monkeypatch):
    choose_zip(monkeypatch, bundle_zip)
    host.click(home.bundles.install_zip)
    assert home.message.sentence.text == "'bundle.zip' is installed."
    assert [row[3] for row in rows(home)] == ["built in", "installed"]
    home.bundles.table.setCurrentCell(1, 0)
    home._confirm = lambda question: False
    host.click(home.bundles.remove)
    assert len(rows(home)) == 2
    home._confirm = lambda question: True
    host.click(home.bundles.remove)
    assert len(rows(home)) == 1


def test_a_bundle_is_installed_from_a_folder(home, another_bundle, monkeypatch):
    monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", lambda *_args: str(another_bundle))
    host.click(home.bundles.install_folder)
    assert len(rows(home)) == 2


def test_a_file_that_is_no_bundle_is_refused_in_a_sentence(home, tmp_path, monkeypatch):
    path = tmp_path / "holiday.zip"
    path.write_bytes(b"not a zip")
    choose_zip(monkeypatch, path)
    host.click(home.bundles.install_zip)
    assert home.message.widget.visible
    assert home.message.sentence.text.endswith(".")
    assert len(rows(home)) == 1


def test_choosing_no_file_changes_nothing(home, monkeypatch):
    choose_zip(monkeypatch, "")
    host.click(home.bundles.install_zip)
    assert not home.message.widget.visible


def test_verifying_tells_a_whole_bundle_from_a_changed_one(home, bundle_zip, monkeypatch):
    host.click(home.bundles.verify)
    assert home.message.sentence.text == "'cxr-nih-pneumonia' is whole and unchanged."
    choose_zip(monkeypatch, bundle_zip)
    host.click(home.bundles.install_zip)
    card = store.user_folder() / "cxr-another" / "docs" / "README.md"
    card.write_text(card.read_text("utf-8") + "changed", "utf-8")
    home.bundles.table.setCurrentCell(1, 0)
    host.click(home.bundles.verify)
    assert "unchanged" not in home.message.sentence.text
    assert rows(home)[1][3] not in ("installed", "")


def test_the_card_of_a_bundle_unfolds(home):
    assert not home.bundles.card.visible
    host.click(home.bundles.card_button)
    assert home.bundles.card.visible
    assert len(home.bundles.card.plainText) > 50


def test_settings_are_kept_and_used_by_new_scenes(home):
    host.select(home.settings.device, "Processor (CPU)")
    host.select(home.settings.page_size, "Letter")
    parameters = host.open_module("ChestXRay").panel.parameters
    assert (parameters.device, parameters.pageSize) == ("cpu", "Letter")


def test_another_bundle_folder_is_used_at_once(home, tmp_path, bundle_zip, monkeypatch):
    home.settings.folder.directory = str(tmp_path / "elsewhere")
    assert settings.bundle_folder() == str(tmp_path / "elsewhere")
    choose_zip(monkeypatch, bundle_zip)
    host.click(home.bundles.install_zip)
    assert list((tmp_path / "elsewhere").rglob("SHA256SUMS"))


def test_an_installed_bundle_is_offered_by_the_reading_panel(home, bundle_zip, monkeypatch):
    chest = host.open_module("ChestXRay").panel
    assert chest.views.study.bundle.count == 1
    host.open_module("ReadingRoomHome")
    choose_zip(monkeypatch, bundle_zip)
    host.click(home.bundles.install_zip)
    host.open_module("ChestXRay")
    host.select(chest.views.study.bundle, "Another bundle (" + rows(home)[1][1] + ")")
    assert chest.parameters.bundle == "cxr-another"
