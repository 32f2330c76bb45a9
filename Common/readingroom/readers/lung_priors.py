"""The prior of a chest CT: whether it is one, and what a network says of it.

A prior that cannot be read ends in a check that says why, never the read: the present CT was answered already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import InputError
from ..reading import Check, has_stop
from .answer import Case
from .base import ReadContext
from .lung_masks import LungMasks

if TYPE_CHECKING:
    from ..imaging.volume import Volume


class _WithLungs(Protocol):
    @property
    def lungs(self) -> LungMasks: ...


Details = TypeVar("Details", bound=_WithLungs)


def ct_checks(case: Case, image: str, prior: str) -> tuple[Check, ...]:
    """Checks of the CT in the role ``image``, and of its prior where there is one; they need no lungs."""
    import numpy as np

    from ..trust.ct_checks import checks_before, prior_checks

    found = checks_before(case.study.image(image), case.images[image])
    if prior in case.images:
        found += prior_checks(case.study.image(image), case.study.image(prior), case.images[prior])
        if np.array_equal(case.images[image].voxels, case.images[prior].voxels):
            found += (Check("prior differs", "stop", "The prior has the very voxels of the present CT."),)
    return found


def asked_of_prior(ask: Callable[[], Details], volume: Volume, context: ReadContext) -> Details | None:
    """What ``ask`` gives of the prior ``volume``; None, and a check that says why, where it cannot be compared."""
    from ..trust.ct_checks import lung_checks

    noted = len(context.notes)
    try:
        details = ask()
    except InputError as error:
        context.check(Check("prior read", "warn", f"The prior was not read: {error}"))
        return None
    finally:
        context.notes[noted:] = [f"Prior: {note}" for note in context.notes[noted:]]
    checks = [check for check in lung_checks(details.lungs.lungs, volume) if check.status != "pass"]
    # What would stop the read of the prior only keeps it from being compared.
    context.check(
        *(
            replace(check, name=f"prior: {check.name}", status="warn", sentence=f"Prior: {check.sentence}")
            for check in checks
        )
    )
    if has_stop(checks):
        context.check(Check("prior read", "warn", "The prior was not compared, for the reason above."))
        return None
    return details
