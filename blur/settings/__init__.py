"""Every option of `blur`, defined once: type, default, bounds and help.

The command line, `blur.toml`, the README's table (see `options`) and the settings hash are
generated from these structs. A field's metadata carries its help text; `extra` may carry a
`metavar`, and entries that `values` reads. Names have underscores here and dashes on the command
line.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

from blur.errors import BadOption
from blur.settings.choices import (
    AudioMode,
    AuditMode,
    Codec,
    FillName,
    Hardware,
    Level,
    OnResize,
    Proxy,
    Speed,
    Timecode,
    Verify,
)
from blur.settings.values import converted, parse_places, parse_rate, parse_spans

__all__ = [
    "ALLOTTED_CORES",
    "AudioMode",
    "AuditMode",
    "AuditSettings",
    "BatchSettings",
    "Codec",
    "CoverSettings",
    "FillName",
    "Hardware",
    "Level",
    "OnResize",
    "OutputSettings",
    "Proxy",
    "ScanSettings",
    "Settings",
    "Speed",
    "Timecode",
    "Verify",
    "codec_threads",
    "cpu_count",
    "digest",
    "kinds",
]


@functools.cache
def kinds(group: type[Struct]) -> dict[str, Any]:
    """The kind of each option of a group, by its name."""
    return get_type_hints(group, include_extras=True)


class _Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of one group, checked as they are made. Raises BadOption."""

    def __post_init__(self) -> None:
        for name, kind in kinds(type(self)).items():
            try:
                made = converted(kind, getattr(self, name))
            except ValueError as error:
                raise BadOption(str(error), subject=name) from error
            msgspec.structs.force_setattr(self, name, made)


class ScanSettings(_Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that decide which faces a plan holds; a change scans again."""

    level: Annotated[
        Level,
        Meta(
            description="effort of the scan: fast, balanced or thorough; or draft, for proxies and"
            " the edit only, which misses more faces and is not audited (exit code 6)"
        ),
    ] = Level.BALANCED
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
            description="damaged or lost frames that a clip may have before it fails; above 0, the"
            " decodable frames are covered and the loss is reported",
        ),
    ] = 0
    on_resize: Annotated[
        OnResize,
        Meta(
            description="where a clip's pictures change their size, aspect or range: scale fits"
            " them to the first, with black borders, fail refuses the clip"
        ),
    ] = OnResize.SCALE


class CoverSettings(_Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a cover's shape and fill; a change renders again, without a new scan."""

    fill: Annotated[
        FillName,
        Meta(
            description="soft looks like a blur, solid is a single colour, mosaic is false blocks"
        ),
    ] = FillName.SOFT
    colour: Annotated[
        str,
        Meta(
            pattern="^#[0-9a-fA-F]{6}$",
            description="colour of the solid fill, as #rrggbb",
            extra={"accepts": "a colour as #rrggbb"},
        ),
    ] = "#202020"
    soft_edge: Annotated[
        float,
        Meta(
            ge=0,
            le=0.02,
            description="width of a soft edge of the solid fill, outside the covered area, in parts"
            " of the picture's shorter side",
        ),
    ] = 0.0
    tone: Annotated[
        str,
        Meta(
            pattern="^(auto|#[0-9a-fA-F]{6})$",
            description="skin of the soft fill: auto goes with the picture, or a colour as #rrggbb",
        ),
    ] = "auto"
    region: Annotated[
        tuple[str, ...],
        Meta(
            description="rectangle to cover in every clip, such as a burnt-in date: left,top,width,"
            "height in parts of the picture, 0 to 1, and @1:02-1:10 for a span; ellipse:left,… for"
            " the ellipse in it; may be given again",
            extra={"metavar": "[ellipse:]X,Y,W,H[@SPAN]", "check": parse_places},
        ),
    ] = ()
    margin: Annotated[
        float,
        Meta(
            ge=0,
            le=3,
            description="reach of a cover beyond the face, as a factor; 1 covers the head",
        ),
    ] = 1.0


class OutputSettings(_Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Format of the covered clip; a change renders again."""

    codec: Annotated[Codec, Meta(description="video format of the covered clips")] = Codec.H264
    crf: Annotated[
        Annotated[int, Meta(ge=0, le=51)] | None,
        Meta(description="quality of h264 and hevc; lower is better and makes larger files"),
    ] = None
    preset: Annotated[
        Speed | None, Meta(description="speed preset of the h264 and hevc encoders")
    ] = None
    audio: Annotated[
        AudioMode,
        Meta(
            description="silence takes the place of each sound track, none removes the tracks, keep"
            " keeps the sound, recoded where its packets could hide anything; a voice identifies"
        ),
    ] = AudioMode.SILENCE
    mute: Annotated[
        str,
        Meta(
            description="spans made silent, the other sound is kept: 1:02-1:10,2:00-2:05.5",
            extra={"metavar": "SPAN[,SPAN]", "check": parse_spans},
        ),
    ] = ""
    timecode: Annotated[
        Timecode,
        Meta(
            description="zero begins at 0, keep keeps the start, which can tell the time of day of"
            " the shooting, offset moves the starts of all clips by a random number of seconds"
            " that only the work folder knows"
        ),
    ] = Timecode.ZERO
    reel: Annotated[
        str,
        Meta(
            pattern=r"^[\x20-\x7e]{0,32}$",
            description="tape name beside the timecode, for edit lists: keep carries the clip's,"
            " another word is written as it is",
            extra={"accepts": "a text of at most 32 plain characters"},
        ),
    ] = ""
    burn_in: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="text written over the picture of screeners, with the clip's name and the"
            " timecode; for h264 and hevc only, so that no master carries it",
            extra={"accepts": "a text of at most 100 characters in a single line"},
        ),
    ] = ""
    conform: Annotated[
        str,
        Meta(
            description="even rate of films whose frames come at uneven times, as phones record and"
            " editing programs do not cut: frames a second, such as 25 or 29.97, or auto for the"
            " camera's nearest; films at even times keep theirs",
            extra={"metavar": "RATE", "check": parse_rate},
        ),
    ] = ""
    proxy: Annotated[
        Proxy,
        Meta(description="copy of each film for the edit, of half its size, in the folder Proxy"),
    ] = Proxy.NONE
    proxy_alone: Annotated[
        bool,
        Meta(
            description="write the copies for the edit alone; their masters come, without another"
            " scan, with a later run that leaves this out"
        ),
    ] = False
    deinterlace: Annotated[
        bool, Meta(description="turn interlaced clips into progressive clips, frame for frame")
    ] = False
    hardware: Annotated[
        Hardware,
        Meta(description="graphics chip that encodes h264 and hevc; faster, with larger files"),
    ] = Hardware.NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.burn_in and self.codec not in (Codec.H264, Codec.HEVC):
            raise BadOption(
                f"text is burnt into screeners only, and {self.codec} may be a master",
                subject="--burn-in",
                remedy="choose the codec h264 or hevc, or leave the text out",
            )
        if self.proxy_alone and self.proxy is Proxy.NONE:
            raise BadOption(
                "no kind of proxy is chosen that could stand alone",
                subject="--proxy-alone",
                remedy="choose a kind too, such as --proxy h264",
            )


class AuditSettings(_Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the covered clip is searched for faces; a change renders and searches again."""

    audit: Annotated[
        AuditMode,
        Meta(
            description="search of the covered clip: fix covers the faces found and renders again,"
            " report only lists them (exit code 4), off does not look (exit code 6)"
        ),
    ] = AuditMode.FIX
    audit_rounds: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="renders of a clip after its first, for faces that the audit saw, before"
            " it fails",
        ),
    ] = 2
    audit_every: Annotated[
        int,
        Meta(
            ge=1,
            description="look at every Nth frame; a smaller N finds briefer appearances and takes"
            " longer",
        ),
    ] = 12


