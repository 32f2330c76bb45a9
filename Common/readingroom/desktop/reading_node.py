"""The one copy of a reading in a scene: a text node with the reading, verdicts included, and its pictures.

It is saved with the scene and comes back with it, so a report can be written at any later time. Heat maps and regions
are nodes of their own and are not kept twice.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..errors import InputError
from ..files import make_folder, write_bytes
from ..reading import Reading
from .owned_nodes import OwnedNodes, place_beside

_IMAGE = "ReadingRoomImage-"  # node reference role, followed by the role of the image


class ReadingNode:
    """The reading that the scene keeps for one module.

    Parameters
    ----------
    nodes : the module's nodes
    """

    def __init__(self, nodes: OwnedNodes) -> None:
        self._nodes = nodes
        self._seen = 0  # modification time of the node that was understood last: reading it takes a moment
        self._reading: Reading | None = None

    @property
    def reading(self) -> Reading | None:
        """The reading; None when there is none, or one that this version does not understand."""
        node = self._node
        if node is None:
            return None
        if node.GetMTime() != self._seen:
            self._seen, self._reading = node.GetMTime(), _understood(str(node.GetText() or ""))
        return self._reading

    def keep(self, reading: Reading, folder: Path, volumes: Mapping[str, Any]) -> None:
        """Keep a new reading with the pictures that lie in ``folder``.

        Parameters
        ----------
        volumes : the volume nodes that were read, by the role of their image; at least one

        Raises
        ------
        InputError : a picture is missing, though the tests of the answer are done
        """
        pictures = _pictures(reading, folder)
        name = _("{reader} reading").format(reader=reading.reader)
        node = self._nodes.get_or_add("vtkMRMLTextNode", "reading", "", name)
        # Into the scene file itself, so that no second file can be lost.
        node.SetForceCreateStorageNode(slicer.vtkMRMLTextNode.CreateStorageNodeNever)
        for role in [role for role in _reference_roles(node) if role.removeprefix(_IMAGE) not in volumes]:
            node.RemoveNodeReferenceIDs(role)
        for role, volume in volumes.items():
            node.SetNodeReferenceID(_IMAGE + role, volume.GetID())
        place_beside(node, next(iter(volumes.values())))
        self._write(node, reading, pictures)

    def update(self, reading: Reading) -> None:
        """Keep a reading that a person changed; its pictures stay.

        Raises
        ------
        ValueError : there is none to update
        """
        node = self._node
        if node is None:
            raise ValueError("The scene keeps no reading.")
        self._write(node, reading, json.loads(node.GetText())["pictures"])

    def take_pictures(self, folder: Path) -> None:
        """Keep the pictures in ``folder`` of an answer whose tests were stopped: they follow the answer."""
        reading = self.reading
        if reading is not None and reading.pending:
            self._write(self._node, reading, _pictures(reading, folder))

    def volume(self, role: str) -> Any:
        """The volume node that was read as this image; None when it is gone or was never there."""
        node = self._node
        return node.GetNodeReference(_IMAGE + role) if node is not None else None

    def is_of(self, volumes: Mapping[str, Any]) -> bool:
        """Whether exactly these volume nodes were read."""
        node = self._node
        if node is None:
            return False
        read = {role.removeprefix(_IMAGE): node.GetNodeReference(role) for role in _reference_roles(node)}
        return bool(volumes) and set(read) == set(volumes) and all(read[role] is volumes[role] for role in read)

    def write_pictures(self, folder: Path) -> None:
        """Write the pictures into a folder, under the names that the reading knows them by.

        Raises
        ------
        InputError : they are damaged
        OutputError : the folder cannot be written to
        """
        node = self._node
        pictures = json.loads(node.GetText())["pictures"] if node is not None else {}
        make_folder(folder)
        for name, text in pictures.items():
            try:
                content = base64.b64decode(text, validate=True)
            except (binascii.Error, TypeError) as error:
                raise InputError(_("The pictures of this reading are damaged: read the study again.")) from error
            write_bytes(folder / Path(name).name, content)  # a scene from elsewhere may name any place

    @property
    def _node(self) -> Any:
        return self._nodes.find("reading")

    def _write(self, node: Any, reading: Reading, pictures: Mapping[str, str]) -> None:
        text = json.dumps({"reading": reading.to_json(), "pictures": pictures})
        node.SetText(text)
        self._seen, self._reading = node.GetMTime(), reading


def _understood(text: str) -> Reading | None:
    try:
        return Reading.from_json(json.loads(text)["reading"]) if text else None
    except (ValueError, KeyError, TypeError):  # another version of ReadingRoom wrote it
        return None


def _pictures(reading: Reading, folder: Path) -> dict[str, str]:
    """The key pictures by name; while an answer is being tested they may not be there yet."""
    found = {}
    for picture in reading.key_pictures:
        try:
            found[str(picture.path)] = base64.b64encode((folder / picture.path).read_bytes()).decode("ascii")
        except OSError as error:
            if not reading.pending:
                raise InputError(_("The pictures of this reading are missing: read the study again.")) from error
    return found


def _reference_roles(node: Any) -> list[str]:
    roles: list[str] = []
    node.GetNodeReferenceRoles(roles)
    return [role for role in roles if role.startswith(_IMAGE)]
