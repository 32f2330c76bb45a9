"""Which device this computer has, found out beside the application so that nothing waits for it."""

from __future__ import annotations

import threading

from slicer.i18n import tr as _

from ..device import DeviceFacts, probe


class DeviceProbe:
    """Looks once, in a thread that touches neither Qt nor the scene; ``facts`` is None until it is known."""

    def __init__(self) -> None:
        self.facts: DeviceFacts | None = None

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        self.facts = probe()


def device_sentence(facts: DeviceFacts | None) -> str:
    """The device in plain words."""
    if facts is None:
        return _("Looking for a graphics card …")
    memory = f" ({facts.memory_bytes / 2**30:.0f} GB)" if facts.memory_bytes else ""
    if facts.kind == "cpu":
        return _("No graphics card that PyTorch can use was found: the processor computes, which takes some seconds.")
    return _("{name}{memory} will compute.").format(name=facts.name, memory=memory)
