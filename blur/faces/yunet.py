"""YuNet (2023mar) on OpenVINO: an anchor-free detector at strides 8, 16 and 32.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023
(doi:10.1007/s11633-023-1423-y).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blur import weights
from blur.errors import DetectorError
from blur.faces.detections import Detections, Picture
from blur.faces.network import Network, Outputs, Precision
from blur.faces.nms import suppressed

_NAME = "yunet"
_STRIDES = (8, 16, 32)
_NMS_IOU = 0.3


class YuNet:
    """Fast; sees large faces well, and turned ones better than CenterFace does.

    Boxes are tight. Its landmarks stay upright when a face is turned, so the angle is 0.
    """

    name = _NAME
    family = "yunet"

    def __init__(
        self,
        *,
        threads: int | None = None,
        precision: Precision | None = None,
        device: str = "CPU",
    ) -> None:
        self._network = Network(
            _NAME,
            weights.read(_NAME),
            bgr=True,
            threads=threads,
            precision=precision,
            device=device,
        )

    def detect(self, pictures: Sequence[Picture], threshold: float) -> list[Detections]:
        return self._network.run(pictures, lambda outputs, width: decode(outputs, width, threshold))

    def close(self) -> None:
        self._network.close()


def decode(outputs: Outputs, width: int, threshold: float) -> Detections:
    """Detections out of the network's answer to an input `width` pixels wide.

    Raises DetectorError when the answer is no number.
    """
    found = []
    for stride in _STRIDES:
        scores = np.sqrt(
            outputs[f"cls_{stride}"][0, :, 0].clip(0, 1)
            * outputs[f"obj_{stride}"][0, :, 0].clip(0, 1)
        )
        if not np.isfinite(scores).all():
            raise DetectorError(f"{_NAME} answered with something that is no number")
        cells = np.flatnonzero(scores >= threshold)
        y, x = np.divmod(cells, width // stride)
        left, up, log_width, log_height = outputs[f"bbox_{stride}"][0, cells].T
        columns = [x + left, y + up, np.exp(log_width), np.exp(log_height), np.zeros(len(cells))]
        boxes = np.stack(columns, axis=1) * stride
        found.append(Detections.of(boxes.astype(np.float32), scores[cells], _NAME))
    return suppressed(Detections.concat(found), _NMS_IOU)
