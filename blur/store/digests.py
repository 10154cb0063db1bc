"""Hashes of what a plan and an output depend on besides their clip; they tell what to redo."""

from __future__ import annotations

from blur import __version__
from blur.detect import weights
from blur.settings import ScanSettings, Settings, digest


def scan_digest(settings: ScanSettings) -> str:
    """What a plan depends on: blur's version, scan settings and weights."""
    return f"{__version__}-{digest(settings)}-{weights.digest()}"


def render_digest(settings: Settings) -> str:
    """What an output depends on beside plan and edits: cover, output and audit settings."""
    return digest(settings.cover, settings.output, settings.audit)
