"""`python -m blur`."""

from blur.cli import main

if __name__ == "__main__":
    main()
