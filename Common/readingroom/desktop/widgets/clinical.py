"""The clinical facts that a reader asks for: filled from the header of the images, or entered by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import qt
from slicer.i18n import tr as _

from ...formatting import unit_text
from ...readers.description import ClinicalField
from ...study import ClinicalFact
from ..inputs import fact_text
from .labels import hint


class ClinicalView:
    """A form with one line for each field.

    Parameters
    ----------
    fields : in the reader's order
    on_enter : called with the name of a field and what a person entered, empty text takes it back; False where it does
        not fit
    """

    def __init__(self, fields: tuple[ClinicalField, ...], on_enter: Callable[[str, str], bool]) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        self.rows: dict[str, ClinicalRow] = {}
        for field in fields:
            row = self.rows[field.name] = ClinicalRow(field, _editor(field, on_enter), hint())
            line = qt.QHBoxLayout()
            line.addWidget(row.editor, 1)
            unit = unit_text(field.unit)
            if unit:
                line.addWidget(qt.QLabel(unit))
            line.addWidget(row.source)
            form.addRow(field.title, line)

    def show(self, entered: Mapping[str, str], header: Mapping[str, ClinicalFact]) -> None:
        """Draw the facts; what was entered goes before what the header says."""
        for name, row in self.rows.items():
            row.show(entered.get(name, ""), header.get(name))

    def typed(self) -> dict[str, str]:
        """What stands in the fields that are typed into, by name."""
        return {name: row.editor.text for name, row in self.rows.items() if row.editor.inherits("QLineEdit")}


@dataclass(frozen=True)
class ClinicalRow:
    """One line: where a fact is entered, and the word that says where it comes from."""

    field: ClinicalField
    editor: Any
    source: Any

    def show(self, entered: str, header: ClinicalFact | None) -> None:
        """Draw a fact."""
        text = entered or (fact_text(self.field, header.value) if header is not None else "")
        if self.editor.inherits("QComboBox"):
            self.editor.setCurrentIndex(max(0, self.editor.findData(_key(self.field, text))))
        elif not self.editor.modified:
            self.editor.setText(text)  # never over what is being typed
        needed = _("needed") if self.field.required else ""
        self.source.setText(_("entered") if entered else _("from the header") if text else needed)


def _editor(field: ClinicalField, on_enter: Callable[[str, str], bool]) -> Any:
    if field.type in ("choice", "flag"):
        editor = qt.QComboBox()
        editor.addItem(_("Not known"), "")
        for value, title in field.choices or (("yes", _("Yes")), ("no", _("No"))):
            editor.addItem(title, value)
        editor.activated.connect(lambda *_args: on_enter(field.name, editor.currentData or ""))
    else:
        editor = qt.QLineEdit()
        if field.type == "number":
            text = _("{low} to {high}")
            editor.setPlaceholderText(text.format(low=f"{field.low:g}", high=f"{field.high:g}"))

        def finished(*_args: Any) -> None:
            if on_enter(field.name, editor.text):
                editor.setModified(False)

        editor.editingFinished.connect(finished)
    editor.setAccessibleName(field.title)
    editor.setToolTip(field.help or _("Empty where it is not known; what the header says counts then."))
    return editor


def _key(field: ClinicalField, text: str) -> str:
    """The entry of a list that a text stands for."""
    for value, title in field.choices or (("yes", "yes"), ("no", "no")):
        if text.lower() in (value.lower(), title.lower()):
            return value
    return ""
