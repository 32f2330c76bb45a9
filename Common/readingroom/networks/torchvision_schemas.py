"""Makes ``import torchvision`` work beside a CPU build of torch.

PyPI's torchvision is built for CUDA. Beside a CPU torch (the usual one on hospital machines) its compiled operators do
not load, and ``import torchvision`` fails with "operator torchvision::nms does not exist": it registers shape rules for
operators that nobody declared. timm needs that import, though none of its classifiers calls those operators. Declaring
the two operators by schema, without an implementation, lets the import pass; calling one still fails as it should.
"""

from __future__ import annotations

import functools
import importlib
import sys

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[torch.library.Library] = []  # torch forgets the schemas when their Library object dies


@functools.cache
def make_torchvision_importable() -> None:
    """Import torchvision; where its operators are missing, declare their schemas and import it again.

    Raises
    ------
    ImportError : torchvision is not installed
    RuntimeError : torchvision fails for another reason
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # the half-imported package
        library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            library.define(schema)
        _libraries.append(library)
        importlib.import_module("torchvision")
