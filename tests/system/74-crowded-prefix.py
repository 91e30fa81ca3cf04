#!/usr/bin/env python3
"""One network never has more than its share of the sessions, however many
addresses it has; what is counted of 65,536 prefixes takes no more memory, nor
more time for the last than for the first (scorecard G36).

    74-crowded-prefix.py [ADDRESSES]

The full form is 74-crowded-prefix.py 65536."""
import ctypes
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from attackers import Apart, asked, percentile

CLONE_NEWNET = 0x40000000
IPV6_FREEBIND, SOL_IPV6 = 78, 41
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 6000 if FULL else 1500
SLOTS = 40
SHARE = SLOTS // 4
MEMORY = 8192           # KiB that smtpd may take for what it counts

CONF = DEFAULT_CONF + 'listen "smtp" { address = {"127.0.0.1"%s} ' \
    ' port = @port@ }\n'
WIDE = {"max-connections": str(SLOTS), "max-prefix-share": "25",
        "max-connections-per-address": str(SLOTS),
        "max-connections-per-prefix": str(SLOTS), "backlog": "4096",
        "log-level": '"info"'}


def own_network():
    """Loopback of our own, on which all of fd00::/64 and of 10/8 is ours."""
    if not ROOT or not tool("ip") or ctypes.CDLL(
            None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    return all(subprocess.run(["ip", *words.split()]).returncode == 0
               for words in ("link set lo up",
                             "-6 route add local fd00::/32 dev lo",
                             "route add local 10.0.0.0/8 dev lo"))


def ask(port, source, there):
    """The code that a client from there is greeted with; and its socket."""
    six = ":" in source
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
    s.settimeout(slow(60))
    if six:
        s.setsockopt(SOL_IPV6, IPV6_FREEBIND, 1)
    s.bind((source, 0))
    s.connect((there, port))
    said = b""
    while not said.endswith(b"\n"):
        data = s.recv(1000)
        if not data:
            break
        said += data
    return said[:3].decode(), s


def in_one(n):
    return "fd00::%x:%x" % (1 + n // 65000, 1 + n % 65000)


def apart(n):
    return "fd00:0:%x:%x::1" % (1 + n // 65536, n % 65536)


def crowd(s, name, addresses, there, elsewhere):
    inside = []
    codes = collections.Counter()
    for a in addresses:
        code, sock = ask(s.port, a, there)
        codes[code] += 1
        if code == "220":
            inside.append(sock)
        else:
            sock.close()
    eq(codes, {"220": SHARE, "421": len(addresses) - SHARE},
       name + ": a quarter of the places, and no more")
    code, sock = ask(s.port, elsewhere, there)
    eq(code, "220", name + ": others are let in")
    sock.close()
    like(lambda: s.scratch.log_text(), "limit=max-prefix-share",
         name + ": the log says why")
    for i in inside:
        i.close()
    wait_for(lambda: not s.role("session"), 20, "their end")


def shares(six):
    with Server(CONF % (', "::1"' if six else ""), deliver=False,
                settings=WIDE) as s:
        v4 = "10.1.1.%d" if six else "127.1.1.%d"
        crowd(s, "a /24", [v4 % (1 + i % 250) for i in range(60)],
              "127.0.0.1", "127.2.2.2")
        if six:
            crowd(s, "a /64", [in_one(i) for i in range(60)], "::1",
                  "fd00:0:1::1")


def turn(stop, port, source, count):
    """As many connections, each from another address; the codes."""
    codes = collections.Counter()
    took = []
    for n in range(count):
        if asked(stop):
            break
        begin = time.monotonic()
        code, sock = ask(port, source(n), "::1")
        took.append(time.monotonic() - begin)
        codes[code] += 1
        sock.close()
    part = len(took) // 4
    return [codes, percentile(took[:part], 50), percentile(took[-part:], 50)]


def memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))


def rotating():
    """Rates: those of a /64 are of all its addresses; those of as many /64
    are counted in a table that was there before."""
    with Server(CONF % ', "::1"', deliver=False, settings={
            **WIDE, "max-prefix-share": "100", "counter-rows": "16384",
            # Those that have just ended are counted for a moment.
            "max-connections": "400",
            "rates": '{"connections per prefix 4/1h"}'}) as s:
        before = memory(s.smtpd.pid)
        codes, _first, _last = Apart(turn, s.port, in_one, COUNT).value()
        eq(codes, {"220": 4, "421": COUNT - 4},
           "%d addresses of one /64 are one" % COUNT)
        codes, first, last = Apart(turn, s.port, apart, COUNT).value()
        grown = memory(s.smtpd.pid) - before
        ok(codes["220"] >= COUNT - 8, "each of %d /64 is another" % COUNT)
        if not sanitized():
            ok(grown <= MEMORY, "which takes %d KiB more" % grown)
        diag("figure G36: a prefix has %d of %d places; %d addresses of a /64 "
             "are one; %d /64 take %d KiB in smtpd; a connection takes %.2f "
             "ms at first and %.2f ms in the end" % (
                 SHARE, SLOTS, COUNT, COUNT, grown, 1000 * first,
                 1000 * last))
        eq(s.send(b"after\n").code, 250, "and others are served")


def delivered():
    """As delivered: the two numbers belong together."""
    row = {r[0]: unquoted(r[2]) for r in
           table_rows("lib/settings.def", "SETTING")}
    eq(4 * int(row["max_connections_per_prefix"]),
       int(row["max_connections"]), "a quarter is the default, too")


need_built("smtpd", "smtpsrvr", "submit")
if own_network():
    run(delivered, lambda: shares(True), rotating, seconds=600)
else:
    run(delivered, lambda: shares(False),
        lambda: skip("a network of our own: needs root and ip"))
