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
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(after + 600))
        found = queued(server, " HOLDUNTIL=%s MT-PRIORITY=-4" % until,
                       [("user@example.org", "")])
        eq((found["hold"], found["priority"]), (after + 600, -4),
           "until then")


run(carried, moments)
