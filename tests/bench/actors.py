"""Clips of a person who consented, beside strangers, with the place of every face on each frame.

Heads cut from photographs of `id_lfw` walk, stand and lie over a street: of other sizes, turns and
light in every clip. Deterministic by number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from crossings import FACE, HEAD, HEIGHT, RATE, WIDTH, Mask, ellipse, street
from paths import FACEDATA

from blur.data.arrays import Picture
from blur.data.boxes import bounds
from blur.data.plan import Box
from blur.errors import BlurError
from blur.review.recognise import described

REFERENCES = 3
"""Photographs that a person is known by, and that are in no clip."""
_PILLAR = (96, 90, 84)
_NOISE = 4.0  # grey levels, in the dark

Dice = np.random.Generator


@dataclass(frozen=True, eq=False)
class Actor:
    """A head's way through a shot, in pixels and degrees: `roll` at its first frame, and how far it
    sways to either side. `light` are the shares of red, green and blue that stay."""

    photo: Picture
    size: float
    start: tuple[float, float]
    step: tuple[float, float] = (0.0, 0.0)
    roll: float = 0.0
    sway: float = 8.0
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    first: int = 0

    def face(self, frame: int) -> Box:
        on = frame - self.first
        turn = self.roll + self.sway * float(np.sin(on / 9))
        x, y = self.start[0] + self.step[0] * on, self.start[1] + self.step[1] * on
        return Box(x, y, self.size, FACE.h * self.size / FACE.w, turn)


@dataclass(frozen=True)
class Shot:
    """Frames [first, end): actors from the back to the front, the one at `person` who consented.
    `pillar` are columns before all of them; `dark` is the share of light left."""

    first: int
    end: int
    actors: Sequence[Actor]
    person: int
    pillar: tuple[int, int] | None = None
    dark: float = 1.0

    def picture(self, frame: int, behind: Picture, dice: Dice) -> Picture:
        picture = behind.astype(np.float32)
        for actor in self.actors:
            _paste(picture, actor, actor.face(frame))
        if self.pillar:
            picture[:, self.pillar[0] : self.pillar[1]] = _PILLAR
        if self.dark < 1:
            picture = picture * self.dark + dice.normal(0, _NOISE, picture.shape)
        return np.asarray(picture.clip(0, 255).astype(np.uint8))

    def visible(self, who: int, frame: int) -> Mask:
        """The part of an actor's face that nothing hides."""
        mask = ellipse(self.actors[who].face(frame))
        for actor in self.actors[who + 1 :]:
            face = actor.face(frame)
            scale = face.w / FACE.w
            head = face._replace(w=2 * HEAD[0] * scale, h=2 * HEAD[1] * scale)
            mask &= ~ellipse(head)
        if self.pillar:
            mask[:, self.pillar[0] : self.pillar[1]] = False
        return mask

    def apart(self, frame: int, faces: float) -> bool:
        """Whether no stranger's face in the picture is within so many of the person's faces."""
        own = self.actors[self.person].face(frame)
        a = bounds(np.array([own]))[0]
        for who, actor in enumerate(self.actors):
            b = bounds(np.array([actor.face(frame)]))[0]
            gap = np.maximum(a[:2] - b[2:], b[:2] - a[2:]).max()
            if who != self.person and gap < faces * own.w and ellipse(actor.face(frame)).any():
                return False
        return True


@dataclass(frozen=True)
class Scene:
    name: str
    shots: Sequence[Shot]

    @property
    def frames(self) -> int:
        return self.shots[-1].end

    def shot(self, frame: int) -> Shot:
        return next(shot for shot in self.shots if shot.first <= frame < shot.end)

    def film(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        behind, dice = street(), np.random.default_rng(len(self.name))
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", RATE)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.options = {"crf": "18", "preset": "veryfast"}
            for frame in range(self.frames):
                shot = self.shot(frame)
                back = behind if shot.first == 0 else np.ascontiguousarray(behind[:, ::-1])
                picture = shot.picture(frame, back, dice)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode())


