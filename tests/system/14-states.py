#!/usr/bin/env python3
"""Every verb in every state answers as commands.def says: this walks the
table, so a new row is tested by being there."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

STATES = ["START", "READY", "MAIL", "REFUSED", "RCPT", "CHUNKS", "FAILED"]
WAY = ["EHLO client.test", "MAIL FROM:<s@elsewhere.test>",
       "RCPT TO:<nobody@example.org>", "RCPT TO:<user@example.org>",
       "BDAT 0", "BDAT 3\r\n\n"]
# Which of WAY leads to a state.
STEPS = {"START": 0, "READY": 1, "MAIL": 2, "REFUSED": 3, "RCPT": 4,
         "CHUNKS": 5, "FAILED": 6}
# A good command line, and one whose argument is wrong.
GOOD = {"NONE": "", "OPTIONAL": " text", "REQUIRED": " client.test",
        "FROM_PATH": " FROM:<s@elsewhere.test>",
        "TO_PATH": " TO:<user@example.org>", "CHUNK": " 0",
        "ATTRIBUTES": " NAME=[UNAVAILABLE]"}
BAD = {"NONE": " text", "REQUIRED": "", "FROM_PATH": " <s@elsewhere.test>",
       "TO_PATH": " <user@example.org>", "CHUNK": " -1",
       "ATTRIBUTES": " NAME"}
CONF = DEFAULT_CONF.replace('channel "world" { }',
                            'channel "world" { etrn = "here" }')
SETTINGS = {"auth": "offered", "auth-backends": '{"file"}',
            "xclient": '{"127.0.0.1"}', "xforward": '{"127.0.0.1"}'}


PROTOCOLS = {"SMTP": ["SMTP"], "LMTP": ["LMTP"], "BOTH": ["SMTP", "LMTP"]}
LISTEN = """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "inside" { address = {"127.0.0.1"}  port = @port2@
    protocol = "lmtp" }
"""


def reach(server, protocol, state):
    c = server.client(port=server.ports["2" if protocol == "LMTP" else "1"])
    for line in WAY[:STEPS[state]]:
        c.cmd(line.replace("EHLO", "LHLO") if protocol == "LMTP" else line)
    return c


def one(server, row, protocol):
    """A verb in all states."""
    verb, argument = row[0], row[9]
    for state, answer in zip(STATES, row[2:9]):
        where = "%s in state %s of %s" % (verb, state, protocol)
        if protocol == "LMTP":
            answer = {"NEED_HELLO": "NEED_LHLO",
                      "NO_VALID_RCPTS": "NEED_RCPT"}.get(answer, answer)
        with reach(server, protocol, state) as c:
            reply = c.cmd(verb + GOOD[argument])
            if answer != "TAKEN":
                says(reply, answer, "%s gets %s" % (where, answer))
            else:
                ok(reply.code not in (500, 501, 503, 554),
                   "%s is taken (%s)" % (where, reply.code))
        if answer == "TAKEN" and argument in BAD:
            with reach(server, protocol, state) as c:
                says(c.cmd(verb + BAD[argument]), "SYNTAX",
                     where + " wants its argument right")


def states():
    table = table_rows("smtpsrvr/commands.def", "COMMAND")
    with Server(CONF, deliver=False, listen=LISTEN,
                settings=SETTINGS) as server:
        for row in table:
            for protocol in PROTOCOLS[row[14]]:
                one(server, row, protocol)


if not os.path.exists(os.path.join(SRC, "smtpsrvr", "commands.def")):
    skip_all("no commands.def")
need_built("smtpd", "smtpsrvr", "submit")
run(states)
