#!/usr/bin/env python3
"""SIGHUP after mistakes: each is named with file and line, and the old settings
stay.  Then listeners come and go, limits change under those who are there,
and two hundred signals leave one template."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def greeting(server):
    with server.client() as c:
        return str(c.greeting)


def said(server):
    """Its words, in the log and on standard error."""
    return server.scratch.log_text() + server.stderr()


def mistakes():
    """One after the other; the old settings stay, and the log says why."""
    with Server(settings={"greeting": '"good"'}, deliver=False) as server:
        good = open(server.scratch.conf).read()
        for text, why in (
                (good + "greetin = \"x\"\n", r"inlet\.conf:\d+: .*greetin"),
                (good + "max-recipients = 7\n",
                 r"inlet\.conf:\d+: .*max-recipients"),
                (good + "channel \"x\" { table = \"nowhere\" }\n",
                 r"inlet\.conf:\d+: .*nowhere"),
                (good + "}\n", r"inlet\.conf:\d+: ")):
            old = len(said(server))
            server.scratch.write("inlet.conf", text)
            server.smtpd.send_signal(signal.SIGHUP)
            ok(happens(lambda: re.search(why, said(server)[old:])),
               "a mistake is named: " + why)
            like(greeting(server), " good$", "and the old settings stay")
        # A table that the new settings want and that is not there.
        server.scratch.write("inlet.conf", good.replace(
            'greeting = "good"', 'greeting = "bad"')
            + 'table "f" { type = "text"  file = "missing" }\n'
            'channel "g" { table = "f" }\n')
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: "missing" in said(server)),
           "a table that is missing is named")
        like(greeting(server), " good$", "and the old settings stay")
        server.scratch.write("inlet.conf", good.replace(
            'greeting = "good"', 'greeting = "better"'))
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: greeting(server).endswith(" better")),
           "then a good file is taken")


def listeners():
    one = 'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
    two = 'listen "more" { address = {"127.0.0.1"}  port = @port2@ }\n'
    with Server(DEFAULT_CONF + one, deliver=False) as server:
        server.reload(DEFAULT_CONF + one + two)

        def answers(name):
            try:
                with server.client(port=server.ports[name]) as c:
                    return c.greeting.code == 220
            except (OSError, EOFError):
                return False
        ok(happens(lambda: answers("2")), "SIGHUP: a new listener")
        ok(answers("1"), "the old one goes on")
        server.reload(DEFAULT_CONF + two.replace("more", "smtp") +
                      "; @port@\n".replace("; ", "# "))
        ok(happens(lambda: not answers("1")), "SIGHUP: one listener fewer")
        ok(answers("2"), "the other goes on")


def limits():
    with Server(settings={"max-connections-per-address": 2},
                deliver=False) as server:
        inside = [server.enter(), server.enter()]
        with server.client() as c:
            eq(c.greeting.code, 421, "two from one address, and no third")
        server.reload(settings={"max-connections-per-address": 4})

        def more():
            c = server.client()
            if c.greeting.code == 220:
                inside.append(c)
                return True
            c.close()
            return False
        ok(happens(more), "SIGHUP: room for more")
        ok(more(), "those who were there count on")
        ok(not more(), "exactly")
        for c in inside:
            c.close()


def many_hups():
    """Two hundred signals while clients come and go."""
    with Server(deliver=False) as server:
        bad = []
        for i in range(200):
            server.smtpd.send_signal(signal.SIGHUP)
            if i % 5 == 0:
                text = greeting(server)
                if not text.startswith("220 "):
                    bad.append(text)
        eq(bad, [], "every client is greeted")
        ok(happens(lambda: len(server.role("template")) == 1, 20),
           "in the end there is one template")


need_built("smtpd", "smtpsrvr", "submit")
run(mistakes, listeners, limits, many_hups)
