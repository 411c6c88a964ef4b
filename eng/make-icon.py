#!/usr/bin/env python3
"""Draws eng/icon.png (128 x 128): a stack of shrinking bars. Needs nothing but Python."""
import os
import struct
import zlib

SIZE = 128
BARS = [(18, 110), (18, 86), (18, 62), (18, 38)]
COLOURS = [(0x1F, 0x77, 0xB4), (0x4C, 0x97, 0xCB), (0x8C, 0xBC, 0xE0), (0xFF, 0x7F, 0x0E)]

rows = []
for y in range(SIZE):
    row = bytearray([0])
    for x in range(SIZE):
        pixel = (0xFF, 0xFF, 0xFF, 0)
        for i, (left, right) in enumerate(BARS):
            top = 16 + i * 26
            if top <= y < top + 18 and left <= x < right:
                pixel = (*COLOURS[i], 255)
        row += bytes(pixel)
    rows.append(bytes(row))


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "icon.png")
with open(path, "wb") as f:
    f.write(b"\x89PNG\r\n\x1a\n")
    f.write(chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)))
    f.write(chunk(b"IDAT", zlib.compress(b"".join(rows), 9)))
    f.write(chunk(b"IEND", b""))
