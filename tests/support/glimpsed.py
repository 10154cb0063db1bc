"""A clip in which a face shows on some frames, and on no other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from filming import photograph

from blur.data.arrays import Picture

SIZE = (640, 360)
AT = (420, 170)


def film(
    path: Path, face: Picture, shown: set[int], width: int, turn: int, times: list[int]
) -> None:
    """A street of gravel on which a face lies on the frames `shown`; `times` in milliseconds."""
    ground = cv2.cvtColor(cv2.resize(photograph(10), SIZE), cv2.COLOR_GRAY2RGB)
    head = face[30:230, 140:310]
    head = cv2.resize(head, (width * 2, round(width * 2 * 200 / 170)), interpolation=cv2.INTER_AREA)
    head = np.rot90(head, turn)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame, pts in enumerate(times):
            picture = ground.copy()
            if frame in shown:
                top, left = AT[1] - head.shape[0] // 2, AT[0] - head.shape[1] // 2
                picture[top : top + head.shape[0], left : left + head.shape[1]] = head
            image = av.VideoFrame.from_ndarray(picture, "rgb24")
            image.pts, image.time_base = pts, Fraction(1, 1000)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
