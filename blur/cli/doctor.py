"""Findings about this machine and installation, for `blur doctor`."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import blur
from blur.detect import network_cuda, weights
from blur.detect.devices import CUDA, devices
from blur.detect.registry import has_mediapipe
from blur.errors import BlurError, SetupError, install
from blur.process import memory, sandbox
from blur.settings import Codec, Hardware, Level, Settings
from blur.settings.cores import cpu_count

_LIBRARIES = "av openvino mediapipe opencv-contrib-python numpy scipy pillow-heif rawpy"
_RATE = 25


def examine(settings: Settings, *, estimate: bool) -> Iterator[tuple[str, str]]:
    """(topic, finding) of versions, weights, processor, encoders, space and network.

    With `estimate` also of speed, measured on a clip made from a photograph.
    """
    sandbox.keep_off_network()
    yield "blur", f"{blur.__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield "libraries", ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES.split())
    yield "FFmpeg", _ffmpeg()
    for weight in weights.catalogue():
        yield f"weights of {weight.name}", _state(weight.name)
    yield "processor", f"{_processor()}, {cpu_count()} cores to use"
    here = memory.memory()
    yield "memory", f"{here.free / 2**30:.1f} of {here.total / 2**30:.1f} GiB free"
    found = devices()
    yield "devices for detectors", ", ".join(found)
    yield "precision on the CPU", _precision()
    yield "encoders", ", ".join(codec for codec in Codec if codec is not Codec.MATCH)
    hardware = _hardware_encoders()
    yield "hardware encoders", ", ".join(hardware) or "none that works here"
    yield "free space here", f"{shutil.disk_usage(Path.cwd()).free / 1e9:.1f} GB"
    yield "network", sandbox.network_state()
    if estimate:
        yield "speed", _estimate(settings)
        yield "what would help", "; ".join(advice(settings, hardware, found))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name == "mediapipe" and not has_mediapipe():
            return "none, BlazeFace runs on OpenVINO"
        return "MISSING"


def _ffmpeg() -> str:
    import av

    versions = av.library_versions
    return ", ".join(f"{name} {'.'.join(map(str, version))}" for name, version in versions.items())


def _state(weight: str) -> str:
    try:
        weights.read(weight)
    except BlurError as error:
        return f"NOT USABLE: {error}"
    return "whole"


def _processor() -> str:
    import openvino

    return str(openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def _precision() -> str:
    """The number format of the detectors' arithmetic."""
    if bf16_pays():
        return "bf16, twice as fast as f32"
    return "f32: this processor is not faster in bf16"


def bf16_pays() -> bool:
    from blur.detect import network_openvino

    return network_openvino.bf16_pays()


def _hardware_encoders() -> list[str]:
    """Encoders on graphics chips, each proved by encoding a frame."""
    found = []
    for hardware in Hardware:
        for codec in (Codec.H264, Codec.HEVC):
            if hardware is not Hardware.NONE and encodes(codec, hardware):
                found.append(f"{codec}_{hardware}")
    return found


def encodes(codec: Codec, hardware: Hardware) -> bool:
    import av
    import av.error
    from av.codec.codec import UnknownCodecError

    av.logging.set_level(None)
    try:
        context = av.CodecContext.create(f"{codec}_{hardware}", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = 640, 480, "yuv420p"
        context.framerate = Fraction(_RATE)
        context.encode(av.VideoFrame(640, 480, "yuv420p"))
    except (UnknownCodecError, av.error.FFmpegError, ValueError):
        return False
    return True


def _estimate(settings: Settings) -> str:
    from blur.batch.sample import measure
    from blur.batch.work import work_of
    from blur.cli import demo

    try:
        photo = demo.photograph()
    except SetupError:
        return f"install the photograph to measure with: {install('demo')}"
    with tempfile.TemporaryDirectory(prefix="blur-") as scratch:
        clip = Path(scratch) / "clip.mp4"
        demo.film(photo, clip)
        sample = measure((clip, Path(scratch), settings, 0.0), lambda *_: None)
    hours = sample.seconds / sample.work * work_of(3600 * _RATE, 1920, 1080) / 3600
    return (
        f"about {hours:.1f} hours for an hour of 1080p at {_RATE} frames a second with one"
        f" face, at --level {settings.scan.level}"
    )


def advice(settings: Settings, hardware: Sequence[str], devices: Sequence[str]) -> Iterator[str]:
    """Means to make this machine faster, the most effective first."""
    chosen = settings.output
    ours = chosen.hardware is Hardware.NONE and chosen.codec in (Codec.H264, Codec.HEVC)
    if ours and hardware:
        names = {name.partition("_")[2] for name in hardware}
        yield f"--hardware {' or '.join(sorted(names))} takes encoding off the processor"
    if CUDA in devices:
        yield "--device cuda takes detecting off the processor"
    elif any("nvenc" in name for name in hardware) and (obstacle := network_cuda.obstacle()):
        yield f"the NVIDIA chip could run detectors, with --device cuda: {obstacle.remedy}"
    if not bf16_pays():
        yield "a processor with fast bf16 (Intel with AMX, AMD from Zen 4) detects twice as fast"
    if settings.scan.level not in (Level.DRAFT, Level.FAST):
        yield "--level fast looks less, and misses more faces that are small, turned or brief"
    yield "more cores: one clip keeps two busy, --jobs works on several at once"
