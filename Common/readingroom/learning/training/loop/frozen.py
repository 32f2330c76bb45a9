"""Parts of a network that do not learn."""

from __future__ import annotations

from torch import nn


def keep_still(network: nn.Module) -> None:
    """Put every part whose parameters are all frozen into evaluation mode.

    A frozen normalization layer would otherwise go on collecting means and deviations, and normalize by the batch.
    """
    for part in network.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()
