"""Who may import whom, and that nothing heavy is loaded before it is needed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "Common" / "readingroom"
HEAVY = (
    "numba",
    "torch",
    "torchvision",
    "timm",
    "monai",
    "sklearn",
    "xgboost",
    "lightning",
    "matplotlib",
    "reportlab",
    "safetensors",
)

# Files that every room may import, and that import one another alone.
BELOW_EVERYTHING = {
    "anonymity", "codes", "device", "dicom_terms", "errors", "files", "folders", "formatting", "guarded_processes",
    "model_cache", "owned_folder", "parallel", "plain_text", "progress", "reading", "records", "regular_file",
    "staging",
    "strict_json", "study", "time_limit",
}  # fmt: skip

# A room and the rooms that it may import from; every room may import the files above, too.
MAY_IMPORT = {
    "metrics": set(),
    "survival": {"metrics", "networks"},  # a loss is that of its head
    "networks": set(),
    "schemas": set(),
    "examples": set(),
    "bundles": set(),
    "imaging": {"bundles"},  # the preprocessing numbers are a record of the bundle
    "explain": {"networks"},  # a network may name its embedding
    "trust": {"metrics", "bundles", "imaging"},  # a calibration is a record of the bundle
    "phantoms": set(),
    "radiomics": {"imaging", "bundles", "metrics", "trust"},  # a signature is a bundle, evaluated out of fold
    "reports": set(),
    "engine": set(),
    "readers": {"networks", "explain", "survival", "trust", "imaging", "bundles", "reports", "radiomics"},
    "learning": {
        "readers",
        "networks",
        "explain",
        "survival",
        "trust",
        "imaging",
        "bundles",
        "metrics",
        "radiomics",
        "phantoms",
    },
    "commands": {"readers", "bundles", "engine", "imaging", "reports", "radiomics", "learning", "examples"},
    "desktop": {"readers", "bundles", "engine", "imaging", "reports", "trust", "phantoms", "examples", "radiomics"},
}


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports, wherever in the file."""
    room_path = path.relative_to(PACKAGE).parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.level:
            base = room_path[: len(room_path) - node.level]
            module = (node.module or "").split(".") if node.module else []
            names = [[*base, *module]] if module else [[*base, alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("readingroom"):
            module = node.module.split(".")[1:]
            names = [module] if module else [[alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name.split(".")[1:] for a in node.names if a.name.startswith("readingroom.")]
        found |= {name[0] for name in names if name}
    return found


@pytest.mark.parametrize("room", sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"))
def test_imports_go_downward_only(room):
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in (PACKAGE / room).rglob("*.py")
        for other in (imported_rooms(path) & rooms) - {room} - MAY_IMPORT[room]
    }
    assert not wrong


def test_what_lies_below_everything_imports_no_room():
    wrong = {
        f"{name} imports {other}"
        for name in BELOW_EVERYTHING
        for other in imported_rooms(PACKAGE / f"{name}.py") - BELOW_EVERYTHING
    }
    assert not wrong


def test_only_desktop_speaks_of_slicer_and_qt():
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] == "desktop":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            wrong |= {str(path) for module in modules if module.split(".")[0] in {"slicer", "qt", "ctk", "vtk"}}
    assert not wrong


@pytest.mark.parametrize(
    "module",
    [
        "readingroom", "readingroom.study", "readingroom.reading", "readingroom.bundles.store",
        "readingroom.bundles.catalog", "readingroom.bundles.download", "readingroom.readers",
        "readingroom.engine.client", "readingroom.device", "readingroom.cli", "readingroom.imaging.open",
        "readingroom.reports.write", "readingroom.survival.measures", "readingroom.survival.calibration",
        "readingroom.survival.clinical_baseline",
    ],
)  # fmt: skip
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_measuring_does_not_wait_for_the_slowest_parts_of_scipy():
    code = "import sys, readingroom.radiomics.measure; print({'scipy.stats', 'scipy.signal'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_module_files_import_only_what_slicer_has_at_file_scope():
    allowed = {"__future__", "os", "sys", "pathlib", "typing", "logging", "slicer", "qt", "ctk", "vtk", "readingroom"}
    folders = re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text("utf-8"))
    for path in (path for folder in folders for path in (ROOT / folder).glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, path.name
