#!/usr/bin/env python3
"""shapes - how fast servers accept mail, side by side.

    shapes.py run SHAPES PEERS [RUNS]   SHAPES: letters of the table below
    shapes.py idle PEERS [N,N...]       memory of idle connections
    shapes.py tls PEERS [N,N...]        the same, over TLS
    shapes.py calls PEERS               system calls a message, by strace
    shapes.py table                     medians and ratios of all results
    shapes.py shape SHAPE HOST:PORT     one shape against any server

PEERS are names of peers/NAME.sh, with commas; "all" are those that are
found.  inlet+SETTING=VALUE is Inlet with one more setting.  Runs of the
peers are interleaved; a run starts with an empty queue.

    -b DIR   where load and our programs are (a build directory)
    -d DIR   where queues are (default: a scratch directory)
    -i MB    make an ext4 file system of that size for them (needs root)
    -o FILE  where results go, a line of JSON each (results.jsonl)

What a load costs is read from cgroups where they can be written, and the
machine's counters: on a machine that does other work those mean little."""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import *                           # noqa: E402

# letter: (what, operations, options of load, mail is delivered)
SHAPES = {
    "A": ("one 4 KiB message a connection, 20 clients", 4000, [], False),
    "B": ("persistent, 4 KiB, 20 clients", 6000, ["-k"], False),
    "C": ("one client, one message a connection", 400, ["-c1"], False),
    "D": ("persistent, 1 MiB, 10 clients", 200,
          ["-k", "-c10", "-s1048576"], False),
    "E": ("50 recipients a message, 20 clients", 400, ["-r50"], False),
    "F": ("connect, EHLO, QUIT, 20 clients", 5000, ["-g"], False),
    "G": ("STARTTLS and one 4 KiB message a connection, 20 clients", 2000,
          ["-S"], False),
    "P": ("as B, pipelined", 6000, ["-k", "-P"], False),
    "L": ("as B, until all is in Maildirs", 4000, ["-k"], True),
}


def run_one(args, letter, peer, run):
    what, n, options, deliver = SHAPES[letter]
    n = max(20, int(n * args.scale))
    env = {"BENCH_DELIVER": "yes"} if deliver else {}
    if "-S" in options:
        env.update(certificate(args))
    if not peer.there(**env):
        return
    peer.start(**env)
    load(args, "127.0.0.1", peer.port, 20, options)
    base = peer.count()
    time.sleep(0.3)
    before, cpu, client = counters(peer.dir), peer.cgroup.cpu(), children_cpu()
    start = time.monotonic()
    r = load(args, "127.0.0.1", peer.port, n, options)
    client = children_cpu() - client
    want = 0 if letter == "F" else n + (20 if deliver else base)
    if deliver:
        until = time.monotonic() + 60
        while peer.count() < want and time.monotonic() < until:
            time.sleep(0.02)
        r["secs"] = time.monotonic() - start
        r["rate"] = n / r["secs"]
    time.sleep(0.1)
    after, cpu2 = counters(peer.dir), peer.cgroup.cpu()
    got = peer.count()
    r.update(shape=letter, peer=peer.spec, run=run, n=n, what=what,
             queued=got, good=r["errors"] == 0 and got == want,
             server_us=round((cpu2 - cpu) / n * 1e6, 1) if cpu2 else None,
             client_us=round(client / n * 1e6, 1))
    for key in after:
        r[key] = round((after[key] - before[key]) / n, 3)
    peer.stop()
    peer.call("clean", **env)
    report(args, r)


def report(args, r):
    with open(args.output, "a") as f:
        f.write(json.dumps(r) + "\n")
    print("%s %-28s %8.1f/s p50 %7.3f ms  server %s us  switches %s "
          "flushes %s%s" % (
              r["shape"], r["peer"], r["rate"], r["p50_us"] / 1000,
              r["server_us"], r["switches"], r.get("flushes", "-"),
              "" if r["good"] else "  BAD: %s, %d there" %
              (r["first"] or "wrong count", r["queued"])), flush=True)


def run(args, letters, peers, runs):
    for letter in letters:
        if letter not in SHAPES:
            sys.exit("no shape " + letter)
    for letter in letters:
        for n in range(runs):
            # Whoever is first has a quieter disk: they take turns.
            for peer in peers[n % len(peers):] + peers[:n % len(peers)]:
                run_one(args, letter, peer, n)


def idle(args, peers, sizes, options=()):
    env = certificate(args) if options else {}
    for size in sizes:
        for peer in peers:
            if not peer.there(**env):
                continue
            peer.start(BENCH_PROCS=str(size + 100), **env)
            alone = load(args, "127.0.0.1", peer.port, 200, ["-c1"])
            before = peer.memory()
            held = load(args, "127.0.0.1", peer.port, size,
                        ["-i", *options], subprocess.PIPE)
            opened = json.loads(held.stdout.readline())
            time.sleep(1)
            after = peer.memory()
            among = load(args, "127.0.0.1", peer.port, 200, ["-c1"])
            held.stdin.close()
            held.wait()
            r = {"shape": "HG" if options else "H", "peer": peer.spec, "n": size,
                 "good": opened["errors"] + among["errors"] == 0,
                 "pss_kib": round((after[0] - before[0]) / size, 1),
                 "private_kib": round((after[1] - before[1]) / size, 1),
                 "open_rate": opened["rate"], "first": opened["first"],
                 "p50_alone_us": alone["p50_us"],
                 "p50_us": among["p50_us"], "p99_us": among["p99_us"]}
            with open(args.output, "a") as f:
                f.write(json.dumps(r) + "\n")
            print(json.dumps(r), flush=True)
            peer.stop()
            peer.call("clean")


