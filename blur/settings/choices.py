"""The named values that options take."""

from __future__ import annotations

import enum


class Level(enum.StrEnum):
    """The effort of a scan; the table of each level's looks is in `scan/looks.py`.

    A DRAFT is for proxies and the edit: its outputs are not audited.
    """

    DRAFT = "draft"
    FAST = "fast"
    BALANCED = "balanced"
    THOROUGH = "thorough"


class FillName(enum.StrEnum):
    """The pixels of a cover; no fill depends on a pixel under a cover."""

    SOFT = "soft"
    SOLID = "solid"
    MOSAIC = "mosaic"


class Codec(enum.StrEnum):
    """Video formats of outputs; the table of their encoders is in `media/write/presets.py`."""

    H264 = "h264"
    HEVC = "hevc"
    PRORES = "prores"
    DNXHR = "dnxhr"
    FFV1 = "ffv1"
    MATCH = "match"


class Proxy(enum.StrEnum):
    """Copies of half the size, for the edit; their encoders are in `media/write/proxies.py`."""

    NONE = "none"
    PRORES = "prores"
    DNXHR = "dnxhr"
    H264 = "h264"


class Verify(enum.StrEnum):
    SAMPLED = "sampled"
    FULL = "full"


class AuditMode(enum.StrEnum):
    """Consequence of a face that the audit sees in an output."""

    FIX = "fix"
    REPORT = "report"
    OFF = "off"


class AudioMode(enum.StrEnum):
    """The sound of outputs; each keeps the clip's tracks but NONE."""

    SILENCE = "silence"
    NONE = "none"
    KEEP = "keep"

    @classmethod
    def _missing_(cls, value: object) -> AudioMode | None:
        """NONE for `strip`, its name in reports and settings that blur 0.2.0 wrote."""
        return cls.NONE if value == "strip" else None


class Timecode(enum.StrEnum):
    """The start timecode of outputs."""

    ZERO = "zero"
    KEEP = "keep"
    OFFSET = "offset"


class OnResize(enum.StrEnum):
    SCALE = "scale"
    FAIL = "fail"


class Hardware(enum.StrEnum):
    """Encoders in graphics chips, by the endings of FFmpeg's encoder names."""

    NONE = "none"
    NVENC = "nvenc"
    QSV = "qsv"
    VIDEOTOOLBOX = "videotoolbox"
    VAAPI = "vaapi"


class Speed(enum.StrEnum):
    """Presets of x264 and x265: a slower one makes smaller files."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWER = "slower"
    VERYSLOW = "veryslow"
    PLACEBO = "placebo"
