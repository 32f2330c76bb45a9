"""The surface of a mask by marching cubes (Lorensen and Cline 1987), as counts of cube configurations.

A cube has the centers of eight neighboring voxels as corners; which of them are in the mask is its configuration, 0 to
255, and the surface crosses its edges half way. Area depends on the configuration alone, volume on the configuration
and, linearly, on the cube's place, so that both follow from counts, without a list of triangles.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Twice the mid-point (k, j, i) of each of the twelve edges.
EDGES = np.array(
    [
        (0, 0, 1), (0, 1, 2), (0, 2, 1), (0, 1, 0), (2, 0, 1), (2, 1, 2), (2, 2, 1), (2, 1, 0),
        (1, 0, 0), (1, 0, 2), (1, 2, 2), (1, 2, 0),
    ]
)  # fmt: skip

# Triangles of configurations 0 to 127, three hexadecimal edge numbers each; from 128 on the complement's, turned over.
# This is the classic table (P. Bourke, Polygonising a scalar field, 1994), and cuts polygons into the same triangles as
# PyRadiomics does, on which the area depends.
TRIANGLES = """
- / 083 / 019 / 183 198 / 12a / 083 12a / 2a9 029 / 283 2a8 8a9 / 23b / 0b2 08b / 019 23b / 1b2 19b 8b9 /
13a 3ba / 0a1 08a 8ba / 039 3b9 9ba / 8a9 8ba / 478 / 043 347 / 019 478 / 194 147 173 / 12a 478 / 347 043
12a / 2a9 029 478 / 2a9 297 273 479 / 478 23b / 47b 24b 042 / 019 478 23b / 47b 4b9 29b 192 / 13a 3ba 478 /
1ba 14b 041 47b / 478 039 3b9 9ba / 47b 4b9 9ba / 495 / 495 083 / 054 015 / 485 358 153 / 12a 495 / 083 12a
495 / 2a5 254 024 / 2a5 253 354 348 / 495 23b / 0b2 08b 495 / 054 015 23b / 152 258 28b 485 / 13a 3ba 495 /
495 0a1 08a 8ba / 054 0b5 5ba 03b / 485 58a 8ba / 789 579 / 093 395 357 / 078 017 157 / 157 173 / 789 579
12a / 12a 093 395 357 / 028 258 578 2a5 / 2a5 253 357 / 579 789 23b / 579 297 092 27b / 23b 018 178 157 /
1b2 17b 157 / 789 579 13a 3ba / 057 095 07b 0a1 0ba / 0ba 03b 0a5 078 057 / 5ba 57b / 5a6 / 083 5a6 / 019
5a6 / 183 198 5a6 / 165 126 / 165 126 083 / 596 069 026 / 598 258 265 283 / 23b 5a6 / 0b2 08b 5a6 / 019 23b
5a6 / 1b2 19b 8b9 5a6 / 3b6 365 135 / 08b 0b5 051 5b6 / 3b6 036 065 059 / 596 69b 8b9 / 478 5a6 / 043 347
5a6 / 019 478 5a6 / 194 147 173 5a6 / 478 165 126 / 043 347 165 126 / 478 596 069 026 / 397 479 293 596 269
/ 23b 478 5a6 / 47b 24b 042 5a6 / 019 23b 478 5a6 / 47b 4b9 29b 192 5a6 / 478 3b6 365 135 / 1b5 5b6 0b1 47b
04b / 478 3b6 036 065 059 / 596 69b 479 7b9 / 49a 4a6 / 49a 4a6 083 / 01a 0a6 064 / 183 168 486 1a6 / 149
124 264 / 149 124 264 083 / 024 264 / 283 248 264 / 23b 49a 4a6 / 0b2 08b 49a 4a6 / 23b 01a 0a6 064 / 164
1a6 148 1b2 18b / 496 369 139 3b6 / 18b 081 1b6 149 164 / 3b6 036 064 / 486 68b / 67a 78a 89a / 67a 0a7 09a
073 / 67a 1a7 178 018 / 67a 1a7 173 / 126 168 189 678 / 269 129 679 093 397 / 078 067 026 / 273 267 / 23b
67a 78a 89a / 072 27b 097 67a 79a / 67a 1a7 178 018 23b / 1b2 17b 1a6 167 / 689 678 169 3b6 136 / 091 67b /
078 067 03b 0b6 / 67b
"""


@cache
def _triangles() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of all triangles: configuration ``(n,)``, normal and corner product (see `surface`), in doubled voxels.

    The normal ``(n, 3)`` has twice the triangle's area as its length; the product ``(n,)`` of the corners a, b, c is
    ``(a x b) . c``.
    """
    configurations, normals, products = [], [], []
    for configuration, triangles in enumerate(TRIANGLES.split("/")):
        for triangle in triangles.replace("-", "").split():
            a, b, c = (EDGES[int(edge, 16)] for edge in triangle)
            normal, product = np.cross(a - c, b - c), np.dot(np.cross(a, b), c)
            configurations += [configuration, 255 - configuration]
            normals += [normal, -normal]
            products += [product, -product]
    return np.array(configurations), np.array(normals), np.array(products)


def surface(mask: NDArray[np.bool_], spacing: tuple[float, float, float]) -> tuple[float, float]:
    """Area (mm2) and enclosed volume (mm3) of the mask's surface.

    Parameters
    ----------
    mask : ``[k, j, i]``, with a margin of at least one False voxel
    spacing : mm, ``(k, j, i)``
    """
    counts, places = _configurations(mask)
    configuration, normals, products = _triangles()
    scale = np.asarray(spacing)
    # Stretching space by s turns a cross product n into n * (s_j s_k, ...), and every volume into volume * s_k s_j s_i.
    areas = (
        np.linalg.norm(normals * (scale.prod() / scale), axis=1) / 8
    )  # doubled voxels: 4, half of a cross product: 2
    area = np.dot(counts[configuration], areas)
    # With corners p + a, p + b, p + c the product is (a x b) . c + p . n: terms with two or three p cancel.
    moved = 2 * np.sum(places[configuration] * normals)
    product = np.dot(counts[configuration], products) + moved
    return float(area), float(product) / 8 * float(scale.prod()) / 6


def _configurations(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many cubes have each configuration ``(256,)``, and the sum of their places ``(256, 3)`` in voxels."""
    counts, places = np.zeros(256, dtype=np.int64), np.zeros((256, 3), dtype=np.int64)
    columns = mask.shape[2] - 1
    behind = _squares(mask[0])
    for k in range(len(mask) - 1):
        square, behind = behind, _squares(mask[k + 1])
        flat = (square | behind << 4).ravel()
        crossed = np.flatnonzero((flat != 0) & (flat != 255))
        if not len(crossed):
            continue
        kind = flat[crossed]
        here = np.bincount(kind, minlength=256)
        counts += here
        j, i = np.divmod(crossed, columns)
        places[:, 0] += k * here
        places[:, 1] += np.bincount(kind, weights=j, minlength=256).astype(np.int64)
        places[:, 2] += np.bincount(kind, weights=i, minlength=256).astype(np.int64)
    return counts, places


def _squares(plane: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Of each square of four voxels of a slice, which are in the mask: four bits, going round."""
    voxels: NDArray[np.uint8] = plane.view(np.uint8)
    found = voxels[:-1, :-1].copy()
    for bit, corner in enumerate((voxels[:-1, 1:], voxels[1:, 1:], voxels[1:, :-1]), start=1):
        found |= corner << bit
    return found
