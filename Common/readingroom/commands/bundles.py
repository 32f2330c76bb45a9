"""``readingroom bundles``: list, verify, install and remove."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..formatting import ages_text, counted
from .progress_line import ProgressLine
from .terminal import say


def add(commands: Any) -> None:
    bundles = commands.add_parser("bundles", help="list, verify, install and remove bundles")
    actions = bundles.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what is installed").set_defaults(run=_list_bundles)
    verify = actions.add_parser("verify", help="check the hashes and the contents of a bundle")
    verify.add_argument("path", type=Path, metavar="PATH", help="a folder, or the name of an installed bundle")
    verify.set_defaults(run=_verify_bundle)
    install = actions.add_parser("install", help="install a bundle from a folder, a zip, or the catalog")
    install.add_argument("path", metavar="PATH", help="a folder, a zip, or the name of a bundle in the catalog")
    install.add_argument("--catalog", type=Path, metavar="FILE", help="another catalog, such as a hospital's own")
    install.add_argument("--replace", action="store_true", help="take the place of an installed bundle of that name")
    install.set_defaults(run=_install_bundle)
    remove = actions.add_parser("remove", help="remove an installed bundle")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove_bundle)


def _list_bundles(options: argparse.Namespace) -> None:
    from ..bundles.store import installed

    for entry in installed():
        where = "shipped" if entry.shipped else str(entry.folder)
        if entry.metadata is None:
            say(f"{entry.name}  DAMAGED: {entry.problem}  ({where})")
        else:
            ages = f", {ages_text(entry.metadata.ages)}" if entry.metadata.ages else ""
            say(f"{entry.name} {entry.metadata.version}  {entry.metadata.title}{ages}  ({where})")


def _verify_bundle(options: argparse.Namespace) -> None:
    from ..bundles.bundle import load
    from ..bundles.store import find

    bundle = load(options.path) if options.path.is_dir() else find(options.path)
    files = counted(len(bundle.files), "file")
    say(f"{bundle.metadata.name} {bundle.metadata.version} is whole and safe to load ({files}).")


def _install_bundle(options: argparse.Namespace) -> None:
    from ..bundles import catalog, download
    from ..bundles.store import install

    path = Path(options.path)
    if path.exists() or len(path.parts) > 1 or path.suffix:
        bundle = install(path, replace=options.replace)
    else:
        entry = catalog.find(options.path, options.catalog)
        with ProgressLine() as line:
            bundle = download.install(entry, line.show, replace=options.replace)
    say(f"Installed {bundle.metadata.name} {bundle.metadata.version} in {bundle.folder}.")


def _remove_bundle(options: argparse.Namespace) -> None:
    from ..bundles.store import remove

    remove(options.name)
    say(f"Removed {options.name}.")
