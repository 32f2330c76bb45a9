"""What was executed in the running Slicer (Qt 5.15, PythonQt 4.1) gives the same here, refusals included."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.fixture
def qt(an_empty_scene: Any) -> Any:
    import qt

    return qt


def test_a_property_is_a_value_and_hides_the_getter(qt: Any) -> None:
    button = qt.QPushButton("x")
    assert (button.text, button.checked, qt.QComboBox().count, qt.QTableWidget(2, 3).rowCount) == ("x", False, 0, 2)
    with pytest.raises(TypeError):
        button.text()


def test_a_property_is_written_by_assignment_and_by_its_setter(qt: Any) -> None:
    button = qt.QPushButton()
    button.text = "y"
    assert button.text == "y"
    button.setText("z")
    assert button.text == "z"


def test_a_property_that_cannot_be_written_refuses(qt: Any) -> None:
    with pytest.raises(AttributeError):
        qt.QComboBox().count = 3


def test_what_is_no_property_stays_a_method(qt: Any) -> None:
    widget = qt.QWidget()
    layout = qt.QVBoxLayout(widget)
    layout.addWidget(qt.QLabel("a"))
    assert layout.count() == 1
    assert layout.contentsMargins().left() >= 0
    assert qt.QTableWidgetItem("cell").text() == "cell"
    assert qt.QCheckBox().isChecked() is False


def test_a_wrapped_object_takes_no_new_attribute_but_a_python_subclass_does(qt: Any) -> None:
    class Mine(qt.QWidget):
        pass

    with pytest.raises(AttributeError):
        qt.QLabel().color = "red"
    mine = Mine()
    mine.color = "red"
    assert mine.color == "red"


def test_the_stand_ins_take_no_new_attribute_either(qt: Any) -> None:
    import ctk
    import slicer

    for widget in (ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox()):
        with pytest.raises(AttributeError):
            widget.valu = 3


def test_a_class_knows_only_itself(qt: Any) -> None:
    class Mine(qt.QWidget):
        pass

    button = qt.QPushButton()
    assert not isinstance(button, qt.QWidget)
    assert isinstance(button, qt.QPushButton)
    assert isinstance(Mine(), qt.QWidget)
    assert button.inherits("QWidget")
    assert type(button) is qt.QPushButton


def test_a_signal_hands_over_its_first_overload(qt: Any) -> None:
    told: list[tuple] = []
    button, combo = qt.QPushButton(), qt.QComboBox()
    button.clicked.connect(lambda *args: told.append(args))
    combo.currentIndexChanged.connect(lambda *args: told.append(args))
    combo.currentTextChanged.connect(lambda *args: told.append(args))
    button.click()
    combo.addItem("a")
    assert told == [(False,), (0,), ("a",)]


def test_a_function_is_given_as_many_arguments_as_it_takes_but_a_partial_all(qt: Any) -> None:
    from functools import partial

    told: list[Any] = []

    def without() -> None:
        told.append("none")

    def with_any(*args: Any) -> None:
        told.append(args)

    button = qt.QPushButton()
    button.clicked.connect(without)
    button.clicked.connect(partial(with_any, "first"))
    button.click()
    assert told == ["none", ("first", False)]


def test_a_signal_is_connected_by_its_signature_as_text(qt: Any, capfd: pytest.CaptureFixture) -> None:
    told: list[tuple] = []
    button = qt.QPushButton()
    assert button.connect("clicked(bool)", lambda *args: told.append(args)) is True
    assert button.connect("clicked(int)", lambda *args: told.append(args)) is False
    assert "No such signal QPushButton::clicked(int)" in capfd.readouterr().err
    button.click()
    assert told == [(False,)]


def test_a_wrong_signal_attribute_raises_and_brackets_are_refused(qt: Any) -> None:
    with pytest.raises(AttributeError):
        qt.QPushButton().clickd.connect(print)
    with pytest.raises(TypeError, match="not subscriptable"):
        qt.QComboBox().currentIndexChanged[int]


def test_a_disconnected_function_hears_nothing(qt: Any) -> None:
    told: list[bool] = []
    button = qt.QPushButton()
    button.clicked.connect(told.append)
    assert button.clicked.disconnect(told.append)
    button.click()
    assert told == []


def test_what_a_slot_raises_is_printed_and_goes_nowhere(
    qt: Any, a_slicer_host: Any, capfd: pytest.CaptureFixture
) -> None:
    def fail() -> None:
        msg = "broken slot"
        raise ValueError(msg)

    button = qt.QPushButton()
    button.clicked.connect(fail)
    button.click()
    assert "broken slot" in capfd.readouterr().err
    assert [str(e) for e in a_slicer_host.slot_errors()] == ["broken slot"]


def test_enums_are_flat_ints(qt: Any) -> None:
    assert qt.Qt.Horizontal == qt.Qt.Orientation.Horizontal == 1
    assert int(qt.QMessageBox.Ok) == 1024
    assert isinstance(qt.Qt.AlignLeft | qt.Qt.AlignTop, int)


def test_a_python_subclass_paints_itself(qt: Any) -> None:
    class Bar(qt.QWidget):
        def __init__(self) -> None:
            super().__init__()
            self.painted: list[int] = []

        def sizeHint(self) -> Any:  # noqa: N802 (Qt's name)
            return qt.QSize(70, 20)

        def paintEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
            painter = qt.QPainter(self)
            painter.fillRect(self.rect, qt.QColor(200, 0, 0))
            painter.end()
            self.painted.append(self.width)

    bar = Bar()
    bar.resize(50, 10)
    color = bar.grab().toImage().pixelColor(5, 5)
    assert (bar.painted[-1], color.red()) == (50, 200)


def test_a_process_tells_only_its_exit_code_by_attribute_and_both_by_text(qt: Any) -> None:
    told: list[int] = []
    process = qt.QProcess()
    process.finished.connect(lambda *args: told.append(len(args)))
    process.connect("finished(int,QProcess::ExitStatus)", lambda *args: told.append(len(args)))
    process.start(sys.executable, ["-c", "print('hello')"])
    assert process.waitForFinished()
    assert bytes(process.readAllStandardOutput().data()).strip() == b"hello"
    assert told == [1, 2]


def test_a_child_and_a_dynamic_property_are_found_by_name(qt: Any) -> None:
    parent = qt.QWidget()
    child = qt.QLabel("x", parent)
    child.objectName = "title"
    child.setProperty("SlicerParameterName", "level")
    assert parent.title is child
    assert (child.name, child.SlicerParameterName, child.className()) == ("title", "level", "QLabel")


def test_settings_keep_a_bool_and_answer_with_the_default(qt: Any) -> None:
    settings = qt.QSettings()
    settings.setValue("ReadingRoom/flag", True)
    assert settings.value("ReadingRoom/flag") is True
    assert settings.value("ReadingRoom/missing", 5) == 5


def test_what_came_with_qt_6_is_refused(qt: Any) -> None:
    with pytest.raises(AttributeError):
        qt.QCheckBox().checkStateChanged.connect(print)
    with pytest.raises(AttributeError):
        qt.QColor.fromString("red")


def test_an_unexpected_modal_dialog_is_an_error_and_an_expected_one_is_answered(qt: Any, a_slicer_host: Any) -> None:
    box = qt.QMessageBox()
    box.setText("Sure?")
    box.setStandardButtons(qt.QMessageBox.Yes | qt.QMessageBox.No)
    with pytest.raises(AssertionError, match="Sure"):
        box.exec_()
    a_slicer_host.answer("No", "/tmp/bundle.zip")
    assert box.exec_() == qt.QMessageBox.No
    assert qt.QFileDialog.getOpenFileName(None, "Choose", "", "*.zip") == "/tmp/bundle.zip"
