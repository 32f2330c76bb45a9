"""Parameter files of PyRadiomics: JSON, and the part of YAML that they are written in.

Slicer bundles no YAML reader. The files hold names with values, indented below one another, lists in brackets or line
by line, and comments. What goes beyond that (anchors, lists in brackets over several lines, directives) is read by
PyYAML where it is installed, and refused elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..regular_file import cannot_read, read_regular

_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
    ".nan": math.nan,
    "nan": math.nan,  # as PyRadiomics' example of feature maps writes it
}
_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?$")  # 1_000 is a thousand
_KEY = re.compile(r"""("[^"]*"\s*|'[^']*'\s*|[^\s'"\[\]{}#&*!|>%@,-][^:#]*):(?:\s+(.*))?$""")
_LARGEST = 1 << 16  # bytes; those of PyRadiomics have a few thousand
_MOST_VALUES = 1 << 14  # with every anchor written out
_UNREAD = ("&", "*", "!", "|", ">", "%", "@", "`")


@dataclass(frozen=True)
class _Line:
    number: int
    indent: int
    text: str


def read_parameters(path: Path) -> dict[str, Any]:
    """The sections of a parameter file.

    Raises
    ------
    InputError : the file is missing, or is not such a file (the line is named)
    """
    try:
        text = read_regular(path, _LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"The parameter file {path.name} is no text in UTF-8.") from error
    try:
        parameters = json.loads(text) if path.suffix.lower() == ".json" else _any_yaml(text)
    except json.JSONDecodeError as error:
        raise InputError(f"The parameter file {path.name} is no JSON (line {error.lineno}).") from error
    except (RecursionError, ValueError) as error:  # too many brackets, too many digits
        raise InputError(f"The parameter file {path.name} holds lists or numbers beyond all measure.") from error
    except InputError as error:
        raise InputError(f"The parameter file {path.name} cannot be understood: {error}") from error
    if not isinstance(parameters, dict):
        raise InputError(f"The parameter file {path.name} holds no sections such as 'setting:'.")
    return {name: _without_nan(section) for name, section in parameters.items()}


def _without_nan(value: Any) -> Any:
    """NaN as the word: parameters go to other processes and into bundles as JSON, which has no such number."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def read_option(text: str) -> tuple[str, Any]:
    """Name and value of an option written as ``binWidth:10``; values between commas are a list, as in PyRadiomics.

    Raises
    ------
    InputError : there is no colon, or the value is no number, word or list

    Example
    -------
    >>> read_option("resampledPixelSpacing:1,1,2.5")
    ('resampledPixelSpacing', [1, 1, 2.5])
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise InputError(f"The option '{text:.40}' is not written as NAME:VALUE, such as binWidth:10.")
    value = f"[{value.strip()}]" if "," in value and "[" not in value else value.strip()
    try:
        return name.strip(), _scalar(value, _Line(1, 0, value))
    except (InputError, RecursionError, ValueError) as error:
        raise InputError(f"The value of the option '{text:.40}' is not understood.") from error


def _any_yaml(text: str) -> Any:
    try:
        return read_yaml(text)
    except _NotUnderstoodError as beyond:
        try:
            import yaml  # not in Slicer's Python
        except ImportError:
            raise InputError(f"{beyond} With the package PyYAML installed all of YAML is read.") from None
        try:
            if _written_out(yaml.compose(text, Loader=yaml.SafeLoader), {}) >= _MOST_VALUES:
                raise ValueError("anchors within anchors")
            found = yaml.safe_load(text)
        except yaml.YAMLError:
            raise beyond from None
        if not isinstance(found, dict):
            raise
        return found


def _written_out(node: Any, sizes: dict[int, int]) -> int:
    """How many values a node of PyYAML holds with its anchors written out, `_MOST_VALUES` at most.

    Raises
    ------
    InputError : a name stands twice in one section, which PyYAML would not mind
    """
    if node is None or id(node) in sizes:
        return sizes.get(id(node), 0)
    sizes[id(node)] = _MOST_VALUES  # an anchor that holds itself never ends
    parts = node.value if isinstance(node.value, list) else []
    names = [entry[0].value for entry in parts if isinstance(entry, tuple)]
    if twice := [name for name in names if isinstance(name, str) and names.count(name) > 1]:
        raise InputError(f"line {node.start_mark.line + 1} begins a section that gives '{twice[0]}' a second time.")
    each = (part for entry in parts for part in (entry if isinstance(entry, tuple) else (entry,)))
    sizes[id(node)] = min(1 + sum(_written_out(part, sizes) for part in each), _MOST_VALUES)
    return sizes[id(node)]


