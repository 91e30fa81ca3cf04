#!/usr/bin/env python3
"""What MAIL and RCPT ask for is in the queue entry, as it was meant; and local
users ask for it, too."""
import json
import os
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def queued(server, mail, recipients, hello="EHLO"):
    """The entry of a message with these parameters, as inlet shows it."""
    with server.client() as c:
        c.hello(verb=hello)
        eq(c.cmd("MAIL FROM:<s@elsewhere.test>" + mail).code, 250, mail)
        for address, more in recipients:
            eq(c.cmd("RCPT TO:<%s>%s" % (address, more)).code, 250, more)
        c.cmd("DATA")
        c.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
        id_ = server.queue_id(c.reply())
    return json.loads(server.inlet(*server.where(), "queue", "show", id_,
                                   "--json").stdout)


def carried():
    """RFC 3461 6.2: what was asked for goes with the message."""
    with Server(deliver=False) as server:
        found = queued(server, "", [("user@example.org", "")])
        eq([found[n] for n in ("envid", "ret", "auth", "smtputf8",
                               "priority")],
           ["", "", "", False, 0], "nothing is asked for")
        eq([n for n in ("hold", "by") if n in found], [], "nor a time")
        found = queued(server, " RET=hdrs ENVID=QQ+2B1",
                       [("user@example.org", " NOTIFY=delay,success"
                         " ORCPT=rfc822;u+2Bx@example.org"),
                        ("other@example.org", " NOTIFY=NEVER")])
        eq((found["ret"], found["envid"]), ("HDRS", "QQ+2B1"),
           "RET and ENVID")
        eq([(r["notify"], r["orcpt"]) for r in found["recipients"]],
           [("SUCCESS,DELAY", "rfc822;u+2Bx@example.org"), ("NEVER", "")],
           "NOTIFY and ORCPT of each")


def moments():
    """Times are absolute in the entry (RFC 2852 4.1, RFC 4865 4.1)."""
    with Server(deliver=False, settings={
            "hold-most": '"1d"', "mt-priority": '"on"',
            "priority-most": "2"}) as server:
        before = int(time.time())
        found = queued(server, " HOLDFOR=3600 BY=7200;RT MT-PRIORITY=9",
                       [("user@example.org", "")])
        after = int(time.time())
        ok(before + 3600 <= found["hold"] <= after + 3600, "held an hour")
        ok(before + 7200 <= found["by"] <= after + 7200, "returned in two")
        eq((found["by-mode"], found["by-trace"]), ("R", True), "how")
        eq(found["priority"], 2, "the priority that the client heard of")
        wait_for(lambda: server.scratch.log_lines("accept", prio=2), 10,
                 "RFC 6710 4.1: it is logged")
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(after + 600))
        found = queued(server, " HOLDUNTIL=%s MT-PRIORITY=-4" % until,
                       [("user@example.org", "")])
        eq((found["hold"], found["priority"]), (after + 600, -4),
           "until then")


INTERNATIONAL = """\
table "here" { type = "list"  rows = {"xn--bcher-kva.example"} }
table "people" { type = "text"  file = "people" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""


def utf8():
    """Addresses beyond ASCII reach their mailbox (RFC 6531 3.2), and the trace
    says so (RFC 6531 4.3)."""
    scratch = Scratch()
    scratch.write("people", "j\u00f6rg@xn--bcher-kva.example: box\nuser\n")
    with Server(INTERNATIONAL, scratch=scratch) as server:
        to = ["j\u00f6rg@b\u00fccher.example", "user@B\u00dcCHER.example"]
        with server.client() as c:
            c.hello()
            for line in ["MAIL FROM:<\u00e9@elsewhere.test> SMTPUTF8"] + \
                    ["RCPT TO:<%s>" % address for address in to]:
                c.send(line.encode() + b"\r\n")
                eq(c.reply().code, 250, line.encode().decode("latin-1"))
            c.cmd("DATA")
            c.send("Subject: \u00fc\r\n\r\ntext\r\n.\r\n".encode())
            server.queue_id(c.reply())
        box = os.path.join(scratch.at("mail"), "box", "new")
        wait_for(lambda: os.path.isdir(box) and os.listdir(box), 15, "mail")
        with open(os.path.join(box, os.listdir(box)[0]), "rb") as f:
            text = f.read()
        ok(b" with UTF8SMTP id " in text, "with UTF8SMTP")
        ok("Subject: \u00fc\n".encode() in text, "the text as it was")
        ok(b"Return-Path: <\xc3\xa9@elsewhere.test>" in text, "the sender")
        server.deliveries("user@xn--bcher-kva.example", 1)
        ok(True, "a domain's A-label is the same domain")
        with server.client() as c:
            c.hello()
            c.cmd("MAIL FROM:<a@elsewhere.test> SMTPUTF8")
            c.send("RCPT TO:<j\u00f6rg@elsewhere.test>\r\n".encode())
            eq(c.reply().code, 550, "elsewhere is elsewhere")
        ok(not scratch.log_lines("disagree"), "submit agrees")


run(carried, moments, utf8)
