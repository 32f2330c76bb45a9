"""Write the file lists of the modules' CMakeLists.txt anew: Slicer leaves out of the package what is not listed.

Run ``python Testing/update_cmake_lists.py`` after adding, moving or removing a file; a test fails until then.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_FOLDERS = tuple(
    match for match in re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text("utf-8"))
)
_SCRIPTS, _RESOURCES = "MODULE_PYTHON_SCRIPTS", "MODULE_PYTHON_RESOURCES"


def files_of(folder: Path) -> tuple[list[str], list[str]]:
    """Scripts and resources of a module's folder, as sorted paths inside it."""
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not _left_out(path.relative_to(folder))
    )
    return [path for path in found if path.endswith(".py")], [path for path in found if not path.endswith(".py")]


def updated(text: str, folder: Path) -> str:
    """The text of the folder's CMakeLists.txt with lists that fit the tree.

    Raises
    ------
    ValueError : it has no such list
    """
    for name, paths in zip((_SCRIPTS, _RESOURCES), files_of(folder), strict=True):
        lines = "".join(f"  {path}\n" for path in paths)
        text, count = re.subn(
            rf"set\({name}\n.*?^  \)", f"set({name}\n{lines}  )", text, flags=re.DOTALL | re.MULTILINE
        )
        if count != 1:
            raise ValueError(f"{folder.name}/CMakeLists.txt has {count} lists named {name}.")
    return text


def _left_out(path: Path) -> bool:
    """What Python and pip leave behind, and the list itself."""
    hidden = any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)
    return hidden or path.name == "CMakeLists.txt"


def main() -> None:
    """Rewrite what is stale, and say so."""
    for name in MODULE_FOLDERS:
        path = ROOT / name / "CMakeLists.txt"
        before = path.read_text("utf-8")
        after = updated(before, ROOT / name)
        if after != before:
            path.write_text(after, "utf-8")
            print(f"Updated {name}/CMakeLists.txt.")


if __name__ == "__main__":
    main()
