"""The convolutional filters of IBSI 2: mean, Laplacian of Gaussian, Laws, Gabor, wavelets, and Riesz transforms.

Source: Whybra et al., The Image Biomarker Standardization Initiative: Standardized convolutional filters for
reproducible radiomics (Radiology 2024), and the phase's reference manual (Depeursinge et al., arXiv 2006.05470).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .convolution import Array, Source, extended, pooled, separable, turns
from .image_names import of_gabor, of_laws, of_level, of_riesz, of_sigma, subbands
from .region import Box
from .settings import Settings
from .wavelet import filters_of

_CUT_OFF = 4.0  # sigma; kernels end there
_MOST_VOXELS = 1 << 27  # of a Fourier transform, which takes four times 2 GB then
_FARTHEST = 512  # voxels, of any filter
_SLAB = 1 << 22  # voxels that a Gabor filter looks at at once
_LAWS: dict[str, tuple[int, ...]] = {
    "L3": (1, 2, 1),
    "L5": (1, 4, 6, 4, 1),
    "E3": (-1, 0, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S3": (-1, 2, -1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}


class Filters:
    """The filters of one image.

    Parameters
    ----------
    values : ``[k, j, i]``, the whole image
    spacing : mm, ``(k, j, i)``
    axes : along which to filter: three, or the two of a plane
    settings : of the image type
    """

    def __init__(self, values: NDArray, spacing: tuple[float, float, float], axes: tuple[int, ...], settings: Settings):
        self._values, self._spacing, self._axes, self._settings = values, spacing, axes, settings
        self._shape = values.shape

    def images(self, kind: str, box: Box) -> Iterator[tuple[str, NDArray]]:
        """Name and values of each image of a type, in the box."""
        settings = self._settings
        if kind == "Mean":
            yield f"mean-{settings.mean_support}", self._mean()(box)
        elif kind == "LoG":
            for sigma in settings.sigma:
                yield of_riesz(settings) + of_sigma(sigma), self._riesz(self._laplacian(sigma))(box)
        elif kind == "Laws":
            for kernel in settings.laws_kernel:
                yield of_laws(kernel, settings), self._laws(kernel)(box)
        elif kind == "Gabor":
            for sigma, wavelength in itertools.product(settings.gabor_sigma, settings.gabor_wavelength):
                yield of_gabor(sigma, wavelength, settings), self._gabor(sigma, wavelength)(box)
        elif kind == "Wavelet":
            yield from self._wavelets(box)
        elif kind == "Simoncelli":
            for level in range(1, settings.level + 1):
                yield f"{of_riesz(settings)}simoncelli-{level}", self._riesz(self._simoncelli(level))(box)

    def _image(self, box: Box) -> Array:
        return self._values[box].astype(np.float64)

    def _separable(self, source: Source, kernels: dict[int, Array]) -> Source:
        _refuse_too_wide(max(len(kernel) // 2 for kernel in kernels.values()))
        return separable(source, self._shape, [kernels.get(axis) for axis in range(3)], self._settings.filter_boundary)

    def _mean(self) -> Source:
        support = self._settings.mean_support
        return self._separable(self._image, dict.fromkeys(self._axes, np.full(support, 1 / support)))

    def _laplacian(self, sigma: float) -> Source:
        """Gaussians are sampled where voxels are, and cut off at four sigma.

        Derivatives are by the smallest of the distances of voxels, which makes no difference where all are equal.
        """
        finest = min(self._spacing[axis] for axis in self._axes)
        smooth, curved = {}, {}
        for axis in self._axes:
            wide = sigma / self._spacing[axis]
            places = np.arange(-math.floor(_CUT_OFF * wide + 0.5), math.floor(_CUT_OFF * wide + 0.5) + 1)
            smooth[axis] = np.exp(-(places**2) / (2 * wide**2)) / (math.sqrt(2 * math.pi) * wide)
            second = (places**2 / wide**4 - 1 / wide**2) * smooth[axis]
            curved[axis] = second * (finest / self._spacing[axis]) ** 2
        parts = [self._separable(self._image, {**smooth, axis: curved[axis]}) for axis in self._axes]
        return lambda box: sum((part(box) for part in parts[1:]), start=parts[0](box))

    def _laws(self, named: str) -> Source:
        """The response of kernels (``L5E5E5``), or its energy: the mean of its absolute values around each voxel."""
        settings = self._settings
        words = [named[at : at + 2] for at in range(0, len(named), 2)]
        if len(words) != len(self._axes):
            raise InputError(
                f"lawsKernel {named} has {len(words)} kernels; this image is filtered along "
                f"{len(self._axes)} axes, each of which takes one."
            )
        kernels = {}
        for axis, word in zip(reversed(self._axes), words, strict=True):  # the first one goes along x
            kernel = np.array(_LAWS[word], dtype=np.float64)
            kernels[axis] = kernel / math.sqrt(float((kernel**2).sum()))
        response = pooled(self._turned(kernels), self._pools_largest(True))
        if not settings.laws_energy:
            return response
        window = np.full(2 * settings.laws_energy + 1, 1 / (2 * settings.laws_energy + 1))
        return self._separable(lambda box: np.abs(response(box)), dict.fromkeys(self._axes, window))

    def _turned(self, kernels: dict[int, Array]) -> list[Source]:
        """The responses after all turns, or that of the kernels as they are; equal ones are given once if they can."""
        if not self._settings.rotation_invariant:
            return [self._separable(self._image, kernels)]
        ways = [{axis: kernels[of][::sign] for axis, (of, sign) in turn.items()} for turn in turns(self._axes)]
        by_kernels = {tuple(way[axis].tobytes() for axis in self._axes): way for way in ways}
        # A turn that leaves a filter as it is does so as often for each of the others: the mean stays what it is.
        return [self._separable(self._image, way) for way in by_kernels.values()]

    def _pools_largest(self, by_itself: bool) -> bool:
        pooling = self._settings.pooling
        return by_itself if pooling is None else pooling == "max"

    def _gabor(self, sigma: float, wavelength: float) -> Source:
        """The modulus of the response, turned in the plane; in space averaged over the planes of all three axes."""
        settings = self._settings
        if len(self._axes) < 2:
            raise InputError("A Gabor filter needs a plane; leave force2D out for an image of two dimensions.")
        angles = (
            np.arange(0, 180, settings.gabor_step) if settings.rotation_invariant else np.array([settings.gabor_angle])
        )
        every = len(self._axes) == 3 and settings.rotation_invariant
        planes = list(itertools.combinations(self._axes, 2)) if every else [self._axes[-2:]]
        largest = self._pools_largest(False)
        return pooled((self._in_plane(plane, angles, largest, sigma, wavelength) for plane in planes), largest)

    def _in_plane(
        self, plane: tuple[int, ...], angles: NDArray, largest: bool, sigma: float, wavelength: float
    ) -> Source:
        settings, reach, kernels = self._settings, [0, 0, 0], []
        (across_plane,) = (axis for axis in range(3) if axis not in plane)
        gamma = settings.gabor_gamma
        for axis in plane:
            reach[axis] = math.ceil(_CUT_OFF * max(sigma, sigma / gamma) / self._spacing[axis])
        _refuse_too_wide(max(reach))
        y, x = np.meshgrid(
            *(np.arange(-reach[axis], reach[axis] + 1) * self._spacing[axis] for axis in plane), indexing="ij"
        )
        for angle in np.deg2rad(angles):
            along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
            envelope = np.exp(-(along**2 + (gamma * across) ** 2) / (2 * sigma**2))
            kernel = envelope * np.exp(2j * np.pi * along / wavelength)
            kernels.append(np.expand_dims(kernel, across_plane))

        def in_slab(box: Box) -> Array:
            from scipy.signal import fftconvolve  # takes longer to import than all else that measures

            data = extended(self._image, self._shape, box, reach, settings.filter_boundary)
            parts = (np.abs(fftconvolve(data, kernel, mode="valid", axes=plane)) for kernel in kernels)
            total: Array = next(parts)
            for part in parts:
                total = np.maximum(total, part) if largest else total + part
            return total if largest else total / len(kernels)

        def filtered(box: Box) -> Array:
            """Slab by slab: of each as many planes as memory has plenty of room for."""
            wide = math.prod(box[axis].stop - box[axis].start + 2 * reach[axis] for axis in plane)
            step, whole = max(1, _SLAB // wide), box[across_plane]
            slabs = []
            for first in range(whole.start, whole.stop, step):
                slab = list(box)
                slab[across_plane] = slice(first, min(first + step, whole.stop))
                slabs.append(in_slab((slab[0], slab[1], slab[2])))
            return np.concatenate(slabs, axis=across_plane)

        return filtered

    def _wavelets(self, box: Box) -> Iterator[tuple[str, NDArray]]:
        """Undecimated; of images that a turn makes of one another there is one where they are turned."""
        settings = self._settings
        filters = {
            letter: np.append(each, [0.0] * (1 - len(each) % 2))  # of odd length, so that a turn keeps the center
            for letter, each in filters_of(settings.wavelet).items()
        }
        deepest = settings.start_level + settings.level
        _refuse_too_wide(len(filters["L"]) // 2 * 2 ** (deepest - 1))  # before the levels that could be made
        for level in range(settings.start_level + 1, deepest + 1):
            number = level - settings.start_level
            for letters in subbands(len(self._axes), settings.rotation_invariant, number == settings.level):
                yield f"{of_level(number)}-{letters}", self._subband(filters, letters, level)(box)

    def _subband(self, filters: dict[str, Array], letters: str, level: int) -> Source:
        named = dict(zip(reversed(self._axes), letters, strict=True))  # the first letter is about x
        still = {axis: (axis, 1) for axis in self._axes}
        sources: dict[tuple, Source] = {}
        for turn in turns(self._axes) if self._settings.rotation_invariant else [still]:
            source: Source = self._image
            for before in range(1, level):
                low = {axis: _spread(filters["L"][::sign], before) for axis, (_of, sign) in turn.items()}
                source = self._separable(source, low)
            way = {axis: _spread(filters[named[of]][::sign], level) for axis, (of, sign) in turn.items()}
            sources[tuple((named[of], sign) for of, sign in turn.values())] = self._separable(source, way)
        return pooled(sources.values(), self._pools_largest(False))

    def _simoncelli(self, level: int) -> Source:
        """A band of frequencies, each level an octave below the last one; the image goes on periodically."""
        squared = np.zeros(self._shape)
        for axis in self._axes:
            size = self._shape[axis]
            middle = max((size - 1) / 2, 1)  # of IBSI's reference: the highest frequencies lie at both ends
            frequencies = np.fft.ifftshift((np.arange(size) - (size - 1) / 2) / middle)
            squared = squared + (frequencies**2).reshape([-1 if other == axis else 1 for other in range(3)])
        height = np.sqrt(squared) * 2 ** (level - 1)
        inside = (height > 0.25) & (height <= 1)
        band = np.where(inside, np.cos(np.pi / 2 * np.log2(2 * np.where(inside, height, 0.5))), 0.0)
        return self._times(self._image, band)

    def _riesz(self, source: Source) -> Source:
        """The source after the Riesz transform of the order that is asked for; the image goes on periodically."""
        order = self._settings.riesz_order
        if order is None:
            return source
        shares = dict(zip((2, 1, 0), (int(each) for each in order), strict=True))  # the first one is about x
        if any(each and axis not in self._axes for axis, each in shares.items()):
            raise InputError(f"rieszOrder {list(order)} is not 0 along an axis that this image is not filtered along.")
        total = sum(shares.values())
        weight: Any = (-1j) ** total * math.sqrt(
            math.factorial(total) / math.prod(math.factorial(each) for each in shares.values())
        )
        squared = np.zeros(self._shape)
        for axis in self._axes:
            frequencies = np.fft.fftfreq(self._shape[axis]).reshape([-1 if o == axis else 1 for o in range(3)])
            squared = squared + frequencies**2
            weight = weight * frequencies ** shares[axis]
        squared[squared == 0] = np.inf  # the mean has no direction
        return self._times(source, weight / squared ** (total / 2))

    def _times(self, source: Source, transfer: NDArray) -> Source:
        """The source filtered by a transfer function over the frequencies of the whole image."""

        voxels = math.prod(self._shape)
        if voxels > _MOST_VOXELS:
            raise InputError(
                f"Simoncelli's filter and Riesz transforms take the whole image; its {voxels:.2g} voxels are too many. "
                "Crop it (preCrop)."
            )

        def filtered(box: Box) -> Array:
            whole = source(tuple(slice(0, size) for size in self._shape))  # type: ignore[arg-type]
            found: Array = np.fft.ifftn(np.fft.fftn(whole, axes=self._axes) * transfer, axes=self._axes).real
            return found[box]

        return filtered


def _refuse_too_wide(reach: int) -> None:
    if reach > _FARTHEST:
        raise InputError(
            f"A filter would reach {reach} voxels far, and {_FARTHEST} are possible; choose smaller widths or fewer "
            "levels."
        )


def _spread(kernel: Array, level: int) -> Array:
    """With holes between its numbers, as an undecimated decomposition has it."""
    step = 2 ** (level - 1)
    wide = np.zeros((len(kernel) - 1) * step + 1)
    wide[::step] = kernel
    return wide
