"""Every option of `blur`, once: type, default, bounds and help.

The command line, `blur.toml`, the README's table and the settings hash are all generated from
the structs below. A field's metadata carries its help text; `extra` may carry a `short` flag
or `metavar`. Names are given with underscores here and with dashes on the command line.
"""

from __future__ import annotations

import enum
import hashlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

from blur.errors import UsageError


class Level(enum.StrEnum):
    """How hard the scan looks; `faces/search.py` holds the table of what each level does."""

    FAST = "fast"
    BALANCED = "balanced"
    THOROUGH = "thorough"


class FillName(enum.StrEnum):
    """How a cover's pixels are made; none of them depends on a pixel under a cover."""

    SOFT = "soft"
    SOLID = "solid"
    MOSAIC = "mosaic"


class Codec(enum.StrEnum):
    """Output presets; `media/presets.py` holds the table of what each one means."""

    H264 = "h264"
    HEVC = "hevc"
    PRORES = "prores"
    DNXHR = "dnxhr"
    FFV1 = "ffv1"
    MATCH = "match"


class Verify(enum.StrEnum):
    SAMPLED = "sampled"
    FULL = "full"


class AuditMode(enum.StrEnum):
    """What happens with faces that are still seen in an output."""

    FIX = "fix"
    REPORT = "report"
    OFF = "off"


class AudioMode(enum.StrEnum):
    STRIP = "strip"
    KEEP = "keep"


class Hardware(enum.StrEnum):
    """Encoders in graphics chips, by the names that FFmpeg's encoders end with."""

    NONE = "none"
    NVENC = "nvenc"
    QSV = "qsv"
    VIDEOTOOLBOX = "videotoolbox"
    VAAPI = "vaapi"


_TIME = r"(\d+:)?(\d+:)?\d+(\.\d+)?"
_SPANS = rf"^({_TIME}-{_TIME}(,{_TIME}-{_TIME})*)?$"


class ScanSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides which faces a plan holds; a change here scans again."""

    level: Annotated[Level, Meta(description="how hard to look: fast, balanced or thorough")] = (
        Level.BALANCED
    )
    hold: Annotated[
        float,
        Meta(
            ge=0,
            le=30,
            description="seconds that a cover stays before a face's first and after its last"
            " sighting; more is safer and covers more",
        ),
    ] = 1.0
    max_damaged: Annotated[
        int,
        Meta(
            ge=0,
            description="damaged or lost frames that a clip may have before it fails; more than 0"
            " covers what can be decoded and reports the loss",
        ),
    ] = 0


class CoverSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a cover looks like; a change here renders again, without a new scan."""

    fill: Annotated[
        FillName,
        Meta(description="soft looks like a blur, solid is one colour, mosaic is false blocks"),
    ] = FillName.SOFT
    colour: Annotated[
        str,
        Meta(pattern="^#[0-9a-fA-F]{6}$", description="colour of the solid fill, as #rrggbb"),
    ] = "#202020"
    margin: Annotated[
        float,
        Meta(ge=0, le=3, description="scales how far a cover reaches beyond the face (1 = head)"),
    ] = 1.0


class OutputSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the covered clip is written as; a change here renders again."""

    codec: Annotated[Codec, Meta(description="video format of the covered clips")] = Codec.H264
    crf: Annotated[
        int | None,
        Meta(description="quality of h264 and hevc, 0-51, lower is better and larger"),
    ] = None
    preset: Annotated[
        str | None, Meta(description="encoder speed preset, as x264 and x265 name them")
    ] = None
    audio: Annotated[
        AudioMode,
        Meta(description="strip removes sound, keep copies it: a voice identifies"),
    ] = AudioMode.STRIP
    mute: Annotated[
        str,
        Meta(
            pattern=_SPANS,
            description="keeps the sound but makes these spans silent: 1:02-1:10,2:00-2:05.5",
            extra={"metavar": "SPAN[,SPAN]"},
        ),
    ] = ""
    keep_timecode: Annotated[
        bool,
        Meta(description="keeps the start timecode: it can tell the time of day of the shooting"),
    ] = False
    deinterlace: Annotated[
        bool, Meta(description="turns interlaced clips into progressive ones, frame for frame")
    ] = False
    hardware: Annotated[
        Hardware, Meta(description="encodes h264 and hevc on a graphics chip: faster, larger")
    ] = Hardware.NONE


class AuditSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the covered clip is searched for faces; a change here renders and searches again."""

    audit: Annotated[
        AuditMode,
        Meta(
            description="looks for faces in the covered clip: fix covers them and renders again,"
            " report only lists them, off does not look"
        ),
    ] = AuditMode.FIX
    audit_rounds: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="times that a clip is rendered again for what the audit saw, before it"
            " fails",
        ),
    ] = 2
    audit_every: Annotated[
        int,
        Meta(
            ge=1,
            description="frames from one that the audit looks at to the next; fewer finds shorter"
            " appearances and takes longer",
        ),
    ] = 12


class BatchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the batch is carried out; never changes what is covered."""

    jobs: Annotated[
        int, Meta(ge=0, le=256, description="clips worked on at once; 0 fits the machine")
    ] = 0
    device: Annotated[
        str,
        Meta(
            description="where detectors run: cpu, cuda for an NVIDIA chip, or another of the"
            " devices that `blur doctor` lists"
        ),
    ] = "cpu"
    include: Annotated[
        tuple[str, ...],
        Meta(description="only files whose name or path matches this pattern (repeatable)"),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Meta(description="no file whose name or path matches this pattern (repeatable)"),
    ] = ()
    rename: Annotated[
        bool,
        Meta(
            description="gives outputs numbers for names, also in the report; the key lies in the"
            " private work folder"
        ),
    ] = False
    verify: Annotated[
        Verify,
        Meta(
            description="how finished clips of an earlier run are checked: sampled reads a part of"
            " each output, full every byte"
        ),
    ] = Verify.SAMPLED
    stall_timeout: Annotated[
        float,
        Meta(ge=1, description="seconds without any progress after which a clip is given up"),
    ] = 300.0
    disk_wait: Annotated[
        float,
        Meta(ge=0, description="seconds that a batch waits for space when the disk is full"),
    ] = 30.0
    cluster: Annotated[
        str,
        Meta(
            pattern=r"^(|local:[1-9]\d*|(tcp|tls)://.+)$",
            description="works on the machines of a Dask cluster: its scheduler's address, or"
            " local:N for N workers on this machine",
            extra={"metavar": "ADDRESS"},
        ),
    ] = ""
    cluster_map: Annotated[
        tuple[str, ...],
        Meta(
            description="where the cluster's workers find a folder of this machine (repeatable)",
            extra={"metavar": "HERE=THERE"},
        ),
    ] = ()
    cluster_tls: Annotated[
        str,
        Meta(
            description="folder with ca.pem, cert.pem and key.pem for an encrypted cluster",
            extra={"metavar": "FOLDER"},
        ),
    ] = ""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All options, in groups by what a change of them redoes."""

    scan: ScanSettings = ScanSettings()
    cover: CoverSettings = CoverSettings()
    output: OutputSettings = OutputSettings()
    audit: AuditSettings = AuditSettings()
    batch: BatchSettings = BatchSettings()


class Option(Struct, frozen=True):
    """One option as the command line and the documentation see it."""

    group: str
    name: str
    kind: Any
    default: Any
    help: str
    extra: dict[str, Any]

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def choices(self) -> list[str]:
        """The values to choose from, where there are such."""
        named = isinstance(self.kind, type) and issubclass(self.kind, enum.Enum)
        return [member.value for member in self.kind] if named else []

    @property
    def default_text(self) -> str:
        """The default as the user would write it; empty where the option is off by default."""
        off = self.default is None or self.default is False or self.default in ((), "")
        return "" if off else str(self.default)


def options(*groups: str) -> Iterator[Option]:
    """The options of the named groups (all when none is named), in order of definition."""
    for group in Settings.__struct_fields__:
        if groups and group not in groups:
            continue
        struct = type(getattr(Settings(), group))
        hints = get_type_hints(struct, include_extras=True)
        for field in msgspec.structs.fields(struct):
            meta = next(m for m in hints[field.name].__metadata__ if isinstance(m, Meta))
            yield Option(
                group,
                field.name,
                hints[field.name].__origin__,
                field.default,
                meta.description or "",
                meta.extra or {},
            )


def load(file: Path | None, overrides: dict[str, dict[str, Any]]) -> Settings:
    """Settings from defaults, then `file` (TOML), then `overrides` {group: {name: value}}.

    Raises UsageError naming the file and the option when a value cannot be used.
    """
    merged: dict[str, dict[str, Any]] = {}
    if file is not None:
        try:
            merged = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"cannot be read as settings: {error}", subject=file) from error
        from_file = _convert(merged, file)  # blame the file before the command line joins in
        merged = msgspec.to_builtins(from_file)
    for group, values in overrides.items():
        merged.setdefault(group, {}).update(values)
    return _convert(merged, None)


def _convert(values: dict[str, Any], file: Path | None) -> Settings:
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"bad setting: {error}", subject=file, remedy="see blur run --help for the bounds"
        ) from error


def digest(*groups: Struct) -> str:
    """A short hash of settings groups: equal values give equal hashes on every machine."""
    encoded = b"\0".join(msgspec.json.encode(group, order="deterministic") for group in groups)
    return hashlib.sha256(encoded).hexdigest()[:16]


ALLOTTED_CORES = "BLUR_CORES"
"""Environment variable that tells a worker process its part of the machine."""


def cpu_count() -> int:
    """Cores this process may use: what the batch allotted to it, or its affinity."""
    if allotted := os.environ.get(ALLOTTED_CORES):
        return int(allotted)
    return _machine_cores()


def _machine_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_MOST_THREADS = 16
"""Threads that FFmpeg gives a codec by itself at most; some refuse more than 32."""


def codec_threads() -> int:
    """Threads for one decoder or encoder: as many as cores where the batch has left this process
    a part of the machine, else 0, as many as it likes: more of them take more CPU time."""
    cores = cpu_count()
    return min(cores, _MOST_THREADS) if cores < _machine_cores() else 0


def options_table() -> str:
    """All options as the README's table."""
    rows = ["| option | in blur.toml | default | what it does |", "|---|---|---|---|"]
    for option in options():
        values = " {" + ",".join(option.choices) + "}" if option.choices else ""
        default = f"`{option.default_text}`" if option.default_text else ""
        place = f"`{option.group}.{option.name}`"
        rows.append(f"| `{option.flag}{values}` | {place} | {default} | {option.help} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(options_table())
