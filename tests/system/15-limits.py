#!/usr/bin/env python3
"""Limits say who they are: one readable 421 at the door, never silence; the
session's own limits; and the log names limit, value and maximum.  Slots are
exact: what was refused did not count, what ended counts no more."""
import os
import select
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def at_the_door(settings, limit, sources, stranger=None, conf=None):
    """So many sources get in; the last again does not; stranger does."""
    with Server(conf, settings=settings, deliver=False) as server:
        inside = [server.enter(source=s) for s in sources]
        with server.client(source=sources[-1]) as c:
            says(c.greeting, "BUSY", limit + ": one too many is told so")
            ok(c.closed(), limit + ": and the connection is closed")
        line = wait_for(lambda: [
            l for l in server.scratch.log_lines("refuse", reason="limit")
            if "limit=" + limit in l], 5, "a log line")[0]
        like(line, r"limit=%s key=\S+ value=%d most=%d" % (
            limit, len(sources), len(sources)),
            limit + ": the log says which, how many, and the maximum")
        if stranger:
            with server.client(source=stranger) as c:
                eq(c.greeting.code, 220, limit + ": others are let in")
        for _ in range(5):
            inside.pop(0).close()
            if not happens(lambda: entered(server, inside, sources)):
                break
            sources.append(sources.pop(0))
        eq(len(inside), len(sources), limit + ": who ends makes room, exactly")
        with server.client(source=sources[-1]) as c:
            eq(c.greeting.code, 421, limit + ": and no more than that")
        for c in inside:
            c.close()


def entered(server, inside, sources):
    """Takes the place that became free, as soon as smtpd has noticed."""
    c = server.client(source=sources[0])
    if c.greeting.code == 220:
        inside.append(c)
        return True
    c.close()
    return False


def by_address():
    at_the_door({"max-connections-per-address": 2},
                "max-connections-per-address", ["127.0.0.1"] * 2,
                "127.0.0.2")


def by_prefix():
    at_the_door({"max-connections-per-prefix": 3},
                "max-connections-per-prefix",
                ["127.0.0.3", "127.0.0.4", "127.0.0.5"], "127.0.1.3")


def by_prefix_length():
    at_the_door({"max-connections-per-prefix": 2, "prefix-length-ipv4": 16},
                "max-connections-per-prefix",
                ["127.0.3.1", "127.0.4.1"], "127.1.0.1")


def by_prefix_length_ipv6():
    conf = DEFAULT_CONF + ('listen "smtp" { address = {"127.0.0.1", "::1"}\n'
                           '    port = @port@ }\n')
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        skip("no IPv6 here")
        return
    for bits, key in ((64, "::/64"), (20, "::/20")):
        with Server(conf, settings={"max-connections-per-prefix": 1,
                                    "prefix-length-ipv6": bits},
                    deliver=False) as server:
            with server.enter(address="::1"):
                with server.client(address="::1") as c:
                    eq(c.greeting.code, 421, "IPv6, /%d: a second one" % bits)
            ok(happens(lambda: server.scratch.log_lines(
                "refuse", limit="max-connections-per-prefix", key=key)),
               "its prefix is that long")


def in_total():
    at_the_door({"max-connections": 2}, "max-connections",
                ["127.0.0.6", "127.0.0.7"])


def by_listener():
    conf = DEFAULT_CONF + (
        'listen "smtp" { address = {"127.0.0.1"}  port = @port@\n'
        '    max-connections = 2 }\n'
        'listen "other" { address = {"127.0.0.1"}  port = @port2@ }\n')
    with Server(conf, deliver=False) as server:
        inside = [server.enter(), server.enter()]
        with server.client() as c:
            says(c.greeting, "BUSY", "a full listener says so")
        with server.client(port=server.ports["2"]) as c:
            eq(c.greeting.code, 220, "another listener has room")
        for c in inside:
            c.close()


def silence():
    with Server(settings={"command-timeout": '"1s"'},
                deliver=False) as server:
        with server.client() as c:
            c.hello()
            # A byte now and then does not help: it is the whole command.
            with contextlib.suppress(OSError):
                for _ in range(300):
                    c.send(b"N")
                    if select.select([c.sock], [], [], 0.1)[0]:
                        break
                else:
                    ok(False, "it is not waited for longer")
            says(c.reply(), "TIMEOUT", "a command that does not come to its "
                 "end is waited for so long")
            ok(c.closed(), "then the connection is closed")
    with Server(settings={"data-timeout": '"1s"'}, deliver=False) as server:
        with server.client() as c:
            c.hello()
            c.envelope()
            c.cmd("DATA")
            c.send(b"Subject: x\r\n\r\nno end\r\n")
            says(c.reply(), "SLOW_TRANSFER", "so is a text")
            ok(c.closed(), "and the connection is closed")
        eq(server.scratch.queue(), [], "nothing is queued")


