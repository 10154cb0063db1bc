"""Clips with a brief appearance: a face in shot for 1 to 12 frames, and on no other frame.

A virtual hand-held camera films a real photograph, its own faces under cloth. One more face comes
into shot, without a cut: `passing` (moves across), `popping` (appears in place, or from under a
cloth) or `turning` (the back of a head becomes a face). Deterministic by seed.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
import paths
import skimage.data
from filmed import Form, camera, loaded
from truth import CLEAR, OTHER, Face

from blur.data.arrays import Picture
from blur.data.boxes import Affine

WIDER = paths.FACEDATA / "wider_train"
SHIPPED = Path(skimage.data.__path__[0])
_INTERVIEW = "13--Interview/13_Interview_Interview"
PEOPLE = (
    *(f"{_INTERVIEW}_2_People_Visible_13_{n}.jpg" for n in (199, 284, 321, 366)),
    *(f"{_INTERVIEW}_On_Location_13_{n}.jpg" for n in (143, 182, 254, 522, 573, 806, 889)),
    *(f"{_INTERVIEW}_Sequences_13_{n}.jpg" for n in (14, 401, 581, 786, 814, 921)),
    "20--Family_Group/20_Family_Group_Family_Group_20_1033.jpg",
)
SCENES = (
    *(f"1--Handshaking/1_Handshaking_Handshaking_1_{n}.jpg" for n in (212, 288)),
    f"{_INTERVIEW}_On_Location_13_436.jpg",
    *(f"{_INTERVIEW}_Sequences_13_{n}.jpg" for n in (326, 753, 957)),
)
SHIPPED_SCENES = ("coffee.png", "motorcycle_left.png", "rocket.jpg")
ASTRONAUT = "astronaut.png", (174, 66, 92, 126)
"""A photograph in the public domain, and the face on it (x, y, w, h), where `WIDER` is missing."""

KS = ((1, 1), (2, 2), (3, 5), (6, 12))
"""Frames of an appearance, first and last of each range."""
WIDTHS = ((24, 31), (32, 47), (48, 95), (96, 180))
"""Pixels, width of the face, first and last of each range."""
TURNS = {"upright": (0.0,), "90": (90.0, -90.0), "180": (180.0,), "lying": (60, -60, 120, -120)}
"""Degrees that a face may be turned, drawn from."""
MANNERS = ("passing", "popping", "turning")
RATES = ("30", "vfr", "60", "12", "30", "5", "1")
DECK = ("upright", "upright", "upright", "90", "180", "lying")
TICKS = 600
"""Ticks of the clips' clock per second; frames of every rate last a whole number of them."""

# x264's lookahead writes other bytes on each run, of equal pictures, on one thread too.
_CRF = {"crf": "18", "preset": "veryfast", "threads": "1"} | {
    "x264-params": "rc-lookahead=0:mbtree=0:sync-lookahead=0"
}
FORMS = tuple(Form(f"{h}p", w, h, "libx264", "yuv420p", _CRF) for w, h in ((1280, 720), (960, 540)))


class Clip(NamedTuple):
    """A clip to be made: all that is not here is drawn from `seed` and `number`."""

    seed: int
    number: int
    k: int
    width: int
    turn: str
    manner: str
    rate: str

    @property
    def name(self) -> str:
        rate = f"{self.rate}fps" if self.rate.isdigit() else self.rate
        middle = f"{self.turn}-w{self.width:03}-k{self.k:02}-{rate}"
        return f"{self.manner}-{middle}-s{self.seed}n{self.number}"


def clips(seed: int) -> Iterator[Clip]:
    """Clips without end; every factor deals from its own deck, so that each prefix is balanced."""

    def dealt(name: str, cards: Sequence[Any]) -> Iterator[Any]:
        rng = random.Random(f"{seed} {name}")
        while True:
            yield from rng.sample(cards, len(cards))

    detail = random.Random(f"{seed} detail")
    factors = zip(
        *(dealt(*deck) for deck in (("k", KS), ("width", WIDTHS), ("turn", DECK))),
        *(dealt(*deck) for deck in (("manner", MANNERS), ("rate", RATES))),
        strict=True,
    )
    for number, (k, width, turn, manner, rate) in enumerate(factors):
        yield Clip(seed, number, detail.randint(*k), detail.randint(*width), turn, manner, rate)


@cache
def boxes() -> dict[str, list[list[int]]]:
    """Boxes of the faces, x, y, w, h, of every photograph, with those that do not count."""
    if not WIDER.exists():
        return {}
    items = json.loads((WIDER / "gt.json").read_text())["items"]
    return {item["file"]: [*item["faces"], *item["ignore"]] for item in items}


