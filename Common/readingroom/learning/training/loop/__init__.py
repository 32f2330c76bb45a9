"""The training loop, on Lightning: `fit.fit` trains one network on one split.

All randomness of a step follows from (seed, epoch, step), not from what happened before. That is why a training that
was killed goes on at an earlier epoch and ends with the same weights, and why the number of processes that load
images changes nothing.
"""

from __future__ import annotations

from ....networks.torchvision_schemas import make_torchvision_importable

make_torchvision_importable()  # Lightning imports torchmetrics, which imports torchvision where it is installed
