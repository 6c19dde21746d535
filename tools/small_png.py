"""A screenshot in 256 colours: a quarter of its size, and not to be told from it.

Only what Chromium writes is read: eight bits a channel, RGB or RGBA, not interlaced (PNG, second edition, chapter 9).
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256
Pixels = NDArray[np.uint8]


def pixels(data: bytes) -> Pixels:
    """Height × width × 3. Raises ValueError for another kind of PNG."""
    if not data.startswith(SIGNATURE):
        raise ValueError("this is no PNG")
    chunks, at = [], len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    channels = {2: 3, 6: 4}.get(colour, 0)
    if depth != 8 or not channels or interlaced:
        raise ValueError(f"depth {depth}, colour type {colour}: not what a browser's picture is")
    raw = np.frombuffer(zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT")), np.uint8)
    rows = raw.reshape(height, 1 + width * channels)
    found = np.zeros((height, width * channels), np.uint8)
    above = np.zeros(width * channels, np.uint8)
    for number, row in enumerate(rows):
        above = found[number] = _unfiltered(int(row[0]), row[1:], above, channels)
    return found.reshape(height, width, channels)[:, :, :3]


def _unfiltered(kind: int, row: Pixels, above: Pixels, channels: int) -> Pixels:
    if kind == 0:
        return row
    if kind == 2:
        return row + above
    if kind == 1:
        summed = np.cumsum(row.reshape(-1, channels).astype(np.uint32), axis=0)
        return (summed % 256).astype(np.uint8).reshape(-1)
    line, up = row.tolist(), above.tolist()
    for at in range(len(line)):
        left = line[at - channels] if at >= channels else 0
        if kind == 3:
            guess = (left + up[at]) // 2
        else:
            corner = up[at - channels] if at >= channels else 0
            near = left + up[at] - corner
            away = (abs(near - left), abs(near - up[at]), abs(near - corner))
            guess = (left, up[at], corner)[away.index(min(away))]
        line[at] = (line[at] + guess) % 256
    return np.array(line, np.uint8)


def small(data: bytes) -> bytes:
    """The same picture with a palette of its 256 commonest colours; every other takes the nearest of them."""
    picture = pixels(data)
    height, width, _ = picture.shape
    packed = (picture.astype(np.uint32) << np.array([16, 8, 0], np.uint32)).sum(axis=2, dtype=np.uint32)
    colours, where, often = np.unique(packed.reshape(-1), return_inverse=True, return_counts=True)
    kept = np.argsort(-often, kind="stable")[:COLOURS]
    every = _split(colours)
    palette = every[kept]
    nearest = np.empty(len(colours), np.uint8)
    for start in range(0, len(colours), 2_000):
        away = ((every[start : start + 2_000, None, :] - palette[None]) ** 2).sum(axis=2)
        nearest[start : start + 2_000] = away.argmin(axis=1)
    rows = nearest[where.reshape(-1)].reshape(height, width)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(map(_chunk, *zip(*parts, strict=True)))


def _split(packed: NDArray[np.uint32]) -> NDArray[np.int32]:
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=1).astype(np.int32)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
