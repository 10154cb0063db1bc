"""Endings of names that promise a picture, moving or still: such files are covered or fail, aloud.

Data alone, without a library: a batch lists files before any of them is opened.
"""

from __future__ import annotations

_FILMS = """
3g2 3gp 3gp2 3gpp 264 265 266 360 amv apv asf av1 avc avi braw crm dav dif divx dv evc f4v flc fli
flv h261 h263 h264 h265 h266 hevc insv ismv ivf lrf lrv m1v m2p m2t m2ts m2v m4v mj2 mjp mjpeg mjpg
mk3d mkv mod mov mp4 mp4v mpe mpeg mpg mpv mqv mts mxf nut obu ogm ogv qt r3d rm rmvb swf tod tp trp
ts ts4 vc1 vob vro vvc webm wmv wtv y4m
"""

_STILLS = """
apng avif avifs avis bmp dib dpx exr gif heic heics heif heifs hif insp j2c j2k jfif jls jp2 jpc jpe
jpeg jpf jpg jpx jxl mpo pam pbm pfm pgm png pnm ppm psd qoi tga tif tiff webp
"""

_RAW_STILLS = """
3fr ari arw cr2 cr3 crw dcr dcs dng erf fff gpr iiq k25 kdc mdc mef mos mrw nef nrw orf pef ptx pxn
raf raw rw2 rwl sr2 srf srw x3f
"""

CLIP_SUFFIXES = frozenset(f".{name}" for name in f"{_FILMS}{_STILLS}{_RAW_STILLS}".split())
"""Lower case, with the dot: formats that are read, and those of cameras that are not."""

RAW_SUFFIXES = frozenset(f".{name}" for name in _RAW_STILLS.split())
"""Endings of cameras' raw photographs."""

_ICLOUD = ".icloud"
_UNFINISHED = (_ICLOUD, ".crdownload", ".download", ".filepart", ".opdownload", ".part", ".partial")


def promises_pictures(name: str) -> bool:
    """Whether a file of this name is a clip, or was meant to be."""
    return _suffix(name) in CLIP_SUFFIXES


def absent(name: str) -> str | None:
    """The name of the clip that a placeholder or an unfinished download stands for, else None.

    iCloud leaves `.IMG_0001.HEIC.icloud`, browsers leave `film.mp4.crdownload`.
    """
    if name.startswith(".") and not name.lower().endswith(_ICLOUD):
        return None  # hidden: among them the outputs that blur has under construction
    for ending in _UNFINISHED:
        if name.lower().endswith(ending):
            meant = name[: -len(ending)].removeprefix(".")
            return meant if promises_pictures(meant) else None
    return None


def _suffix(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}".lower() if stem else ""
