"""Reading from a script or a test: the panel's way without the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import BundleError
from ..reading import Reading
from . import choices, settings
from .installed import bundles_for
from .layers import Layers
from .module import ReadingModule
from .session import ReadRequest, Session


class ReadingLogic:
    """What a module can do, whoever asks.

    Parameters
    ----------
    module : what makes this module differ from the others
    client : does the work; None for a worker process of its own, which starts at the first read

    Example
    -------
    >>> reading = slicer.util.getModuleLogic("ChestXRay").read(slicer.util.getNode("chest"))  # doctest: +SKIP
    >>> reading.findings[0].probability  # doctest: +SKIP
    0.87
    """

    def __init__(self, module: ReadingModule, client: Any = None) -> None:
        from ..engine.client import WorkerClient

        settings.apply()
        self.module = module
        self.session = Session(client or WorkerClient())

    def read(
        self, volume: Any, bundle: str = "", device: str = "auto", force: bool = False, wait: bool = True
    ) -> Reading | None:
        """Read a volume node and show what came of it in the scene.

        Parameters
        ----------
        bundle : name or folder; empty for the first installed bundle of this module's reader
        anyway : read even though a ``stop`` check advises against it
        wait : False returns None at once; call ``session.poll()`` until ``session.state`` is no longer ``working``,
            then `show`

        Raises
        ------
        ReadingRoomError : whatever stands in the way, in a sentence
        """
        study = self.module.make_study(volume, self.session.new_folder("study"))
        self.session.start_read(ReadRequest(self.module.reader, study, bundle or self._bundle(), device, force))
        if not wait:
            return None
        self.session.wait()
        return self.show(volume)

    def show(self, volume: Any) -> Reading:
        """Put the last reading over the volume node that was read.

        Raises
        ------
        ValueError : nothing was read yet
        """
        reading, folder = self.session.reading, self.session.folder
        if reading is None or folder is None:
            raise ValueError("Nothing was read yet.")
        layers = Layers(self.module.name)
        layers.show(reading, Path(folder), volume)
        layers.display(volume, choices.first_finding(reading).name)
        return reading

    def stop(self) -> None:
        """End the worker process; the next read starts another."""
        self.session.stop()

    def _bundle(self) -> str:
        bundles = bundles_for(self.module.reader)
        if not bundles:
            raise BundleError("No bundle for this question is installed: install one in the module Reading Room.")
        return bundles[0].name
