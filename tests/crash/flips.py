#!/usr/bin/env python3
"""flips.py - bits flip and ends are cut in a queue, in files and the journal:
what deliver then delivers is what was sent, all else is told and put aside.

    flips.py [ENTRIES]
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "system"))
from delivery import *                          # noqa: E402,F403

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 2000 if FULL else 150
MAIL = b"Subject: flip\n\n" + b"".join(b"line %d\n" % i for i in range(40))
TOTAL = [0, 0]
chosen = random.Random(9)


def change(path, low, high):
    """A bit of a file, between two places, or, sometimes, its end."""
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        at = chosen.randrange(low, min(high, size))
        if low == 0 and chosen.randrange(5) == 0:
            f.truncate(at)
            return
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1 << chosen.randrange(8)]))


def delivered(d):
    """How many mails there are; and those that are not what was sent."""
    mails = d.box("user")
    return len(mails), [m for m in mails if not m.endswith(MAIL) or
                        not m.startswith(b"Return-Path: <")]


def files():
    d = Delivery(settings={"retry-first": '"1s"', "queue-store": '"files"'})
    d.local("user", text=MAIL, options=["-n", str(ENTRIES)])
    names = d.s.queue()
    for name in names:
        change(os.path.join(d.s.spool, "queue", name), 0, 1 << 30)
    d.once()
    n, altered = delivered(d)
    eq(altered, [], "files: of %d damaged entries none is delivered" % ENTRIES)
    ok(n + len(d.s.queue("bad")) == len(names) == ENTRIES and n == 0,
       "files: each is put aside")
    eq(len(re.findall(r": damaged ", d.s.log_text())), ENTRIES,
       "files: and told")
    TOTAL[0] += ENTRIES
    TOTAL[1] += len(altered)


def journal_too():
    d = Delivery()
    d.journal = True
    d.local("user", text=MAIL, options=["-n", str(ENTRIES)])
    place = os.path.join(d.s.spool, "journal")
    _, end, _ = journal._slot(journal._read(d.s.spool, "ends"), 0)
    flips = ENTRIES
    for _ in range(flips):
        change(os.path.join(place, "s00"), 4096, end)
    d.once()
    n, altered = delivered(d)
    eq(altered, [], "journal: after %d flips none is delivered altered" %
       flips)
    # Most of it is room between the entries: a block for each.
    ok(ENTRIES // 4 < n < ENTRIES, "journal: %d of %d are delivered" %
       (n, ENTRIES))
    ok("damaged" in d.s.log_text(), "journal: and the damage is told")
    TOTAL[0] += flips
    TOTAL[1] += len(altered)


def figure():
    diag("figure G9: %d damages of entries, %d delivered altered" %
         tuple(TOTAL))


run(files, journal_too, figure)