def cloth(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Woven cloth with folds, in a random colour, RGB."""
    v, u = np.mgrid[:height, :width].astype(np.float32)
    period = max(width, 24) / rng.uniform(1.5, 4)
    folds = 0.16 * np.sin(u / period * 6 + v / period * 2) + 0.1 * np.sin(v / period * 5)
    weave = 0.05 * np.sin(u * 1.6) * np.sin(v * 1.6) + rng.normal(0, 0.03, u.shape)
    shade = (1 + folds + weave)[..., None] * rng.uniform(50, 190, 3)
    return np.clip(shade, 0, 255).astype(np.uint8)


def oval(shape: Sequence[int], cx: float, cy: float, a: float, b: float) -> np.ndarray:
    """(height, width) float32: 1 in an ellipse, 0 outside."""
    mask = np.zeros((shape[0], shape[1]), np.float32)
    cv2.ellipse(mask, (round(cx), round(cy)), (round(a), round(b)), 0, 0, 360, 1, -1)
    return mask


def hidden(picture: Picture, box: Sequence[float], under: Picture) -> Picture:
    """The picture with the head of a face's box replaced by `under`."""
    x, y, w, h = box
    mask = oval(picture.shape, x + w / 2, y + 0.42 * h, 0.78 * w, 0.85 * h)
    mask = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.05 * w))[..., None]
    return np.asarray(picture * (1 - mask) + under * mask, np.uint8)


def scene(rng: random.Random, grain: np.random.Generator, person: str) -> Picture:
    """A photograph, other than that of `person`, with all faces under cloth."""
    names = [s for s in SCENES if boxes() and s != person] + list(SHIPPED_SCENES)
    name = rng.choice(names)
    picture = loaded((SHIPPED if name in SHIPPED_SCENES else WIDER) / name)
    for box in boxes().get(name, ()):
        picture = hidden(picture, box, cloth(*picture.shape[:2], grain))
    return picture


class Figure(NamedTuple):
    """A person cut out: with the face, without it (empty: absent), opacity, box of the face."""

    face: np.ndarray
    bare: np.ndarray
    alpha: np.ndarray
    box: tuple[float, float, float, float]


def figure(clip: Clip, rng: random.Random, grain: np.random.Generator) -> tuple[Figure, str]:
    """The person of a clip, shrunk so that the camera does not alias them, and their file."""
    large = [p for p in PEOPLE if boxes() and boxes()[p][0][2] >= 0.75 * clip.width]
    file = rng.choice(large or [ASTRONAUT[0]])
    box = boxes()[file][0] if large else ASTRONAUT[1]
    picture = loaded((WIDER if large else SHIPPED) / file)
    x, y, w, h = box
    left, top = max(0, round(x - 1.6 * w)), max(0, round(y - h))
    picture = picture[top : round(y + 2.8 * h), left : round(x + 2.6 * w)]
    shrink = min(1.0, clip.width / w)
    size = max(8, round(picture.shape[1] * shrink)), max(8, round(picture.shape[0] * shrink))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    x, y, w, h = (x - left) * shrink, (y - top) * shrink, w * shrink, h * shrink
    stays = clip.manner == "turning" or (clip.manner == "popping" and rng.random() < 0.5)
    alpha = oval(picture.shape, x + w / 2, y + 0.44 * h, 0.85 * w, 0.95 * h)
    if stays or rng.random() < 0.5:
        alpha = np.maximum(alpha, oval(picture.shape, x + w / 2, y + 2.5 * h, 1.5 * w, 1.5 * h))
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.06 * w, borderType=cv2.BORDER_CONSTANT)
    under = cloth(*picture.shape[:2], grain)
    if clip.manner == "turning":
        hair = picture[round(max(0, y - 0.15 * h)) : round(y) + 1, round(x) : round(x + w)]
        strands = cv2.blur(grain.normal(1, 0.5, picture.shape[:2]), (1, max(3, round(h / 3))))
        under = np.clip(np.median(hair, (0, 1)) * strands[..., None], 0, 255).astype(np.uint8)
    bare = hidden(picture, (x, y, w, h), under) if stays else picture[:0]
    return Figure(picture, bare, alpha, (x, y, w, h)), file


