"""The likeness of two faces. Descriptors live in memory only: nothing anywhere writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Never

import numpy as np
import numpy.typing as npt

from blur.data.arrays import Floats


class Descriptor:
    """A face as a recogniser sees it: a (values,) unit vector.

    Refuses to be pickled, and so to travel to another process or into a file, and prints nothing
    of itself.
    """

    __slots__ = ("_values",)

    def __init__(self, values: npt.ArrayLike) -> None:
        given = np.asarray(values, np.float64)
        length = float(np.linalg.norm(given))
        if given.ndim != 1 or not length > 0 or not np.isfinite(length):
            raise ValueError("a descriptor is a vector with a length")
        self._values = given / length

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a descriptor of a person never leaves the memory of its process")

    def __repr__(self) -> str:
        return "Descriptor(...)"

    def like(self, other: Descriptor) -> float:
        """Cosine of the angle between both: 1 for the same picture, about 0 for strangers."""
        return float(self._values @ other._values)


def likenesses(some: Iterable[Descriptor], others: Iterable[Descriptor]) -> Floats:
    """(len(some), len(others)) likeness of each to each."""
    rows, columns = ([face._values for face in faces] for faces in (some, others))
    if not rows or not columns:
        return np.zeros((len(rows), len(columns)))
    return np.asarray(np.array(rows) @ np.array(columns).T, np.float64)


def mean(descriptors: Iterable[Descriptor]) -> Descriptor:
    """The descriptor between all of them. Raises ValueError for none."""
    return Descriptor(np.sum([d._values for d in descriptors], axis=0))
