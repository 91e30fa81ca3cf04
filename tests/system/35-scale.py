#!/usr/bin/env python3
"""Large tables cost a session nothing: two servers side by side, one whose
tables are empty, one that has a hundred thousand hosts of each kind and ten
thousand prefixes (INLET_FULL: ten times as many).  The same private memory,
and nearly as few pages that the look-ups for a greeting and for RCPT touch: a
search that reads a table through would touch hundreds."""
import os
import statistics
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

HOSTS = 1000000 if FULL else 100000
PREFIXES = HOSTS // 10
HELD = 8            # sessions that are looked at
# A session may have so much more of its own, in KiB: GDBM's buckets.
MEMORY = 48
TEMPLATE = 512      # the template: directories of GDBM
FAULTS = 64         # page faults: each look-up is a few places of a file

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "text"  file = "people" }
table "t" { type = "text"  file = "hosts" }
table "g" { type = "gdbm"  file = "hosts.gdbm" }
%s
table "p" { type = "cidr"  file = "prefixes" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "t" { table = "t"  relay = yes }
channel "g" { table = "g"  relay = yes }
%s
channel "p" { table = "p"  relay = yes }
channel "world" { }
"""
CDB = ('table "c" { type = "cdb"  file = "hosts.cdb" }',
       'channel "c" { table = "c"  relay = yes }')


def rows(count):
    """Names and addresses, none of them 127.0.0.1."""
    for i in range(count):
        if i % 2:
            yield "h%d.dom%d.example" % (i, i % 5000)
        else:
            yield "10.%d.%d.%d" % (i >> 16 & 255, i >> 8 & 255, i & 255)


def make(hosts, prefixes):
    cdb = tool("cdb")
    s = Server(CONF % (CDB if cdb else ("", "")), deliver=False)
    at = s.scratch.write("hosts", "".join(
        "%s\n" % r for r in ["192.0.2.1", *rows(hosts)]))
    s.scratch.write("people", "user\n" + "".join(
        "u%d@d%d.example\n" % (i, i % 100) for i in range(hosts)))
    s.scratch.write("prefixes", "192.0.2.0/24\n" + "".join(
        "%d.%d.%d.0/24\n" % (20 + (i >> 16), i >> 8 & 255, i & 255)
        for i in range(prefixes)))
    subprocess.run([program("dbmbuild"), at, at + ".gdbm"], check=True,
                   **s.as_user())
    if cdb:
        with open(at, "rb") as f:
            subprocess.run([cdb, "-c", "-m", "-p", "0644", at + ".cdb"],
                           stdin=f, check=True, **s.as_user())
    return s


def memory_of(pid, field):
    """KiB, but for pages of shared mappings: they are there once for all, and
    a fork copies nothing of them."""
    total, shared = 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            mode = re.match(r"[0-9a-f]+-[0-9a-f]+ (\S+)", line)
            if mode:
                shared = mode.group(1).endswith("s")
            number = re.match(field + r": +(\d+)", line)
            if number and not shared:
                total += int(number.group(1))
    return total


def faults(pid):
    with open("/proc/%d/stat" % pid) as f:
        return int(f.read().rpartition(")")[2].split()[7])


def costs(server):
    """What a fork of the template copies page tables of; what is of a
    session alone that has looked everything up, and the pages it touched."""
    clients = [server.client() for _ in range(HELD)]
    for c in clients:
        c.hello()
        c.envelope(["user@example.org", "nobody@example.org", "x@far.test"])
    eq(lambda: len(server.role("session")), HELD, "sessions to look at")
    pids = [p.pid for p in server.role("session")]
    touched = statistics.median(map(faults, pids))
    try:
        found = (memory_of(server.role("template")[0].pid, "Anonymous"),
                 statistics.median(
                     memory_of(p, "Private_(?:Clean|Dirty)") for p in pids))
    except PermissionError:
        found = None
    for c in clients:
        c.close()
    return found, touched


def compare(small, large):
    (mine, touched), (other, few) = costs(large), costs(small)
    if sanitized():
        skip("a sanitizer has memory of its own")
        return
    diag("page faults of a session: %d, with empty tables %d" % (touched, few))
    ok(touched - few <= FAULTS, "pages that a session touches")
    if mine is None:
        skip("an ordinary user may not look at memory")
        return
    diag("KiB of template and session: %s, with empty tables %s"
         % (mine, other))
    ok(mine[0] - other[0] <= TEMPLATE, "what a fork copies")
    ok(mine[1] - other[1] <= MEMORY, "a session's own memory")


def found(server):
    """They are in there: a relay for hosts of each table."""
    p = subprocess.run(
        server.command("inlet", *server.where()) + ["explain", "--json", "-"],
        input="".join("%s a@b.test user@example.org\n" % a for a in (
            "10.0.0.0", "20.0.0.7", "127.0.0.1")), capture_output=True,
        text=True, check=False, timeout=slow(200), **server.as_user())
    eq(re.findall(r'"source":\{"channel":"(\w+)"', p.stdout.replace(" ", "")
                  .replace("\n", "")), ["t", "p", "world"],
       "hosts of tables, and of none")


def scale():
    small, large = make(0, 0), make(HOSTS, PREFIXES)
    for s in (small, large):
        s.start_smtpd()
    for s in (small, large):
        s.wait_ready(120)
    found(large)
    compare(small, large)
    for s in (small, large):
        ok(s.stop(), "the server ends cleanly")


need_built("smtpd", "smtpsrvr", "submit", "dbmbuild", "inlet")
run(scale, seconds=400)
