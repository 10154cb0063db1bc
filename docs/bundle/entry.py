"""The program in a bundle: blur, and the workers that it starts of itself."""

from __future__ import annotations

import multiprocessing

from blur.cli.main import main

if __name__ == "__main__":
    multiprocessing.freeze_support()  # a worker ends here
    main(prog_name="blur")
