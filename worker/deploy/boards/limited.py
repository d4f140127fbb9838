"""Takes from itself what it does not need and becomes another program; started by `tools.py`.

Imports nothing of ours: it starts in a moment, and nobody else lives in this process.
"""

import os
import resource
import sys


def main(words: list[str], cpu_s: int, memory_bytes: int, file_bytes: int) -> None:
    """Become `words` with these limits."""
    for kind, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(sys.argv[4:], *map(int, sys.argv[1:4]))
