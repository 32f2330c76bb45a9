"""Frozen records to and from plain JSON values: whatever goes out comes back, and nothing else comes in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom import records


@dataclass(frozen=True)
class Leaf:
    """A record without further records."""

    word: str
    number: float = 0.0
    count: int | None = None
    right: bool = False


@dataclass(frozen=True)
class Tree:
    """A record with every kind of field."""

    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    pair: tuple[float, int] = (0.0, 0)
    choice: Literal["", "left", "right"] = ""
    path: Path | None = None
    table: Mapping[str, Leaf] = field(default_factory=dict)
    anything: Mapping[str, Any] = field(default_factory=dict)
    held: Any = field(default=None, compare=False, metadata={"json": False})

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", records.frozen(self.table))


_finite = st.floats(allow_nan=False, allow_infinity=False)
_leaves = st.builds(Leaf, st.text(), _finite, st.none() | st.integers(), st.booleans())
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _finite | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# Paths travel with "/" between parts on every system; a backslash means different things on different ones.
_paths = st.lists(st.text("abc .-ö", min_size=1), min_size=1, max_size=3).map(lambda parts: Path(*parts))
_trees = st.builds(
    Tree,
    _leaves,
    st.lists(_leaves, max_size=3).map(tuple),
    st.tuples(_finite, st.integers()),
    st.sampled_from(["", "left", "right"]),
    st.none() | _paths,
    st.dictionaries(st.text(), _leaves, max_size=3),
    st.dictionaries(st.text(), _json, max_size=3),
)


@settings(deadline=None)
@given(tree=_trees)
def test_any_record_comes_back_from_json_text(tree):
    text = json.dumps(records.to_json(tree), allow_nan=False)
    assert records.from_json(Tree, json.loads(text)) == tree


@settings(deadline=None)
@given(data=_json)
def test_any_other_json_is_refused_as_value_error(data):
    with pytest.raises(ValueError, match="Tree"):
        records.from_json(Tree, data)


@settings(deadline=None)
@given(tree=_trees, name=st.sampled_from(["leaf", "leaves", "pair", "choice", "path", "table", "anything"]), junk=_json)
def test_junk_in_any_field_is_read_or_refused_with_the_name_of_the_field(tree, name, junk):
    data = {**records.to_json(tree), name: junk}
    try:
        records.from_json(Tree, data)
        refusal = ""
    except ValueError as error:
        refusal = str(error)
    assert refusal == "" or f"Tree.{name}" in refusal


def test_what_is_held_in_memory_only_is_left_out_and_refused():
    data = records.to_json(Tree(Leaf("a"), held=object()))
    assert "held" not in data
    with pytest.raises(ValueError, match="Tree has no field named held"):
        records.from_json(Tree, {**data, "held": 1})


def test_fields_with_defaults_may_be_missing():
    assert records.from_json(Tree, {"leaf": {"word": "a"}}) == Tree(Leaf("a"))


def test_whole_numbers_are_read_where_a_number_is_expected():
    number = records.from_json(Leaf, {"word": "a", "number": 3}).number
    assert (number, type(number)) == (3.0, float)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (None, "Tree is None, expected an object"),
        ({}, "Tree.leaf is missing"),
        ({"leaf": {}}, "Tree.leaf.word is missing"),
        ({"leaf": {"word": 1}}, "Tree.leaf.word is 1, expected str"),
        ({"leaf": {"word": "a", "number": "1"}}, "Tree.leaf.number is '1', expected a number"),
        ({"leaf": {"word": "a", "number": True}}, "Tree.leaf.number is True, expected a number"),
        ({"leaf": {"word": "a", "number": math.nan}}, "Tree.leaf.number is nan, expected a finite number"),
        ({"leaf": {"word": "a", "number": math.inf}}, "Tree.leaf.number is inf, expected a finite number"),
        ({"leaf": {"word": "a", "number": 10**400}}, "expected a finite number"),
        ({"leaf": {"word": "a", "number": None}}, "Tree.leaf.number is None"),
        ({"leaf": {"word": "a", "count": 1.0}}, "Tree.leaf.count is 1.0, expected int"),
        ({"leaf": {"word": "a", "count": True}}, "Tree.leaf.count is True, expected int"),
        ({"leaf": {"word": "a", "right": 0}}, "Tree.leaf.right is 0, expected bool"),
        ({"leaf": {"word": "a", "color": 0}}, "Tree.leaf has no field named color"),
        ({"leaf": {"word": "a"}, "leaves": {}}, "Tree.leaves is {}, expected a list"),
        ({"leaf": {"word": "a"}, "leaves": [{"word": "b"}, {}]}, r"Tree.leaves\[1\].word is missing"),
        ({"leaf": {"word": "a"}, "pair": [1.0]}, "expected a list of 2"),
        ({"leaf": {"word": "a"}, "pair": [1.0, "2"]}, r"Tree.pair\[1\] is '2', expected int"),
        ({"leaf": {"word": "a"}, "choice": "up"}, "Tree.choice is 'up', expected one of"),
        ({"leaf": {"word": "a"}, "choice": []}, "Tree.choice is"),
        ({"leaf": {"word": "a"}, "path": 1}, "Tree.path is 1, expected a path"),
        ({"leaf": {"word": "a"}, "table": []}, "Tree.table is"),
        ({"leaf": {"word": "a"}, "table": {"x": 1}}, "Tree.table.x is 1, expected an object"),
    ],
)
def test_the_refusal_names_the_field_and_what_was_expected(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        records.from_json(Tree, data)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_are_not_written(number):
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        records.to_json(Leaf("a", number))


def test_values_that_json_does_not_know_are_not_written():
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        records.to_json(Tree(Leaf("a"), anything={"x": object()}))


def test_paths_are_written_with_slashes():
    assert records.to_json(Tree(Leaf("a"), path=Path("maps") / "heat.nrrd"))["path"] == "maps/heat.nrrd"
    assert PurePosixPath("maps/heat.nrrd").parts == ("maps", "heat.nrrd")


def test_frozen_mappings_are_copies_that_cannot_be_written():
    original = {"a": 1}
    kept = records.frozen(original)
    original["a"] = 2
    assert kept["a"] == 1
    with pytest.raises(TypeError):
        kept["a"] = 3


@dataclass(frozen=True)
class Circle:
    """One record of a tagged union."""

    radius: float
    kind: Literal["circle"] = "circle"


@dataclass(frozen=True)
class Square:
    """Another one."""

    side: float
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Drawing:
    """A record with unions of records and of plain values."""

    shape: Circle | Square
    more: tuple[Circle | Square, ...] = ()
    maybe: Circle | Square | None = None
    value: float | str | bool = 0.0


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing(Circle(1.0), (Square(2.0), Circle(3.0)), Square(4.0), "text"),
        Drawing(Square(1.0), value=True),
        Drawing(Square(1.0), value=2.5),
    ],
)
def test_a_union_comes_back_as_the_record_and_the_type_that_it_was(drawing):
    back = records.from_json(Drawing, json.loads(json.dumps(records.to_json(drawing))))
    assert back == drawing
    assert type(back.value) is type(drawing.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"shape": {"kind": "triangle", "side": 1.0}},
            r"Drawing\.shape\.kind is 'triangle', expected one of circle, square",
        ),
        ({"shape": {"side": 1.0}}, r"Drawing\.shape\.kind is None"),
        ({"shape": {"kind": ["circle"], "radius": 1.0}}, r"Drawing\.shape\.kind is \['circle'\]"),
        ({"shape": {"kind": "circle", "side": 1.0}}, "no field named side"),
        ({"shape": 3}, r"Drawing\.shape is 3, expected an object"),
        ({"shape": {"kind": "circle", "radius": 1.0}, "value": None}, r"Drawing\.value is None, expected float or str"),
        ({"shape": {"kind": "circle", "radius": 1.0}, "value": [1]}, r"Drawing\.value is \[1\]"),
    ],
)
def test_what_fits_no_record_of_a_union_is_refused(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        records.from_json(Drawing, data)


def test_a_union_itself_can_be_read():
    assert records.from_json(Circle | Square, {"kind": "square", "side": 2}) == Square(2.0)
    with pytest.raises(ValueError, match="expected one of circle, square"):
        records.from_json(Circle | Square, {"kind": "star"})
