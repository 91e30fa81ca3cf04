#!/usr/bin/env python3
"""g24-sessions - G24: processes that live long do not grow by sessions.

    tests/long/g24-sessions.py [SESSIONS]        (100000)

So many connections that say EHLO and QUIT, sixteen at a time, and among them
one in a hundred with a message that is delivered.  After a tenth of them, and
then again after each tenth, the private memory and the descriptors of smtpd,
the template and the helpers are looked at.  In between sessions of a while
end: a template that is renewed is compared with the one before.  Wants
bench/load (make bench/load)."""
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
GROWTH = 64         # KiB of private memory, from the first tenth to the last
LOAD = os.path.join(BUILD, "bench", "load")
LONG_LIVED = ("smtpd", "smtpsrvr", "submit", "lookup", "logger", "deliver")


def private(pid):
    """KiB that are no file's."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def long_lived(s):
    """{name: (process, KiB, descriptors)} once no session is left."""
    def settled():
        found = {}
        for pid, name in family(s):
            if name in found:
                return None         # a session, too: not yet
            found[name] = (pid, private(pid),
                           len(os.listdir("/proc/%d/fd" % pid)))
        return found if "smtpsrvr" in found else None
    return wait_for(settled, what="the end of all sessions")


def family(s):
    """(pid, name) of the server's processes that live long."""
    return [(p.pid, p.name) for top in (s.smtpd.pid, s.deliver.pid)
            for p in [processes()[top], *descendants(top)]
            if p.name in LONG_LIVED]


def load(s, *args):
    p = subprocess.run([LOAD, *args, "-T", "3600", "127.0.0.1",
                        str(s.port)], capture_output=True, text=True)
    if p.returncode != 0:
        raise Exception("load: " + p.stdout + p.stderr)


def sessions():
    tenth = SESSIONS // 10
    with Server(settings={"max-connections": "64",
                          "max-connections-per-address": "64",
                          "max-connections-per-prefix": "64"}) as s:
        seen = []
        for _ in range(10):
            load(s, "-g", "-c", "16", "-n", str(tenth - tenth // 100))
            load(s, "-c", "4", "-n", str(tenth // 100), "-s", "4096",
                 "-t", "user@example.org")
            wait_for(lambda: not s.scratch.queue(), what="deliveries")
            seen.append(long_lived(s))
            diag(" ".join("%s %d KiB %d fds" % (n, v[1], v[2])
                          for n, v in sorted(seen[-1].items())))
        for name in sorted(seen[0]):
            first, last = seen[0][name], seen[-1][name]
            ok(last[1] - first[1] <= GROWTH, "%s: %d KiB, then %d" %
               (name, first[1], last[1]))
            ok(last[2] <= first[2], "%s: %d descriptors, then %d" %
               (name, first[2], last[2]))
            if name not in ("smtpsrvr",):
                eq(last[0], first[0], "%s: the same process" % name)
        diag("figure G24: %d sessions; %s" % (SESSIONS, ", ".join(
            "%s %+d KiB" % (n, seen[-1][n][1] - seen[0][n][1])
            for n in sorted(seen[0]))))


need_built("smtpd", "smtpsrvr", "submit", "deliver")
if os.access(LOAD, os.X_OK):
    run(sessions)
else:
    skip("no bench/load; see bench/README.md")
    run()
