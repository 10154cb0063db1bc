"""The command `blur`: its commands in order of use, and errors as messages and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from blur import __version__
from blur.cli.batch_commands import clean, render, run, scan, status
from blur.cli.conform_command import conform
from blur.cli.edit_commands import edits
from blur.cli.export_commands import export, markers, report
from blur.cli.keep_command import keep
from blur.cli.machine_commands import demo, doctor, kit, models
from blur.cli.preview_command import preview
from blur.cli.show_commands import inspect, review
from blur.cli.start_commands import shortcut, start
from blur.cli.watch_command import watch
from blur.errors import BlurError, Exit, Interrupted, missing_library, refused
from blur.process.sandbox import keep_memory_private
from blur.process.streams import steady


class _Commands(click.Group):
    def main(self, *args: Any, **options: Any) -> Any:
        steady()
        return super().main(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in order of use, not of the alphabet

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, c.get_short_help_str(120)) for name, c in self.commands.items()]
            )
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), code.meaning) for code in Exit])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BlurError, OSError, ImportError) as error:
            if isinstance(error, KeyboardInterrupt):
                error = Interrupted("stopped")
            elif isinstance(error, ImportError):
                error = missing_library(error)
            elif not isinstance(error, BlurError):
                error = refused(error)
            # Over the ^C that the terminal wrote.
            begin = "\r" if isinstance(error, Interrupted) and sys.stderr.isatty() else ""
            click.echo(f"{begin}blur: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="blur")
def main() -> None:
    """Cover every face in video clips, so that nobody in them can be identified."""
    keep_memory_private()
    # OpenCV reads it when it is loaded: its own threads would compete with blur's.
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"


for _command in (
    *(start, shortcut, run, watch, scan, render, status, clean, models, doctor, kit, inspect, demo),
    *(preview, review, keep, edits, conform, markers, report, export),
):
    main.add_command(_command)
