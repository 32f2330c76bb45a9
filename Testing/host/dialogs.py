"""Modal dialogs: a test says beforehand what the person will answer; an unexpected dialog is an error, not a hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QAbstractButton, QDialog, QFileDialog, QInputDialog, QMessageBox

_answers: list[Any] = []


def answer(*answers: str | Callable[[Any], Any]) -> None:
    """What the person does with the dialogs to come, in this order.

    For a dialog with buttons the text of the button ("Yes", "Cancel"), or a function that is given the dialog and works
    with it; for a file dialog the path ("" for cancel); for a text dialog the text.
    """
    _answers.extend(answers)


def forget() -> list[Any]:
    """Drop the answers that no dialog asked for, and return them."""
    left = list(_answers)
    _answers.clear()
    return left


def _next(what: str) -> Any:
    if not _answers:
        msg = f"A modal dialog opened and no answer was prepared: {what}"
        raise AssertionError(msg)
    return _answers.pop(0)


def _text(dialog: Any) -> str:
    said = [dialog.windowTitle, getattr(dialog, "text", "") or getattr(dialog, "labelText", "")]
    return ": ".join(str(s) for s in said if s)


def _execute(dialog: Any, *_: Any) -> int:
    buttons = {b.text.replace("&", ""): b for b in dialog.findChildren(QAbstractButton)}
    if not buttons:  # it shows a text for a while and closes itself
        dialog.close()
        return 0
    reply = _next(_text(dialog))
    dialog.show()
    if callable(reply):
        reply(dialog)
    elif reply in buttons:
        buttons[reply].click()
    else:
        msg = f"The dialog {_text(dialog)!r} has the buttons {sorted(buttons)}, not {reply!r}"
        raise AssertionError(msg)
    dialog.close()
    if dialog.inherits("QMessageBox"):
        clicked = dialog.clickedButton()
        return int(dialog.standardButton(clicked)) if clicked is not None else int(QMessageBox.StandardButton.Cancel)
    return dialog.result()


def _message(_parent: Any, title: str, text: str, *_: Any) -> Any:
    reply = _next(f"{title}: {text}")
    return getattr(QMessageBox.StandardButton, reply.replace("OK", "Ok"))


def _path(*arguments: Any, **_: Any) -> str:
    # PythonQt returns the path alone, where PySide6 returns it with the filter.
    return _next(str(arguments[1]) if len(arguments) > 1 else "a path")


def _paths(*arguments: Any, **_: Any) -> list[str]:
    reply = _path(*arguments)
    return [reply] if isinstance(reply, str) else list(reply)


def _typed(_parent: Any, title: str, label: str, *_: Any) -> str:
    return _next(f"{title}: {label}")


def install() -> None:
    """Let every modal dialog of the process ask here."""
    for kind in (QDialog, QMessageBox, QFileDialog, QInputDialog):
        for name in ("exec", "exec_"):
            setattr(kind, name, _execute)
    for name in ("question", "information", "warning", "critical"):
        setattr(QMessageBox, name, staticmethod(_message))
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        setattr(QFileDialog, name, staticmethod(_path))
    QFileDialog.getOpenFileNames = staticmethod(_paths)  # type: ignore[method-assign, assignment]
    QInputDialog.getText = staticmethod(_typed)  # type: ignore[method-assign, assignment]
