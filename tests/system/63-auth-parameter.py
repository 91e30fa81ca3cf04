#!/usr/bin/env python3
"""AUTH= on MAIL (RFC 4954 5): who is believed, and what goes on with it."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *

CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
table "few" { type = "list"  rows = {"127.0.0.9"} }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes }
listen "trusts" { address = {"127.0.0.1"}  port = @port2@
  auth = "offered"  auth-clear = yes  believe-auth = yes }
listen "never" { address = {"127.0.0.1"}  port = @port3@ }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "special" { table = "few"  believe-auth = no }
channel "world" { }
"""
LOGIN = "AUTH PLAIN " + plain("anna", "secret of anna")
SAID = "e+3Dmc2@example.com"


def recorded(s, parameter, port="2", login=True, source="127.0.0.1"):
    """What the entry has of it."""
    with s.client(port=s.ports[port], source=source) as c:
        c.hello()
        if login:
            eq(c.cmd(LOGIN).code, 235, "logged in")
        for r in c.envelope(parameters=parameter):
            if r.code >= 400:
                return r.code
        c.cmd("DATA")
        c.send(b"text\r\n.\r\n")
        entry = s.scratch.entry(s.queue_id(c.reply()))
    found = re.search(rb"a[^\0]\0\0\0([^\0]+)\0", entry.partition(
        b"Received: ")[0].partition(b"anna\0" if login else b"S")[2])
    return found.group(1).decode() if found else ""


def main():
    s = Server(CONF, deliver=False)
    write_passwords(s.scratch.at("passwords"), [row("anna",
                    "secret of anna")], AUTH if ROOT else None)
    with s:
        eq(recorded(s, "AUTH=" + SAID), SAID, "who is believed")
        eq(recorded(s, "AUTH=<>"), "<>", "and says nobody")
        eq(recorded(s, ""), "", "or nothing")
        eq(recorded(s, "AUTH=" + SAID, login=False), "<>",
           "who has not logged in")
        eq(recorded(s, "AUTH=" + SAID, port="1"), "<>",
           "who has, where nobody is believed")
        eq(recorded(s, "AUTH=" + SAID, source="127.0.0.9"), "<>",
           "a channel that does not")
        eq(recorded(s, "AUTH=a+0D@b"), 501, "no mailbox")
        eq(recorded(s, "AUTH=<>", port="3", login=False), 555,
           "without AUTH there is no AUTH=")


need_built("smtpd", "smtpsrvr", "submit", "authsrvr")
run(main)