def read_yaml(text: str) -> Any:
    """What a YAML text of that kind says.

    Raises
    ------
    InputError : a line that cannot be understood
    """
    lines = [line for number, raw in enumerate(text.splitlines(), 1) if (line := _line(number, raw)) is not None]
    if not lines:
        return {}
    value, rest = _block(lines, lines[0].indent)
    if rest:
        raise _unread(rest[0])
    return value


def _line(number: int, raw: str) -> _Line | None:
    if "\t" in raw[: len(raw) - len(raw.lstrip())]:
        raise InputError(f"line {number} is indented with a tab.")
    text = _without_comment(raw).rstrip()
    if not text.strip() or text.strip() == "---":
        return None
    return _Line(number, len(text) - len(text.lstrip()), text.strip())


def _without_comment(raw: str) -> str:
    quote = ""
    for place, letter in enumerate(raw):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (place == 0 or raw[place - 1].isspace()):
            return raw[:place]
    return raw


def _block(lines: list[_Line], indent: int) -> tuple[Any, list[_Line]]:
    if lines[0].text.startswith("- ") or lines[0].text == "-":
        return _list(lines, indent)
    return _map(lines, indent)


def _list(lines: list[_Line], indent: int) -> tuple[list[Any], list[_Line]]:
    items = []
    while lines and lines[0].indent == indent and (lines[0].text.startswith("- ") or lines[0].text == "-"):
        items.append(_scalar(lines[0].text[1:].strip(), lines[0]))
        lines = lines[1:]
    return items, lines


def _map(lines: list[_Line], indent: int) -> tuple[dict[Any, Any], list[_Line]]:
    result: dict[Any, Any] = {}
    while lines and lines[0].indent == indent:
        line, lines = lines[0], lines[1:]
        found = _KEY.match(line.text)
        if not found:
            raise _unread(line)
        key = _key(found)
        if key in result:
            raise InputError(f"line {line.number} gives '{key}' a second time.")
        if found[2]:
            result[key] = _scalar(found[2].strip(), line)
        elif lines and (lines[0].indent > indent or (lines[0].indent == indent and lines[0].text.startswith("- "))):
            result[key], lines = _block(lines, lines[0].indent)
        else:
            result[key] = None
    if lines and lines[0].indent > indent:
        raise _unread(lines[0])
    return result, lines


def _key(found: re.Match[str]) -> str:
    return found[1].strip().strip("'\"")


def _scalar(text: str, line: _Line) -> Any:
    if text[:1] in "'\"" and text:
        if len(text) < 2 or text[-1] != text[0]:
            raise _unread(line)
        return text[1:-1]
    if text.startswith("["):
        return [_scalar(part, line) for part in _parts(text, "]", line)]
    if text.startswith("{"):
        pairs = [_KEY.match(part if ": " in part else part + " ") for part in _parts(text, "}", line)]
        if not all(pairs):
            raise _unread(line)
        return {_key(pair): _scalar((pair[2] or "").strip(), line) for pair in pairs if pair}
    if text.startswith(_UNREAD):
        raise _unread(line)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.match(text):
        digits = text.replace("_", "")
        return int(digits) if re.fullmatch(r"[-+]?\d+", digits) else float(digits)
    return text


def _parts(text: str, closing: str, line: _Line) -> list[str]:
    """What stands between commas in brackets; brackets and quotes within are kept whole."""
    if not text.endswith(closing):
        raise _unread(line)
    parts, depth, part, quote = [], 0, "", ""
    for letter in text[1:-1]:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0 and not quote:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    if depth:
        raise _unread(line)
    return [*parts, part.strip()] if part.strip() else parts


class _NotUnderstoodError(InputError):
    """Beyond the part of YAML that is read here; PyYAML may know more."""


def _unread(line: _Line) -> InputError:
    return _NotUnderstoodError(f"line {line.number} ('{line.text:.40}') is not understood.")