def calls(args, peers, n=200):
    for peer in peers:
        for letter in "AB":
            options = SHAPES[letter][2]
            peer.start()
            load(args, "127.0.0.1", peer.port, 50, options)
            out = os.path.join(peer.dir, "strace")
            tracer = subprocess.Popen(
                ["strace", "-f", "-c", "-o", out] +
                [w for p in peer.cgroup.pids() for w in ("-p", str(p))],
                stderr=subprocess.DEVNULL)
            time.sleep(1.5)
            load(args, "127.0.0.1", peer.port, n, options)
            time.sleep(0.5)
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
            found = {}
            for line in read(out).splitlines():
                w = line.split()
                if len(w) >= 5 and w[0].replace(".", "").isdigit():
                    found[w[-1]] = int(w[3])
            total = found.pop("total", sum(found.values()))
            r = {"shape": "T" + letter, "peer": peer.spec, "n": n,
                 "good": True, "calls": round(total / n, 1),
                 "syncs": round(sum(found.get(c, 0) for c in (
                     "fsync", "fdatasync", "syncfs", "sync")) / n, 2),
                 "each": {k: round(v / n, 2) for k, v in sorted(
                     found.items(), key=lambda x: -x[1])[:30]}}
            with open(args.output, "a") as f:
                f.write(json.dumps(r) + "\n")
            print(json.dumps(r), flush=True)
            peer.stop()
            peer.call("clean")


def table(args):
    rows = {}
    for line in read(args.output).splitlines():
        r = json.loads(line)
        if r["shape"] in SHAPES and r["good"]:
            rows.setdefault(r["shape"], {}).setdefault(
                r["peer"], []).append(r)

    def middle(rs, key, scale=1):
        values = [r[key] for r in rs if r.get(key) is not None]
        return statistics.median(values) / scale if values else None

    def show(value, form="%.2f"):
        return "-" if value is None else form % value
    for letter, peers in sorted(rows.items()):
        print("\n%s: %s\n" % (letter, SHAPES[letter][0]))
        print("| peer | runs | rate/s: median (min - max) | of Inlet's | "
              "p50 ms | p99 ms | server CPU ms | context switches | "
              "flushes |\n|" + " --- |" * 9)
        first = next((rs for p, rs in peers.items()
                      if p.startswith("inlet")), None)
        for name, rs in sorted(peers.items(),
                               key=lambda x: -middle(x[1], "rate")):
            rates = [r["rate"] for r in rs]
            print("| %s | %d | %.0f (%.0f - %.0f) | %s | %s | %s | %s | %s "
                  "| %s |" % (
                      name, len(rs), statistics.median(rates), min(rates),
                      max(rates),
                      show(statistics.median(rates) / middle(first, "rate")
                           if first else None),
                      show(middle(rs, "p50_us", 1000)),
                      show(middle(rs, "p99_us", 1000)),
                      show(middle(rs, "server_us", 1000), "%.3f"),
                      show(middle(rs, "switches"), "%.1f"),
                      show(middle(rs, "flushes"))))


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-b", dest="build", default=os.getcwd())
    p.add_argument("-d", dest="directory")
    p.add_argument("-i", dest="image", type=int)
    p.add_argument("-o", dest="output", default="results.jsonl")
    p.add_argument("-x", dest="scale", type=float, default=1,
                   help="times as many operations")
    p.add_argument("words", nargs="+")
    p.set_defaults(sparse=False)
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    args.bin = os.path.join(args.build, "tests/bin")
    args.output = os.path.abspath(args.output)
    return p, args


def main():
    parser, args = arguments()
    verb, *words = args.words
    if verb == "table" and not words:
        table(args)
        return
    if verb == "shape" and len(words) == 2 and words[0] in SHAPES:
        host, port = words[1].rsplit(":", 1)
        what, n, options, _ = SHAPES[words[0]]
        print(json.dumps({"what": what, **load(
            args, host, port, int(n * args.scale), options)}))
        return
    if verb not in ("run", "idle", "tls", "calls") or not words:
        parser.error("run, idle, tls, calls, table or shape")
    scratch = None
    if args.directory is None:
        args.directory = scratch = tempfile.mkdtemp(prefix="inlet-bench.")
        os.chmod(scratch, 0o755)
    with disk(args):
        peers = peers_of(args, words[1 if verb == "run" else 0])
        try:
            if verb == "run":
                run(args, words[0], peers,
                    int(words[2]) if len(words) > 2 else 5)
            elif verb in ("idle", "tls"):
                idle(args, peers, [int(n) for n in (
                    words[1] if len(words) > 1 else "1000").split(",")],
                    ["-S"] if verb == "tls" else [])
            else:
                calls(args, peers)
        finally:
            for peer in peers:
                peer.stop()
                peer.cgroup.remove()
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
