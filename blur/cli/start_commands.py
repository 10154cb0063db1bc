"""The commands for people who open no terminal: start, shortcut."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from blur.cli.show_commands import BROWSER, PORT, has_screen, open_browser
from blur.disk.places import state_folder
from blur.process import sandbox


@click.command()
@PORT
@BROWSER
def start(port: int, browser: bool | None) -> None:
    """Do everything in the browser: choose folders, cover the clips, review them.

    The page is served to this machine only. A batch goes on when the page or this command ends;
    started again, the page shows it. The command ends by itself after an hour that nobody needs it.
    """
    from blur.review.door import Door

    with contextlib.closing(Door(port)) as door:
        click.echo(f"Open {door.address}\nCtrl-C ends the page; a batch that runs goes on.")
        if browser if browser is not None else has_screen():
            open_browser(door, state_folder())
        sandbox.keep_off_network()
        from blur.start.server import serve

        with contextlib.suppress(KeyboardInterrupt):
            serve(door)


@click.command()
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
def shortcut(folder: Path | None) -> None:
    """Make a file in FOLDER that starts blur by a double click.  [default: the desktop]"""
    from blur.cli.shortcut import desktop, make

    sandbox.keep_off_network()
    made = make(folder or desktop())
    click.echo(f"made {made}: a double click on it runs `blur start`")
