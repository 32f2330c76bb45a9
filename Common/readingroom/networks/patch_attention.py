"""Where a vision transformer looks: the map of the slice transformer (MST, Müller-Franzes et al. 2024).

What the class token attends to in the last block, patch by patch, times the weight of the slice in its study. It says
what a network looks at, not which way that moves its answer.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn


def among_patches(attention: Tensor) -> Tensor:
    """What a class token attends to, shared out among the patches: ``[..., patches]``, summing to 1.

    Parameters
    ----------
    attention : [..., 1 + patches] of the token, itself first. As in MST the first patch, a corner of the picture in
        which such networks keep what is of no place (Darcet et al., ICLR 2024), counts as nothing
    """
    patches = nn.functional.pad(attention[..., 2:], (1, 0))
    return patches / patches.sum(-1, keepdim=True).clamp_min(torch.finfo(patches.dtype).tiny)


def of_study(weights: Tensor, patches: Tensor) -> Tensor:
    """The weights [slices] of the slices, each shared out over its ``patches`` [slices, ..., patches]."""
    return weights.reshape(-1, *[1] * (patches.ndim - 1)) * patches


def features_and_attention(network: nn.Module, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Features [n, features], and what the class token attends to in the last block [n, rows, columns], of all heads.

    Parameters
    ----------
    network : a vision transformer of timm with one class token, without its head
    batch : [n, channels, height, width]
    """
    transformer = cast(Any, network)
    last, kept = transformer.blocks[-1].attn, []
    handle = last.qkv.register_forward_hook(lambda _, __, out: kept.append(out))
    try:
        features: Tensor = network(batch)
    finally:
        handle.remove()
    query, key, _ = kept[-1].unflatten(2, (3, last.num_heads, -1)).permute(2, 0, 3, 1, 4)
    query, key = last.q_norm(query[:, :, :1]), last.k_norm(key)
    attention = (last.scale * query @ key.transpose(-2, -1)).float().softmax(-1)[:, :, 0]
    rows, columns = transformer.patch_embed.grid_size
    return features, among_patches(attention).mean(1).unflatten(1, (rows, columns))
