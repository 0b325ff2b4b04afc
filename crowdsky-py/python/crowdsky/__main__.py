"""`python -m crowdsky`: the command line on frames (`stack`, `inspect`, `simulate`)."""

from __future__ import annotations

import signal
import sys

from . import _core


def main() -> int:
    """Runs it with the arguments of this process; the exit status: 0 done, 1 failed, 2 wrong usage, 3 nothing could be stacked."""
    # Ctrl-C is the command line's own: it tidies up and says so. Python's handler would raise KeyboardInterrupt after that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _core.main(["python -m crowdsky", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
