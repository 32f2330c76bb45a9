"""A style-based GAN as small as it can be: what latent diffusion is compared with.

The ideas are those of Karras et al., Analyzing and Improving the Image Quality of StyleGAN (2020): a mapping network
makes a style of noise, styles scale the kernels of every layer, pictures are summed up from all levels. The losses are
the non-saturating one and the gradient penalty on real pictures (R1, Mescheder et al. 2018). The lines are our own.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam, Optimizer

from .generator import answering, follow, noise
from .presets import Preset

_RATE = 1e-3
_PENALTY_EVERY = 8  # steps; its weight is that much higher for it
_AT_ONCE = 64


class StyleGan:
    """See `generator.Generator`."""

    def __init__(self, preset: Preset, size: tuple[int, int]):
        self.steps = preset.gan_steps
        self._style, self._penalty = preset.style, preset.penalty
        doublings = preset.side.bit_length() - 3  # from a longest side of 4
        base = (size[0] >> doublings, size[1] >> doublings)
        channels = [max(preset.gan >> level, preset.gan // 8) for level in range(doublings + 1)]
        maker = _Maker(channels, base, preset.style)
        average = copy.deepcopy(maker).requires_grad_(False)
        critic = _Critic(channels, base)
        self._networks = nn.ModuleDict({"maker": maker, "critic": critic, "average": average})
        self.optimizers: Mapping[str, Optimizer] = {
            name: Adam(self._networks[name].parameters(), _RATE, betas=(0.0, 0.99)) for name in ("maker", "critic")
        }

    @property
    def module(self) -> nn.Module:
        return self._networks

    def begin_step(self, number: int, pictures: Tensor) -> None:
        """Nothing has to be known."""

    def step(self, number: int, pictures: Tensor, random: torch.Generator) -> float:
        maker, critic = self._networks["maker"], self._networks["critic"]
        drawn = noise((len(pictures), self._style), random, pictures)
        made = maker(drawn)
        wrong = functional.softplus(critic(made.detach())) + functional.softplus(-critic(pictures))
        loss = wrong.mean()
        if number % _PENALTY_EVERY == 0:
            real = pictures.requires_grad_()
            (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
            loss = loss + _PENALTY_EVERY * self._penalty / 2 * (slope**2).sum(dim=(1, 2, 3)).mean()
        self._learn("critic", loss)
        fooled = functional.softplus(-critic(made)).mean()
        self._learn("maker", fooled)
        follow(self._networks["average"], maker, number)
        return float(loss.detach())

    def sample(self, count: int, random: torch.Generator) -> Tensor:
        like = next(self._networks.parameters())
        with answering(self._networks):
            parts = range(0, count, _AT_ONCE)
            drawn = [noise((min(_AT_ONCE, count - first), self._style), random, like) for first in parts]
            return torch.cat([self._networks["average"](part) for part in drawn])

    def _learn(self, name: str, loss: Tensor) -> None:
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


class _Styled(nn.Module):
    """A convolution whose kernels the style scales, brought back to unit length afterwards."""

    def __init__(self, inputs: int, outputs: int, style: int, kernel: int = 3, unit_length: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel) / (inputs * kernel**2) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.scale = nn.Linear(style, inputs)
        nn.init.ones_(self.scale.bias)
        self._unit_length = unit_length

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale = self.scale(style)
        # To scale the kernels is to scale what they are given: that way one batch may have many styles.
        found = functional.conv2d(x * scale[:, :, None, None], self.weight, padding=self.weight.shape[-1] // 2)
        if self._unit_length:
            length = torch.einsum("oikl,ni->no", self.weight**2, scale**2)
            found = found * torch.rsqrt(length + 1e-8)[:, :, None, None]
        return found + self.bias


class _Maker(nn.Module):
    """Pictures (n, 1, rows, columns) of noise (n, style)."""

    def __init__(self, channels: list[int], base: tuple[int, int], style: int):
        super().__init__()
        self.mapping = nn.Sequential(
            nn.Linear(style, style), nn.LeakyReLU(0.2), nn.Linear(style, style), nn.LeakyReLU(0.2)
        )
        self.start = nn.Parameter(torch.randn(1, channels[0], *base))
        before = [channels[0], *channels[:-1]]
        self.layers = nn.ModuleList(_Styled(i, o, style) for i, o in zip(before, channels, strict=True))
        self.pictures = nn.ModuleList(_Styled(o, 1, style, 1, unit_length=False) for o in channels)

    def forward(self, drawn: Tensor) -> Tensor:
        style = self.mapping(functional.normalize(drawn, dim=1) * drawn.shape[1] ** 0.5)
        x = self.start.expand(len(drawn), -1, -1, -1)
        picture: Tensor | None = None
        for layer, to_picture in zip(self.layers, self.pictures, strict=True):
            if picture is not None:
                x, picture = _doubled(x), _doubled(picture)
            x = functional.leaky_relu(layer(x, style), 0.2) * 2**0.5
            added = to_picture(x, style)
            picture = added if picture is None else picture + added
        assert picture is not None
        return picture


class _Critic(nn.Module):
    """(n,) how real pictures are."""

    def __init__(self, channels: list[int], base: tuple[int, int]):
        super().__init__()
        finest_first = channels[::-1]
        self.start = nn.Conv2d(1, finest_first[0], 1)
        pairs = list(zip(finest_first, [*finest_first[1:], finest_first[-1]], strict=True))[: len(channels) - 1]
        self.layers = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairs)
        self.last = nn.Conv2d(channels[0] + 1, channels[0], 3, padding=1)
        self.answer = nn.Linear(channels[0] * base[0] * base[1], 1)

    def forward(self, pictures: Tensor) -> Tensor:
        x = functional.leaky_relu(self.start(pictures), 0.2)
        for layer in self.layers:
            x = functional.avg_pool2d(functional.leaky_relu(layer(x), 0.2), 2)
        alike = x.std(dim=0, correction=0).mean().expand(len(x), 1, *x.shape[2:])  # pictures that are all alike show it
        x = functional.leaky_relu(self.last(torch.cat([x, alike], dim=1)), 0.2)
        answer: Tensor = self.answer(x.flatten(1))
        return answer.squeeze(1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
