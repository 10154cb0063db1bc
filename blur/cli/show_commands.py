"""The commands that show findings: inspect, review."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blur.cli.options import JSON, OUT, echo_json
from blur.disk.places import absolute
from blur.errors import OutputError
from blur.process.sandbox import keep_off_network

if TYPE_CHECKING:
    from blur.review.door import Door

PORT = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="any free one",
    help="Port on this machine.",
)
BROWSER = click.option(
    "--browser/--no-browser", default=None, help="Open a browser, or only print the address."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
def inspect(file: Path, json: bool) -> None:
    """Show all that FILE tells beside its pictures: place, device, dates, people, software."""
    keep_off_network()
    from blur.media.traces.file_traces import traces_in_file

    found = traces_in_file(file)
    if json:
        echo_json(found)
        return
    click.echo(f"{found.name}: {found.format}")
    for track in found.tracks:
        click.echo(f"  {track}")
    for trace in found.traces:
        click.echo(f"  {trace.kind}: {trace.value} [{trace.where}]")
    if not found.traces:
        click.echo("  nothing beside pictures, sound and structure")


@click.command(short_help="Look through an output folder in the browser.")
@OUT
@PORT
@BROWSER
def review(out: Path, port: int, browser: bool | None) -> None:
    """Look through an output folder in the browser, decide, and render again.

    The page is served to this machine only. The address that is printed opens it once.
    """
    from blur.review.door import Door
    from blur.store.shelf import Shelf

    shelf = Shelf(out)
    with contextlib.closing(Door(port)) as door:
        click.echo(f"Open {door.address}\nCtrl-C ends the review; every decision is saved already.")
        if browser if browser is not None else has_screen():
            open_browser(door, shelf.folder.root)
        keep_off_network()
        from blur.review.server import serve

        with contextlib.suppress(KeyboardInterrupt):
            serve(shelf, door)


def open_browser(door: Door, folder: Path) -> None:
    """Lead a browser through a private file in `folder`, or else among the temporary ones.

    Called while sockets are allowed: the browser would inherit their lack.
    """
    import tempfile
    import webbrowser

    try:
        webbrowser.open(
            door.redirect_file([absolute(folder), Path(tempfile.gettempdir())]).as_uri()
        )
    except OutputError as error:
        click.echo(f"blur: {error}", err=True)


def has_screen() -> bool:
    """Whether this machine can open a window."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
