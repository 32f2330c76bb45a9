"""Random changes of a batch of films, so that a network that saw children finds the lungs of adults as well."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

ZOOM = (0.65, 1.35)
ASPECT = 1.25  # at most, of either axis to the other
ROTATION = math.radians(12)
SHIFT = 0.25  # of half the picture
OPACITIES = 4


def changed(pictures: Tensor, lungs: Tensor, side: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Another batch of the same films.

    Parameters
    ----------
    pictures : float [n, j, i] 0 to 1, with black around them where they are not square
    lungs : uint8 [n, j, i], see `films`
    side : rows and columns of what is returned

    Returns
    -------
    pictures [n, 1, side, side] and lungs [n, side, side] (int64)
    """
    n = len(pictures)
    grid, mirrored = _places(n, side, random)
    found = functional.grid_sample(pictures[:, None], grid, align_corners=False)
    labels = functional.grid_sample(lungs[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].long()
    # Which lung is which follows from the side of the picture, and so it does on a mirrored one.
    labels = torch.where(mirrored[:, None, None] & (labels > 0), 3 - labels, labels)
    found = _with_opacities(found, labels, random)
    found = _with_devices(found, random)
    found = _exposed(found, random)
    found = _blurred(found, random)
    return _collimated(found, random).clamp(0, 1), labels


def _uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=random)


def _happens(n: int, probability: float, random: torch.Generator) -> Tensor:
    return torch.rand(n, generator=random) < probability


def _places(n: int, side: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Where each pixel comes from: mirrored, turned, zoomed, stretched and shifted."""
    angle = _uniform((n,), -ROTATION, ROTATION, random)
    zoom = torch.exp(_uniform((n,), math.log(ZOOM[0]), math.log(ZOOM[1]), random))
    stretch = torch.exp(_uniform((n,), -math.log(ASPECT), math.log(ASPECT), random) / 2)
    mirrored = _happens(n, 0.3, random)
    across = torch.where(mirrored, -1.0, 1.0) * zoom * stretch
    down = zoom / stretch
    shift = _uniform((n, 2), -SHIFT, SHIFT, random)
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [
        torch.stack([cos / across, -sin / across, shift[:, 0]], 1),
        torch.stack([sin / down, cos / down, shift[:, 1]], 1),
    ]
    return functional.affine_grid(torch.stack(rows, 1), [n, 1, side, side], align_corners=False), mirrored


def _with_opacities(pictures: Tensor, labels: Tensor, random: torch.Generator) -> Tensor:
    """Consolidations: soft white spots in the lungs, whose outline stays where it was."""
    n, _, rows, columns = pictures.shape
    j, i = torch.linspace(0, 1, rows)[:, None], torch.linspace(0, 1, columns)[None]
    haze = torch.zeros(n, rows, columns)
    for _ in range(OPACITIES):
        there = _happens(n, 0.2, random).float()
        middle = _uniform((n, 2), 0.15, 0.85, random)
        spread = _uniform((n, 2), 0.04, 0.22, random)
        strength = there * _uniform((n,), 0.3, 1.0, random)
        square = ((j - middle[:, 0, None, None]) / spread[:, 0, None, None]) ** 2
        square = square + ((i - middle[:, 1, None, None]) / spread[:, 1, None, None]) ** 2
        haze = torch.maximum(haze, strength[:, None, None] * torch.exp(-(square**1.5)))
    near = functional.avg_pool2d((labels > 0).float()[:, None], 7, stride=1, padding=3)
    haze = haze[:, None] * near
    white = (pictures.mean((1, 2, 3)) + pictures.std((1, 2, 3)))[:, None, None, None]
    return pictures + haze * (torch.maximum(white, pictures) - pictures)


def _with_devices(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Lead letters and patches: a bright or dark rectangle anywhere."""
    n, _, rows, columns = pictures.shape
    j, i = torch.linspace(0, 1, rows)[:, None], torch.linspace(0, 1, columns)[None]
    for _ in range(2):
        there = _happens(n, 0.25, random)
        corner, size = _uniform((n, 2), 0, 1, random), _uniform((n, 2), 0.01, 0.12, random)
        inside = ((j - corner[:, 0, None, None]).abs() < size[:, 0, None, None] / 2) & (
            (i - corner[:, 1, None, None]).abs() < size[:, 1, None, None] / 2
        )
        level = torch.where(_happens(n, 0.75, random), 1.0, 0.0)[:, None, None]
        pictures = torch.where((inside & there[:, None, None])[:, None], level[:, None], pictures)
    return pictures


def _exposed(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Another gamma, contrast and brightness, and a slope of brightness across the film."""
    n, _, rows, columns = pictures.shape

    def each(low: float, high: float) -> Tensor:
        return _uniform((n, 1, 1, 1), low, high, random)

    found = pictures.clamp(1e-4, 1) ** torch.exp(each(-0.6, 0.6))
    found = (found - 0.5) * each(0.6, 1.4) + 0.5 + each(-0.15, 0.15)
    j, i = torch.linspace(-1, 1, rows)[:, None], torch.linspace(-1, 1, columns)[None]
    return found + each(-0.12, 0.12) * j + each(-0.12, 0.12) * i


def _blurred(pictures: Tensor, random: torch.Generator) -> Tensor:
    n = len(pictures)
    soft = functional.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
    softer = functional.avg_pool2d(soft, 3, stride=1, padding=1, count_include_pad=False)
    strength = _uniform((n, 1, 1, 1), 0, 1, random) * _happens(n, 0.5, random)[:, None, None, None]
    found = torch.lerp(pictures, softer, strength)
    grain = _uniform((n, 1, 1, 1), 0, 0.04, random) * _happens(n, 0.5, random)[:, None, None, None]
    return found + grain * torch.randn(pictures.shape, generator=random)


def _collimated(pictures: Tensor, random: torch.Generator) -> Tensor:
    """A border of one gray level on some sides, as of a shutter, or of a film that was cut out of a page."""
    n, _, rows, columns = pictures.shape
    j, i = torch.linspace(0, 1, rows)[:, None], torch.linspace(0, 1, columns)[None]
    width = _uniform((n, 4), 0, 0.1, random) * (torch.rand((n, 4), generator=random) < 0.5)
    width = width * _happens(n, 0.3, random)[:, None]
    top, bottom, left, right = (width[:, side, None, None] for side in range(4))
    outside = (j < top) | (j > 1 - bottom) | (i < left) | (i > 1 - right)
    level = torch.where(_happens(n, 0.7, random), torch.zeros(n), torch.rand(n, generator=random))
    return torch.where(outside[:, None], level[:, None, None, None], pictures)
