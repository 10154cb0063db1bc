"""What this machine and this installation can do, for `blur doctor`."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psutil

import blur
from blur import sandbox, weights
from blur.errors import BlurError, SetupError
from blur.settings import Codec, Hardware, Settings, cpu_count

_LIBRARIES = (
    "av",
    "openvino",
    "mediapipe",
    "opencv-contrib-python",
    "numpy",
    "scipy",
    "pillow-heif",
)
_PIXELS_1080P = 1920 * 1080
_RATE = 25


def examine(settings: Settings, *, estimate: bool) -> Iterator[str]:
    """Lines that tell versions, weights, processor, encoders, space and network, then speed.

    With `estimate`, a clip made from scikit-image's photograph goes down the corridor.
    """
    sandbox.keep_off_network()
    yield f"blur {blur.__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield "libraries: " + ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    yield f"FFmpeg: {_ffmpeg()}"
    for weight in weights.catalogue():
        yield f"weights of {weight.name}: {_state(weight.name)}"
    memory = psutil.virtual_memory()
    yield (
        f"processor: {_processor()}, {cpu_count()} cores to use;"
        f" {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB of memory free"
    )
    yield f"detectors run on: {_devices()}"
    yield "encoders: " + ", ".join(codec for codec in Codec if codec is not Codec.MATCH)
    yield "hardware encoders: " + (", ".join(_hardware_encoders()) or "none that works here")
    yield f"free space here: {shutil.disk_usage(Path.cwd()).free / 1e9:.1f} GB"
    yield f"network: {sandbox.network_state()}"
    if estimate:
        yield _estimate(settings)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
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


def _devices() -> str:
    """OpenVINO's devices, and the precisions that the processor calculates in."""
    import openvino

    core = openvino.Core()
    abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    fast = [name for name in ("BF16", "FP16", "INT8") if name in abilities]
    return f"{', '.join(core.available_devices)} (fast in {', '.join(fast) or 'FP32 alone'})"


def _hardware_encoders() -> list[str]:
    """The encoders on graphics chips that really encode a frame."""
    found = []
    for hardware in Hardware:
        for codec in (Codec.H264, Codec.HEVC):
            if hardware is not Hardware.NONE and _encodes(codec, hardware):
                found.append(f"{codec}_{hardware}")
    return found


def _encodes(codec: Codec, hardware: Hardware) -> bool:
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
    from blur import demo
    from blur.batch.forecast import measure

    try:
        photo = demo.photograph()
    except SetupError:
        return 'speed: install the photograph to measure with: pip install "blur[demo]"'
    with tempfile.TemporaryDirectory(prefix="blur-") as scratch:
        clip = Path(scratch) / "clip.mp4"
        demo.film(photo, clip)
        sample = measure((clip, Path(scratch), settings), lambda *_: None)
    hours = sample.seconds / sample.work * _PIXELS_1080P * _RATE
    return (
        f"speed: about {hours:.1f} hours for an hour of 1080p at {_RATE} frames a second with one"
        f" face, at --level {settings.scan.level}"
    )
