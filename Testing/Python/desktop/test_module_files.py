"""The module files: what Slicer asks of them, and that opening them loads nothing heavy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import slicer

import host

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text("utf-8"))
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]

# What Slicer itself brings; all else may only be imported where it is used.
_AT_FILE_SCOPE = {"slicer", "readingroom", "qt", "ctk", "vtk", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_module_files_import_nothing_from_elsewhere_at_file_scope(path: Path):
    imported = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        for inner in [node, *(node.body if isinstance(node, ast.Try) else [])]:
            if isinstance(inner, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in inner.names}
            elif isinstance(inner, ast.ImportFrom):
                imported.add((inner.module or "").split(".")[0])
    assert imported <= _AT_FILE_SCOPE


def test_no_file_of_the_desktop_imports_anything_heavy_at_file_scope():
    strangers = {}
    for path in (ROOT / "Common" / "readingroom" / "desktop").rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            if strange := {name for name in names if name.split(".")[0] not in _AT_FILE_SCOPE}:
                strangers[path.name] = strange
    assert strangers == {}


_OPEN_EVERYTHING = """
import sys
import host
host.start()
for path in sys.argv[1:]:
    host.load_module(path)
for path in sys.argv[1:]:
    host.open_module(path.rpartition("/")[2].removesuffix(".py"))
print(sorted({"torch", "torchvision", "timm", "monai", "sklearn"} & set(sys.modules)))
"""


def test_opening_all_panels_loads_no_learning_library(tmp_path):
    paths = [str(ROOT / "Testing"), str(ROOT / "Common")]
    code = f"import sys; sys.path[:0] = {paths!r}\n{_OPEN_EVERYTHING}"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, FILES)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr[-2000:]


_WITHOUT_INSTALLED_PACKAGE = """
import sys
sys.path = [folder for folder in sys.path if not folder.endswith("Common")]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
import host
host.start()
host.load_module(sys.argv[1])
import readingroom
print(readingroom.__file__)
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_source_checkout_finds_the_package_without_installing_it(path: Path, tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'Testing')!r})\n{_WITHOUT_INSTALLED_PACKAGE}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert Path(done.stdout.strip().splitlines()[-1]).parent == ROOT / "Common" / "readingroom", done.stderr[-2000:]


def test_modules_tell_slicer_who_they_are(modules):
    host.load_module(ROOT / "PASCFibrosis" / "PASCFibrosis.py")
    for name in ("chestxray", "pascfibrosis", "readingroomhome"):
        module = getattr(modules, name)
        assert module.title
        assert module.categories
        assert module.contributors
        assert module.helpText
        assert module.acknowledgementText
        assert not module.icon.isNull()
    assert modules.chestxray.dependencies == modules.pascfibrosis.dependencies == ["ReadingRoomHome"]


def test_the_self_test_of_the_home_module_passes(modules):
    host.run_self_test("ReadingRoomHome")


def test_the_self_test_of_chest_x_ray_passes(modules):
    host.run_self_test("ChestXRay")
    assert [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")]


def test_without_pytorch_the_self_test_tells_how_to_set_up(modules, monkeypatch, caplog):
    from readingroom.desktop import pinned_packages

    installed = pinned_packages.version_of
    monkeypatch.setattr(pinned_packages, "version_of", lambda name: "" if name == "torch" else installed(name))
    with caplog.at_level("INFO"):
        host.run_self_test("ChestXRay")
    assert "Reading is not possible yet" in caplog.text
