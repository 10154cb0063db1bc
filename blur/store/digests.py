"""Hashes of what a plan and an output depend on besides their clip; they tell what to redo.

Each begins with the build of blur (see `blur._version.build`) that made the plan or output.
"""

from __future__ import annotations

from msgspec.structs import asdict

from blur._version import __version__, build, source_hash
from blur.detect import weights
from blur.settings import ScanSettings, Settings, digest


def scan_digest(settings: ScanSettings) -> str:
    """Of a plan: build, scan settings and weights."""
    return f"{build()}-{digest(settings)}-{weights.digest()}"


def render_digest(settings: Settings) -> str:
    """Of an output, beside its plan and edits: build, cover, output and audit settings."""
    return f"{build()}-{digest(settings.cover, settings.output, settings.audit)}"


def of_this_build(made: str | None) -> bool:
    """Whether a scan or render digest is of a plan or output that this very blur made."""
    return made is not None and made.partition("-")[0] == build()


def installation() -> dict[str, str]:
    """Versions and digests that two machines must have alike for clips to come out alike.

    Every weight is read and verified. Raises SetupError.
    """
    for weight in weights.catalogue():
        weights.read(weight.name)
    return {
        "version": __version__,
        "source": source_hash(),
        "weights": weights.digest(),
        "settings": digest(*asdict(Settings()).values()),
    }
