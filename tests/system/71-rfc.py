#!/usr/bin/env python3
"""What RFC 5321 asks of a receiver that shows in the queue, in mailboxes, or
over more than one connection; tests/rfc/rfc5321.txt names these tests by
their sections."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

DATE = (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (Jan|Feb|Mar|Apr|May|Jun|"
        r"Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
CONF = DEFAULT_CONF.replace('channel "local" { ', """\
table "alias" { type = "list"  rows = {"team: user, other"} }
channel "local" { aliases = "alias"  """)


def stored(server, text, to="user@example.org", sender="s@elsewhere.test"):
    """The text of the entry that a message becomes; text as on the wire."""
    with server.client() as c:
        c.hello()
        for r in c.envelope(to, sender):
            if r.code != 250:
                raise ValueError(str(r))
        c.cmd("DATA")
        c.send(text + b".\r\n")
        r = c.reply()
    if r.code != 250:
        raise ValueError(str(r))
    entry = server.scratch.entry(server.queue_id(r))[:-32]
    at = entry.index(b"Received: from client.test")
    return entry[:at], entry[at:]


def own_trace(message):
    """Our line, unfolded, and what is behind it."""
    end = re.search(rb"\n(?![ \t])", message).end()
    return re.sub(rb"\n[ \t]+", b" ", message[:end].rstrip()).decode(), \
        message[end:]


def trace():
    with Server(deliver=False) as server:
        others = b"Received: x\r\nReceived: (y;\r\n\tz)\r\nSubject: s\r\n"
        _, message = stored(server, others + b"\r\nx\r\n")
        line, rest = own_trace(message)
        like(line, r"^Received: from client\.test \(\[127\.0\.0\.1\]\) by "
             r"inlet\.example .*; %s$" % DATE,
             "RFC 5321 4.4: from, its address, by, a date with its offset; at "
             "the top")
        eq(len(re.findall(r"\bfor <[^>]*>", line)), 1,
           "RFC 5321 4.4: for one recipient, one path")
        eq(rest, (others + b"\r\nx\r\n").replace(b"\r\n", b"\n"),
           "RFC 5321 4.4, RFC 5321 3.6.3, RFC 5321 6.4: all else stays as and "
           "where it was")
        _, message = stored(server, b"\r\nx\r\n",
                            ["user@example.org", "other@example.org"])
        ok(" for " not in own_trace(message)[0],
           "RFC 5321 7.2: for two recipients, none is named")
        for hops, code in ((99, 250), (101, 554)):
            r = server.send(b"Received: x\r\n" * hops + b"\r\nx\r\n")
            eq(r.code, code, "RFC 5321 6.3: %d hops" % hops)


def texts():
    with Server(deliver=False) as server:
        every = bytes(c for c in range(1, 128) if c not in (10, 13))
        for what, text in (
                ("RFC 5321 4.5.2: each ASCII character but NUL",
                 every + b"\r\n"),
                ("RFC 5321 4.1.1.4: no line is added", b"a: b\r\n\r\nx\r\n"),
                ("RFC 5321 4.5.3.1.6: a line of 1,000 octets",
                 b"\r\n" + b"x" * 998 + b"\r\n"),
                ("RFC 5321 2.4: octets of eight bits", b"\r\n\xe4\xff\r\n"),
                ("RFC 5321 4.5.3.1.7: a text of 64 KiB", b"\r\n" +
                 (b"y" * 62 + b"\r\n") * 1024)):
            _, message = stored(server, text)
            eq(own_trace(message)[1], text.replace(b"\r\n", b"\n"),
               what)
        _, message = stored(server, b"..a\r\n...\r\n.b\r\n")
        eq(own_trace(message)[1], b".a\n..\nb\n",
           "RFC 5321 4.5.2: the first dot of a line goes")
        head, _ = stored(server, b"\r\nx\r\n", "POSTmaster@Example.ORG",
                         "MiXed@Elsewhere.Test")
        ok(b"MiXed@elsewhere.test" in head and b"POSTmaster@" in head,
           "RFC 5321 2.4: a local part keeps its case")


def many_recipients():
    with Server(deliver=False, settings={"max-recipients": 100}) as server:
        with server.client() as c:
            c.hello()
            c.cmd("MAIL FROM:<s@elsewhere.test>")
            codes = [c.cmd("RCPT TO:<%s@example.org>" % (
                "user" if n % 2 else "other")).code for n in range(102)]
            eq(codes, [250] * 100 + [452] * 2,
               "RFC 5321 4.5.3.1.8: 100 recipients; RFC 5321 4.5.3.1.10: "
               "then 452")
            c.cmd("DATA")
            c.send("x\r\n.\r\n")
            eq(c.reply().code, 250, "and those of before are kept")


def ends():
    """RFC 5321 4.1.1.10, RFC 5321 3.8: a connection that ends."""
    with Server(deliver=False) as server:
        for upto in range(1, 6):
            with server.client() as c:
                for line in ["EHLO client.test", "MAIL FROM:<a@b.test>",
                             "RCPT TO:<user@example.org>", "DATA",
                             "text"][:upto]:
                    c.line(line)
                    if line != "text":
                        c.reply()
        wait_for(lambda: len(server.scratch.log_lines("end")) >= 5, 10,
                 "their ends")
        eq(server.scratch.queue(), [],
           "RFC 5321 4.1.1.10, RFC 5321 4.1.1.5: what is under way at its "
           "end is cancelled")
        eq(server.send("x\n").code, 250, "RFC 5321 4.1.1.4: 250 to what is")
        with server.client() as c:
            c.message("y\n")
            c.envelope()
        eq(len(server.scratch.queue()), 2, "RFC 5321 4.1.1.10: what was "
           "completed is not undone")
        r = server.send(b"Received: x\r\n" * 200 + b"\r\nx\r\n")
        eq((r.code, len(server.scratch.queue())), (554, 2),
           "RFC 5321 4.2.5: what was refused at its end is not kept")
        both = [server.client() for _ in range(20)]
        eq({c.hello().code for c in both}, {250},
           "RFC 5321 4.5.4.2: more than one at a time")
        idle = both[0]
        server.smtpd.send_signal(signal.SIGTERM)
        eq(idle.reply().code, 421, "RFC 5321 3.8: 421 at a shutdown")
        for c in both:
            c.close()


def delivered():
    with Server(CONF) as server:
        server.send("Return-Path: <old@x.test>\nSubject: s\n\nx\n",
                    "user@example.org")
        got = server.deliveries("user@example.org", 1)[0]
        ok(got.startswith(b"Return-Path: <s@elsewhere.test>\n"),
           "RFC 5321 4.4: the return path is the first line at delivery")
        server.send("Subject: s\n\nx\n", "team@example.org", "")
        for who in ("user", "other"):
            got = server.deliveries(who + "@example.org",
                                    2 if who == "user" else 1)
            got = [m for m in got if m.startswith(b"Return-Path: <>\n")]
            eq(len(got), 1, "RFC 5321 3.9.1, RFC 5321 4.5.5: an alias gives "
               "%s its copy, and the null path stays" % who)
            ok(got[0].endswith(b"Subject: s\n\nx\n"),
               "RFC 5321 3.9: its text unchanged")


FAILING = """\
table "here" { type = "list"  rows = {"example.org"} }
table "there" { type = "list"  rows = {"gone.example"} }
table "people" { type = "list"  rows = {"user", "other", "postmaster"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "gone" { table = "there"  program = "pipe"
    pipe-command = {"/bin/sh", "-c", "exit 67"}  accept-from = {"world"} }
channel "world" { }
"""


def notices():
    """What was taken and fails later (RFC 5321 3.3, RFC 5321 3.6.3, RFC 5321
    4.1.1.4, RFC 5321 4.4, RFC 5321 6.1, RFC 5321 6.2)."""
    with Server(FAILING) as server:
        r = server.send("Subject: s\n\nx\n", ["a@gone.example",
                        "other@example.org", "b@gone.example"],
                        "user@example.org")
        eq(r.code, 250, "RFC 5321 4.4: 250, though some will fail")
        got = server.deliveries("user@example.org", 1)
        eq(len(got), 1, "one notice for both")
        ok(got[0].startswith(b"Return-Path: <>\n"), "from the null path")
        for pattern in (rb"multipart/report; *\s*report-type=delivery-status",
                        rb"Final-Recipient: rfc822; *a@gone.example",
                        rb"Final-Recipient: rfc822; *b@gone.example",
                        rb"Action: failed"):
            ok(re.search(pattern, got[0]), "RFC 3461 6: %r" % pattern)
        eq(len(server.deliveries("other@example.org", 1)), 1,
           "who could be reached has it")
        wait_for(server.scratch.empty, what="an empty queue")
        server.send("Subject: s\n\nx\n", "a@gone.example", "")
        wait_for(lambda: len(server.scratch.log_lines("bounced")) == 3 and
                 server.scratch.empty(), what="an empty queue")
        eq(len(server.scratch.maildir("user@example.org")) +
           len(server.scratch.maildir("postmaster@example.org")), 1,
           "RFC 3461 5.2.7: nothing comes of what has the null path")


def times():
    """RFC 5321 4.5.3.2.7: five minutes for a command, unless told otherwise."""
    row = [r for r in table_rows("lib/settings.def", "SETTING")
           if r[0] == "command_timeout"][0]
    eq(row[2], '"5m"', "RFC 5321 4.5.3.2.7: command-timeout")


need_built("smtpd", "smtpsrvr", "submit", "deliver")
run(trace, texts, many_recipients, ends, delivered, notices, times)
