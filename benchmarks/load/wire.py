"""One kept HTTP connection, as cheap as can be: what asks must not be slower than what answers."""

import asyncio
import json
from typing import Any

ROOT = "/api/v1"


class Unexpected(Exception):
    """An answer that is no success."""


class Wire:
    """Sends one request after the other; opens its connection when it is needed first."""

    def __init__(self, host: str, port: int, key: str | None) -> None:
        self._host, self._port = host, port
        lines = [f"Host: {host}:{port}", "Content-Type: application/json"]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        self._headers = "\r\n".join(lines)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of the answer; None for one without a body.

        Raises:
            Unexpected: the status is not 2xx.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {ROOT}{path} HTTP/1.1\r\n{self._headers}\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        status, length = _head(await reader.readuntil(b"\r\n\r\n"))
        answer = await reader.readexactly(length) if length else b""
        if not 200 <= status < 300:
            raise Unexpected(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _head(head: bytes) -> tuple[int, int]:
    """The status of an answer, and how long its body is."""
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
        elif line.startswith(b"transfer-encoding:"):
            raise Unexpected("an answer in chunks, which no route of a worker gives")
    return int(head[9:12]), length
