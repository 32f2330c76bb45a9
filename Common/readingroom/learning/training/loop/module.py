"""The training of one network as Lightning sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import SGD, Adam, AdamW
from torch.optim import Optimizer as TorchOptimizer
from torch.optim.lr_scheduler import OneCycleLR

from ....device import channels_last
from ....errors import InputError
from ...protocols.training_protocol import Optimizer, TrainingProtocol
from ..losses.loss import Loss
from . import history, mixup, seeds
from .checkpoints import OVER
from .history import Epoch


@dataclass(frozen=True)
class LoopSettings:
    """What the loop needs of a protocol (which cannot itself be sent to another process).

    Parameters
    ----------
    rates : learning rate of each epoch; None when it changes with every step, in one cycle
    """

    optimizer: Optimizer
    rates: tuple[float, ...] | None
    epochs: int
    least_epochs: int
    patience: int | None
    mixup: float
    seed: int

    @classmethod
    def of(cls, protocol: TrainingProtocol) -> LoopSettings:
        cycle = protocol.schedule.name == "one-cycle"
        rates = None if cycle else tuple(protocol.rate(epoch) for epoch in range(protocol.epochs))
        return cls(protocol.optimizer, rates, protocol.epochs, protocol.least_epochs, protocol.patience, protocol.mixup,
                   protocol.seed)  # fmt: skip


class TrainingModule(LightningModule):
    """A network that learns, and its history.

    Parameters
    ----------
    network : raw logits (n, outputs) of inputs (n, ...); what is frozen stays as it is
    log : CSV file that is written anew after each epoch
    """

    def __init__(self, network: nn.Module, loss: Loss, plan: LoopSettings, log: Path):
        super().__init__()
        self.network = network
        self.loss = loss
        self.plan = plan
        self.history: list[Epoch] = []
        self._log = log
        self._train_sums = self._validation_sums = torch.zeros(2)  # of the losses, and of how many there were

    def train(self, mode: bool = True) -> TrainingModule:
        super().train(mode)
        if mode:
            keep_still(self.network)
        return self

    def configure_optimizers(self) -> Any:
        learning = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        optimizer = create_optimizer(self.plan.optimizer, learning)
        if self.plan.rates is not None:
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        cycle = OneCycleLR(optimizer, self.plan.optimizer.rate, total_steps=steps, cycle_momentum=False)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        self._train_sums = torch.zeros(2, device=self.device)
        # Set, not stepped: Lightning steps its schedulers after the checkpoint of an epoch, so a resumed one is behind.
        if self.plan.rates is not None:
            for group in self._optimizer().param_groups:
                group["lr"] = self.plan.rates[self.current_epoch]

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        # Dropout and stochastic depth draw from here.
        torch.manual_seed(seeds.number("step", *self._place(batch_idx)))

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        inputs, targets = batch
        if self.plan.mixup:
            drawn = mixup.draw(self.plan.mixup, len(inputs), seeds.generator("mixup", *self._place(batch_idx)))
            inputs, targets = mixup.mix(inputs, targets, *drawn)
        losses: Tensor = self.loss(self._answers(inputs), targets)
        self._train_sums += torch.stack([losses.detach().sum(), losses.new_tensor(len(losses))])
        return losses.mean()

    def on_validation_epoch_start(self) -> None:
        self._validation_sums = torch.zeros(2, device=self.device)

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], batch_idx: int) -> None:
        inputs, targets, counts = batch
        counts = counts.float()
        losses = self.loss(self._answers(inputs), targets)
        self._validation_sums += torch.stack([(losses * counts).sum(), counts.sum()])

    def on_validation_epoch_end(self) -> None:
        self.log("validation_loss", self._mean(self._validation_sums))

    def on_train_epoch_end(self) -> None:
        train_loss = self._mean(self._train_sums)
        validation_loss = self.trainer.callback_metrics["validation_loss"]
        rate = self._optimizer().param_groups[0]["lr"]
        self.log_dict({"train_loss": train_loss, "rate": rate})
        epoch = Epoch(self.current_epoch, float(train_loss), float(validation_loss), float(rate))
        self.history.append(epoch)
        if self.trainer.is_global_zero:
            history.write(self.history, self._log)
        if not torch.isfinite(torch.tensor([epoch.train_loss, epoch.validation_loss])).all():
            raise InputError(
                f"The training diverged in epoch {epoch.epoch + 1}: its loss is no number any more. Lower the learning "
                f"rate of the protocol ({self.plan.optimizer.rate:g})."
            )
        if self._is_over:
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["history"] = [asdict(epoch) for epoch in self.history]
        checkpoint[OVER] = self._is_over

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = read_history(checkpoint)

    @property
    def _is_over(self) -> bool:
        return history.is_over(self.history, self.plan.epochs, self.plan.least_epochs, self.plan.patience)

    def _answers(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Of inputs, or of stacks that were filled up, with what is there of them."""
        logits: Tensor = self.network(channels_last(inputs)) if isinstance(inputs, Tensor) else self.network(*inputs)
        return logits

    def _mean(self, sums: Tensor) -> Tensor:
        total: Tensor = self.trainer.strategy.reduce(sums, reduce_op="sum")
        return total[0] / total[1]

    def _optimizer(self) -> TorchOptimizer:
        return self.trainer.optimizers[0]

    def _place(self, batch: int) -> tuple[int, int, int, int]:
        return self.plan.seed, self.current_epoch, batch, self.global_rank


def read_history(checkpoint: Mapping[str, Any]) -> list[Epoch]:
    """The history that a checkpoint of `Training` keeps."""
    return [Epoch(**epoch) for epoch in checkpoint["history"]]


def create_optimizer(wanted: Optimizer, parameters: list[nn.Parameter]) -> TorchOptimizer:
    """torch's optimizer with the numbers of a protocol."""
    if wanted.name == "sgd":
        return SGD(parameters, wanted.rate, momentum=wanted.momentum, weight_decay=wanted.decay)
    kind = Adam if wanted.name == "adam" else AdamW
    return kind(parameters, wanted.rate, betas=wanted.betas, eps=wanted.epsilon, weight_decay=wanted.decay)


def keep_still(network: nn.Module) -> None:
    """Put every part whose parameters are all frozen, and every folded normalization layer, into evaluation mode.

    A frozen normalization layer would otherwise go on collecting means and deviations, and normalize by the batch. One
    that was folded into its convolution only adds a bias, which means nothing beside the batch's own mean.
    """
    for part in network.modules():
        parameters = list(part.parameters())
        if (parameters and not any(parameter.requires_grad for parameter in parameters)) or _is_folded(part):
            part.eval()


def _is_folded(part: nn.Module) -> bool:
    """A normalization layer that has seen no batch, and yet a bias: that of the convolution before it."""
    if not isinstance(part, _BatchNorm) or part.num_batches_tracked is None or part.bias is None:
        return False
    return int(part.num_batches_tracked) == 0 and bool(part.bias.any())
