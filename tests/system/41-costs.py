#!/usr/bin/env python3
"""What a session and a message cost, in counts that do not depend on the
machine or its load: page faults, mappings, system calls, and instructions of
our own code.  The figures, and how to renew them, are in tests/costs."""
import collections
import os
import re
import subprocess
import sys
import tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

FIGURES = os.path.join(SRC, "tests", "costs", "costs.txt")
RENEW = os.environ.get("INLET_COSTS") == "renew"
NEAR = 0.05
SESSIONS = 20
# The kernel maps up to 16 pages of a file at once, by aligned windows, and
# where files begin in them is another for each template.
TEMPLATES = 3
SPREAD = 3
TEXT = b"A line of a message.\r\n" * 180
# Of these as many as it happens: how many bytes were there already.
LEFT_OUT = ("futex", "epoll_wait", "epoll_ctl", "recvfrom", "brk",
            "restart_syscall")

if not FULL:
    skip_all("counted with INLET_FULL=1 alone (./check --full)")
with open(os.path.join(BUILD, "config.h")) as f:
    CONFIG = f.read()
STATIC = re.search(r"^#define STATIC_SESSION\b", CONFIG, re.M)
if re.search(r"^#define SANITIZERS\b", CONFIG, re.M):
    skip_all("sanitizers have costs of their own")
if os.environ.get("INLET_PREFIX"):
    skip_all("the installed programs cost the same")

with open(FIGURES) as f:
    LINES = f.read().splitlines()
WANT = dict(line.rsplit(None, 1) for line in LINES
            if line and not line.startswith("#"))
found = {}


def compare(what, got, good, how):
    found[what] = got
    if RENEW:
        return
    want = WANT.get(what)
    if not ok(want is not None and good(int(want)),
              "%s: %s %s" % (what, how, want)):
        diag("got %d" % got)


def exactly(what, got):
    compare(what, got, lambda want: got == want, "exactly")


def at_most(what, got):
    compare(what, got, lambda want: got <= want, "at most")


def nearly(what, got):
    compare(what, got, lambda want: abs(got - want) <= NEAR * want,
            "within 5 % of")


def session(s, messages):
    c = s.client()
    c.hello()
    for _ in range(messages):
        if c.message(TEXT, hello=False).code != 250:
            raise Late("a message is refused")
    c.quit()


def server(settings=None):
    return Server(deliver=False,
                  settings={"log-level": '"info"', **(settings or {})})


def ended(s):
    wait_for(lambda: not s.role("session"), what="the end of sessions")


def faults_of_children(pid):
    with open("/proc/%d/stat" % pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[8])


def faults(s, messages):
    pid = s.role("template")[0].pid
    session(s, messages)
    ended(s)
    before = faults_of_children(pid)
    for _ in range(SESSIONS):
        session(s, messages)
    ended(s)
    return round((faults_of_children(pid) - before) / SESSIONS)


def page_faults():
    if not STATIC:
        skip("figures are of static sessions")
        return
    empty, full = [], []
    for _ in range(TEMPLATES):
        with server() as s:
            empty.append(faults(s, 0))
            full.append(faults(s, 1))
            if ROOT:
                mappings = len(text_of("/proc/%d/maps" %
                               s.role("template")[0].pid).splitlines())
    spread = SPREAD if RENEW else 0
    at_most("faults of a session", min(empty) + spread)
    at_most("faults of a session with a message", min(full) + spread)
    if ROOT:
        at_most("mappings of the template", mappings)


class Trace:
    """strace of a process, its threads and children, while it lives."""

    def __init__(self, s, pid):
        self.file = s.scratch.at("trace")
        self.strace = subprocess.Popen(
            ["strace", "-f", "-o", self.file, "-p", str(pid)],
            stderr=subprocess.PIPE, text=True)
        if "attached" not in self.strace.stderr.readline():
            raise Late("strace is not there")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.strace.returncode is None:
            self.strace.terminate()
            self.strace.communicate()

    def calls(self):
        """The names of all that was called, by process."""
        self.__exit__()
        by = collections.defaultdict(list)
        with open(self.file) as f:
            for line in f:
                m = re.match(r"(\d+) +(\w+)\(", line)
                if m:
                    by[int(m.group(1))].append(m.group(2))
        return by


