"""What is made at once and sent as slowly as its reader takes it."""

import os
import tempfile
import threading
from collections.abc import Generator
from contextlib import closing
from queue import SimpleQueue

# Makers at a time: each holds a connection, and more of them would not be faster.
_MAKERS = threading.BoundedSemaphore(2)


def spooled(pieces: Generator[bytes]) -> Generator[bytes]:
    """Yield pieces that are made in a thread, which never waits for whoever takes them.

    What is made and not taken yet lies in a file. So a transaction in which they are made is as
    short as it can be, and the first piece is there at once. An error in the making comes behind
    the pieces that were made before it.
    """
    told: SimpleQueue[int | Exception | None] = SimpleQueue()  # sizes; None is the end
    with tempfile.TemporaryFile() as file:

        def make() -> None:
            try:
                with _MAKERS, closing(pieces):
                    for piece in pieces:
                        file.write(piece)  # fails once the reader is gone, which ends the making
                        file.flush()
                        told.put(len(piece))
                told.put(None)
            except Exception as error:
                told.put(error)

        threading.Thread(target=make, name="tinyfront-spool", daemon=True).start()
        at = 0
        while (size := told.get()) is not None:
            if isinstance(size, Exception):
                raise size
            yield os.pread(file.fileno(), size, at)
            at += size
