"""Every message between the start page and its server; `web/protocol.js` is the page's copy."""

from __future__ import annotations

from msgspec import Struct

from blur.start.batch import BatchView
from blur.start.estimate import EstimateView
from blur.start.folders import Place


class FolderRequest(Struct, frozen=True):
    """A folder to list; "" asks for the user's own."""

    path: str = ""


class NewFolder(Struct, frozen=True):
    path: str
    name: str


class Chosen(Struct, frozen=True):
    """Folders and preset; without `out` the server proposes a folder."""

    footage: str
    out: str
    preset: str


class StartView(Struct, frozen=True, kw_only=True):
    """All that the page shows. `review`: its address below the page, once there is a clip to see.
    `note`: a matter that hinders nothing."""

    footage: Place | None
    out: Place | None
    preset: str
    presets: list[str]
    estimate: EstimateView | None
    batch: BatchView
    review: str | None
    note: str
