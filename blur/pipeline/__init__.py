"""Scan, render and audit of one clip: the corridor, as recipes."""

import cv2

from blur.pipeline.auditing import audit
from blur.pipeline.corridor import Covered, cover_clip
from blur.pipeline.progress import Progress
from blur.pipeline.rendering import Rendered, render
from blur.pipeline.scanning import scan

__all__ = ["Covered", "Progress", "Rendered", "audit", "cover_clip", "render", "scan"]

# Its pool spins while it waits, on the cores that decoders, detectors and encoders keep busy.
cv2.setNumThreads(1)
