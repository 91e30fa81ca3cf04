#!/usr/bin/env python3
"""inlet limits: what the running server counts, for root or its own user."""
import json
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = DEFAULT_CONF.replace(
    'channel "world" { }',
    'table "lan" { type = "list"  rows = {"127.0.1.0/24"} }\n'
    'channel "lan" { table = "lan"  rates = {"messages per address 5/1h"} }\n'
    'channel "world" { }\n'
    'listen "smtp" { address = {"127.0.0.1"}  port = @port@\n'
    '    max-connections = 9 }\n'
    'listen "other" { address = {"127.0.0.1"}  port = @port2@ }\n')
SETTINGS = {"max-connections": "30", "reserved-connections": "2",
            "reserved-peers": '{"127.0.5.0/24"}',
            "max-connections-per-address": "4",
            "max-connections-per-prefix": "7",
            "rates": '{"messages per address 2/1h", '
            '"recipients per prefix 40/1m"}',
            "min-free-space": '"1M"', "min-free-inodes": "3"}


def limits(server, *args, command="limits", **more):
    return subprocess.run(
        server.command("inlet", *server.where(), command, *args),
        capture_output=True, text=True, timeout=slow(60),
        stdin=subprocess.DEVNULL, **(more or server.as_user()))


def seen(server, *args):
    p = limits(server, "--json", *args)
    if p.returncode != 0:
        raise Late("inlet limits: %d %s" % (p.returncode, p.stderr))
    return json.loads(p.stdout)


def keyed(rows):
    return {r.get("key") or r["section"]: (r["value"], r.get("most"))
            for r in rows if r["scope"] == "server" or not r.get("key")}


def numbers():
    with Server(CONF, deliver=False, settings=SETTINGS) as s:
        inside = [s.enter(source=a) for a in (
            "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.1.1")]
        inside.append(s.client(source="127.0.1.1", port=s.ports["2"]))
        wait_for(lambda: seen(s)["connections"]["value"] == 5, 10,
                 "five connections")
        c = seen(s)["connections"]
        eq((c["value"], c["most"], c["reserved"]), (5, 30, 2),
           "connections in all")
        eq(keyed(c["listeners"]), {"smtp": (4, 9), "other": (1, None)},
           "by listener")
        eq(keyed(c["channels"]), {"world": (3, None), "lan": (2, None)},
           "by channel")
        eq(keyed(c["addresses"]), {"127.0.0.1": (2, 4), "127.0.0.2": (1, 4),
                                   "127.0.1.1": (2, 4)}, "by address")
        eq(keyed(c["prefixes"]), {"127.0.0.0/24": (3, 7),
                                  "127.0.1.0/24": (2, 7)}, "by prefix")
        s.reload(settings={**SETTINGS, "max-prefix-share": "20"})
        wait_for(lambda: keyed(seen(s)["connections"]["prefixes"])
                 ["127.0.0.0/24"] == (3, 6), 10, "a share of the maximum")
        for x in inside:
            x.close()
        wait_for(lambda: seen(s)["connections"]["value"] == 0, 10,
                 "the end of all")
        ok(True, "who has gone counts no more")


def rates():
    with Server(CONF, deliver=False, settings=SETTINGS) as s:
        eq(seen(s)["rates"], [], "nothing was counted yet")
        for _ in range(2):
            s.send(b"text\n")
        with s.client(source="127.0.1.1") as c:
            c.message(b"text\n", to=["user@example.org", "other@example.org"])
        eq(s.send(b"text\n").code, 450, "one too many")
        found = seen(s)
        eq({(r["rule"], r["scope"], r["section"], r["key"], r["value"],
             r["most"], r["full"]) for r in found["rates"]},
           {("messages per address 2/1h", "server", "", "127.0.0.1", 2, 2,
             True),
            ("recipients per prefix 40/1m", "server", "", "127.0.0.0/24", 2,
             40, False),
            ("messages per address 5/1h", "channel", "lan", "127.0.1.1", 1,
             5, False)}, "each rule, where it stands, whose, how many")
        ok(all(0 < r["seconds"] <= 3600 for r in found["rates"]),
           "until when")
        t = found["tables"]["submit"]
        eq((t["value"], t["evicted"], t["not-counted"]), (3, 0, 0),
           "rows in use")
        ok(t["most"] >= 16384, "of so many")
        q = found["queue"]
        eq((q["min-free-space"], q["min-free-inodes"]), (1 << 20, 3),
           "what must be free")
        ok(q["free-bytes"] > 1 << 20 and q["flight-messages"] <= 3,
           "and what is")
        text = limits(s).stdout
        like(text, r"^connections +\d+ of 30, 2 reserved$", "as text")
        like(text, r"^messages per address 2/1h\n  127\.0\.0\.1 +2 of 2, "
             r"free in (59m|1h0m)$", "a rule that is at its maximum")
        like(text, r"^messages per address 5/1h in channel lan\n"
             r"  127\.0\.1\.1 +1 of 5, begins anew in ", "one of a channel")
        like(text, r"^  free space +\S+, at least 1M$", "space")
        # What asks for a part gets that part.
        eq([r["key"] for r in seen(s, "127.0.0.1")["rates"]],
           ["127.0.0.1", "127.0.0.0/24"], "of an address and its prefix")
        eq([r["key"] for r in seen(s, "127.0.0.0/8")["rates"]],
           ["127.0.0.1", "127.0.1.1", "127.0.0.0/24"], "of a prefix")
        eq([r["key"] for r in seen(s, "lan")["rates"]], ["127.0.1.1"],
           "of a channel")
        eq(seen(s, "127.0.0.9")["rates"][0]["key"], "127.0.0.0/24",
           "of one who has not come yet")


