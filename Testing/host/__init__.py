"""A stand-in for the Slicer application: `import host; host.start()`, then `import slicer, qt, ctk` as inside Slicer.

MRML, VTK, module logics and `slicer.util` are the real ones of the `slicer-core` wheel; README.md says what is played.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.abc
import importlib.machinery
import os
import sys
import types
from pathlib import Path
from typing import Any

_application: Any = None


def start() -> Any:
    """Start the application of this process, once; return `slicer.app`."""
    global _application
    if _application is None:
        _prepare_environment()
        _keep_none_alive()
        _application = _start()
        atexit.register(_application._stop)
    return _application


class _LateModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A submodule that its package has only once it is imported: `slicer.packaging` is one."""

    def __init__(self, name: str, module: types.ModuleType) -> None:
        self._name, self._module = name, module

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.machinery.ModuleSpec(name, self) if name == self._name else None

    def create_module(self, spec: Any) -> types.ModuleType:
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        """It runs already."""


def is_running() -> bool:
    """Whether `start` was called."""
    return _application is not None


ENVIRONMENT = {
    "PYSIDE6_OPTION_PYTHON_ENUM": "3",  # enums are ints, as in PythonQt; read when PySide6 is first imported
    "QT_QPA_PLATFORM": "offscreen",
    "VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow",
}


def _prepare_environment() -> None:
    enums = "PYSIDE6_OPTION_PYTHON_ENUM"
    if "shiboken6" in sys.modules and os.environ.get(enums) != ENVIRONMENT[enums]:
        msg = f"PySide6 is imported already: set {enums}={ENVIRONMENT[enums]} before, or let host.start() come first"
        raise RuntimeError(msg)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def _keep_none_alive() -> None:
    """Make None as immortal as Python 3.12 does by itself.

    PySide6 6.12 gives a reference to None away with each call that returns nothing. Earlier Pythons count them, and a
    long run ends with "deallocating None".
    """
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40  # an object begins with its count of references


def _start() -> Any:
    import slicer

    from . import pythonqt

    pythonqt.install()
    pythonqt.module()
    from . import (
        application,
        ctk_widgets,
        dialogs,
        modules,
        mrml_widgets,
        neighbors,
        slicer_i18n,
        slicer_packaging,
        views,
    )

    dialogs.install()
    ctk = types.ModuleType("ctk", "CTK's widgets, played by Qt widgets")
    sys.modules["ctk"] = ctk
    for library, target, prefixes in (
        (ctk_widgets, ctk, ("ctk",)),
        (mrml_widgets, slicer, ("qMRML", "qSlicer")),
        (views, slicer, ("qMRML", "qSlicer")),
        (modules, slicer, ("qSlicer",)),
    ):
        for name, value in vars(library).items():
            if isinstance(value, type) and name.startswith(prefixes):
                setattr(target, name, value)
    app = slicer.app = application.qSlicerApplication()
    app._start()
    sys.meta_path.append(_LateModule("slicer.packaging", slicer_packaging))
    slicer.util.pip_install = slicer_packaging.pip_install  # Slicer's own wrappers of the same
    slicer.util.pip_uninstall = slicer_packaging.pip_uninstall
    sys.modules["slicer.i18n"] = slicer.i18n = slicer_i18n
    from . import parameter_node, scripted_module

    for name, module in (("ScriptedLoadableModule", scripted_module), ("parameterNodeWrapper", parameter_node)):
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    sys.modules["SampleData"] = neighbors.sample_data()
    sys.modules["DICOMLib"] = neighbors.dicom_lib()
    app.startupCompleted.emit()
    return app


def load_module(path: str | Path) -> Any:
    """Load a scripted module from its file; the panel waits until `open_module` or `widgetRepresentation()`."""
    from . import modules

    return modules.load(path)


def unload_module(name: str) -> None:
    """Clean up and forget a module that `load_module` loaded, if it is still loaded."""
    from . import modules

    if _application.moduleManager().module(name) is None:
        return
    _application._parts["window"]._close_panel()
    modules.unload(name)


def open_module(name: str) -> Any:
    """Switch to a module as the module selector does; return its scripted panel (`slicer.modules.<Name>Widget`)."""
    import slicer

    window = _application._parts["window"]
    window.show()
    window._open(name)
    _application.processEvents()
    return slicer.util.getModuleWidget(name)


def run_self_test(name: str) -> None:
    """Run the module's `<Name>Test` as "Reload and Test" does; raises what the test raises."""
    import slicer

    slicer.selfTests[name](msec=0)


def slot_errors() -> list[BaseException]:
    """What slots raised since the last `reset` or the last time somebody asked; each is told once."""
    from . import signals

    found = list(signals.errors)
    signals.errors.clear()
    return found


def reset() -> None:
    """The application as after its start: no modules, an empty scene, fresh settings, the usual layout."""
    import slicer

    from . import dialogs, modules, neighbors, slicer_packaging

    window = _application._parts["window"]
    window._close_panel()
    for name in list(slicer.selfTests):
        modules.unload(name)
    close_scene()
    _application.settings().clear()
    slicer_packaging.reset()
    neighbors.remove()
    dialogs.forget()
    _application.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    while _application.overrideCursor() is not None:
        _application.restoreOverrideCursor()
    slot_errors()


def close_scene() -> None:
    """File, Close scene: real StartClose and EndClose events, singletons stay."""
    import slicer

    slicer.mrmlScene.Clear(0)
    _application.processEvents()


def save_scene(path: str | Path) -> None:
    """Save as `.mrb` (with data) or `.mrml` (the scene alone)."""
    import slicer

    if not slicer.util.saveScene(str(path)):
        msg = f"The scene cannot be saved as {path}"
        raise OSError(msg)


def load_scene(path: str | Path) -> None:
    """Replace the scene by a saved one."""
    if not _application.ioManager().loadScene(str(path), True):
        msg = f"{path} cannot be loaded"
        raise OSError(msg)
    _application.processEvents()


def __getattr__(name: str) -> Any:
    """`host.click`, `host.select`, ... come from `person`, which needs the started application."""
    if name in {"click", "select", "type", "press", "wait_until", "grab", "grab_desk", "render_slice", "render_3d"}:
        from . import person

        return getattr(person, "type_text" if name == "type" else name)
    if name == "answer":
        from . import dialogs

        return dialogs.answer
    if name in {"provide_dicom_database", "provide_pytorch", "open_sample"}:
        from . import neighbors

        return getattr(neighbors, name)
    msg = f"module 'host' has no attribute {name!r}"
    raise AttributeError(msg)