class BatchSettings(_Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the batch is carried out; never changes a cover."""

    jobs: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="clips worked on at once; 0 takes as many as the machine has cores",
        ),
    ] = 0
    device: Annotated[
        str,
        Meta(
            description="processor of the detectors: cpu, cuda for an NVIDIA chip, or a device"
            " that `blur doctor` lists"
        ),
    ] = "cpu"
    include: Annotated[
        tuple[str, ...],
        Meta(description="take only files whose name or path matches this pattern (repeatable)"),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Meta(description="leave out files whose name or path matches this pattern (repeatable)"),
    ] = ()
    rename: Annotated[
        bool,
        Meta(
            description="number outputs instead of naming them, also in the report; the key lies in"
            " the private work folder"
        ),
    ] = False
    verify: Annotated[
        Verify,
        Meta(
            description="check of clips that an earlier run finished: sampled believes size, time"
            " and a part of each clip and output, full reads every byte of both"
        ),
    ] = Verify.SAMPLED
    stall_timeout: Annotated[
        float,
        Meta(ge=1, description="seconds without progress after which a clip is given up"),
    ] = 300.0
    disk_wait: Annotated[
        float,
        Meta(ge=0, description="seconds that a batch waits for space on a full disk"),
    ] = 30.0
    cluster: Annotated[
        str,
        Meta(
            pattern=r"^(|local:[1-9]\d*|(tcp|tls)://.+)$",
            description="Dask cluster that does the work: its scheduler's address, or local:N for N"
            " workers on this machine",
            extra={"metavar": "ADDRESS", "accepts": "an address, tcp://HOST:PORT, or local:N"},
        ),
    ] = ""
    cluster_map: Annotated[
        tuple[Annotated[str, Meta(pattern="^[^=]+=.")], ...],
        Meta(
            description="path of a folder of this machine on the cluster's workers (repeatable)",
            extra={"metavar": "HERE=THERE", "accepts": "HERE=THERE, two paths of a folder"},
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
    """All options, grouped by the work that a change redoes."""

    scan: ScanSettings = ScanSettings()
    cover: CoverSettings = CoverSettings()
    output: OutputSettings = OutputSettings()
    audit: AuditSettings = AuditSettings()
    batch: BatchSettings = BatchSettings()

    @property
    def draft(self) -> bool:
        return self.scan.level is Level.DRAFT

    @property
    def audits(self) -> bool:
        """Whether outputs are searched for faces that are left."""
        return self.audit.audit is not AuditMode.OFF and not self.draft


def digest(*groups: Struct) -> str:
    """A short hash of settings groups: equal values give equal hashes on every machine."""
    encoded = b"\0".join(msgspec.json.encode(group, order="deterministic") for group in groups)
    return hashlib.sha256(encoded).hexdigest()[:16]
