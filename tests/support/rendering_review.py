"""`blur review OUT` that renders a clip at once, down `fake_corridor`: `... OUT CLIP`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import fake_corridor

from blur.batch import walk
from blur.cli.main import main
from blur.review import server


class Rendering(server.Desk):
    def __init__(self, shelf):
        super().__init__(shelf)
        self.rerender.start([shelf.find(sys.argv[2])])


if __name__ == "__main__":
    # The tests may run as a shell's background job, which ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    walk.process_clip = fake_corridor.process_clip
    server.Desk = Rendering
    main(["review", str(Path(sys.argv[1])), "--no-browser"])
