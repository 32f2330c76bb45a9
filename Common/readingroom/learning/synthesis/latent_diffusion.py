"""Latent diffusion of MONAI: an autoencoder makes pictures small, a diffusion network learns what small ones are like.

Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models (2022). Without the perceptual and the
adversarial loss of its autoencoder, which need weights of others or many more steps: pictures are softer for it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from monai.inferers.inferer import LatentDiffusionInferer
from monai.networks.nets.autoencoderkl import AutoencoderKL
from monai.networks.nets.diffusion_model_unet import DiffusionModelUNet
from monai.networks.schedulers.ddim import DDIMScheduler
from monai.networks.schedulers.ddpm import DDPMScheduler
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss
from torch.optim import AdamW, Optimizer

from .generator import answering, follow, noise
from .presets import Preset

_TIMES = 1000
_BETAS: Mapping[str, Any] = {
    "schedule": "scaled_linear_beta",
    "beta_start": 0.0015,
    "beta_end": 0.0195,
}  # Rombach 2022, for pictures
_DIVERGENCE = 1e-6  # weight of the Kullback-Leibler term, Rombach 2022
_RATE = 5e-4
_AT_ONCE = 16


class LatentDiffusion:
    """See `generator.Generator`."""

    def __init__(self, preset: Preset, size: tuple[int, int]):
        levels = len(preset.autoencoder)
        self.steps = preset.autoencoder_steps + preset.diffusion_steps
        self._first_diffusion = preset.autoencoder_steps
        self._sampling_steps = preset.sampling_steps
        finer = 2 ** (levels - 1)
        self._latent_shape = (preset.latent, size[0] // finer, size[1] // finer)
        self._autoencoder = AutoencoderKL(
            spatial_dims=2,
            in_channels=1,
            out_channels=1,
            channels=preset.autoencoder,
            num_res_blocks=(1,) * levels,
            attention_levels=(False,) * levels,
            latent_channels=preset.latent,
            norm_num_groups=8,
            with_encoder_nonlocal_attn=False,
            with_decoder_nonlocal_attn=False,
        )
        narrowing = len(preset.diffusion)
        self._diffusion = DiffusionModelUNet(
            spatial_dims=2,
            in_channels=preset.latent,
            out_channels=preset.latent,
            channels=preset.diffusion,
            num_res_blocks=(1,) * narrowing,
            attention_levels=(*(False,) * (narrowing - 1), True),
            num_head_channels=preset.diffusion[-1],
            norm_num_groups=8,
        )
        self._average = copy.deepcopy(self._diffusion).requires_grad_(False)
        self._networks = nn.ModuleDict(
            {"autoencoder": self._autoencoder, "diffusion": self._diffusion, "average": self._average}
        )
        self._networks.register_buffer("scale", torch.ones(()))  # of latent values, so that their deviation is 1
        self.optimizers: Mapping[str, Optimizer] = {
            name: AdamW(self._networks[name].parameters(), _RATE) for name in ("autoencoder", "diffusion")
        }
        self._noising = DDPMScheduler(num_train_timesteps=_TIMES, **_BETAS)

    @property
    def module(self) -> nn.Module:
        return self._networks

    def begin_step(self, number: int, pictures: Tensor) -> None:
        if number != self._first_diffusion:
            return
        with answering(self._networks):
            deviation = torch.cat([self._encoded(part)[0] for part in pictures.split(_AT_ONCE)]).std()
        self._scale.copy_(1 / deviation.clamp_min(1e-6))

    def step(self, number: int, pictures: Tensor, random: torch.Generator) -> float:
        if number < self._first_diffusion:
            return self._autoencoder_step(pictures, random)
        return self._diffusion_step(number - self._first_diffusion, pictures, random)

    def sample(self, count: int, random: torch.Generator) -> Tensor:
        scheduler = DDIMScheduler(num_train_timesteps=_TIMES, clip_sample=False, **_BETAS)
        scheduler.set_timesteps(self._sampling_steps)
        inferer = LatentDiffusionInferer(scheduler, scale_factor=float(self._scale))
        made = []
        with answering(self._networks):
            for first in range(0, count, _AT_ONCE):
                shape = (min(_AT_ONCE, count - first), *self._latent_shape)
                found = inferer.sample(
                    input_noise=noise(shape, random, self._scale),
                    autoencoder_model=self._autoencoder,
                    diffusion_model=self._average,
                    scheduler=scheduler,
                    verbose=False,
                )
                assert isinstance(found, Tensor)  # what lies between comes along only when it is asked for
                made.append(found)
        return torch.cat(made)

    @property
    def _scale(self) -> Tensor:
        scale = self._networks.scale
        assert isinstance(scale, Tensor)
        return scale

    def _encoded(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the latent values."""
        mean, deviation = self._autoencoder.encode(pictures)
        return mean, deviation

    def _autoencoder_step(self, pictures: Tensor, random: torch.Generator) -> float:
        mean, deviation = self._encoded(pictures)
        latent = mean + deviation * noise(tuple(mean.shape), random, mean)
        restored = self._autoencoder.decode(latent)
        variance = deviation**2
        divergence = 0.5 * (mean**2 + variance - torch.log(variance) - 1).sum() / len(pictures)
        return self._learn("autoencoder", l1_loss(restored, pictures) + _DIVERGENCE * divergence)

    def _diffusion_step(self, number: int, pictures: Tensor, random: torch.Generator) -> float:
        with torch.no_grad():
            mean, deviation = self._encoded(pictures)
            latent = self._scale * (mean + deviation * noise(tuple(mean.shape), random, mean))
        added = noise(tuple(latent.shape), random, latent)
        times = torch.randint(0, _TIMES, (len(latent),), generator=random).to(latent.device)
        noisy = self._noising.add_noise(original_samples=latent, noise=added, timesteps=times)
        loss = self._learn("diffusion", mse_loss(self._diffusion(noisy, timesteps=times), added))
        follow(self._average, self._diffusion, number)
        return loss

    def _learn(self, name: str, loss: Tensor) -> float:
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._networks[name].parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())