def _paste(picture: npt.NDArray[np.float32], actor: Actor, face: Box) -> None:
    move = cv2.getRotationMatrix2D((FACE.cx, FACE.cy), -face.angle, face.w / FACE.w)
    move[:, 2] += face.cx - FACE.cx, face.cy - FACE.cy
    soft = np.zeros(actor.photo.shape[:2], np.float32)
    cv2.ellipse(soft, (125, 125), HEAD, 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(soft, (0, 0), 3)
    size = (WIDTH, HEIGHT)
    # Photographs are made smaller first: a single step of warping would leave out most pixels.
    small = min(1.0, face.w / FACE.w * 1.5)
    photo = cv2.resize(actor.photo, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    scaled = move @ np.diag([actor.photo.shape[1] / photo.shape[1]] * 2 + [1.0])
    head = cv2.warpAffine(photo, scaled, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpAffine(soft, move, size)[..., None]
    picture[:] = head * np.array(actor.light, np.float32) * alpha + picture * (1 - alpha)


class Cast:
    """Photographs of the person and of strangers, dealt."""

    def __init__(self, person: str, seed: int) -> None:
        self._folder = FACEDATA / "id_lfw"
        self._people: dict[str, list[str]] = json.loads((self._folder / "gt.json").read_text())[
            "people"
        ]
        self.dice = np.random.default_rng(seed)
        files = [self._folder / name for name in self._people[person]]
        good = [path for path in files if _names_somebody(path)]
        self.references = good[:REFERENCES]
        self._own = [path for path in files if path not in self.references]
        self._strangers = sorted(set(self._people) - {person})

    def own(self, number: int) -> Picture:
        return _photo(self._own[number % len(self._own)])

    def strangers(self, count: int) -> list[Picture]:
        names = self.dice.choice(self._strangers, count, replace=False).tolist()
        return [_photo(self._folder / self.dice.choice(self._people[name])) for name in names]


def _names_somebody(path: Path) -> bool:
    try:
        described([path])
    except BlurError:
        return False
    return True


def _photo(path: Path) -> Picture:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def scenes(person: str, count: int) -> tuple[list[Path], list[Scene]]:
    """Photographs to know a person by, and clips of the person; strangers are in each."""
    names = sorted(json.loads((FACEDATA / "id_lfw" / "gt.json").read_text())["people"])
    cast = Cast(person, names.index(person))
    makers = list(_MANNERS)
    return cast.references, [makers[n % len(makers)](cast, n) for n in range(count)]


def _frames(cast: Cast) -> int:
    return int(cast.dice.integers(55, 95))


def _crossing(cast: Cast, number: int) -> Scene:
    """A stranger walks the other way; every other one in front."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    size, other = cast.dice.uniform(48, 90), cast.dice.uniform(48, 90)
    own = Actor(cast.own(number), size, (110, 190), (420 / n, 0))
    passer = Actor(photo, other, (540, 180), (-440 / n, 0.1))
    front = number // 10 % 2 == 0
    order = [own, passer] if front else [passer, own]
    return Scene(f"crossing{number}", [Shot(0, n, order, order.index(own))])


def _passing(cast: Cast, number: int) -> Scene:
    """The person stands, and a stranger goes by fast."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    own = Actor(cast.own(number), cast.dice.uniform(80, 115), (420, 180), (0.15, 0.1))
    passer = Actor(photo, cast.dice.uniform(50, 80), (-60, 190), (760 / n, 0))
    return Scene(f"passing{number}", [Shot(0, n, [own, passer], 0)])


def _beside(cast: Cast, number: int) -> Scene:
    """Two talk to each other, in warm light."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    warm = (1.0, 0.82, 0.58)
    own = Actor(cast.own(number), cast.dice.uniform(56, 76), (150, 170), (0.1, 0), -6, 6, warm)
    other = Actor(photo, 66, (480, 180), (-0.1, 0), 6, 8, warm)
    return Scene(f"beside{number}", [Shot(0, n, [own, other], 0)])


def _crowd(cast: Cast, number: int) -> Scene:
    """Four strangers walk along, some near."""
    n, photos = _frames(cast), cast.strangers(4)
    places = [(70, 110), (230, 260), (470, 100), (560, 270)]
    others = [
        Actor(photo, float(cast.dice.uniform(34, 56)), place, (0.5, 0), sway=5)
        for photo, place in zip(photos, places, strict=True)
    ]
    own = Actor(cast.own(number), cast.dice.uniform(40, 58), (330, 140), (0.5, 0))
    return Scene(f"crowd{number}", [Shot(0, n, [*others, own], 4)])


def _pillar(cast: Cast, number: int) -> Scene:
    """The person goes behind a pillar and comes out again; a stranger waits."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    own = Actor(cast.own(number), cast.dice.uniform(50, 80), (80, 160), (440 / n, 0.1))
    other = Actor(photo, 46, (590, 80), (0, 0.1))
    return Scene(f"pillar{number}", [Shot(0, n, [own, other], 0, pillar=(260, 360))])


def _lying(cast: Cast, number: int) -> Scene:
    """The person lies, and a stranger stands by."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    roll = float(cast.dice.uniform(65, 110)) * (1 if number // 10 % 2 == 0 else -1)
    own = Actor(cast.own(number), cast.dice.uniform(56, 90), (200, 250), (0.1, 0), roll, 5)
    other = Actor(photo, 60, (510, 110), (0.1, 0))
    return Scene(f"lying{number}", [Shot(0, n, [own, other], 0)])


def _dim(cast: Cast, number: int) -> Scene:
    """A third of the light, and noise."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    own = Actor(cast.own(number), cast.dice.uniform(60, 90), (180, 180), (0.4, 0))
    other = Actor(photo, 70, (500, 170), (0.2, 0))
    return Scene(f"dim{number}", [Shot(0, n, [own, other], 0, dark=0.3)])


def _small(cast: Cast, number: int) -> Scene:
    """The person far away, strangers in front."""
    n, photos = _frames(cast), cast.strangers(2)
    own = Actor(cast.own(number), cast.dice.uniform(28, 36), (200, 120), (1.2, 0), sway=5)
    near = Actor(photos[0], 90, (520, 230), (0.3, 0))
    far = Actor(photos[1], 40, (60, 240), (0.3, 0))
    return Scene(f"small{number}", [Shot(0, n, [own, far, near], 0)])


def _cuts(cast: Cast, number: int) -> Scene:
    """Two shots: in the second the person looks another way, beside somebody else."""
    first, second = _frames(cast) // 2, _frames(cast) // 2
    photos = cast.strangers(2)
    own = Actor(cast.own(number), cast.dice.uniform(60, 100), (160, 180), (0.8, 0))
    again = replace(own, photo=cast.own(number + 3), start=(470, 170), step=(-0.6, 0), first=first)
    before = Actor(photos[0], 64, (500, 180), (-0.3, 0))
    after = Actor(photos[1], 72, (120, 180), (0.3, 0), first=first)
    shots = [Shot(0, first, [own, before], 0), Shot(first, first + second, [again, after], 0)]
    return Scene(f"cuts{number}", shots)


def _leaving(cast: Cast, number: int) -> Scene:
    """The person walks out of the picture, or comes in; a stranger stays."""
    n, (photo,) = _frames(cast), cast.strangers(1)
    way = -1 if number // 10 % 2 == 0 else 1
    start = (200, 170) if way < 0 else (-60, 170)
    own = Actor(cast.own(number), cast.dice.uniform(56, 90), start, (way * 270 / n, 0))
    other = Actor(photo, 58, (520, 170), (0.2, 0))
    return Scene(f"leaving{number}", [Shot(0, n, [own, other], 0)])


_MANNERS: tuple[Callable[[Cast, int], Scene], ...] = (
    *(_crossing, _passing, _beside, _crowd, _pillar),
    *(_lying, _dim, _small, _cuts, _leaving),
)
