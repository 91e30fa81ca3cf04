#!/usr/bin/env python3
"""Many idle connections, a process each: what each costs in memory, and that a
new client from elsewhere is greeted and served as if they were not there
(scorecard G33).

    72-idle.py [CONNECTIONS [SECONDS]]

The full form is 72-idle.py 10000 600."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from attackers import *

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 250
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 0
LARGE = COUNT >= 10000
PROCESSES = 2
NEW = 1000 if LARGE else 20     # clients that come meanwhile
MOST = 64                       # KiB of PSS for each
GREETED = 100                   # ms, p99

SETTINGS = {"max-connections": str(min(16000, COUNT * 3 // 2 + 100)),
            "command-timeout": '"1h"', "backlog": "4096",
            "stress-sessions": "0", "stress-memory": "0",
            "log-level": '"info"'}


def sessions(s):
    """Those of templates that were let go are nobody's children but ours."""
    templates = {p.pid for p in s.role("template")}
    return [p.pid for p in descendants(os.getpid())
            if s.is_program(p, "smtpsrvr") and p.pid not in templates]


def pss(pids):
    """KiB of each that is still there; None where we may not look."""
    found = []
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                found.append(int(re.search(r"^Pss: +(\d+)", f.read(),
                                           re.M).group(1)))
        except PermissionError:
            return None
        except (OSError, AttributeError):
            pass
    return found


def measure(s, pids):
    found = pss(pids)
    if found is None or sanitized():
        skip("memory of others, without a sanitizer's: root may look")
        return "not looked at"
    mean = sum(found) / len(found)
    ok(mean <= MOST, "each has %.1f KiB of memory" % mean)
    return "%.1f KiB PSS each" % mean


def visitor(s, number):
    """Milliseconds to the greeting."""
    begin = time.monotonic()
    with s.client(source=source(200000 + number)) as c:
        took = 1000 * (time.monotonic() - begin)
        if c.greeting.code != 220 or c.message(
                b"Subject: new\n\ntext\n").code != 250:
            raise Late("refused: %s" % c.greeting)
        c.quit()
    return took


def idle():
    with Server(settings=SETTINGS) as s:
        before = [visitor(s, i) for i in range(NEW)]
        hello = [b"EHLO idle.test\r\n", b""]
        crowd = [Apart(attack, [Plan("idle", s.port, hello)],
                       range(i, COUNT, PROCESSES), 400, 1000000, 100000)
                 for i in range(PROCESSES)]
        wait_for(lambda: len(sessions(s)) >= COUNT, COUNT / 50,
                 "all of them inside")
        took = [visitor(s, i) for i in range(NEW)]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            took.append(visitor(s, len(took)))
            time.sleep(0.2)
        pids = sessions(s)
        ok(len(pids) >= COUNT, "%d connections, a process each" % COUNT)
        memory = measure(s, pids)
        late = percentile(took, 99)
        diag("figure G33: %d idle connections, %s; 220 in %.1f ms (p99 of "
             "%d; %.1f ms without them)" % (COUNT, memory, late, len(took),
                                            percentile(before, 99)))
        if LARGE:
            ok(late <= GREETED, "a new client hears 220 in %d ms" % GREETED)
        wait_for(lambda: len(s.scratch.maildir("user@example.org")) >=
                 NEW + len(took), 60, "all of the mail")
        ok(True, "and its mail is delivered")
        found = [f for c in crowd for f in c.end()]
        eq(len([f for f in found if f[2] is None and f[3]]), COUNT,
           "none of the idle ones was cut")
        wait_for(lambda: not sessions(s), 60, "the end of all sessions")


need_built("smtpd", "smtpsrvr", "submit", "deliver")
if not files(COUNT + 1000):
    skip_all("too few open files")
run(idle, seconds=240 + 2 * SECONDS + COUNT // 20)
