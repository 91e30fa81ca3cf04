"""journal - reads the queue's journal (lib/jfile.h, chans/jmarks.h), without
looking at sums, beside whoever works on it."""

import os
import struct

SEGMENTS, SLOT, BLOCK, HEAD = 8, 32, 4096, 96


def _read(spool, name):
    try:
        with open(os.path.join(spool, "journal", name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def _slot(board, number):
    part = board[number * SLOT:(number + 1) * SLOT]
    return struct.unpack("<QQQ", part[:24]) if len(part) == SLOT else (0, 0, 0)


def _done(spool, number, generation):
    """The places of those that deliver is done with."""
    marks = _read(spool, "m%02d" % number)
    found, at = set(), 0
    while at + 32 <= len(marks):
        kind, of, place = struct.unpack_from("<8sQQ", marks, at)
        if kind[:3] == b"JMD" and of == generation:
            found.add(place)
        at += 288 if kind[:3] == b"JMM" and of == generation else 32
    return found


def entries(spool, every=False):
    """{identifier: bytes} of what is not done; every: done or not."""
    found = {}
    ends, freed = _read(spool, "ends"), _read(spool, "freed")
    for number in range(SEGMENTS):
        generation, end, _ = _slot(ends, number)
        if not generation or (_slot(freed, number)[0] == generation and
                              not every):
            continue
        done = set() if every else _done(spool, number, generation)
        segment, at = _read(spool, "s%02d" % number), BLOCK
        while at < end:
            magic, of, place, length, after = struct.unpack_from(
                "<8s4Q", segment, at)
            if magic != b"INLETJR1" or of != generation or place != at:
                at += 32        # damage, as a test made it
                continue
            ident = segment[at + 56:at + 77].rstrip(b"\0").decode()
            if at not in done:
                found[ident] = segment[at + HEAD:at + HEAD + length]
            at = after
    return found
