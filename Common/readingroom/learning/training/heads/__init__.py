"""What is trained on the features of a frozen network: one head a file, each with a class ``HEAD``.

A protocol names it with dashes for underscores, so a new head (survival, say) is one new file here. Its settings are
the fields of its class, a frozen dataclass, and come from the protocol's ``head_settings``.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from ....errors import InputError
from .head import Head

NAMES = tuple(sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if m.name != "head"))


def load_head(name: str, settings: Mapping[str, Any] | None = None) -> Head:
    """The head of that name, with these settings and its own defaults for the others.

    Raises
    ------
    InputError : there is no such head or setting, or a number is not plausible
    """
    if name not in NAMES:
        raise InputError(f'There is no head named "{name}"; there are {", ".join(NAMES)}.')
    made = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").HEAD
    known = [field.name for field in dataclasses.fields(made)]
    if unknown := sorted(set(settings or {}) - set(known)):
        raise InputError(f'The head "{name}" has no setting {", ".join(unknown)}; it has {", ".join(known) or "none"}.')
    try:
        head: Head = made(**(settings or {}))
    except ValueError as error:
        raise InputError(f'The head "{name}" cannot be made: {error}.') from error
    return head
