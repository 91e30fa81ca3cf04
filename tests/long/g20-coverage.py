#!/usr/bin/env python3
"""g20-coverage - G20: how much of what reads the bytes of others is tried.

    tests/long/g20-coverage.py [DIRECTORY]

Builds with gcov in a directory of its own, replays the fuzzers' corpora and
runs the unit tests, and counts lines and branches of the files in PARSERS:
code that takes apart what clients, sessions, name servers and other mail
hosts send.  Below the gate it fails and shows the worst.  What needs a whole
session is not counted: a confined process cannot write down what it ran.
Two minutes on two cores."""
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LINES, BRANCHES = 95, 90    # percent, of all of them together
WORST = 85                  # lines, of each

PARSERS = """
    lib/addresses lib/asked lib/base64 lib/datetime lib/header lib/path
    lib/proxy lib/qfile lib/records lib/subproto lib/tags lib/utf8 lib/xtext
    smtpsrvr/attributes smtpsrvr/chunk_lines smtpsrvr/commands
    smtpsrvr/data_reader smtpsrvr/forged smtpsrvr/mend smtpsrvr/params
    authsrvr/cram authsrvr/exchange authsrvr/ldapname authsrvr/login
    authsrvr/question authsrvr/scram
    tables/dnsmsg tables/idna tables/question tables/spf tables/spfmacro
    tables/spfterm
    chans/mime7 chans/mimecode chans/mimehead chans/relay_body
    chans/relay_caps chans/relay_params chans/relay_reply
""".split()

# What needs more than a build: programs of others, a sandbox, a long time.
BESIDE = ("t_sandbox", "t_sequences", "t_envelopes")


def tests():
    found = []
    for folder in ("fuzz", "lib", "smtpsrvr", "tables", "authsrvr", "chans",
                   "submit"):
        for path in sorted(glob.glob(os.path.join(
                SRC, "tests", folder, "fuzz_*.c" if folder == "fuzz"
                else "t_*.c"))):
            name = os.path.basename(path)[:-2]
            if name not in BESIDE:
                found.append("tests/%s/%s.t" % (folder, name))
    return found


def built(where):
    """Runs what tells; the log if it could not."""
    with open(os.path.join(where, "log"), "wb") as log:
        for command in (
                [os.path.join(SRC, "configure"), "CC=gcc"],
                ["make", "-k", "-j%d" % (2 * os.cpu_count()), "check",
                 "CFLAGS=-O1 -g -fno-inline --coverage",
                 "TESTS=" + " ".join(tests())]):
            if subprocess.run(command, cwd=where, stdout=log, stderr=log,
                              stdin=subprocess.DEVNULL).returncode != 0:
                with open(log.name, errors="replace") as f:
                    return f.read()[-3000:]
    return ""


def counted(where):
    """{file: ({line: runs}, {(line, branch): runs})} of our source."""
    seen = collections.defaultdict(lambda: (collections.Counter(),
                                            collections.Counter()))
    data = glob.glob(os.path.join(where, "**", "*.gcda"), recursive=True)
    for path in data:
        p = subprocess.run(["gcov", "-b", "-t", "-j", path], cwd=where,
                           capture_output=True)
        for text in p.stdout.splitlines():
            if not text.startswith(b"{"):
                continue
            for source in json.loads(text)["files"]:
                name = os.path.relpath(os.path.join(
                    where, source["file"]), SRC)
                lines, branches = seen[name]
                for line in source["lines"]:
                    n = line["line_number"]
                    lines[n] += line["count"]
                    for i, b in enumerate(line["branches"]):
                        branches[n, i] += b["count"]
    return seen


def percent(counter):
    return 100 * sum(v > 0 for v in counter.values()) / max(1, len(counter))


def coverage():
    with contextlib.ExitStack() as stack:
        where = sys.argv[1] if len(sys.argv) > 1 else stack.enter_context(
            tempfile.TemporaryDirectory(prefix="inlet-coverage."))
        os.makedirs(where, exist_ok=True)
        trouble = built(where)
        if not ok(not trouble, "it builds with gcov, and its tests pass"):
            diag(trouble)
            return
        seen = counted(where)
    all_lines, all_branches = collections.Counter(), collections.Counter()
    for name in (n + ".c" for n in PARSERS):
        lines, branches = seen[name]
        diag("%-24s %5.1f %% of %3d lines, %5.1f %% of %3d branches" % (
            name, percent(lines), len(lines), percent(branches),
            len(branches)))
        ok(lines and percent(lines) >= WORST, "%s: %.1f %% of its lines" %
           (name, percent(lines)))
        all_lines.update({(name, k): v for k, v in lines.items()})
        all_branches.update({(name, k): v for k, v in branches.items()})
    ok(percent(all_lines) >= LINES, "%.1f %% of all lines" %
       percent(all_lines))
    ok(percent(all_branches) >= BRANCHES, "%.1f %% of all branches" %
       percent(all_branches))
    diag("figure G20: %.1f %% of %d lines, %.1f %% of %d branches of what "
         "reads the bytes of others" % (
             percent(all_lines), len(all_lines), percent(all_branches),
             len(all_branches)))


if shutil.which("gcov") and shutil.which("gcc"):
    run(coverage)
else:
    skip("no gcov")
    run()
