#!/usr/bin/env python3
"""What it costs that sessions have no private key and ask keysrvr.

    signing.py [-b build] [-d directory] [-n signatures] [-m messages]
               [-r rounds] [-o results.jsonl]

As root, with bench/load, bench/signing and bench/keyed built.  For ECDSA with
P-256 and RSA of 2048 bits, two servers of one configuration: Inlet, and Inlet
whose sessions have the keys (bench/keyed).  In each round, in an order that
changes:

    sign   bench/signing makes n signatures with the key in its process, and
           by the first server's keysrvr as a session does; CPU is its own
           and keysrvr's
    G      both servers get m connections with STARTTLS and a message each;
           CPU is of all processes of a server, from its cgroup

All differences are of the two of one round."""
import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import *                           # noqa: E402

KINDS = {"ECDSA P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
         "RSA 2048": ["rsa:2048"]}
WAYS = "here", "keysrvr", "session"


def certificate_of(args, kind):
    chain, key = [os.path.join(args.directory, kind.split()[0] + end)
                  for end in (".pem", ".key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "30", "-newkey",
         *KINDS[kind], "-subj", "/CN=mx.test.example", "-out", chain,
         "-keyout", key], check=True, stderr=subprocess.DEVNULL)
    return {"BENCH_CERT": chain, "BENCH_KEY": key}


def programs(args):
    """All of ours, but with sessions that have the keys."""
    folder = os.path.join(args.directory, "keyed")
    os.mkdir(folder, 0o755)
    for name in os.listdir(args.bin):
        os.symlink(os.path.join(args.build, "bench/keyed")
                   if name == "smtpsrvr-tls" else
                   os.path.realpath(os.path.join(args.bin, name)),
                   os.path.join(folder, name))
    return folder


def keysrvr(peer):
    """Its process and its socket."""
    for pid in peer.cgroup.pids():
        if read("/proc/%d/comm" % pid).strip() == "keysrvr":
            return pid, glob.glob(peer.dir + "/run/**/keys-*",
                                  recursive=True)[0]
    sys.exit(peer.dir + ": no keysrvr")


def ran(pid):
    """Microseconds of CPU, to the nanosecond where stat counts ticks."""
    return int(read("/proc/%d/schedstat" % pid).split()[0]) / 1e3


def signatures(args, env, peer, way):
    """CPU of both and time, each in microseconds a signature."""
    pid, sock = keysrvr(peer)
    where = [] if way == "here" else os.path.split(sock)
    before = ran(pid)
    p = subprocess.run(
        [args.build + "/bench/signing", env["BENCH_CERT"], env["BENCH_KEY"],
         way, str(args.n), *where], stdout=subprocess.PIPE, text=True,
        check=True)
    r = json.loads(p.stdout)
    # Before it counts it signs once, which keysrvr's time has, too.
    other = 0 if way == "here" else (ran(pid) - before) / (args.n + 1)
    return {"cpu": r["cpu_us"] / r["n"] + other, "keysrvr": other,
            "us": r["us"] / r["n"]}


def messages(args, peer, n):
    pid = keysrvr(peer)[0]
    cpu, before = peer.cgroup.cpu(), ran(pid)
    r = load(args, "127.0.0.1", peer.port, n, ["-S"])
    if r["errors"]:
        sys.exit("%s: %s" % (peer.dir, r["first"]))
    # Sessions end after their client.
    time.sleep(0.3)
    return {"cpu": (peer.cgroup.cpu() - cpu) / n * 1e6,
            "keysrvr": (ran(pid) - before) / n,
            "us": r["secs"] / n * 1e6}


def turned(things, by):
    things = list(things)
    return things[by % len(things):] + things[:by % len(things)]


def rounds(args, kind):
    env = certificate_of(args, kind)
    peers = {tag: Peer("inlet", args, " " + kind.split()[0] + " " + tag)
             for tag in ("asks", "keyed")}
    args.peers += peers.values()
    peers["asks"].start(**env)
    peers["keyed"].start(**env, INLET_BIN=args.keyed)
    for peer in peers.values():
        messages(args, peer, max(20, args.m // 10))
    found = []
    for turn in range(args.r):
        r = {way: signatures(args, env, peers["asks"], way)
             for way in turned(WAYS, turn)}
        r.update({tag: messages(args, peers[tag], args.m)
                  for tag in turned(peers, turn)})
        found.append(r)
        with open(args.output, "a") as f:
            f.write(json.dumps({"signing": kind, "n": args.n, "m": args.m,
                                **r}) + "\n")
    for peer in peers.values():
        peer.stop()
    return found


def show(what, values, form="%.1f"):
    low, high = form % min(values), form % max(values)
    print("| %s | %s | %s - %s |" % (
        what, form % statistics.median(values), low, high))


def table(kind, found):
    def of(who, what="cpu"):
        return [r[who][what] for r in found]

    def more(x, y, what="cpu"):
        return [a - b for a, b in zip(of(x, what), of(y, what))]

    def shares(differences):
        return [100 * d / g for d, g in zip(differences, of("asks"))]
    print("\n| %s, us | median | least - most |\n| --- | --- | --- |" % kind)
    show("a signature here, CPU", of("here"))
    show("by keysrvr, CPU of both", of("keysrvr"))
    show("- keysrvr's own", of("keysrvr", "keysrvr"))
    show("with the look at STARTTLS, CPU of both", of("session"))
    show("- keysrvr's own", of("session", "keysrvr"))
    show("- more than here, CPU", more("session", "here"))
    show("- more than here, time", more("session", "here", "us"))
    show("G, CPU of the server a message", of("asks"))
    show("- keysrvr's own", of("asks", "keysrvr"))
    show("G, the keys in the sessions", of("keyed"))
    show("- less than that", more("asks", "keyed"))
    show("signatures' difference, % of G", shares(more("session", "here")))
    show("G's own difference, % of G", shares(more("asks", "keyed")))
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-b", dest="build", default=os.getcwd())
    p.add_argument("-d", dest="directory")
    p.add_argument("-n", type=int, default=2000)
    p.add_argument("-m", type=int, default=1000)
    p.add_argument("-r", type=int, default=9)
    p.add_argument("-o", dest="output", default="results.jsonl")
    args = p.parse_args()
    if os.geteuid() != 0:
        sys.exit("signing.py: only root has cgroups")
    args.build, args.output = map(os.path.abspath, (args.build, args.output))
    args.bin = os.path.join(args.build, "tests/bin")
    args.peers, scratch = [], None
    if args.directory is None:
        args.directory = scratch = tempfile.mkdtemp(prefix="inlet-bench.")
        os.chmod(scratch, 0o755)
    args.keyed = programs(args)
    try:
        for kind in KINDS:
            table(kind, rounds(args, kind))
        print("\n%d rounds, each of %d signatures each way and %d messages "
              "to each server" % (args.r, args.n, args.m))
    finally:
        for peer in args.peers:
            peer.end()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
