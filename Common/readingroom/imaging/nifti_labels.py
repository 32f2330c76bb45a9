"""The names of a label map's labels, where a NIfTI file tells them: a table of Connectome Workbench in an extension.

TotalSegmentator writes its classes so. Source: nifti1.h, extensions of code 0 and 30 (Caret), and the ``LabelTable`` of
the Caret file format.
"""

from __future__ import annotations

import io
import re
import struct
from html import unescape
from pathlib import Path
from typing import BinaryIO

from ..regular_file import open_regular
from .inflated import GZIP, Inflated

_HEADERS = (348, 540)  # bytes of NIfTI-1 and NIfTI-2
_MOST = 2**22  # bytes of extensions that are looked at
_LABEL = re.compile(r"<Label\s[^>]*?Key=\"(\d+)\"[^>]*>(.*?)</Label>", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def nifti_label_names(path: Path) -> dict[int, str]:
    """The name of each label, by its value; none where the file has no table of them, or is no NIfTI file."""
    try:
        with open_regular(path) as file:
            text = _extensions(file)
    except Exception:  # of a damaged file, which whoever opens its values tells better
        return {}
    if "<LabelTable" not in text:
        return {}
    table = text.split("<LabelTable", 1)[1].split("</LabelTable>", 1)[0]
    names = {int(key): _name(inner) for key, inner in _LABEL.findall(table)}
    return {key: name for key, name in names.items() if key and name}


def _name(inner: str) -> str:
    found = _CDATA.search(inner)
    return (found.group(1) if found else unescape(inner)).strip()


def _extensions(file: BinaryIO) -> str:
    start = file.read(2)
    file.seek(0)
    values: BinaryIO = io.BufferedReader(Inflated(file)) if start == GZIP else file
    head = values.read(4)
    for order in "<>":
        (size,) = struct.unpack(f"{order}i", head)
        if size in _HEADERS:
            break
    else:
        return ""
    header = head + values.read(size - 4)
    flags = values.read(4)
    if not flags or not flags[0]:
        return ""
    place, kind = (108, "f") if size == 348 else (168, "q")
    (offset,) = struct.unpack_from(order + kind, header, place)
    length = min(max(int(offset) - size - 4, 0), _MOST)
    return values.read(length).decode("utf-8", errors="replace")
