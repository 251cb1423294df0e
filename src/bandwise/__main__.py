"""`python -m bandwise`."""

from bandwise.apps.cli import main

if __name__ == "__main__":
    main()
