#!/usr/bin/env python3
"""What a delivery costs does not grow with the queue: deliver's instructions
for one more message, with nothing else queued and with four thousand entries
that wait."""
import os
import re
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *

QUEUED = 4000
MORE = 200
# What looks at each entry that waits, if only for ten instructions, costs twice
# as much; how many are done in a turn, and so the load of the machine, is some
# of it.
NEAR = 1.6

if not FULL:
    skip_all("counted with INLET_FULL=1 alone (./check --full)")
if sanitized():
    skip_all("sanitizers have costs of their own")
need_built("deliver", "ch_local", "tailor")


def settled(p):
    """Nothing was done for a while: each entry had its turn."""
    last, times = None, 0
    while times < 20:
        with open("/proc/%d/stat" % p.pid) as f:
            now = f.read().rpartition(")")[2].split()[11:13]
        times = times + 1 if now == last else 0
        last = now
        time.sleep(0.05)


def instructions(queued, more):
    """Of a deliver with so many entries that wait, and so many more that it
    delivers.  It is the mail user from the start, and the limits that it sets
    are there: valgrind changes neither."""
    d = Delivery(settings={"retry-first": '"1h"'})
    if queued:
        d.entry("world:a@example.com:example.com/a",
                options=("-n", str(queued)))
    out = d.s.make("callgrind", d.user, 0o777) + "/out"
    user = {} if d.user is None else {
        "user": d.user, "group": d.user, "extra_groups": []}
    with open(d.s.log, "ab") as log:
        p = spawn(["prlimit", "--nofile=2000:2000", "valgrind", "-q",
                   "--tool=callgrind", "--callgrind-out-file=" + out,
                   *d.args()], stdout=log, stderr=log, cwd="/", **user)
    wait_for(lambda: "started, %d" % queued in d.s.log_text(), 150, "deliver")
    settled(p)
    if more:
        d.entry("local:user@example.org:example.org/user",
                options=("-n", str(more)))
    wait_for(lambda: len(d.s.log_lines("delivered")) == more, 150, "delivery")
    wait_for(lambda: len(os.listdir(d.s.spool + "/queue")) == queued, 150,
             "the end of files")
    settled(p)
    p.terminate()
    p.wait(slow(60))
    with open(out) as f:
        found = int(re.search(r"^(?:summary|totals): (\d+)", f.read(),
                              re.M).group(1))
    clean_up()
    return found


def of_deliver(queued):
    """Instructions for one more."""
    return (instructions(queued, MORE) - instructions(queued, 0)) // MORE


def deliver_instructions():
    if not tool("valgrind") or not tool("prlimit"):
        skip("no valgrind")
        return
    few, many = of_deliver(0), of_deliver(QUEUED)
    if many > NEAR * few:
        many = of_deliver(QUEUED)
    diag("instructions for a message: %d, with %d queued %d" %
         (few, QUEUED, many))
    ok(many <= NEAR * few, "a delivery costs the same in a long queue")


run(deliver_instructions, seconds=600)
