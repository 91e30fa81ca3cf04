#!/usr/bin/env python3
"""Rates of messages and recipients: exactly so many are accepted, however
many sessions try at once; the client hears which rule, the log whose and how
many; counts outlive a submit and a change of settings."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

TWO = ["user@example.org", "other@example.org"]


def server(conf=None, **settings):
    return Server(conf, deliver=False, settings={
        k.replace("_", "-"): v for k, v in settings.items()})


def refused(s, reply, rule, verb, what):
    says(reply, "OVER_RATE", what)
    like(str(reply), r"\(%s\)" % re.escape(rule),
         what + ": the client hears the rule")
    words = rule.split()
    most = words[3].split("/")[0]
    line = wait_for(lambda: s.scratch.log_lines("refuse", verb=verb,
                                                reason="rates"),
                    5, "a log line")[-1]
    like(line, r'code=450 enh=4\.7\.1 .*detail="limit=%s-per-%s key=\S+ '
         r'value=\d+ most=%s"' % (words[0], words[2], most),
         what + ": the log says which, whose, how many of how many")


def one_after_the_other():
    with server(rates='{"messages per address 3/1h"}') as s:
        with s.client() as c:
            c.hello()
            for i in range(3):
                eq(c.message(b"text\n", hello=False).code, 250,
                   "message %d of three" % (i + 1))
            refused(s, c.cmd("MAIL FROM:<a@b.test>"),
                    "messages per address 3/1h", "MAIL", "the fourth")
        with s.client() as c:
            c.hello()
            refused(s, c.cmd("MAIL FROM:<a@b.test>"),
                    "messages per address 3/1h", "MAIL",
                    "in another session")
        eq(s.client(source="127.0.0.2").message(b"text\n").code, 250,
           "another address has its own")
        eq(len(s.scratch.queue()), 4, "three and one are queued")


def at_once():
    """Twenty who passed MAIL before any of them counted."""
    with server(rates='{"messages per prefix 7/1h"}') as s:
        clients = [s.client(source="127.0.0.%d" % (i + 1))
                   for i in range(20)]
        for c in clients:
            c.hello()
            eq(c.envelope()[1].code, 250, "MAIL and RCPT before the others")
            eq(c.cmd("DATA").code, 354, "and DATA")
        for c in clients:
            c.send(b"text\r\n.\r\n")
        replies = [c.reply() for c in clients]
        eq([r.code for r in replies].count(250), 7, "seven are accepted")
        for r in replies:
            if r.code != 250:
                refused(s, r, "messages per prefix 7/1h", "DATA",
                        "each of the others")
        eq(len(s.scratch.queue()), 7, "seven are queued")
        ok(happens(lambda: len(s.scratch.log_lines(
            "refuse", verb="DATA", reason="rates")) == 13),
           "each refusal is in the log")
        for c in clients:
            c.close()


def recipients():
    with server(rates='{"recipients per address 5/1h", '
                '"messages per address 100/1h"}') as s:
        with s.client() as c:
            c.hello()
            eq(c.message(b"text\n", to=TWO, hello=False).code, 250, "two")
            eq(c.message(b"text\n", to=TWO, hello=False).code, 250, "four")
            replies = c.envelope(TWO)
            eq(replies[1].code, 250, "five")
            refused(s, replies[2], "recipients per address 5/1h", "RCPT",
                    "the sixth recipient")
            c.cmd("DATA")
            c.send(b"text\r\n.\r\n")
            eq(c.reply().code, 250, "the message goes to the one")
            refused(s, c.envelope()[1], "recipients per address 5/1h",
                    "RCPT", "and then nobody")
        with s.client(source="127.0.0.2") as c, \
                s.client(source="127.0.0.2") as d:
            for x in (c, d):
                x.hello()
                eq([r.code for r in x.envelope(TWO + ["third@example.org"])],
                   [250] * 4, "three of five, twice")
            for x in (c, d):
                x.cmd("DATA")
                x.send(b"text\r\n.\r\n")
            eq(sorted([c.reply().code, d.reply().code]), [250, 450],
               "once it is accepted")


def in_sections():
    conf = DEFAULT_CONF.replace(
        'channel "world" { }',
        'table "lan" { type = "list"  rows = {"127.0.0.9"} }\n'
        'channel "lan" { table = "lan"  rates = {"messages per channel 2/1h"}'
        ' }\nchannel "world" { }\n'
        'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
        'listen "other" { address = {"127.0.0.1"}  port = @port2@\n'
        '    rates = {"messages per address 1/1h"} }')
    with server(conf) as s:
        def send(source, port=None):
            with s.client(source=source, port=port or s.port) as c:
                return c.message(b"text\n").code
        eq([send("127.0.0.9") for _ in range(3)], [250, 250, 450],
           "a channel's rule")
        eq([send("127.0.0.8") for _ in range(4)], [250] * 4,
           "is not about others")
        eq([send("127.0.0.8", s.ports["2"]) for _ in range(2)], [250, 450],
           "a listener's rule")
        eq(send("127.0.0.8"), 250, "is not about another listener")


def local_users():
    if not ROOT:
        skip("users of this machine: needs root")
        return
    with server(rates='{"messages per login 2/1h"}') as s:
        eq([send_local(s) for _ in range(3)], [0, 0, 75],
           "a user's own messages: two")
        line = wait_for(lambda: s.scratch.log_lines(
            "refuse", reason="rates"), 5, "a log line")[-1]
        like(line, r"limit=messages-per-login key=\S+ value=2 most=2",
             "the log says whose")


    with server(rates='{"recipients per login 1/1h"}') as s:
        eq(send_local(s, *TWO), 69, "more than may ever be at once: for good")
        eq([send_local(s) for _ in range(2)], [0, 75], "one, and one too many")


def send_local(s, *to):
    return subprocess.run(
        s.command("inlet", *s.where(), "send", *(to or TWO[:1])),
        input=b"Subject: x\n\ntext\n", capture_output=True,
        timeout=slow(30)).returncode


def survives():
    with server(rates='{"messages per address 2/1h"}') as s:
        eq(s.send(b"text\n").code, 250, "one")
        submit = s.kill("submit")
        wait_for(lambda: [p for p in s.role("submit") if p.pid != submit],
                 10, "another submit")
        eq(s.send(b"text\n").code, 250, "two, after submit was killed")
        eq(s.send(b"text\n").code, 450, "not three")
        submit = s.role("submit")[0].pid
        s.reload(settings={"rates": '{"messages per address 3/1h"}'})
        # The old one takes messages until it hears of it.
        wait_for(lambda: s.role("submit") and
                 submit not in [p.pid for p in s.role("submit")], 10,
                 "a submit with the new settings")
        eq([s.send(b"text\n").code for _ in range(2)], [250, 450],
           "a higher maximum goes on from there")


def not_stored():
    """What could not be stored does not count."""
    with server(rates='{"messages per address 2/1h"}',
                queue_store='"files"') as s:
        queue = s.scratch.at("spool", "queue")
        with s.client() as c:
            c.hello()
            c.envelope()
            c.cmd("DATA")
            os.rmdir(queue)
            c.send(b"text\r\n.\r\n")
            eq(c.reply().code, 451, "one that cannot be stored")
        s.kill("submit")
        wait_for(lambda: os.path.isdir(queue), 10, "another submit")
        eq([s.send(b"text\n").code for _ in range(3)], [250, 250, 450],
           "two more can")


def ends():
    with server(rates='{"messages per address 1/1s"}') as s:
        eq(s.send(b"text\n").code, 250, "one a second")
        wait_for(lambda: s.send(b"text\n").code == 250, 10, "the next one")


need_built("smtpd", "smtpsrvr", "submit")
run(one_after_the_other, at_once, recipients, in_sections, local_users,
    survives, not_stored, ends)
