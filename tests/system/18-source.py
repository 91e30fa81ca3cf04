#!/usr/bin/env python3
"""From the source host to its channel: address, confirmed name, no name, a
look-up that fails; finicky and not.  A small name server stands in the
test."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

REVERSE = {"10.0.0.127.in-addr.arpa": "good.friend.test",
           "11.0.0.127.in-addr.arpa": "liar.friend.test",
           "12.0.0.127.in-addr.arpa": "stranger.test"}
FORWARD = {"good.friend.test": "127.0.0.10", "liar.friend.test": "192.0.2.1",
           "stranger.test": "127.0.0.12"}
# source: address in the table, name in the table (by its parent), a name
# that does not confirm, a name in no table, no name, a look-up that fails
ADDRESS, NAME, LIAR, STRANGER, NAMELESS, FAILING = (
    "127.0.0.9", "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13",
    "127.0.1.1")
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "friends" { type = "list"  rows = {"127.0.0.9", ".friend.test"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "friends" { table = "friends"  relay = yes }
channel "world" { }
"""


def server_with(names, finicky):
    # The harness itself asks for a greeting, from 127.0.0.1.
    conf = CONF.replace('{"127.0.0.9",', '{"127.0.0.9", "127.0.0.1",')
    return Server(conf, deliver=False, settings={
        "dns-servers": '{"127.0.0.1:%d"}' % names.port,
        "lookup-names": '"auto"',
        "finicky": "yes" if finicky else "no"})


def channel_of(server, source):
    """The greeting's code, and the channel that a message came from."""
    with server.client(source=source) as c:
        if c.greeting.code != 220:
            return str(c.greeting), ""
        c.hello()
        relay = c.envelope("x@far.test")[1]
        c.cmd("RSET")
        c.message("text\n", hello=False)
    line = wait_for(lambda: [
        l for l in server.scratch.log_lines("accept")
        if "ip=%s " % source in l], 10, "a log line")[-1]
    return re.search(r" chan=(\S+)", line).group(1), str(relay)


def not_finicky():
    names = Names(REVERSE, FORWARD, r"\.1\.0\.127\.")
    with server_with(names, False) as server:
        for source, what, channel, relay in (
                (ADDRESS, "an address in a table", "friends", "NO_ROUTE"),
                (NAME, "a confirmed name's parent", "friends", "NO_ROUTE"),
                (LIAR, "a name that does not confirm", "world",
                 "RELAY_DENIED"),
                (STRANGER, "a name in no table", "world", "RELAY_DENIED"),
                (NAMELESS, "no name", "world", "RELAY_DENIED"),
                (FAILING, "a look-up that fails", "world", "UNCERTAIN")):
            got, refusal = channel_of(server, source)
            eq(got, channel, what + ": from channel " + channel)
            says(refusal, relay, what + ": relaying gets " + relay)
        found = server.scratch.entry(server.scratch.queue()[1])
        like(found, r"Received: from client\.test \(good\.friend\.test",
             "only a confirmed name is in the Received field")
        asked = len(names.asked)
        channel_of(server, NAME)
        eq(len(names.asked), asked, "the second time nobody is asked")


def finicky():
    names = Names(REVERSE, FORWARD, r"\.1\.0\.127\.")
    with server_with(names, True) as server:
        for source, what in ((ADDRESS, "an address in a table"),
                             (NAME, "a confirmed name's parent")):
            eq(channel_of(server, source)[0], "friends",
               "finicky: " + what + " is let in")
        for source, what, reply in (
                (LIAR, "a name that does not confirm", "UNRESOLVED_HOST"),
                (STRANGER, "a name in no table", "UNKNOWN_HOST"),
                (NAMELESS, "no name", "UNRESOLVED_HOST"),
                (FAILING, "a look-up that fails", "LOOKUP_FAILED")):
            with server.client(source=source) as c:
                says(c.greeting, reply, "finicky: %s gets %s"
                     % (what, reply))
                ok(c.closed(), "and the connection is closed")


def no_questions():
    """Without names for keys in the tables nobody is asked."""
    names = Names(REVERSE, FORWARD, "^$")
    conf = CONF.replace(', ".friend.test"', ', "127.0.0.1"').replace(
        'table "here" { type = "list"  rows = {"example.org"} }\n'
        'table "people"', 'table "here" { type = "list"  '
        'rows = {"example.org"} }\ntable "people"')
    with Server(conf, deliver=False, settings={
            "dns-servers": '{"127.0.0.1:%d"}' % names.port,
            "lookup-names": '"auto"'},
            listen='listen "smtp" { address = {"127.0.0.1"}  port = @port@\n'
            '    channels = {"friends", "world"} }\n') as server:
        eq(channel_of(server, NAME)[0], "world", "only addresses count")
        eq(names.asked, [], "and no name is asked for")


need_built("smtpd", "smtpsrvr", "submit", "lookup")
run(not_finicky, finicky, no_questions)
