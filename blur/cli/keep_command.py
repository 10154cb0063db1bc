"""`blur keep`: a person who consented, found by photographs and kept clear once confirmed."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.cli.clips import footage, identities, require_new
from blur.cli.options import CONSENT, OUT, OVERWRITE
from blur.errors import BlurError, UsageError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:  # native libraries are loaded when a command runs
    from blur.review.offer import Offer
    from blur.review.open_clip import OpenClip
    from blur.store.shelf import Shelf


@click.command(short_help="Find a person who consented, and keep them clear once confirmed.")
@OUT
@click.argument(
    "photographs",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option("--clip", "clips", multiple=True, help="Only in this clip; may be given repeatedly.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with pictures of every span, clear faces among them, readable by you alone, "
    "and with the code that confirms them.",
)
@OVERWRITE
@click.option("--confirm", metavar="CODE", help="Keep the spans of the sheet with this code clear.")
@click.option(
    "--except", "refused", type=int, multiple=True, help="But not the span of this number."
)
@click.option("--reason", default="", help="Why this person may be seen; recorded with --confirm.")
@click.option("--consent", default="", metavar="REF", help=CONSENT)
def keep(
    out: Path,
    photographs: tuple[Path, ...],
    clips: tuple[str, ...],
    sheet: Path | None,
    overwrite: bool,
    confirm: str | None,
    refused: tuple[int, ...],
    reason: str,
    consent: str,
) -> None:
    """Find the person in PHOTOGRAPHS in the clips of OUT.

    Nothing is kept clear by likeness alone: look at every picture of the --sheet, then give its
    code to --confirm. What a photograph tells of a face is forgotten when the command ends. `blur
    run` or the review page then renders what changed.
    """
    keep_off_network()
    from blur.review.offer import code_of, offers, scanned
    from blur.review.recognise import described
    from blur.store.folder import in_an_output_folder
    from blur.store.shelf import Shelf

    if confirm is not None and not reason.strip():
        raise UsageError("a face is kept clear only for a reason", remedy="add --reason")
    shelf = Shelf(out)
    if sheet is not None:
        require_new(sheet, overwrite, footage(shelf) | identities(photographs))
        if in_an_output_folder(sheet):
            raise UsageError(
                "a sheet shows clear faces and does not belong into an output folder",
                subject=sheet,
                remedy="write it elsewhere",
            )
    keys = [shelf.find(name) for name in clips] or scanned(shelf)
    problems: list[BlurError] = []
    found: list[Offer] = []
    person = described(photographs)
    for number, offer in enumerate(offers(shelf, keys, person, left_out=problems.append), 1):
        found.append(offer)
        click.echo(
            f"{number:3}  {offer.name}: cover {offer.lane}, frames {offer.start}-{offer.end - 1}"
        )
    if not found:
        click.echo("this person was found in none of the clips")
    if sheet is not None and found:
        _write(sheet, found, code_of(found))
        click.echo(f"written to {sheet}: it shows clear faces; remove it when you are done")
    if confirm is not None:
        problems += _confirm(shelf, found, confirm, refused, reason, consent)
    for problem in problems:
        click.echo(f"blur: left out: {problem}", err=True)
    if problems:
        raise problems[0]


def _opened(shelf: Shelf, key: str) -> AbstractContextManager[OpenClip]:
    from blur.review.open_clip import OpenClip

    return contextlib.closing(OpenClip(shelf, key))


def _confirm(
    shelf: Shelf,
    found: list[Offer],
    code: str,
    refused: tuple[int, ...],
    reason: str,
    consent: str,
) -> list[BlurError]:
    from blur.data.edits import Decision
    from blur.review.offer import code_of, decide

    if code != code_of(found):
        raise UsageError(
            "these spans are not those of the sheet with this code",
            remedy="make a new --sheet, look at it, and give its code",
        )
    if unknown := [number for number in refused if not 1 <= number <= len(found)]:
        raise UsageError(f"there is no span {unknown[0]}")
    wanted = [offer for number, offer in enumerate(found, 1) if number not in refused]
    outcome = decide(wanted, Decision.KEEP, reason, lambda key: _opened(shelf, key), consent)
    click.echo(f"kept clear: {outcome.done} of {len(found)} spans")
    return outcome.problems


def _write(sheet: Path, found: list[Offer], code: str) -> None:
    from blur.disk import atomic
    from blur.review.offer_page import page

    atomic.write(sheet, page(found, code).encode())
