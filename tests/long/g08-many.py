#!/usr/bin/env python3
"""g08-many.py - a start with many messages queued: the greeting does not wait
for them, submit looks at all of them, and what was half-made goes.

    g08-many.py [MESSAGES]
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *                           # noqa: E402,F403

MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
HALF = 100
MKENTRY = os.path.join(BUILD, "tests", "chans", "mkentry")


def start():
    server = Server(deliver=False, settings={"log-level": "info",
                                             "queue-store": '"files"'})
    s = server.scratch
    args = [MKENTRY, "-n", str(MANY)] + (["-u", str(SUBMIT)] if ROOT else [])
    subprocess.run(args + [s.spool, "local:user@example.org:x/user"],
                   input=b"Subject: x\n\nbody\n", check=True,
                   stdout=subprocess.DEVNULL, timeout=3600)
    for i in range(HALF):
        path = os.path.join(s.spool, "tmp", "HALF%016d" % i)
        with open(path, "wb") as f:
            f.write(b"INLETQ1\n")
        if ROOT:
            os.chown(path, SUBMIT, SUBMIT)
    begun = time.monotonic()
    server.start_smtpd()
    server.wait_ready()
    greeted = time.monotonic() - begun
    wait_for(lambda: re.search(r"recovered good=%d bad=0" % MANY,
                               s.log_text()), 600, "a look at all")
    looked = time.monotonic() - begun
    eq(s.queue("tmp"), [], "what was half-made is gone")
    eq(len(s.queue()), MANY, "all are there")
    ok(greeted < slow(PATIENCE), "it greets")
    diag("figure G8: %d messages queued: greeting after %.0f ms, all looked "
         "at after %.1f s" % (MANY, 1000 * greeted, looked))
    ok(server.stop(), "it ends cleanly")


run(start, seconds=4000)