def refusals():
    with Server(CONF, deliver=False, settings=SETTINGS) as s:
        p = limits(s, "nonsense")
        eq(p.returncode, 64, "an operand that is nothing")
        like(p.stderr, "nonsense is no address, prefix or channel",
             "is named")
        if ROOT:
            p = limits(s, user=NOBODY, group=NOBODY, extra_groups=[])
            eq((p.returncode, p.stdout), (77, ""), "another user may not")
            like(p.stderr, "only root and the server's own user",
                 "and hears who may")
    p = limits(s)
    eq(p.returncode, 69, "no server")
    like(p.stderr, "no server is running", "is said")


def own_server():
    """Of an ordinary user: for him, and for root."""
    if not ROOT:
        skip("we are one")
        return
    # The file is good for both; who is no root runs all as himself.
    users = {"submit-user": '"%d"' % SUBMIT, "session-user": '"%d"' % SESSION,
             "lookup-user": '"%d"' % LOOKUP, "logger-user": '"%d"' % LOGGER,
             "key-user": '"%d"' % KEYS}
    with Server(CONF, deliver=False, settings={**SETTINGS, **users},
                user=NOBODY) as s:
        c = s.enter()
        eq(seen(s)["connections"]["value"], 1, "his own")
        p = limits(s, "--json", user=0)
        eq((p.returncode, json.loads(p.stdout)["connections"]["value"]),
           (0, 1), "root sees it too")
        c.close()


def stays():
    """Who asks and does not listen, or asks all the time, stops nobody."""
    with Server(CONF, deliver=False, settings=SETTINGS) as s:
        path = os.path.join(s.scratch.run, "limits")
        lazy = []
        for _ in range(50):
            x = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            x.connect(path)
            lazy.append(x)
        eq(s.send(b"text\n").code, 250, "mail goes on")
        wait_for(lambda: seen(s)["connections"]["value"] == 0, 10,
                 "an answer of inlet limits")
        ok(True, "and so does inlet limits")
        data, fds, _flags, _from = socket.recv_fds(lazy[0], 100, 10)
        eq(len(fds), 5, "what it was given waits for it")
        for fd in fds:
            written = False
            with contextlib.suppress(OSError):
                os.pwrite(fd, b"x", 0)
                written = True
            ok(not written, "nothing can be written there")
            os.close(fd)
        for x in lazy:
            x.close()


def status():
    """inlet status: runs it, and how is it?  Its exit status says it, too."""
    with Server(CONF, deliver=False, settings=SETTINGS) as s:
        p = limits(s, command="status")
        eq(p.returncode, 0, "it runs")
        like(p.stdout, r"^server +running, process %d$" % s.smtpd.pid,
             "and as which process")
        like(p.stdout, r"^messages +0$", "nothing waits")
        c = s.enter()
        eq(s.send(b"text\n").code, 250, "a message")
        s.send(b"text\n")

        def told():
            p = limits(s, "--json", command="status")
            return json.loads(p.stdout)
        eq(lambda: (told()["messages"], told()["connections"]), (2, 1),
           "what waits, and who is there")
        ok(0 <= told()["oldest"] < 3600, "how long")
        eq((told()["bad"], told()["connections-most"]), (0, 30), "the rest")
        c.close()
        s.stop()
        p = limits(s, command="status")
        eq(p.returncode, 69, "it does not run")
        like(p.stderr, r"^inlet status: no server is running", "and says so")


need_built("smtpd", "smtpsrvr", "submit", "inlet")
run(numbers, rates, refusals, own_server, stays, status)
