"""Cancer on a screening mammogram, after Paper 002: four views, each read by one network, joined for each breast.

A breast's answer is the mean of its views, or that of the most suspicious one, as the bundle says; that of the woman is
the more suspicious breast's. Breasts are mirrored for the network alone. All views pass it once, which gives the maps.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from .. import model_cache
from ..bundles.bundle import Bundle
from ..bundles.metadata import BundleMetadata, ClassifierMetadata, Label
from ..codes import Code
from ..device import is_all_on
from ..errors import BundleError, InputError
from ..imaging.blocks import block_means, block_middles, block_side
from ..imaging.mammography_exam import VIEW_ROLES, mammography_exam, screening_rank, screening_role, shown_view
from ..reading import Check, Reading
from .answer import Answer, Case, CorrectedMask, Prediction
from .base import ReadContext, Reader
from .description import ImageRole, Task
from .mammo_screen_masks import mask_roles, with_masks

if TYPE_CHECKING:
    import SimpleITK
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from ..imaging.breast import Breast
    from ..imaging.geometry import Geometry
    from ..imaging.preprocessing import Prepared
    from ..progress import Progress
    from ..study import Study, StudyImage
    from ..trust.distance import FeatureStatistics
    from ..trust.mammogram_checks import View

PRIOR = "prior-"
SIDES = ("left", "right")
CANCER = Label("cancer", "Cancer", Code("254837009", "SCT", "Malignant neoplasm of breast"))
TASK = Task("cancer", "Cancer of the breast or none", (CANCER, Label("no-cancer", "No cancer")))
_BATCH = {"cpu": 4}  # one exam
_BATCH_ON_CARD = 16


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle's network on its device, and where its training pictures lie (None when the bundle does not say)."""

    bundle: Bundle
    network: nn.Module
    statistics: FeatureStatistics | None


@dataclass(frozen=True, eq=False)
class Details:
    """What the network said of each view of one exam, those of the prior included.

    Parameters
    ----------
    roles : of the views, in the order of `logits` (views, labels), `maps` (views, rows, columns) and `prepared`
    maps : of the label that is asked about, raw, at the resolution of the feature map
    method, layer : how the maps were made, and of which layer of the network
    """

    roles: tuple[str, ...]
    logits: NDArray[np.float64]
    maps: NDArray[np.float32]
    method: str
    layer: str
    prepared: tuple[Prepared, ...]


def _title(role: str) -> str:
    from ..trust.mammogram_checks import view_title

    return view_title(role).capitalize().replace("cc", "CC").replace("mlo", "MLO")


