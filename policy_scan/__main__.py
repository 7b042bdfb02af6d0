"""The program's start: the console script, and `python -m policy_scan`."""

from __future__ import annotations

import sys


def main() -> None:
    """The command line; stopped by Ctrl-C at any moment, also while its own modules are loaded, without a traceback."""
    try:
        from .cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        raise SystemExit(130) from None
    except Exception:  # a fault of the program: 1, Python's code for it, says that all is done but some documents
        sys.excepthook(*sys.exc_info())
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
