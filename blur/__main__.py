"""`blur` and `python -m blur`: loads the commands, and runs the one that was asked for."""

from __future__ import annotations

import sys

from blur.errors import Interrupted


def main() -> None:
    """Ctrl-C ends it as any error of `blur` does, even before the commands are loaded."""
    try:
        from blur.cli.main import main as commands
    except KeyboardInterrupt:
        stopped = Interrupted("stopped")
        print(f"blur: {stopped}", file=sys.stderr)
        raise SystemExit(stopped.exit_code) from None
    commands()


if __name__ == "__main__":
    main()
