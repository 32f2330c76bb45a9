"""Panels are held against the list of what Python sees in the running Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from host import api


@pytest.fixture
def listing(shared: Path) -> api.Listing:
    return api.Listing(shared / "reference" / "slicer_api.json")


def _complaints(tmp_path: Path, listing: api.Listing, source: str) -> list[str]:
    path = tmp_path / "panel.py"
    path.write_text(source)
    return api.check_source([path], listing)


def test_the_panels_of_the_repository_use_what_slicer_has(shared: Path, listing: api.Listing) -> None:
    root = Path(__file__).resolve().parents[3]
    modules = [path for path in root.glob("*/*.py") if path.parent.name == path.stem]
    paths = [*modules, *root.glob("Common/*.py"), *root.glob("Common/readingroom/desktop/**/*.py")]
    assert len(paths) > 3
    assert api.check_source(paths, listing) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("b = qt.QPushButton()\nb.text()", "QPushButton.text is a property"),
        ("b = qt.QPushButton(text='x')", "no keyword arguments"),
        ("b = qt.QPushButton()\nb.clickd.connect(f)", "no member clickd"),
        ("b = qt.QPushButton()\nb.connect('clicked(int)', f)", "no signal clicked(int)"),
        ("b = qt.QComboBox()\nb.currentIndexChanged[int].connect(f)", "no overload in brackets"),
        ("s = ctk.ctkSliderWidget()\ns.setMaximum(3)", "no member setMaximum"),
        ("w = ctk.ctkThermometer()", "ctk.ctkThermometer is not on the list"),
        ("slicer.util.showEverything()", "slicer.util has no showEverything"),
        ("slicer.app.layoutManager().sliceWidgets()", "no member sliceWidgets"),
        ("def f(label: qt.QLabel):\n    label.setTekst('x')", "no member setTekst"),
        ("class A:\n def f(self): self.b.go()\n def g(self): self.b = qt.QLabel()", "no member go"),
    ],
)
def test_what_slicer_lacks_is_found_in_source(
    tmp_path: Path, listing: api.Listing, source: str, complaint: str
) -> None:
    found = _complaints(tmp_path, listing, source)
    assert len(found) == 1
    assert complaint in found[0]


def test_the_stand_ins_offer_nothing_that_slicer_lacks(a_slicer_host: Any, listing: api.Listing) -> None:
    from host import pythonqt

    kinder = []
    for cls in pythonqt._STANDINS:
        name = api._LISTED_AS.get(cls.__name__, cls.__name__)
        if not listing.knows(name):
            continue
        own = {n for k in cls.__mro__ if k in pythonqt._STANDINS for n in vars(k) if not n.startswith("_")}
        kinder += [f"{name}.{n}" for n in own - listing.members(name) - {"cpp_signals", "staticMetaObject"}]
    assert sorted(kinder) == []


def test_product_code_is_refused_what_slicer_lacks_while_it_runs(
    an_empty_scene: Any, a_slicer_host: Any, listing: api.Listing, tmp_path: Path
) -> None:
    from host import pythonqt

    before = list(pythonqt._watcher)
    api.guard(listing, [tmp_path])
    path = tmp_path / "product.py"
    path.write_text("def ask(w):\n    w.text\n    w.encodeMetricF\n")
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    import qt

    button = qt.QPushButton("x")
    try:
        with pytest.raises(AttributeError, match="QPushButton has no attribute named 'encodeMetricF'"):
            namespace["ask"](button)
    finally:
        pythonqt._watcher[:] = before
    assert callable(button.encodeMetricF), "others are not watched"
