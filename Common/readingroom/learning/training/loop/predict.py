"""Asking a trained network about rows of a cohort."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ....device import Wanted, choose, run_in_batches
from ....progress import Progress
from ...cohorts.cohort import Cohort
from ...protocols.training_protocol import TrainingProtocol
from ..images import prepared
from ..normalization import Normalization
from ..picture_store import PictureStore, read
from .data import InputTransform

_CHUNK = 4  # batches that are in memory at once


def predict(
    network: nn.Module,
    cohort: Cohort,
    rows: NDArray[np.intp],
    protocol: TrainingProtocol,
    normalization: Normalization,
    device: Wanted = "auto",
    progress: Progress | None = None,
    *,
    pictures: Path | None = None,
) -> NDArray[np.float64]:
    """Raw logits (rows, outputs), in the order of ``rows``.

    Too little memory leads to smaller batches and then to the processor, which ``progress`` is told.

    Parameters
    ----------
    rows : one or more
    normalization : of the training, see `Fitted`
    pictures : folder of prepared pictures; without it, nothing is kept

    Raises
    ------
    InputError : with a sentence that names the row, for the first image that cannot be used
    CancelledError : ``progress`` was canceled
    """
    progress = progress or Progress()
    store = None if pictures is None else PictureStore(pictures, protocol.input)
    transform = InputTransform(protocol.input.kind, normalization)
    chosen = choose(device)
    found: list[NDArray[np.float64]] = []
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(rows), _CHUNK * protocol.batch):
                far = start / len(rows)
                progress(far, f"Asking the network, study {start + 1} of {len(rows)}.")
                chunk = [cohort.rows[int(number)] for number in rows[start : start + _CHUNK * protocol.batch]]
                grays = [prepared(row, protocol.input) if store is None else read(store.path(row)) for row in chunk]
                inputs = torch.stack([transform(gray) for gray in grays])
                logits = run_in_batches(network, inputs, protocol.batch, chosen, partial(progress, far), network)
                found.append(logits.double().numpy())
    finally:
        network.train(was_training)
    return np.concatenate(found)