def durations(clip: Clip, rng: random.Random) -> tuple[list[int], int]:
    """Ticks that each frame is shown, and the first frame with the face."""
    rate = 30 if clip.rate == "vfr" else int(clip.rate)
    lead, tail = (max(8, round(0.7 * rate)) + rng.randrange(6) for _ in range(2))
    frames = lead + clip.k + tail
    if clip.rate != "vfr":
        return [TICKS // rate] * frames, lead
    shown = rng.choices([20, 10, 40, 60, 120, 300], [12, 2, 3, 2, 2, 1], k=frames)
    shown[lead + rng.randrange(clip.k)] = 2 * TICKS
    return shown, lead


def path(clip: Clip, form: Form, rng: random.Random, seconds: float) -> np.ndarray:
    """(k, 2) centres of the face in the view, pixels, on each of its frames."""
    reach = 0.75 * clip.width + 8
    size = np.array([form.width, form.height])
    start, way = (np.array([rng.random(), rng.random()]) for _ in range(2))
    start = reach + start * (size - 2 * reach)
    speed = rng.uniform(3, 8) if clip.manner == "passing" else 0.0
    step = min(speed * seconds, 1.0) * clip.width * rng.choice([-1, 1])
    places = start + np.arange(clip.k)[:, None] * step * np.array([1.0, 0.4 * (way[1] - 0.5)])
    span = size - 2 * reach  # at the edge of the view the face turns back
    return np.asarray(reach + span - np.abs((places - reach) % (2 * span) - span))


def make(clip: Clip, file: Path) -> list[list[Face]]:
    """Write the clip; the faces of each frame."""
    rng = random.Random(repr(clip))
    grain = np.random.default_rng(rng.randrange(2**32))
    form = rng.choice(FORMS)
    person, source = figure(clip, rng, grain)
    ground = scene(rng, grain, source)
    shown, first = durations(clip, rng)
    turn = math.radians(rng.choice(TURNS[clip.turn]) + rng.uniform(-8, 8))
    places = path(clip, form, rng, shown[0] / TICKS)
    origin, still = rng.uniform(0, 60), clip.rate in ("1", "5") or rng.random() < 0.15
    pts = [0, *itertools.accumulate(shown[:-1])]
    times = [origin if still else origin + p / TICKS for p in pts]
    x, y, w, h = person.box
    middle = np.array([x + w / 2, y + h / 2]) - 0.5
    back = np.linalg.inv(camera(times[first], ground, form))
    scale = clip.width / w * math.hypot(*back[0, :2])
    turned = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    ramp = {"60": 2, "30": 1, "vfr": 1}.get(clip.rate, 0) if clip.manner == "turning" else 0
    faces: list[list[Face]] = []
    with av.open(str(file), "w", format="mp4") as out:
        stream: Any = out.add_stream(form.encoder, 30, options=form.options)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, form.pix_fmt
        stream.codec_context.time_base = Fraction(1, TICKS)
        for i, t in enumerate(times):
            to_view = camera(t, ground, form)
            size = form.width, form.height
            edges = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REFLECT}
            view = cv2.warpAffine(ground, to_view[:2], size, **edges)
            away = max(first - i, i - (first + clip.k - 1), 0)  # frames to the nearest with a face
            face = max(0.0, 1 - away / (ramp + 1))
            place = (back @ [*places[np.clip(i - first, 0, clip.k - 1)], 1])[:2]
            matrix = to_view @ _square(np.column_stack([turned, place - turned @ middle]))
            if face or len(person.bare):
                look = person.face if face == 1 else person.bare
                if 0 < face < 1:  # half turned: a faint and blurred face
                    faint = cv2.GaussianBlur(person.face, (0, 0), 0.08 * w)
                    look = cv2.addWeighted(faint, face**2, person.bare, 1 - face**2, 0)
                cut = cv2.warpAffine(look, matrix[:2], size, flags=cv2.INTER_CUBIC)
                alpha = cv2.warpAffine(person.alpha, matrix[:2], size)[..., None]
                view = np.asarray(view * (1 - alpha) + cut * alpha, np.uint8)
            cx, cy = (matrix @ [*middle, 1])[:2] + 0.5
            grown, angle = math.hypot(*matrix[:2, 0]), math.atan2(matrix[1, 0], matrix[0, 0])
            ellipse = Face(
                0, CLEAR if face == 1 else OTHER, cx, cy, w / 2 * grown, h / 2 * grown, angle
            )
            faces.append([ellipse] if face else [])
            noise = grain.integers(-4, 5, view.shape, np.int8)
            frame = av.VideoFrame.from_ndarray(cv2.add(view, noise, dtype=cv2.CV_8U), "rgb24")
            frame.pts, frame.time_base = pts[i], Fraction(1, TICKS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return faces


def _square(matrix: np.ndarray) -> Affine:
    """(3, 3) of a (2, 3) matrix."""
    return np.vstack([matrix, [0, 0, 1]])


def save(clip: Clip, folder: Path) -> None:
    """Make the clip in `folder`, its truth beside it, unless it is there."""
    file = folder / f"{clip.name}.mp4"
    if not file.with_suffix(".json").exists():
        rows = [[face.row() for face in faces] for faces in make(clip, file)]
        file.with_suffix(".json").write_text(json.dumps({"frames": rows, "clip": clip._asdict()}))
