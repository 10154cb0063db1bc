"""Colours as samples of a pixel format."""

from __future__ import annotations

from blur.cover.layout import Layout

# Luma weights of red and blue by H.273 matrix coefficients; BT.709 where untagged.
_MATRICES = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)}
_MATRICES |= {7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}


def native(colour: str, layout: Layout, matrix: int, full_range: bool) -> list[list[int]]:
    """`#rrggbb` as samples by plane and channel, with H.273 coefficients `matrix`; opaque."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    kr, kb = _MATRICES.get(matrix, _MATRICES[1])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    shares = {"r": red, "g": green, "b": blue, "a": 1.0, "0": 1.0, "y": luma}
    shares |= {"u": (blue - luma) / (2 - 2 * kb), "v": (red - luma) / (2 - 2 * kr)}
    peak, step = (1 << layout.bits) - 1, 1 << (layout.bits - 8)

    def sample(role: str) -> int:
        share = shares[role]
        if role in "uv":
            value = 128 * step + share * (peak if full_range else 224 * step)
        elif role == "y" and not full_range:
            value = (16 + 219 * share) * step
        else:
            value = share * peak
        return min(max(round(value), 0), peak) << layout.shift

    return [[sample(role) for role in plane.roles] for plane in layout.planes]
