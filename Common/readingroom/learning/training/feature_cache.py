"""The features that a frozen network gives for each study, computed once and kept on disk.

Every head (linear, attention over slices, survival) then trains on these features in seconds on a processor. A file is
found by the contents of the study's image and masks, and lies in a folder that is named after the network, its weights
and the preprocessing: nothing stale can be taken, and a renamed or twice listed image is not computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ... import device as device_choice
from ...bundles.preprocessing import Preprocessing
from ...errors import InputError
from ...files import make_folder, write_bytes, write_text
from ...imaging.preprocessing import normalized
from ...networks.heads import Embedding
from ...progress import Progress
from ...records import to_json
from ..cohorts.cohort import Cohort, Row
from ..cohorts.hashes import content_hash
from .picture_store import guarded_prepared, named, refuse_unusable, version

Bag = NDArray[np.float32]
Item = TypeVar("Item")
Made = TypeVar("Made")

_SETTINGS = "settings.json"
_INPUTS_AT_ONCE = 4  # slices of one study; more leave the processor's caches


@dataclass(frozen=True, eq=False)
class Source:
    """How studies are read for a network.

    Parameters
    ----------
    read : gives the inputs (slices, channels, \\*spatial) of a study; a picture or a volume is one input. Its
        InputError names the study
    settings : everything that ``read`` depends on beside the study's files, as JSON values
    """

    read: Callable[[Row], NDArray[np.float32]]
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, preprocessing: Preprocessing) -> Source:
        """Studies as a complete preprocessing makes them."""

        def read(row: Row) -> NDArray[np.float32]:
            pixels = normalized(guarded_prepared(row, preprocessing), preprocessing)
            return pixels if preprocessing.kind == "slices" else pixels[None]

        return cls(read, {"version": version(preprocessing), "input": to_json(preprocessing)})


@dataclass(frozen=True, eq=False)
class FrozenNetwork:
    """A network as it stands, without its last linear layer.

    Parameters
    ----------
    name : in the registry of networks
    network : in evaluation mode
    head : dotted name of the last linear layer; what it is given are the features
    """

    name: str
    network: nn.Module
    head: str

    def features(self, inputs: Tensor) -> Tensor:
        """(inputs, features) in single precision of ``inputs`` (inputs, channels, \\*spatial)."""
        return self.features_and_embeddings(inputs)[0]

    def features_and_embeddings(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The `features`, and what tells how far an input lies from others: them, or what the network names as its
        `Embedding`."""
        features: list[Tensor] = []
        named: list[Tensor] = []
        layer = self.network.get_submodule(self.head)
        hooks = [layer.register_forward_pre_hook(lambda _, given: features.append(given[0]))]
        hooks += [
            module.register_forward_hook(lambda _, __, output: named.append(output))
            for module in self.network.modules()
            if isinstance(module, Embedding)
        ]
        try:
            with torch.inference_mode():
                self.network(device_choice.channels_last(inputs))
        finally:
            for hook in hooks:
                hook.remove()
        return features[0].float(), (named or features)[0].float()

    @property
    def sha256(self) -> str:
        """Of all weights but those of the last layer, which the features do not depend on."""
        found = hashlib.sha256()
        for name, value in sorted(self.network.state_dict().items()):
            if not name.startswith(f"{self.head}."):
                found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
                found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def cached_features(
    cohort: Cohort,
    frozen: FrozenNetwork,
    source: Source,
    folder: Path,
    device: device_choice.Wanted = "auto",
    workers: int = 2,
    progress: Progress | None = None,
) -> tuple[Bag, ...]:
    """The features of every study, (slices, features) each, from ``folder`` or computed and put there.

    A run that was stopped goes on where it was. When all studies are there, the network is not run.

    Parameters
    ----------
    workers : threads that read images ahead of the network

    Raises
    ------
    UnusableStudiesError : studies that cannot be read; the others are kept all the same
    SetupError : the device cannot be used
    OutputError : the folder cannot be written
    CancelledError : the user canceled
    """
    progress = progress or Progress()
    place = _place(folder, frozen, source)
    chosen = device_choice.choose(device, lambda sentence: progress(0.0, sentence))
    home = next(frozen.network.parameters()).device
    bags: list[Bag] = []
    problems: dict[int, InputError] = {}
    try:
        with (
            ThreadPoolExecutor(max(workers, 1)) as pool,
            closing(
                _ahead(pool, lambda row: _prepare(row, place, source), cohort.rows, 2 * max(workers, 1))
            ) as prepared,
        ):
            for number, found in enumerate(prepared, 1):
                if not isinstance(found, InputError) and found.bag is None:
                    found = _compute(found, frozen, chosen, progress)
                if isinstance(found, InputError):
                    problems[number - 1] = found
                else:
                    assert found.bag is not None
                    bags.append(found.bag)
                progress(number / len(cohort), f"Features of study {number} of {len(cohort)}.")
    finally:
        frozen.network.to(home)
    refuse_unusable(problems)
    return tuple(bags)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A study whose features are there (``bag``), or whose ``inputs`` wait for the network."""

    row: Row
    path: Path
    bag: Bag | None = None
    inputs: NDArray[np.float32] | None = None


def _prepare(row: Row, place: Path, source: Source) -> _Prepared | InputError:
    """Runs on a reading thread; an unreadable study is an answer too, so that the others go on."""
    try:
        digest = content_hash(row)
        path = place / digest[:2] / f"{digest}.safetensors"
        bag = _stored(path)
        return _Prepared(row, path, bag) if bag is not None else _Prepared(row, path, inputs=source.read(row))
    except InputError as error:
        return error


def _compute(
    study: _Prepared, frozen: FrozenNetwork, device: torch.device, progress: Progress
) -> _Prepared | InputError:
    """Features of one study at a time: they do not depend on which studies happened to be in the same batch."""
    assert study.inputs is not None
    found = device_choice.run_in_batches(
        frozen.features,
        torch.from_numpy(study.inputs),
        _INPUTS_AT_ONCE,
        device,
        lambda sentence: progress(0.0, sentence),
        frozen.network.to(device),
    )
    bag: Bag = found.numpy()
    if not np.isfinite(bag).all():
        return InputError(
            f"{named(study.row)}: what the network gives is not finite; look at its pixels, and whether the weights "
            "are those of this network."
        )
    make_folder(study.path.parent)
    write_bytes(study.path, safetensors.numpy.save({"features": bag}))
    return replace(study, bag=bag, inputs=None)


def _place(folder: Path, frozen: FrozenNetwork, source: Source) -> Path:
    """The folder of this network, these weights and this way of reading, with a file that says so."""
    settings = {"network": frozen.name, "weights": frozen.sha256, "input": dict(source.settings)}
    text = json.dumps(settings, indent=2, sort_keys=True)
    place = make_folder(folder / f"{frozen.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    if not (place / _SETTINGS).is_file():
        write_text(place / _SETTINGS, text + "\n")
    return place


def _stored(path: Path) -> Bag | None:
    """What was kept there; None where nothing is, or something that a full disk cut off."""
    try:
        return safetensors.numpy.load(path.read_bytes())["features"]
    except (OSError, safetensors.SafetensorError):
        return None


def _ahead(
    pool: ThreadPoolExecutor, make: Callable[[Item], Made], items: tuple[Item, ...], depth: int
) -> Generator[Made, None, None]:
    """What ``make`` gives for each item in order, at most ``depth`` of them made before they are asked for."""
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