class MammoScreenReader(Reader):
    """Reads whichever of the four views are there, beside those of an earlier exam."""

    name = "mammo-screen"
    title = "Mammo Screen"
    question = "Does this screening mammogram show cancer, and in which breast?"
    is_exam = True
    default_bundle = "mammo-screen-phantom"
    hanging = (("right-cc", "left-cc"), ("right-mlo", "left-mlo"))  # chest walls back to back
    images = (
        *(ImageRole(role, _title(role), ("MG",), dimensions=2, required=False) for role in VIEW_ROLES),
        *(
            ImageRole(PRIOR + role, _title(PRIOR + role), ("MG",), dimensions=2, required=False, prior_of=role)
            for role in VIEW_ROLES
        ),
    )
    masks = tuple(mask_roles())
    masks_followed = tuple(mask.name for mask in masks)
    tasks = (TASK,)
    prevalence = 0.006  # cancers found in a round of screening; PPV at 10 % would flatter
    measured = (
        "The share of dense tissue by area, without the pectoral muscle. On 194 films of mini-MIAS it follows the "
        "tissue that a radiologist named: rank correlation 0.71 (0.59 to 0.80), AUC of dense against fatty 0.95 (0.89 "
        "to 0.99), quadratic kappa 0.65 (0.52 to 0.75) with cut-offs of other women. It was made with these films in "
        "view, and is no BI-RADS category."
    )
    tests_of_answer = ("dense tissue", "comparison of the breasts", "deletion curve")

    def find_images(self, paths: Sequence[Path]) -> tuple[Mapping[str, Path], tuple[str, ...]]:
        exam = mammography_exam(paths)
        return exam.files, exam.notes

    def role_of(self, image: StudyImage) -> str:
        return screening_role(image)

    def rank_of(self, image: StudyImage, metadata: BundleMetadata | None = None) -> Any:
        return screening_rank(image)

    def load(self, study: Study, progress: Progress | None = None) -> Case:
        case = super().load(study, progress)
        if not any(role in case.images for role in VIEW_ROLES):
            raise InputError(f"{self.title} needs at least one view of the exam itself, not of its prior alone.")
        films = {role: with_masks(film, role, case.masks) for role, film in case.images.items()}
        return replace(case, images=films)

    def load_image(self, image: StudyImage, progress: Progress) -> Film:
        from ..imaging.breast import find_breast
        from ..imaging.radiograph_loading import load_radiograph

        film = load_radiograph(image)
        breast = find_breast(film.gray, shown_view(image))
        found = Film(film.gray, breast, film.geometry, film.notes, film.color_fraction)
        _ = found.small, found.outline  # here, beside those of the other views
        return found

    def checks(self, case: Case, forced: bool = False) -> tuple[Check, ...]:
        from ..trust.mammogram_checks import exam_checks

        return exam_checks([view_of_case(case, role) for role in case.images], forced)

    def load_model(self, bundle: Bundle, device: torch.device) -> Model:
        from .network import feature_statistics

        metadata = bundle.of_kind(ClassifierMetadata)
        if metadata.multilabel or len(metadata.labels) != 2:
            raise BundleError(
                f"The bundle '{metadata.name}' does not answer with cancer or none, two exclusive labels."
            )
        if metadata.preprocessing.kind != "picture" or metadata.aggregation not in ("none", "mean", "max"):
            raise BundleError(f"The bundle '{metadata.name}' does not read the views of a mammogram one by one.")
        network: nn.Module = model_cache.get_or_load(
            ("network", bundle.sha256), functools.partial(_load_network, bundle)
        )
        if not is_all_on(network, device):  # a read that ran out of memory may have left it elsewhere
            network.to(device)
        return Model(bundle, network, feature_statistics(bundle))

    def predict(
        self, model: Model, cases: Sequence[Case], context: ReadContext, explainable: bool = False
    ) -> list[Prediction]:
        metadata = model.bundle.of_kind(ClassifierMetadata)
        if explainable:
            return [_explainable(model, case, metadata, context) for case in cases]
        roles = [[role for role in VIEW_ROLES if role in case.images] for case in cases]
        prepared = [_prepared(case, role, metadata) for case, own in zip(cases, roles, strict=True) for role in own]
        logits, embeddings = _ask(model, prepared, context)
        ends = np.cumsum([len(own) for own in roles])[:-1]
        by_case = zip(roles, np.split(logits, ends), np.split(embeddings, ends), strict=True)
        return [
            Prediction(exam_logits(own, rows, metadata), features.mean(axis=0) if features.size else None)
            for own, rows, features in by_case
        ]

    def explain(self, case: Case, prediction: Prediction, context: ReadContext) -> Answer:
        from .mammo_screen_answer import answer_of

        return answer_of(case, prediction, context)

    def test(self, case: Case, prediction: Prediction, answer: Answer, context: ReadContext) -> Answer:
        """Dense tissue, what differs between the breasts and from the prior, the map of the most suspicious view."""
        from .mammo_screen_answer import with_deletion_curve, with_dense_tissue
        from .mammo_screen_comparison import with_comparisons

        context.progress(0.0, "Measuring dense tissue.")
        answer = with_dense_tissue(case, answer)
        context.progress(0.1, "Comparing the breasts.")
        answer = with_comparisons(case, prediction, answer, context)
        context.progress(0.3, "Testing the map.")
        return with_deletion_curve(case, prediction, answer, context)

    def with_mask(self, reading: Reading, corrected: CorrectedMask, metadata: BundleMetadata) -> Reading:
        from .mammo_screen_outlines import with_outlines

        return with_outlines(reading, corrected)


