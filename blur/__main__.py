"""`python -m blur`."""

from blur.cli.main import main

if __name__ == "__main__":
    main()