def calls_of_session(s, messages):
    """Of each of some sessions the number; most have the same."""
    pid = s.role("template")[0].pid
    with Trace(s, pid) as trace:
        for _ in range(7):
            session(s, messages)
        ended(s)
        by = trace.calls()
    numbers = collections.Counter(
        len(names) for p, names in by.items() if p != pid)
    number, times = numbers.most_common(1)[0]
    if times < 4:
        diag("they differ: %r" % numbers)
    return number


def calls_of_submit(s, messages):
    """By name."""
    with Trace(s, s.role("submit")[0].pid) as trace:
        session(s, messages)
        ended(s)
        by = trace.calls()
    return collections.Counter(name for names in by.values()
                               for name in names if name not in LEFT_OUT)


def of_one_more(s):
    """Calls, and syncs among them; the first messages cost more."""
    session(s, 30)
    more = calls_of_submit(s, 60)
    more.subtract(calls_of_submit(s, 30))
    return round(more.total() / 30), \
        round((more["fsync"] + more["fdatasync"]) / 30)


def system_calls():
    if not ROOT or not tool("strace") or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL, check=False).returncode != 0:
        skip("strace of others takes root")
        return
    with server({"queue-store": '"files"'}) as s:
        one = calls_of_session(s, 1)
        exactly("calls of a session", calls_of_session(s, 0))
        exactly("calls of a session with a message", one)
        exactly("calls of the session for one more message",
                (calls_of_session(s, 5) - one) / 4)
        calls, syncs = of_one_more(s)
        exactly("calls of submit for one more message", calls)
        exactly("syncs for one more message, files", syncs)
    # Its calls are not exact: the next segment is made meanwhile.
    with server({"queue-store": '"journal"'}) as s:
        wait_for(lambda: not calls_of_submit(s, 10)["fsync"], 30,
                 "the first segment")
        exactly("syncs for one more message, journal", of_one_more(s)[1])


def instructions_of(messages):
    """Of our own objects: libraries differ by processor."""
    out = os.path.join(tempfile.gettempdir(), "costs.%d" % os.getpid())
    program = os.path.join(BUILD, "tests", "costs", "messages")
    subprocess.run(["valgrind", "-q", "--tool=callgrind",
                    "--callgrind-out-file=" + out, program, str(messages)],
                   check=True, stderr=subprocess.DEVNULL)
    total, ours, call, names = 0, False, False, {}
    with open(out) as f:
        for line in f:
            m = re.match(r"ob=(\(\d+\))(?: (.*))?", line)
            if m:
                names.setdefault(m.group(1), m.group(2))
                ours = names[m.group(1)].endswith("/messages")
            elif line.startswith("calls="):
                call = True
            elif re.match(r"[+\-*\d]", line):
                # What a call costs stands in what is called.
                total += int(line.split()[1]) if ours and not call else 0
                call = False
            elif re.match(r"cob=(\(\d+\)) (.*)", line):
                m = re.match(r"cob=(\(\d+\)) (.*)", line)
                names.setdefault(m.group(1), m.group(2))
    os.unlink(out)
    return total


def instructions():
    if not tool("valgrind"):
        skip("no valgrind")
        return
    compiler = subprocess.run(
        [os.path.join(BUILD, "tests", "costs", "messages"), "compiler"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    what = "instructions of a session's message, %s" % compiler
    if what not in WANT and not RENEW:
        skip("no figure for this compiler")
        return
    nearly(what,
           (instructions_of(40) - instructions_of(20)) // 20)


def renew():
    with open(FIGURES, "w") as f:
        f.write("\n".join([x for x in LINES if x.startswith("#")] + [
            "%s %d" % row for row in found.items()]) + "\n")
    ok(True, "renewed")


run(page_faults, system_calls, instructions, *([renew] if RENEW else []))