@dataclass(frozen=True, eq=False)
class Film:
    """A loaded view and its breast.

    All that is laid over it is worked out on blocks of its pixels (`imaging.blocks`): the network alone is given them.

    Parameters
    ----------
    gray : ``[j, i]``, 0 to 1
    geometry : of the file
    notes : what was done that the file did not ask for
    drawn_dense : ``[j, i]`` dense tissue as a person drew it; None where it is found
    """

    gray: NDArray[np.float32]
    breast: Breast
    geometry: Geometry
    notes: tuple[str, ...] = ()
    color_fraction: float = 0.0
    drawn_dense: NDArray[np.bool_] | None = None

    @functools.cached_property
    def image(self) -> SimpleITK.Image:
        """An empty image of 8 bits: where the pixels lie."""
        import SimpleITK

        size = (*self.gray.shape[::-1], 1)[: self.geometry.dimensions]
        return self.geometry.given_to(SimpleITK.Image(size, SimpleITK.sitkUInt8))

    @property
    def block(self) -> int:
        """How many pixels one of `small` stands for along both axes."""
        return block_side(self.gray.shape)

    @functools.cached_property
    def small(self) -> NDArray[np.float32]:
        """``[j, i]`` of the blocks."""
        return block_means(self.gray, self.block)

    @functools.cached_property
    def outline(self) -> Breast:
        """The breast on the blocks."""
        return self.breast.at(*block_middles(self.breast.shape, self.block))

    @functools.cached_property
    def dense(self) -> NDArray[np.bool_]:
        """Dense tissue on the blocks."""
        from ..imaging.breast_density import dense_tissue

        if self.drawn_dense is not None:
            return self.drawn_dense[np.ix_(*block_middles(self.breast.shape, self.block))]
        return dense_tissue(self.small, self.outline)

    @property
    def density(self) -> float:
        """Share of dense tissue, in percent of the breast's area without the muscle."""
        return dense_share(self.outline.tissue, self.dense)

    def placed(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """Values ``[j, i]`` of the blocks in the array order of `image`."""
        return blocks.reshape((1,) * (self.geometry.dimensions - 2) + blocks.shape)


def dense_share(tissue: NDArray[np.bool_], dense: NDArray[np.bool_]) -> float:
    """Share of dense tissue in a breast without its muscle, both of one shape, in percent; 0 of no breast."""
    whole = np.count_nonzero(tissue)
    return 100 * float(np.count_nonzero(dense)) / whole if whole else 0.0


def view_of_case(case: Case, role: str) -> View:
    """A view as the checks know it."""
    from ..trust.mammogram_checks import View

    film = case.images[role]
    return View(role, case.study.image(role), film.gray, film.breast, film.color_fraction)


def positive_label(metadata: ClassifierMetadata) -> int:
    """The number of the label that is asked about."""
    from .probabilities import main_finding

    return main_finding(metadata)


def joined(logits: NDArray[np.float64], metadata: ClassifierMetadata) -> NDArray[np.float64]:
    """(labels,) of a breast from those of its views (views, labels).

    The logits of the mean probability, as evaluation joins them; or those of the most suspicious view.
    """
    if metadata.aggregation == "max":
        positive = positive_label(metadata)
        return np.asarray(logits[(logits[:, positive] - logits[:, 1 - positive]).argmax()])
    mean = special.logsumexp(special.log_softmax(logits, axis=1), axis=0) - np.log(len(logits))
    return np.asarray(mean, dtype=np.float64)


def breast_logits(
    roles: Sequence[str], logits: NDArray[np.float64], metadata: ClassifierMetadata, prefix: str = ""
) -> dict[str, NDArray[np.float64]]:
    """(labels,) of each breast of which a view is there, of the exam or, by its prefix, of the prior."""
    found = {}
    for side in SIDES:
        rows = [number for number, role in enumerate(roles) if role.startswith(f"{prefix}{side}-")]
        if rows:
            found[side] = joined(logits[rows], metadata)
    return found


def exam_logits(roles: Sequence[str], logits: NDArray[np.float64], metadata: ClassifierMetadata) -> NDArray[np.float64]:
    """(labels,) of the more suspicious breast."""
    positive = positive_label(metadata)
    breasts = breast_logits(roles, logits, metadata)
    return max(breasts.values(), key=lambda own: float(own[positive] - own[1 - positive]))


def _prepared(case: Case, role: str, metadata: ClassifierMetadata) -> Prepared:
    from ..imaging.preprocessing import prepare

    film = case.images[role]
    return prepare(film.gray, metadata.preprocessing, film.breast)


def _explainable(model: Model, case: Case, metadata: ClassifierMetadata, context: ReadContext) -> Prediction:
    """Each view in one pass, with its map; one after the other on the CPU, which is as fast and takes less memory."""
    import torch

    from ..device import run_in_batches
    from ..explain.cam import activation_maps

    roles, explanation = tuple(case.images), metadata.explanation
    with ThreadPoolExecutor(min(len(roles), os.cpu_count() or 1)) as threads:
        prepared = tuple(threads.map(lambda role: _prepared(case, role, metadata), roles))
    chosen: Any = explanation.method if explanation else "auto"
    made: list[tuple[str, str]] = []

    def ask(batch: Tensor) -> tuple[Tensor, ...]:
        layer = (explanation.layer if explanation else "") or None
        found = activation_maps(model.network, batch, layer=layer, targets=positive_label(metadata), method=chosen)
        made.append((found.method, found.layer))
        features = found.logits[:, :0] if found.embedding is None else found.embedding.flatten(1)
        return found.logits, found.maps[:, 0], features

    inputs = torch.from_numpy(np.stack([one.pixels for one in prepared]))
    batch = 1 if context.device.type == "cpu" else _BATCH_ON_CARD
    logits, maps, features = run_in_batches(ask, inputs, batch, context.device, context.note, model.network)
    answers = logits.double().numpy()
    details = Details(roles, answers, maps.float().numpy(), *made[-1], prepared)
    embedding = features.double().numpy() if features.numel() else None
    return Prediction(exam_logits(roles, answers, metadata), embedding, details)


def _ask(
    model: Model, prepared: Sequence[Prepared], context: ReadContext
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits (views, labels) and embeddings (views, features) of many views; of no features where there are none."""
    import torch

    from ..device import run_in_batches
    from ..explain.forward import forward_from_last_map

    def ask(batch: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        forward = forward_from_last_map(model.network, batch)
        return forward.logits if forward.embedding is None else (forward.logits, forward.embedding.flatten(1))

    pixels = torch.from_numpy(np.stack([one.pixels for one in prepared]))
    batch = _BATCH.get(context.device.type, _BATCH_ON_CARD)
    found = run_in_batches(ask, pixels, batch, context.device, context.note, model.network)
    logits, embeddings = found if isinstance(found, tuple) else (found, found[:, :0])
    return logits.double().numpy(), embeddings.double().numpy()


def _load_network(bundle: Bundle) -> nn.Module:
    from ..networks import registry
    from .network import load_network

    metadata = bundle.of_kind(ClassifierMetadata)
    architecture = registry.find(metadata.backbone, axes=2)
    architecture.require_size(metadata.preprocessing.size)
    if not architecture.maps:
        raise BundleError(
            f"The bundle '{metadata.name}' was made with {architecture.title}, which has no map of features: nothing "
            "could show where its answer comes from."
        )
    return load_network(bundle)


READER = MammoScreenReader()
