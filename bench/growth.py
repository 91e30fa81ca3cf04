#!/usr/bin/env python3
"""growth - what a message costs while there is much of something else.

    growth.py burst PEERS [N]       N messages while they are delivered,
                                    beside N that only queue (100000)
    growth.py idle PEER [N,N...]    with so many idle sessions (1,1000,10000)
    growth.py queue PEER [N,N...]   with so many queued (0,10000,100000,
                                    1000000), and a start with them
    growth.py rows [N,N...]         with so many rows in tables of each kind
                                    (1,100000,1000000); Inlet alone
    growth.py slow PEERS [MS,...]   shapes A and B on a disk that takes so
                                    long for a flush (0,1,5); needs root

PEERS and the options -b, -d, -i, -o are those of shapes.py.

    -S       that file system in a sparse file, with an inode for each 4 KiB
    -r RUNS  rounds (9); in each, all that are compared have their turn
    -n N     messages of a turn

The servers that are compared are there at the same time, and only one of
them is loaded at a time.  CPU is the servers' own, from their cgroup."""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import *                           # noqa: E402

ONE = []            # options of load: a connection for each message
MANY = ["-k"]


def log_of(peer):
    """Inlet's log, and what deliver said before there was one."""
    return [os.path.join(peer.dir, name) for name in ("log", "out.deliver")]


def logged(peer, pattern):
    """Since start_again()."""
    for path in log_of(peer):
        with contextlib.suppress(OSError), open(path) as f:
            f.seek(peer.log_at.get(path, 0))
            if re.search(pattern, f.read()):
                return True
    return False


def probe(args, peer, n, options):
    """One turn: microseconds of the server's CPU and of time a message."""
    cpu, start = peer.cgroup.cpu(), time.monotonic()
    r = load(args, "127.0.0.1", peer.port, n, options)
    if r["errors"]:
        sys.exit("%s: %s" % (peer.spec, r["first"]))
    # Sessions end after their client; what is behind the 250 counts too.
    time.sleep(0.2)
    return {"cpu_us": (peer.cgroup.cpu() - cpu) / n * 1e6 if cpu else None,
            "us": (r["secs"]) / n * 1e6, "p50_us": r["p50_us"],
            "took": time.monotonic() - start}


