"""Whether the hospital and the label are one, so that nothing learned there can be told from where it was taken."""

from __future__ import annotations

from collections.abc import Sequence

BANNER = "Site and label are one in the training cohort: its answers are no detection of a disease."


def site_is_label(sites: Sequence[str], labels: Sequence[str]) -> str:
    """A sentence where every site has studies of one label alone; empty where one has several, or nothing differs.

    Parameters
    ----------
    sites, labels : (rows,); rows without a site (empty) say nothing
    """
    of_site: dict[str, set[str]] = {}
    for site, label in zip(sites, labels, strict=True):
        if site:
            of_site.setdefault(site, set()).add(label)
    known = {label for found in of_site.values() for label in found}
    if len(of_site) < 2 or len(known) < 2 or any(len(found) > 1 for found in of_site.values()):
        return ""
    if known != set(labels):
        return ""  # another label has rows of which nobody knows the site
    pairs = "; ".join(f"{site}: {next(iter(found))}" for site, found in sorted(of_site.items())[:4])
    return (
        f"Site and label are one ({pairs}): whatever tells the labels apart may be the hospital, its scanner or its "
        "sequence, and no answer may be called detection of a disease."
    )
