"""A prior CT laid over the present one, so that the same place of the lungs is compared.

Rigid, on voxels of about 4 mm inside the lungs (Mattes' mutual information, SimpleITK), begun from the middles of both
pairs of lungs. ``deformable`` adds a displacement field (symmetric demons, Vercauteren 2007), which follows another
depth of breath. How well it fits is measured: nobody should compare what does not lie on each other.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ..progress import Progress
from .lungs import Lungs
from .organ import Booleans

_STEP = 4.0  # mm
_AIR = -1000.0
_SMOOTH = 2.0  # voxels; deviation of the Gaussian that smooths the displacements
_STEPS, _DEMONS = 150, 60  # iterations at most, of either kind


@dataclass(frozen=True, eq=False)
class Registration:
    """From places of the present CT to those of the prior.

    Parameters
    ----------
    transform : maps points of the present CT (LPS, mm) to the prior's
    present : the present CT
    dice : overlap of the lungs after it, 0 to 1
    correlation : of the HU inside both lungs, -1 to 1
    """

    transform: SimpleITK.Transform
    present: SimpleITK.Image
    dice: float
    correlation: float

    def on_present(self, prior: SimpleITK.Image, outside: float = _AIR) -> NDArray[np.float32]:
        """A volume of the prior ``[k, j, i]`` on the grid of the present CT, linear between voxels."""
        moved = SimpleITK.Resample(
            prior, self.present, self.transform, SimpleITK.sitkLinear, outside, SimpleITK.sitkFloat32
        )
        return SimpleITK.GetArrayFromImage(moved)

    def mask_on_present(self, mask: Booleans, prior: SimpleITK.Image) -> Booleans:
        """A mask on the prior's grid, on that of the present CT."""
        return _moved_mask(mask, prior, self.present, self.transform)


def register(
    present: SimpleITK.Image,
    prior: SimpleITK.Image,
    present_lungs: Lungs,
    prior_lungs: Lungs,
    deformable: bool = False,
    progress: Progress | None = None,
) -> Registration:
    """Lay a prior CT of the same patient over the present one.

    Parameters
    ----------
    present, prior : HU, in LPS
    present_lungs, prior_lungs : on their grids; neither empty
    deformable : follow another breath, too
    progress : told as it goes; may stop it
    """
    progress = progress or Progress()
    fixed, fixed_mask = _prepared(present, present_lungs.both)
    moving, moving_mask = _prepared(prior, prior_lungs.both)
    transform = _rigid(fixed, moving, fixed_mask, moving_mask, progress.part(0.0, 0.5 if deformable else 0.9))
    if deformable:
        transform = _bent(fixed, moving, transform, progress.part(0.5, 0.9))
    return Registration(transform, present, *_quality(fixed, moving, fixed_mask, moving_mask, transform))


def _prepared(volume: SimpleITK.Image, lungs: Booleans) -> tuple[SimpleITK.Image, SimpleITK.Image]:
    """Volume and lungs on large voxels."""
    mask = SimpleITK.GetImageFromArray(lungs.astype(np.float32))
    mask.CopyInformation(volume)
    factors = [
        min(max(round(_STEP / step), 1), size) for step, size in zip(volume.GetSpacing(), volume.GetSize(), strict=True)
    ]
    gray = SimpleITK.Clamp(
        SimpleITK.Cast(SimpleITK.BinShrink(volume, factors), SimpleITK.sitkFloat32), SimpleITK.sitkFloat32, -1024, 400
    )
    share = SimpleITK.BinShrink(mask, factors)
    inside = share > 0.5
    # Of lungs that are thinner than a large voxel, whatever they touch.
    return gray, inside if SimpleITK.GetArrayViewFromImage(inside).any() else share > 0


def _rigid(
    fixed: SimpleITK.Image,
    moving: SimpleITK.Image,
    fixed_mask: SimpleITK.Image,
    moving_mask: SimpleITK.Image,
    progress: Progress,
) -> SimpleITK.Transform:
    middle, other = _middle(fixed_mask), _middle(moving_mask)
    first = SimpleITK.Euler3DTransform()
    first.SetCenter(middle.tolist())
    first.SetTranslation((other - middle).tolist())
    method = _method(fixed, fixed_mask)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.01, _STEPS, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(first, inPlace=True)
    _run(method, fixed, moving, progress, "Laying the prior over the present CT.")
    return first