def compare(args, what, peers, shapes):
    """peers: {label: peer}, the first is what the others are compared with,
    round by round.  Prints a table; a line of JSON for each."""
    names, found = list(peers), {}
    for peer in peers.values():
        for options in shapes.values():
            probe(args, peer, max(50, args.n // 10), options)
    for turn in range(args.runs):
        at = turn % len(names)
        for label in names[at:] + names[:at]:
            for shape, options in shapes.items():
                found.setdefault((shape, label), []).append(
                    probe(args, peers[label], args.n, options))
    print("\n| %s | %s |\n|%s" % (what, " | ".join(
        "%s: CPU us (least - most) | of the first | p50 us" % s
        for s in shapes), " --- |" * (1 + 3 * len(shapes))))
    for label in names:
        row = [label]
        for shape in shapes:
            cpu = [x["cpu_us"] for x in found[shape, label]]
            first = [x["cpu_us"] for x in found[shape, names[0]]]
            # What else the machine did was much the same in one round.
            ratio = statistics.median(x / y for x, y in zip(cpu, first))
            row += ["%.1f (%.1f - %.1f)" % (statistics.median(cpu), min(cpu),
                                            max(cpu)), "%.3f" % ratio,
                    "%d" % statistics.median(
                        x["p50_us"] for x in found[shape, label])]
            record(args, growth=what, shape=shape, label=label, n=args.n,
                   runs=args.runs, cpu_us=cpu, ratio=ratio,
                   p50_us=[x["p50_us"] for x in found[shape, label]])
        print("| " + " | ".join(row) + " |", flush=True)


def record(args, **row):
    with open(args.output, "a") as f:
        f.write(json.dumps(row) + "\n")


def started(args, spec, tag, **env):
    peer = Peer(spec, args, tag)
    if not peer.there():
        sys.exit("%s is not on this machine" % spec)
    args.peers.append(peer)
    peer.start(**env)
    return peer


class Idle:
    """Connections that have said EHLO and wait, until close()."""

    def __init__(self, args, peer, n):
        self.held = load(args, "127.0.0.1", peer.port, n, ["-i"],
                         subprocess.PIPE)
        self.opened = json.loads(self.held.stdout.readline())
        if self.opened["errors"]:
            sys.exit("%d idle: %s" % (n, self.opened["first"]))

    def close(self):
        self.held.stdin.close()
        self.held.wait()


def idle(args, spec, sizes):
    peers, held = {}, []
    for n in sizes:
        peer = started(args, spec, " idle%d" % n, BENCH_PROCS=str(n + 200))
        # What the first connections cost once is not an idle one's.
        load(args, "127.0.0.1", peer.port, 50, ONE)
        before = peer.pss()
        held.append(Idle(args, peer, n))
        each = (peer.pss() - before) / n
        if n >= 100:
            print("%d idle: %.1f KiB PSS each, opened %d/s" % (
                n, each, held[-1].opened["rate"]), flush=True)
            record(args, growth="pss", label=n, pss_kib=each)
        peers["%d idle" % n] = peer
    compare(args, "idle sessions", peers, {"A": ONE, "B": MANY})
    for h in held:
        h.close()


def of_role(peer, name):
    """Resident memory of the processes of a name, MiB."""
    total = 0
    for pid in peer.cgroup.pids():
        if read("/proc/%d/comm" % pid).strip() == name:
            found = re.search(r"^VmRSS:\s+(\d+)",
                              read("/proc/%d/status" % pid), re.M)
            total += int(found.group(1)) / 1024 if found else 0
    return total


def wait_log(peer, pattern, since, seconds=120):
    """Seconds since then until the log has it; None: it has not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if logged(peer, pattern):
            return time.monotonic() - since
        time.sleep(0.02)
    return None


# A channel whose program is missing: what is for it stays.
WAITING = '''table "later" { type = "list" rows = {"later.example"} }
channel "later" { table = "later" program = "absent" accept-from = {"world"} }'''


def fill(args, peer, n):
    r = load(args, "127.0.0.1", peer.port, n,
             ["-k", "-s300", "-T3600", "-t", "u@later.example"])
    if r["errors"]:
        sys.exit("filling: " + r["first"])
    return r["rate"]


def start_again(args, peer, n, **env):
    """With what is queued: how long, how much memory."""
    peer.stop()
    peer.log_at = {path: os.path.getsize(path) for path in log_of(peer)
                   if path.endswith("log")}
    begin = time.monotonic()
    peer.start(clean=False, **env)
    greets = time.monotonic() - begin
    load(args, "127.0.0.1", peer.port, 1, ONE)
    accepts = time.monotonic() - begin
    knows = wait_log(peer, r" (\d+) entries in the queue", begin)
    recovered = wait_log(peer, r": recovered ", begin)
    r = {"greets_s": greets, "accepts_s": accepts, "deliver_s": knows,
         "recovered_s": recovered, "deliver_mib": of_role(peer, "deliver"),
         "submit_mib": of_role(peer, "submit")}
    record(args, growth="start", label=n, **r)
    print("%d queued, a start: " % n + ", ".join(
        "%s %s" % (k, "-" if v is None else "%.2f" % v)
        for k, v in r.items()), flush=True)


def settle(peer, seconds=600):
    """Until a server has done what it has to do with its queue by itself."""
    begin, last, quiet = time.monotonic(), peer.cgroup.cpu(), 0
    while quiet < 3 and time.monotonic() < begin + seconds:
        time.sleep(1)
        now = peer.cgroup.cpu()
        quiet = quiet + 1 if now - last < 0.02 else 0
        last = now
    if quiet < 3:
        print("still at work on its queue", flush=True)


def queue(args, spec, sizes):
    peers = {}
    for n in sizes:
        peer = started(args, spec + "+" + WAITING, " queue%d" % n)
        if n:
            rate = fill(args, peer, n)
            print("%d queued at %d/s" % (n, rate), flush=True)
        start_again(args, peer, n, BENCH_DELIVER="yes")
        settle(peer)
        peers["%d queued" % n] = peer
    compare(args, "queued entries, deliver running", peers,
            {"A": ONE, "B": MANY})


KINDS = ("text", "gdbm", "cdb", "cidr")


def hosts(path, n):
    with open(path, "w") as f:
        f.write("192.0.2.1\ntest.example\n")
        for i in range(n):
            f.write("h%d.dom%d.example\n" % (i, i % 5000) if i % 2 else
                    "10.%d.%d.%d\n" % (i >> 16 & 255, i >> 8 & 255, i & 255))


def prefixes(path, n):
    with open(path, "w") as f:
        f.write("192.0.2.0/24\n")
        for i in range(n):
            f.write("%d.%d.%d.0/24\n" % (20 + (i >> 16), i >> 8 & 255,
                                         i & 255))


def table_file(args, kind, n):
    """The file of a table with n rows more than those that are found."""
    path = os.path.join(args.directory, "rows-%s-%d" % (kind, n))
    if kind == "cidr":
        prefixes(path, n)
        return path
    hosts(path, n)
    if kind == "gdbm":
        subprocess.run([os.path.join(args.bin, "dbmbuild"), path,
                        path + ".gdbm"], check=True)
        path += ".gdbm"
    elif kind == "cdb":
        with open(path, "rb") as f:
            subprocess.run(["cdb", "-c", "-m", "-p", "0644", path + ".cdb"],
                           stdin=f, check=True)
        path += ".cdb"
    os.chmod(path, 0o644)
    return path


def rows(args, sizes):
    """The table is asked about the client's address and name, and about the
    recipient's domain, before the one that knows it."""
    for kind in KINDS:
        if kind == "cdb" and not shutil.which("cdb"):
            continue
        peers = {}
        for n in sizes:
            path = table_file(args, kind, n)
            conf = 'table "big" { type = "%s" file = "%s" }\n' \
                'channel "big" { table = "big" relay = yes }' % (kind, path)
            peers["%s, %d rows" % (kind, n)] = started(
                args, "inlet+" + conf, " rows%s%d" % (kind, n))
        compare(args, "rows of a table", peers, {"A": ONE, "B": MANY})
        for peer in peers.values():
            peer.end()


def burst_turn(args, peer, n, deliver):
    env = {"BENCH_DELIVER": "yes"} if deliver else {}
    peer.start(**env)
    load(args, "127.0.0.1", peer.port, 100, MANY)
    base, most = 100, 0
    command = subprocess.Popen(
        [os.path.join(args.build, "bench/load"), "-n", str(n), "-k",
         "-T3600", "127.0.0.1", str(peer.port)], stdout=subprocess.PIPE,
        text=True)
    begin = time.monotonic()
    r = json.loads(command.communicate()[0])
    if r["errors"]:
        sys.exit("%s: %s" % (peer.spec, r["first"]))
    waiting = n + base - peer.count() if deliver else 0
    end = time.monotonic() + 1800
    while deliver and peer.count() < n + base and time.monotonic() < end:
        time.sleep(0.2)
    took = time.monotonic() - begin
    there = peer.count()
    if deliver:
        most = mailbox_rest(peer)
    peer.stop()
    peer.call("clean", **env)
    return {"rate": r["rate"], "p99_us": r["p99_us"], "waiting": waiting,
            "drained_s": took, "there": there,
            "good": there == n + base and most == 0}


def mailbox_rest(peer):
    """What is left of the queue when all is in Maildirs: nothing."""
    queued = peer.call("count", BENCH_DELIVER="no").stdout
    return int(queued or 0)


def burst(args, peers, n):
    print("\n| peer | accepts, alone, /s | while it delivers | ratio | "
          "waiting when the last was accepted | all delivered after s |\n|" +
          " --- |" * 6)
    for spec in peers:
        peer = Peer(spec, args)
        if not peer.there():
            sys.exit("%s is not on this machine" % spec)
        args.peers.append(peer)
        found = {True: [], False: []}
        for turn in range(args.runs):
            for deliver in (False, True) if turn % 2 == 0 else (True, False):
                found[deliver].append(burst_turn(args, peer, n, deliver))
        for deliver, all_ in found.items():
            record(args, growth="burst", shape="delivers" if deliver else
                   "alone", label=spec, n=n, turns=all_)

        def of(deliver, key):
            return statistics.median(r[key] for r in found[deliver])
        bad = [r for both in found.values() for r in both if not r["good"]]
        print("| %s | %.0f | %.0f | %.2f | %d | %.1f |%s" % (
            spec, of(False, "rate"), of(True, "rate"),
            of(True, "rate") / of(False, "rate"), of(True, "waiting"),
            of(True, "drained_s"), " BAD %r" % bad if bad else ""),
            flush=True)


def slow(args, specs, delays):
    sys.path.insert(0, os.path.join(HERE, "..", "tests", "crash"))
    from slowdisk import Disk
    print("\n| a flush takes | shape | %s |\n|%s" % (
        " | ".join("%s: /s (least - most), flushes each" % s
                   for s in specs),
        " --- |" * (2 + len(specs))))
    place = args.directory
    for ms in delays:
        top = tempfile.mkdtemp(prefix="disk.", dir=place)
        os.chmod(top, 0o755)
        disk = Disk(os.path.join(args.build, "tests/crash/disk"), top,
                    size=1500, delay=int(ms * 1000))
        try:
            disk.start()
            os.chmod(disk.mount_point, 0o755)
            args.directory = disk.mount_point
            slow_one(args, specs, disk, ms)
        finally:
            for peer in args.peers:
                peer.end()
            del args.peers[:]
            disk.remove()
    args.directory = place


def slow_one(args, specs, disk, ms):
    peers = [Peer(s, args) for s in specs]
    args.peers += peers
    for shape, options in (("A", ONE), ("B", MANY)):
        found = {}
        for turn in range(args.runs):
            at = turn % len(peers)
            for peer in peers[at:] + peers[:at]:
                peer.start()
                load(args, "127.0.0.1", peer.port, 50, options)
                n = args.n * (1 if shape == "A" else 3)
                syncs = disk.syncs()
                r = load(args, "127.0.0.1", peer.port, n, options)
                syncs = disk.syncs() - syncs
                if r["errors"] or peer.count() < n:
                    sys.exit("%s: %s" % (peer.spec, r["first"]))
                found.setdefault(peer.spec, []).append(
                    (r["rate"], syncs / n))
                peer.stop()
        for spec, turns in found.items():
            record(args, growth="slow", shape=shape, label=spec, ms=ms,
                   rates=[t[0] for t in turns], flushes=[t[1] for t in turns])

        def cell(turns):
            rates = [t[0] for t in turns]
            return "%.0f (%.0f - %.0f), %.2f" % (
                statistics.median(rates), min(rates), max(rates),
                statistics.median(t[1] for t in turns))
        print("| %g ms | %s | %s |" % (ms, shape, " | ".join(
            cell(found[s]) for s in specs)), flush=True)


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-b", dest="build", default=os.getcwd())
    p.add_argument("-d", dest="directory")
    p.add_argument("-i", dest="image", type=int)
    p.add_argument("-o", dest="output", default="growth.jsonl")
    p.add_argument("-S", dest="sparse", action="store_true")
    p.add_argument("-r", dest="runs", type=int, default=9)
    p.add_argument("-n", dest="n", type=int, default=1000)
    p.add_argument("verb", choices=["burst", "idle", "queue", "rows", "slow"])
    p.add_argument("words", nargs="*")
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    args.bin = os.path.join(args.build, "tests/bin")
    args.output = os.path.abspath(args.output)
    args.peers = []
    return args


def numbers(words, at, default):
    return [int(x) for x in (words[at] if len(words) > at else
                             default).split(",")]


def main():
    args = arguments()
    w = args.words
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if args.verb != "rows" and not w:
        sys.exit("which server?")
    scratch = None
    if args.directory is None:
        args.directory = scratch = tempfile.mkdtemp(prefix="inlet-bench.")
        os.chmod(scratch, 0o755)
    with disk(args):
        try:
            if args.verb == "burst":
                burst(args, w[0].split(","), numbers(w, 1, "100000")[0])
            elif args.verb == "idle":
                idle(args, w[0], numbers(w, 1, "1,1000,10000"))
            elif args.verb == "queue":
                queue(args, w[0], numbers(w, 1, "0,10000,100000,1000000"))
            elif args.verb == "rows":
                rows(args, numbers(w, 0, "1,100000,1000000"))
            else:
                slow(args, w[0].split(","), numbers(w, 1, "0,1,5"))
        finally:
            for peer in args.peers:
                peer.end()
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
