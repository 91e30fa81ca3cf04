#!/usr/bin/env python3
"""What the gate costs a good connection when all of its answers are cached,
beside the gate switched off: two servers at the same time, loaded by turns.

    gate.py [-n connections] [-r rounds]

In the build directory, with bench/load and nsd there; as root, for cgroups
and strace.  The gate: eight lists in the name service, which know nothing of
the client; SPF of sender and HELO, both pass; the greylist, which knows its
network; libwrap with rules; tables of refused names and senders.
"""
import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("tests", "tests/system"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from harness import *                               # noqa: E402
from nsd import Nsd                                 # noqa: E402
import servers                                      # noqa: E402

ZONES = {"list%d.test." % n: "2.0.0.127 A 127.0.0.2\n" for n in range(8)}
ZONES["sender.test."] = """
@ MX 10 mx
mx A 127.0.0.1
@ TXT "v=spf1 include:_spf.sender.test -all"
_spf TXT "v=spf1 a:mx.sender.test ip4:127.0.0.0/8 -all"
"""
ZONES["client.example."] = '@ TXT "v=spf1 ip4:127.0.0.1 -all"\n'
COMMON = """
lookup-names = "never"
log-level = "info"
max-connections-per-address = 500
max-connections-per-prefix = 500
table "here" { type = "list"  rows = {"test.example"} }
table "people" { type = "list"  rows = {"@test.example"} }
table "bad" { type = "list"  rows = {"bad.example", "worse.example"} }
table "senders" { type = "list"  rows = {"@bad.example", "x@worse.example"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""
GATE = """
dnslists = {%s}
spf = "both"
greylist = "on"
greylist-delay = "1s"
greylist-passes = 1
helo-refuse = "bad"
sender-refuse = "senders"
sender-domain = "resolves"
""" % ", ".join('"list%d.test"' % n for n in range(8))
WHAT = ("-f", "a@sender.test", "-t", "user@test.example")
ROLES = ("template", "submit", "lookup", "logger")


def started(name, conf, nsd, rules=""):
    scratch = Scratch()
    s = Server(conf + COMMON, deliver=False, scratch=scratch, settings={
        "dns-servers": '{"%s"}' % nsd.at, "min-free-space": '"0"',
        "max-connections": "500", "greylist-directory": '"%s"' % scratch.make(
            "grey", LOOKUP if ROOT else None, 0o700)})
    scratch.write("hosts.deny", rules)
    s.name = name
    s.__enter__()
    s.cgroup = servers.Cgroup("gate-" + name)
    for pid in [s.smtpd.pid] + [s.role(r)[0].pid for r in ROLES]:
        with open(s.cgroup.path + "/cgroup.procs", "w") as f:
            f.write(str(pid))
    return s


def load(s, n, *options):
    p = subprocess.run([os.path.join(BUILD, "bench/load"), "-c", "1", "-n",
                        str(n), *WHAT, *options, "127.0.0.1", str(s.ports["1"])],
                       stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(p.stdout)


def stranger_no_more(s):
    wait_for(lambda: load(s, 1)["errors"] == 0, 30, "a known network")


def faults(s):
    """Of all its processes, those that have ended among them."""
    n = 0
    for pid in [s.smtpd.pid] + [s.role(r)[0].pid for r in ROLES]:
        fields = servers.read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()
        n += int(fields[7]) + int(fields[8])
    return n


def rounds_of(both, n, rounds):
    got = collections.defaultdict(list)
    for _ in range(rounds):
        for s in both:
            cpu, before = s.cgroup.cpu(), faults(s)
            done = load(s, n)
            if done["errors"]:
                sys.exit("%s: %s" % (s.name, done))
            wait_for(lambda s=s: not s.role("session"), what="the end")
            got[s.name, "cpu"].append((s.cgroup.cpu() - cpu) / n * 1e6)
            got[s.name, "faults"].append((faults(s) - before) / n)
            got[s.name, "p50"].append(done.get("p50_us", 0))
    return got


def calls(s, role, n):
    out = s.scratch.at("strace." + role)
    with subprocess.Popen(
            ["strace", "-f", "-qq", "-o", out, "-p",
             str(s.role(role)[0].pid)], stderr=subprocess.PIPE) as p:
        wait_for(lambda: "TracerPid:\t%d" % p.pid in servers.read(
            "/proc/%d/status" % s.role(role)[0].pid), what="strace")
        load(s, n)
        wait_for(lambda: not s.role("session"), what="the end")
        p.terminate()
        p.wait()
    return len(re.findall(r"(?m)^\d+ +\w+\(", servers.read(out))) / n


def instructions(s, n):
    """Of the session's code and submit's, as inlet explain runs them."""
    def total(cases):
        out = s.scratch.at("callgrind")
        subprocess.run(
            ["valgrind", "-q", "--tool=callgrind",
             "--callgrind-out-file=" + out, *s.command("inlet"), *s.where(),
             "explain", "--json", "-"], check=False, text=True,
            input="127.0.0.1\ta@sender.test\tuser@test.example\t"
            "client.example\n" * cases,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(re.search(r"(?m)^(?:summary|totals): (\d+)",
                             servers.read(out)).group(1))
    return (total(2 * n) - total(n)) / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", type=int, default=400)
    p.add_argument("-r", type=int, default=9)
    a = p.parse_args()
    nsd = Nsd(ZONES)
    # Rules about another host: what is asked is not spared.
    on = started("on", GATE, nsd, "smtpd: 192.0.2.1\n")
    off = started("off", "libwrap = off\n", nsd)
    both = off, on
    try:
        stranger_no_more(on)
        for s in both:
            load(s, 20)
        got = rounds_of(both, a.n, a.r)
        rows = [("CPU, us", [statistics.median(got[s.name, "cpu"])
                             for s in both]),
                ("page faults", [statistics.median(got[s.name, "faults"])
                                 for s in both])]
        for role in "template", "lookup", "submit":
            rows.append(("system calls of " + ("session" if role == "template"
                                               else role),
                         [calls(s, role, 50) for s in both]))
        if tool("valgrind"):
            rows.append(("instructions (explain)",
                         [instructions(s, 20) for s in both]))
        print("%-28s %10s %10s %10s" % ("a connection with a message",
                                        "off", "on", "more"))
        for what, (x, y) in rows:
            print("%-28s %10.1f %10.1f %10.1f" % (what, x, y, y - x))
        print("# %d rounds of %d connections each, by turns; on/off CPU by "
              "round: %s" % (a.r, a.n, " ".join(
                  "%.2f" % (y / x) for x, y in zip(got["off", "cpu"],
                                                   got["on", "cpu"]))))
    finally:
        for s in both:
            s.__exit__(None, None, None)
            s.cgroup.remove()
        nsd.stop()


main()