def one_message():
    with Server(settings={"max-messages": 1}, deliver=False) as server:
        with server.client() as c:
            eq(c.message(b"one\n").code, 250, "the one message is taken")
            says(c.cmd("MAIL FROM:<a@b.test>"), "SESSION_OVER",
                 "the next one is asked to come back")
            ok(c.closed(), "and the connection is closed")


def stopping():
    with Server(deliver=False, settings={"drain-time": '"20s"'}) as server:
        idle = server.client()
        idle.hello()
        busy = server.client()
        busy.hello()
        busy.envelope()
        busy.cmd("DATA")
        server.smtpd.send_signal(signal.SIGTERM)
        says(idle.reply(), "SHUTTING_DOWN", "SIGTERM: who is idle is told")
        busy.send(b"text\r\n.\r\n")
        eq(busy.reply().code, 250, "SIGTERM: who is sending may finish")
        busy.close()
        idle.close()
        eq(server.smtpd.wait(slow(30)), 0, "SIGTERM: then smtpd ends")
        eq(len(server.scratch.queue()), 1, "the message is there")


def no_space():
    with Server(deliver=False, settings={
            "min-free-space": '"1024G"'}) as server:
        says(server.send(b"text\n"), "NO_SPACE", "no space, no mail")
        eq(server.scratch.queue() + server.scratch.queue("tmp"), [],
           "nothing is left behind")


def not_authorized():
    conf = DEFAULT_CONF.replace(
        'mailboxes = "people" }',
        'mailboxes = "people"\n    accept-from = {"friends"} }\n'
        'table "friends" { type = "list"  rows = {"127.0.0.9"} }\n'
        'channel "friends" { table = "friends" }')
    with Server(conf, deliver=False) as server:
        with server.client() as c:
            c.hello()
            says(c.envelope()[1], "NOT_AUTHORIZED",
                 "a closed channel takes no mail from others")
        with server.client(source="127.0.0.9") as c:
            c.hello()
            eq(c.envelope()[1].code, 250, "but from its friends")


def relays():
    conf = DEFAULT_CONF.replace(
        'channel "world" { }',
        'table "lan" { type = "list"  rows = {"127.0.0.9"} }\n'
        'channel "lan" { table = "lan"  relay = yes }\n'
        'channel "world" { }')
    with Server(conf, deliver=False) as server:
        with server.client() as c:
            c.hello()
            says(c.envelope("x@far.test")[1], "RELAY_DENIED",
                 "a stranger may not relay")
        with server.client(source="127.0.0.9") as c:
            c.hello()
            says(c.envelope("x@far.test")[1], "NO_ROUTE",
                 "a host of a relaying channel may, if there is a way")


def reasons():
    """The log says for every refusal which limit it was and whom it was
    about, even where the message was read already."""
    listen = 'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n' \
        'listen "soon" { address = {"127.0.0.1"}  port = @port2@\n' \
        '    command-timeout = "1s"  data-timeout = "1s" }\n'
    with Server(deliver=False, listen=listen, settings={
            "max-message-size": 2000}) as server:
        with server.client() as c:
            c.hello()
            says(c.cmd("NOOP " + "x" * 3000), "LINE_TOO_LONG", "a long line")
            c.envelope()
            c.cmd("DATA")
            c.send(b"x" * 2500 + b"\r\n.\r\n")
            says(c.reply(), "TOO_BIG", "a message that is too big")
            c.envelope()
            c.cmd("DATA")
            c.send(b"a\nb\r\n.\r\n")
            says(c.reply(), "BARE_NEWLINE", "a bare LF")
        for length, name in ((20000, "TOO_BIG"), (1000, "SLOW_TRANSFER")):
            port = server.ports["1" if name == "TOO_BIG" else "2"]
            with server.client(port=port) as c:
                c.hello()
                c.envelope()
                c.cmd("DATA")
                c.send(b"x" * length)
                says(c.reply(), name, "a text without end")
                ok(c.closed(), "and the connection is closed")
        with server.client(port=server.ports["2"]) as c:
            says(c.reply(), "TIMEOUT", "silence")

        def logged():
            lines = server.scratch.log_lines("refuse")
            return lines if len(lines) == 6 else None
        wait_for(logged, 10, "six refusals in the log")
        text = server.scratch.log_text()
        who = r'[^\n]* from="s@elsewhere\.test" to="user@example\.org"'
        for pattern in (
                r"line_too_long [^\n]*limit=max-command-line value=\d+ most=2048",
                r"reason=size [^\n]*limit=max-message-size value=2502 most=2000"
                + who,
                r"=too_big [^\n]*limit=max-message-size value=20000 most=2000"
                + who,
                "reason=bare-newline" + who,
                "reason=slow_transfer [^\n]*limit=data-timeout value=1000" +
                who,
                "reason=timeout [^\n]*limit=command-timeout value=1000"):
            like(text, pattern, "the log says what it was: " + pattern[:40])


need_built("smtpd", "smtpsrvr", "submit")
run(by_address, by_prefix, by_prefix_length, by_prefix_length_ipv6,
    in_total, by_listener, silence,
    one_message, stopping, no_space, not_authorized, relays,
    reasons)
