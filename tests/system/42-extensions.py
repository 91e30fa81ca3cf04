#!/usr/bin/env python3
"""What MAIL and RCPT ask for is in the queue entry, as it was meant; and local
users ask for it, too."""
import json
import os
import sys
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


run(carried)
