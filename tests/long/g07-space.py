#!/usr/bin/env python3
"""g07-space.py - the disk fills, or its inodes go: messages that would not
fit are refused at MAIL, none half-way; small ones are taken to the floor; when
there is room again mail is taken again.

    g07-space.py [SENDERS]      of 10 MiB each, at once
"""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *                           # noqa: E402,F403

SENDERS = int(sys.argv[1]) if len(sys.argv) > 1 else 64
LARGE = b"".join(b"%08d %s\r\n" % (i, b"x" * 989) for i in range(10 * 1024))
SETTINGS = {"min-free-space": "20M", "min-free-inodes": 20,
            "queue-store": '"files"', "max-message-size": "50M",
            "max-connections-per-address": 200, "log-level": "error",
            "max-connections-per-prefix": 200, "max-connections": 200}


class Full:
    """A server whose spool is a small file system in memory."""

    def __init__(self, options):
        self.server = Server(deliver=False, settings=SETTINGS)
        self.spool = self.server.scratch.spool
        subprocess.run(["mount", "-t", "tmpfs", "-o", options + ",mode=700",
                        "spool", self.spool], check=True)
        os.chown(self.spool, SUBMIT, SUBMIT)

    def __enter__(self):
        self.server.start()
        return self.server

    def __exit__(self, *_):
        ok(self.server.stop(), "it ends cleanly")
        subprocess.run(["umount", "-l", self.spool], check=True)


def space():
    said = collections.Counter()
    with Full("size=200m") as server:
        def sender():
            with server.client(timeout=300) as c:
                c.hello()
                mail = c.cmd("MAIL FROM:<s@elsewhere.test> SIZE=%d" %
                             len(LARGE))
                if mail.code != 250:
                    said["MAIL %d" % mail.code] += 1
                    return
                c.cmd("RCPT TO:<user@example.org>")
                if c.cmd("DATA").code == 354:
                    c.send(LARGE + b".\r\n")
                    said["text %d" % c.reply().code] += 1
        threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        diag("said: %s" % dict(said))
        halfway = sum(n for x, n in said.items() if x.startswith("text 4"))
        eq(set(said) <= {"MAIL 452", "text 250", "text 452"}, True,
           "each is taken, or hears 452")
        eq(said["text 250"], len(server.scratch.queue()),
           "what was answered is there, and nothing else")
        eq(server.scratch.queue("tmp"), [], "nothing half-made is left")
        # Small ones to the floor, and no further.
        small = 0
        while small < 20000:
            reply = server.send(b"Subject: x\r\n\r\n" + LARGE[:200000])
            if reply.code != 250:
                break
            small += 1
        eq(reply.code, 452, "small ones hear 452, too, in the end")
        for name in server.scratch.queue():
            os.unlink(os.path.join(server.scratch.spool, "queue", name))
        begun = time.monotonic()
        wait_for(lambda: server.send(b"Subject: x\r\n\r\nx\r\n").code == 250,
                 what="mail is taken again")
        diag("figure G7: %d senders of 10 MiB: %d taken, %d refused at MAIL, "
             "%d half-way; %d small ones after that; taken again after %.1f s"
             % (SENDERS, said["text 250"], said["MAIL 452"], halfway, small,
                time.monotonic() - begun))


def inodes():
    with Full("size=200m,nr_inodes=200") as server:
        taken = 0
        while taken < 1000:
            reply = server.send(b"Subject: x\r\n\r\nx\r\n")
            if reply.code != 250:
                break
            taken += 1
        eq(reply.code, 452, "no inodes: 452")
        eq(len(server.scratch.queue()), taken, "all that was taken is there")
        diag("figure G7: %d messages, and then no inodes: 452" % taken)


if not ROOT:
    skip_all("needs root to mount")
run(space, inodes, seconds=1200)