def _bent(
    fixed: SimpleITK.Image, moving: SimpleITK.Image, rigid: SimpleITK.Transform, progress: Progress
) -> SimpleITK.Transform:
    laid = SimpleITK.Resample(moving, fixed, rigid, SimpleITK.sitkLinear, _AIR, SimpleITK.sitkFloat32)
    demons = SimpleITK.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfIterations(_DEMONS)
    demons.SetStandardDeviations(_SMOOTH)
    stopped: list[BaseException] = []

    def tell() -> None:
        try:
            progress(demons.GetElapsedIterations() / _DEMONS, "Following the breath between both CTs.")
        except BaseException as error:  # must not go through ITK's own frames
            stopped.append(error)
            demons.Abort()

    demons.AddCommand(SimpleITK.sitkIterationEvent, tell)
    field = demons.Execute(fixed, laid)
    if stopped:
        raise stopped[0]
    bend = SimpleITK.DisplacementFieldTransform(SimpleITK.Cast(field, SimpleITK.sitkVectorFloat64))
    return SimpleITK.CompositeTransform([rigid, bend])


def _method(fixed: SimpleITK.Image, mask: SimpleITK.Image) -> SimpleITK.ImageRegistrationMethod:
    """Mutual information of all voxels about the lungs of the present CT."""
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetMetricFixedMask(SimpleITK.BinaryDilate(mask, [2, 2, 2]))
    method.SetInterpolator(SimpleITK.sitkLinear)
    return method


def _run(
    method: SimpleITK.ImageRegistrationMethod,
    fixed: SimpleITK.Image,
    moving: SimpleITK.Image,
    progress: Progress,
    sentence: str,
) -> None:
    """Run it; a cancel raised in an iteration stops it and is raised here. Where nothing overlaps, it ends at once."""
    stopped: list[BaseException] = []

    def tell() -> None:
        try:
            progress(min(method.GetOptimizerIteration() / _STEPS, 1.0), sentence)
        except BaseException as error:  # must not go through ITK's own frames
            stopped.append(error)
            method.StopRegistration()

    method.AddCommand(SimpleITK.sitkIterationEvent, tell)
    # It raises where the images lie apart: how little they fit is measured afterwards.
    with contextlib.suppress(RuntimeError):
        method.Execute(fixed, moving)
    if stopped:
        raise stopped[0]


def _middle(mask: SimpleITK.Image) -> NDArray[np.float64]:
    inside = np.argwhere(SimpleITK.GetArrayViewFromImage(mask) != 0).mean(axis=0)
    return np.array(mask.TransformContinuousIndexToPhysicalPoint([float(index) for index in inside[::-1]]))


def _moved_mask(
    mask: Booleans, prior: SimpleITK.Image, present: SimpleITK.Image, transform: SimpleITK.Transform
) -> Booleans:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(prior)
    moved = SimpleITK.Resample(image, present, transform, SimpleITK.sitkNearestNeighbor, 0.0)
    return np.asarray(SimpleITK.GetArrayViewFromImage(moved) != 0)


def _quality(
    fixed: SimpleITK.Image,
    moving: SimpleITK.Image,
    fixed_mask: SimpleITK.Image,
    moving_mask: SimpleITK.Image,
    transform: SimpleITK.Transform,
) -> tuple[float, float]:
    """Dice of the lungs and correlation of the HU where both are lung."""
    own = SimpleITK.GetArrayViewFromImage(fixed_mask) != 0
    laid = SimpleITK.Resample(moving_mask, fixed, transform, SimpleITK.sitkNearestNeighbor, 0.0)
    other = SimpleITK.GetArrayViewFromImage(laid) != 0
    both = own & other
    dice = 2 * float(both.sum()) / max(float(own.sum() + other.sum()), 1.0)
    gray = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(moving, fixed, transform, SimpleITK.sitkLinear, _AIR, SimpleITK.sitkFloat32)
    )
    if both.sum() < 2:
        return dice, 0.0
    pair = np.corrcoef(SimpleITK.GetArrayViewFromImage(fixed)[both], gray[both])
    return dice, float(np.nan_to_num(pair[0, 1]))
