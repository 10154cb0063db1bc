"""Photographs that name nobody are refused, and clips' faces are described where they are large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import known_person
import numpy as np
import pytest
from msgspec import structs

from blur.data.arrays import Picture
from blur.data.edits import Decision
from blur.errors import UsageError
from blur.review.people import People
from blur.review.protocol import PeopleRequest
from blur.review.recognise import clip_faces, described
from blur.store.shelf import Shelf

PARTS = known_person.person(1, end=15), known_person.person(2, start=18)


def saved(path: Path, picture: Picture) -> Path:
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


def test_photographs_that_name_nobody_are_refused(tmp_path: Path, astronaut: Picture) -> None:
    portrait = astronaut[:250, 100:350]
    for name, picture, problem in (
        ("nobody.png", astronaut[300:], "shows no face"),
        ("two.png", np.hstack([portrait, portrait]), "shows several faces"),
        ("tiny.png", cv2.resize(portrait, (40, 40)), "shows no face"),
    ):
        with pytest.raises(UsageError, match=problem):
            described([saved(tmp_path / name, picture)])


def test_two_people_are_refused(tmp_path: Path, astronaut: Picture, shared_facedata: Path) -> None:
    other = next((shared_facedata / "id_lfw" / "Kofi_Annan").iterdir())
    with pytest.raises(UsageError, match="does not look like the person in"):
        described([saved(tmp_path / "one.png", astronaut[:250, 100:350]), other])


def test_a_clip_s_face_is_like_its_photograph(tmp_path: Path, astronaut: Picture) -> None:
    out = known_person.make(
        tmp_path,
        astronaut,
        {
            "a.mp4": (known_person.person(1), known_person.elsewhere(2)),
            "chained.mp4": tuple(replace(track, chain=1) for track in PARTS),
        },
    )
    portrait = saved(tmp_path / "portrait.png", astronaut[:250, 100:350])
    shelf = Shelf(out)
    with clip_faces(shelf, shelf.find("a.mp4")) as faces:
        ((face, _),) = faces.faces()
        assert face.track.id == 1
        assert face.look.like(described([portrait])) > 0.7
    with clip_faces(shelf, shelf.find("chained.mp4")) as faces:
        ((face, _),) = faces.faces()  # a chain is one face, whose tracks come along
        assert [track.id for track in face.tracks] == [2, 1]
    people = People(shelf)
    key = shelf.find("chained.mp4")
    asked = PeopleRequest(people=f"{key}:1", decision=Decision.KEEP)
    assert len(people.offers(asked).spans) == 2
    with pytest.raises(UsageError, match="no face of person 2 can be made out"):
        people.offers(structs.replace(asked, people=f"{key}:2"))


def test_a_span_that_would_flash_is_not_offered(tmp_path: Path, astronaut: Picture) -> None:
    tracks = known_person.person(1, end=6), known_person.person(2, start=12, end=20)
    out = known_person.make(tmp_path, astronaut, {"a.mp4": tracks})
    portrait = saved(tmp_path / "portrait.png", astronaut[:250, 100:350])
    shelf = Shelf(out)
    with clip_faces(shelf, shelf.find("a.mp4")) as faces:  # 20 frames a second
        person = described([portrait])
        assert [span.track.id for span in faces.alike(person)] == [2]
        assert [span.track.id for span in faces.faceless(person)] == [2]
        assert [span.track.id for span in faces.whole()] == [1, 2]
