"""What a training keeps in its folder, and whether what lies there belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....bundles.preprocessing import Preprocessing
from ....errors import InputError
from ....files import make_folder, write_bytes, write_text
from ....records import from_json, to_json
from ...cohorts.cohort import Cohort
from ...cohorts.splits import Split
from ...protocols.training_protocol import TrainingProtocol
from . import history
from .checkpoints import BEST, LAST
from .history import Epoch
from .processes import is_main

# Words about a protocol, not of it, and how it is evaluated.
_TRAINS_NOTHING = (
    "reader",
    "kind",
    "title",
    "source",
    "networks",
    "flaws",
    "facts",
    "assumptions",
    "variants",
    "validation",
    "explained",
)


class RunFolder:
    """The folder of one training: what it is of, how far it came, and in the end the network.

    ``run.json`` (what is trained on what), ``start.safetensors`` (the first weights), ``last.ckpt`` (after the last
    whole epoch), ``best.ckpt`` (of the lowest validation loss), ``history.csv``, ``log`` (for TensorBoard); and when
    all is done ``network.safetensors`` and ``fitted.json`` instead of the checkpoints.
    """

    def __init__(self, folder: Path):
        self.path = make_folder(folder)
        self.last = self.path / LAST
        self.best = self.path / BEST
        self.log = self.path / "history.csv"
        self._start = self.path / "start.safetensors"
        self._network = self.path / "network.safetensors"
        self._fitted = self.path / "fitted.json"
        self._run = self.path / "run.json"

    @property
    def finished(self) -> bool:
        return self._fitted.is_file()

    def begin(self, facts: Mapping[str, str], network: nn.Module) -> None:
        """Take possession of the folder; ``network`` gets the weights that the training began with.

        Raises
        ------
        InputError : another training lies there
        """
        if self._run.is_file():
            self._refuse_another(facts)
        elif is_main():
            write_text(self._run, json.dumps(dict(facts), indent=1) + "\n")
        if self.finished:
            return
        if self._start.is_file():
            network.load_state_dict(safetensors.torch.load_file(self._start))
        elif is_main():  # the others get these weights from it
            write_bytes(self._start, safetensors.torch.save(_plain(network.state_dict())))

    def _refuse_another(self, facts: Mapping[str, str]) -> None:
        try:
            earlier = json.loads(self._run.read_text(encoding="utf-8"))
            differ = [what for what in facts if earlier.get(what) != facts[what]]
        except (OSError, ValueError, AttributeError):
            differ = ["contents"]
        if differ:
            raise InputError(
                f"In the folder {self.path} lies another training: its {' and '.join(differ)} "
                f"{'differs' if len(differ) == 1 else 'differ'}. Choose another folder, or remove this one."
            )

    def finish(
        self, state: Mapping[str, Tensor], epochs: list[Epoch], preprocessing: Preprocessing, notes: list[str]
    ) -> None:
        """Keep the result and let the checkpoints go."""
        write_bytes(self._network, safetensors.torch.save(_plain(state)))
        history.write(epochs, self.log)
        facts = {
            "history": [asdict(epoch) for epoch in epochs],
            "preprocessing": to_json(preprocessing),
            "notes": notes,
        }
        write_text(self._fitted, json.dumps(facts, indent=1) + "\n")
        halves = self.path.glob(".writing-*")  # of a process that was killed while it wrote
        for path in (self.last, self.best, self._start, *halves):
            path.unlink(missing_ok=True)

    def result(self) -> tuple[dict[str, Tensor], tuple[Epoch, ...], Preprocessing, tuple[str, ...]]:
        """Network state, history, preprocessing and notes of a finished training.

        Raises
        ------
        InputError : the files are damaged
        """
        try:
            facts = json.loads(self._fitted.read_text(encoding="utf-8"))
            epochs = tuple(from_json(Epoch, epoch) for epoch in facts["history"])
            preprocessing = from_json(Preprocessing, facts["preprocessing"])
            return safetensors.torch.load_file(self._network), epochs, preprocessing, tuple(facts["notes"])
        except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
            raise InputError(f"The finished training in {self.path} is damaged; remove the folder.") from error


def facts_of(
    network: nn.Module, cohort: Cohort, split: Split, protocol: TrainingProtocol, pictures: Mapping[int, Path]
) -> dict[str, str]:
    """What makes a training this one, as hashes: a folder may only be gone on with when all are the same.

    Parameters
    ----------
    pictures : the prepared picture of each row, whose name says what is in it
    """
    numbers = {name: value for name, value in to_json(protocol).items() if name not in _TRAINS_NOTHING}
    parts = [[name, list(value.shape), str(value.dtype)] for name, value in network.state_dict().items()]
    learning = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    return {
        "protocol": _hash(numbers),
        "network": _hash([parts, learning]),
        "training rows": _hash(_outcomes(cohort, split.train, pictures)),
        "validation rows": _hash(_outcomes(cohort, split.validation, pictures)),
    }


def _outcomes(cohort: Cohort, rows: NDArray[np.intp], pictures: Mapping[int, Path]) -> list[list[Any]]:
    found = [(int(number), cohort.rows[int(number)]) for number in rows]
    return [[pictures[number].name, row.label, row.time, row.event] for number, row in found]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """On the CPU, each tensor with memory of its own, as safetensors wants it."""
    return {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
