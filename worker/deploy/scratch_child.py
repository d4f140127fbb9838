"""Takes from this process what a tool does not need, and becomes the tool; started by `scratch.py`.

Imports nothing of ours: it starts in a moment, and nobody else lives in this process.
"""

import os
import resource
import sys


def main(limits: list[int], words: list[str]) -> None:
    """Become `words` with these limits: seconds, bytes of memory, bytes of a file."""
    cpu_s, memory_bytes, file_bytes = limits
    for kind, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    os.execvp(words[0], words)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:4]], sys.argv[4:])
