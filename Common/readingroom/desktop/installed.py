"""The installed bundles that can answer a reader's question."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..bundles import store
from ..bundles.metadata import BundleMetadata
from ..formatting import ages_text


def bundles_for(reader: str) -> list[BundleMetadata]:
    """Undamaged bundles of this reader by name; the user's own stands for a shipped one of the same name."""
    found = [entry.metadata for entry in store.installed() if entry.metadata is not None]
    return list({metadata.name: metadata for metadata in found if metadata.reader == reader}.values())


def bundle_title(bundle: BundleMetadata) -> str:
    """The bundle as a selector lists it."""
    title = f"{bundle.title} ({bundle.version})"
    return _("{title}, demonstration only").format(title=title) if bundle.demonstration else title


def bundle_use(bundle: BundleMetadata) -> str:
    """Whom the bundle is for and what it tells apart, in a line."""
    answers = ", ".join(label.title for label in bundle.labels)
    if bundle.ages is None:
        return answers
    return _("For {patients}: {answers}").format(patients=ages_text(bundle.ages), answers=answers)
