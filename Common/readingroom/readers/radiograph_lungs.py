"""Both lungs on a frontal chest radiograph, drawn by the network of the bundle ``cxr-lungs``; or none at all.

The network learned outlines that go on behind the heart. It answers with something on any picture, so that what it
gives is only taken for lungs where it looks like two of them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .. import model_cache
from ..bundles import store
from ..bundles.bundle import Bundle
from ..bundles.metadata import SegmenterMetadata
from ..errors import BundleError
from ..imaging.blocks import block_means, block_side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ..imaging.display import Gray
    from ..imaging.lungs import Lungs
    from ..imaging.preprocessing import Prepared
    from .base import ReadContext

BUNDLE_READER = "radiograph-lungs"  # what the bundle calls its reader: no panel reads with it alone
BUNDLE = "cxr-lungs"
LABELS = ("right-lung", "left-lung")

# Limits of what is taken for two lungs; those drawn on 1,079 films of children and 71 of adults are within.
_LEAST_LUNG, _MOST_LUNGS = 0.015, 0.75  # of the film: each lung at least, both together at most
_LEAST_RATIO = 0.3  # of the smaller to the larger one
_LEAST_SHARED_ROWS = 0.5  # of the shorter lung's rows: they lie beside each other
_LEAST_CERTAIN = 0.85  # mean probability within the outlines
_MOST_ELSEWHERE = 0.2  # of the largest parts: what lesser ones add up to


def find_lungs(gray: Gray, context: ReadContext) -> Lungs | None:
    """Right and left lung ``[j, i]`` on the film's own pixels; None where no two lungs are seen.

    The patient's right lung is the one at the left of the picture, as on every film that is not mirrored. Without the
    bundle the reason is noted, and the lungs are not found.

    Parameters
    ----------
    gray : ``[j, i]`` 0 to 1, bone bright
    """
    try:
        bundle = store.find(BUNDLE)
        network: nn.Module = model_cache.get_or_load(
            ("network", bundle.sha256), functools.partial(load_network, bundle)
        )
    except BundleError as error:
        context.note(f"No lungs were looked for: {error}")
        return None
    return find_lungs_with(network, bundle.of_kind(SegmenterMetadata), gray, context)


def load_network(bundle: Bundle) -> nn.Module:
    """The network on the CPU, for evaluation.

    Raises
    ------
    BundleError : the bundle asks for something else than lungs, its network is not known, or its weights do not fit
    """
    from ..networks import radiograph_unet

    metadata = bundle.require(BUNDLE_READER).of_kind(SegmenterMetadata)
    pixels = metadata.preprocessing
    if tuple(label.name for label in metadata.labels) != LABELS or not metadata.exclusive:
        raise BundleError(f"The bundle '{metadata.name}' does not tell the right lung from the left one.")
    if metadata.backbone != radiograph_unet.NAME or pixels.kind != "picture" or pixels.channels != 1:
        raise BundleError(f"The bundle '{metadata.name}' has another network than {radiograph_unet.NAME}.")
    if any(side % radiograph_unet.STRIDE for side in pixels.size):
        raise BundleError(f"The input of '{metadata.name}' is no multiple of {radiograph_unet.STRIDE} pixels.")
    network = radiograph_unet.RadiographUNet(metadata.outputs)
    try:
        network.load_state_dict(bundle.weights())  # half precision is widened to the network's own
    except RuntimeError as error:
        raise BundleError(f"The weights of '{metadata.name}' do not fit the network '{metadata.backbone}'.") from error
    return network.eval()


def find_lungs_with(network: nn.Module, metadata: SegmenterMetadata, gray: Gray, context: ReadContext) -> Lungs | None:
    """As `find_lungs`, with a network that was loaded already."""
    from ..imaging.lungs import Lungs

    # On fewer pixels: the network sees fewer still, and percentiles of twelve million take longer than all the rest.
    block = block_side(gray.shape)
    prepared, found = probabilities(network, metadata, block_means(gray, block), context)
    shown = [_largest_part(lung) for lung in found]
    if not _look_like_lungs(shown, found, prepared):
        return None
    right, left = (_on_film(lung, prepared, gray.shape, block) for lung in shown)
    return Lungs(right, left & ~right)


def probabilities(
    network: nn.Module, metadata: SegmenterMetadata, gray: Gray, context: ReadContext
) -> tuple[Prepared, NDArray[np.float32]]:
    """The network's input, and on its pixels the probability ``[2, j, i]`` of each lung."""
    import numpy as np
    import torch

    from ..device import run_in_batches
    from ..imaging.preprocessing import prepare

    def ask(batch: Tensor) -> Tensor:
        return network(batch).float().softmax(1)[:, 1:]

    prepared = prepare(gray, metadata.preprocessing)
    inputs = torch.from_numpy(np.ascontiguousarray(prepared.pixels[None]))
    with torch.inference_mode():
        found = run_in_batches(ask, inputs, 1, context.device, context.note, network)
    return prepared, found[0].numpy()


def _largest_part(lung: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probabilities without those of lesser parts, and with the holes of the largest one filled."""
    import numpy as np
    from scipy import ndimage

    inside = lung >= 0.5
    labels, count = ndimage.label(inside)
    if not count:
        return lung
    largest = labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1
    filled = ndimage.binary_fill_holes(largest)
    return np.where(filled & ~inside, np.float32(1), np.where(inside & ~filled, np.float32(0), lung))


def _look_like_lungs(shown: list[NDArray[np.float32]], found: NDArray[np.float32], prepared: Prepared) -> bool:
    """Whether there are two parts of plausible size, beside each other, without doubt about where they are."""
    import numpy as np

    masks = [lung >= 0.5 for lung in shown]
    areas = [int(mask.sum()) for mask in masks]
    film = found[0].size * prepared.shape[0] * prepared.shape[1] / _padded_area(prepared)
    if min(areas) < _LEAST_LUNG * film or sum(areas) > _MOST_LUNGS * film or min(areas) < _LEAST_RATIO * max(areas):
        return False
    rows = [mask.any(axis=1) for mask in masks]
    if (rows[0] & rows[1]).sum() < _LEAST_SHARED_ROWS * min(side.sum() for side in rows):
        return False
    across = [np.nonzero(mask)[1].mean() for mask in masks]
    certain = float(np.concatenate([lung[mask] for lung, mask in zip(shown, masks, strict=True)]).mean())
    elsewhere = float(((found >= 0.5).sum() - sum(areas)) / sum(areas))
    return bool(across[0] < across[1] and certain >= _LEAST_CERTAIN and elsewhere <= _MOST_ELSEWHERE)


def _padded_area(prepared: Prepared) -> float:
    assert prepared.extent is not None
    (top, bottom), (first, last) = prepared.extent
    return (bottom - top) * (last - first)


def _on_film(lung: NDArray[np.float32], prepared: Prepared, shape: tuple[int, ...], block: int) -> NDArray[np.bool_]:
    """Where the probability, interpolated linearly on the film's pixels, is a half at least.

    In 8 bits: Pillow has it on twelve million pixels in a tenth of the time that floats would take.
    """
    import numpy as np
    from PIL import Image

    assert prepared.extent is not None
    ends = []
    for (first, end), size, cells in zip(prepared.extent, shape, lung.shape, strict=True):
        scale = cells / (end - first)
        ends.append((-first * scale, (size / block - first) * scale))
    (top, bottom), (left, right) = ends
    levels = Image.fromarray(np.rint(255 * lung).astype(np.uint8))
    film = levels.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return np.asarray(film) >= 128
