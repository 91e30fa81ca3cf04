#!/usr/bin/env python3
"""Authorisation: real sessions and a user of this machine, by the rules of
inlet-authorise(5); what is refused, which channel comes next, what is told."""
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

HOST, STRANGE, GUEST, WORLD = "127.0.0.9", "127.0.0.8", "127.0.0.7", \
    "127.0.0.6"
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "lan-hosts" { type = "list"  rows = {"127.0.0.8", "127.0.0.9"} }
table "lan-in" { type = "list"  rows = {"127.0.0.9: out, example.org"} }
table "guest-hosts" { type = "list"  rows = {"127.0.0.7"} }
table "far" { type = "list"  rows = {"far.test", "near.test"} }
table "free" { type = "list"  rows = {"near.test"} }
table "users" { type = "list"  rows = {"ann@lan.test: send out",
    "joe@lan.test: \\"Ask the postmaster\\""} }
table "backup" { type = "list"  rows = {"far.test"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan-hosts"  authorise = {"in-log", "in-block"}
    insrc = "lan-in" }
channel "guests" { table = "guest-hosts"  relay = yes  authorise = {"in-warn"} }
channel "out" { table = "far"  program = "out"  authorise = {"out-block"}
    outdest = "free"  authorise-table = "users" }
channel "next" { table = "backup"  program = "next"
    accept-from = {"guests"} }
channel "world" { }
"""


def answer(server, source, sender, to):
    """What RCPT gets; the message is sent if it may be."""
    with server.client(source=source) as c:
        c.hello()
        reply = c.envelope(to, sender=sender)[1]
        if reply.code != 250:
            return reply
        c.cmd("RSET")
        c.message("text\n", to=to, sender=sender, hello=False)
        return reply


def line(server, event, source, to, sender=""):
    """The last line of that event about that source, sender, recipient."""
    return wait_for(lambda: [
        text for text in server.scratch.log_lines(event)
        if "ip=%s " % source in text and 'to="%s"' % to in text and
        'from="%s' % sender in text],
        10, "a line of the log")[-1]


def sessions():
    with Server(CONF, deliver=False) as server:
        for source, sender, to, want, what in (
                (HOST, "x@lan.test", "user@example.org", None,
                 "a host that insrc has, to our users"),
                (HOST, "x@lan.test", "y@far.test", None,
                 "and to a channel: good for both directions"),
                (STRANGE, "x@lan.test", "user@example.org",
                 "NOT_AUTHORIZED", "a host that insrc has not"),
                (WORLD, "x@a.test", "y@near.test", None,
                 "anybody to a host that outdest has"),
                (WORLD, "x@a.test", "y@far.test", "NOT_AUTHORIZED",
                 "nobody to another"),
                (WORLD, "ann@lan.test", "y@far.test", None,
                 "but an authorised user"),
                (WORLD, "joe@lan.test", "y@far.test",
                 "NOT_AUTHORIZED_BECAUSE", "one with a reason"),
                (WORLD, "x@a.test", "user@example.org", None,
                 "channels without modes are as they were"),
                (WORLD, "x@a.test", "y@other.test", "RELAY_DENIED",
                 "and closed"),
                (GUEST, "x@guest.test", "y@far.test", None,
                 "refused by one channel, taken by the next")):
            got = answer(server, source, sender, to)
            if want is None:
                eq(got.code, 250, what)
            else:
                says(got, want, what)
        like(line(server, "refuse", STRANGE, "user@example.org"),
             r'code=550 enh=5\.7\.1 reason=not-authorized .*'
             r'detail="to-channel=local rule=\*I table=- key=-"',
             "a refusal names the rule")
        like(line(server, "refuse", WORLD, "y@far.test", "joe@lan.test"),
             r'detail="to-channel=out rule=\*O table=users '
             r'key=joe@lan\.test"', "and the table and the key")
        told(server)


def told(server):
    like(line(server, "authorise", HOST, "y@far.test"),
         r'authorise ip=127\.0\.0\.9 chan=lan to-channel=out sid=\S+ qid=\S+ '
         r'allowed=rule rule="IH" table=lan-in key="127\.0\.0\.9" host="" '
         r'from="x@lan\.test" to="y@far\.test"$', "log tells what passes")
    like(line(server, "authorise", GUEST, "y@far.test"),
         r'chan=guests to-channel=next .* allowed=mode rule="\*I" table=- ',
         "warn tells what would not")
    eq(lambda: len(server.scratch.log_lines("authorise")), 3,
       "one line a recipient, and only where it is wanted")
    eq(server.scratch.log_lines("disagree"), [],
       "submit decided as the sessions did")
    queued = b"".join(
        server.scratch.entry(name) for name in server.scratch.queue())
    ok(b"next" in queued, "the next channel has it")


def names():
    """By the confirmed name; if that cannot be had now, not for ever."""
    asked = Names({"10.0.0.127.in-addr.arpa": "good.friend.test",
                   "11.0.0.127.in-addr.arpa": "liar.friend.test"},
                  {"good.friend.test": "127.0.0.10",
                   "liar.friend.test": "192.0.2.1"}, r"\.1\.0\.127\.")
    conf = CONF.replace('"127.0.0.9: out, example.org"', '".friend.test: out"')
    conf = conf.replace('"127.0.0.8", "127.0.0.9"', '"127.0.0.0/24", '
                        '"127.0.1.0/24"')
    with Server(conf, deliver=False, settings={
            "dns-servers": '{"127.0.0.1:%d"}' % asked.port,
            "lookup-names": '"auto"'}) as server:
        for source, want, what in (
                ("127.0.0.10", None, "a host by its confirmed name"),
                ("127.0.0.11", "NOT_AUTHORIZED", "one that does not confirm"),
                ("127.0.0.12", "NOT_AUTHORIZED", "one without a name"),
                ("127.0.1.1", "UNCERTAIN", "one whose look-up fails")):
            got = answer(server, source, "x@lan.test", "y@far.test")
            if want is None:
                eq(got.code, 250, what)
            else:
                says(got, want, what)
        like(line(server, "authorise", "127.0.0.10", "y@far.test"),
             r'rule="IH" table=lan-in key="good\.friend\.test" '
             r'host="good\.friend\.test"', "the log has the name")
        eq(server.scratch.log_lines("disagree"), [],
           "submit asked for the name, too")


def explained():
    server = Server(CONF)

    def explain(*args):
        p = server.inlet(*server.where(), "explain", *args)
        return p.stdout + p.stderr
    like(explain(WORLD, "x@a.test", "y@far.test"),
         r'"out" is passed over: authorisation says \*O', "a refusal")
    like(explain(WORLD, "ann@lan.test", "y@far.test"),
         r'"out" is the destination: authorisation says OS', "a permission")
    like(explain(WORLD, "joe@lan.test", "y@far.test"),
         r"550 5\.7\.1 Not authorized: Ask the postmaster", "a reason")


def mistakes():
    """What inlet check says of rows and modes that cannot be meant."""
    for change, want, what in (
            (("send out", "sends out"), r"error .*conf:\d+: table \"users\" "
             r"\(authorise-table\): \"sends\" is none of send", "a bad word"),
            (("send out", "send ouut"), r"error .*conf:\d+: table \"users\" "
             r".*no channel \"ouut\" \(did you mean out\?\)",
             "a channel that is none"),
            ((": out, example", ": uot, example"), r"warning .*\(insrc\): "
             r"\"uot\" is no channel \(did you mean out\?\)",
             "a name that can be neither"),
            (('outdest = "free"', 'outsrc = "lan-in"'), r"warning "
             r".*\(outsrc\): \"out\" is a channel, but only hosts",
             "a channel where only hosts count"),
            (('insrc = "lan-in"', ""), r"warning .*\"lan\": it blocks, and "
             r"has no tables", "a mode without rules"),
            (('authorise = {"out-block"}', ""), r"warning .*\"out\": it has "
             r"tables of authorisation and no modes", "rules without a mode"),
            (("x", "x"), r"note .*lookup-names = never", "hosts, and no "
             "names")):
        server = Server(CONF.replace(*change))
        p = server.inlet(*server.where(), "check")
        like(p.stdout + p.stderr, "(?m)^" + want, what)


def send(server, *to):
    more = {"user": NOBODY, "group": NOBODY, "extra_groups": []} \
        if ROOT else {}
    return subprocess.run([program("inlet"), "-C", server.scratch.conf] +
                          server.where() + ["send"] + list(to), input=b"x\n",
                          capture_output=True, timeout=slow(60), **more)


def users():
    with Server(CONF, deliver=False) as server:
        eq(send(server, "y@near.test").returncode, 0,
           "a user of this machine, to a host that outdest has")
        p = send(server, "y@far.test")
        eq(p.returncode, 67, "to another")
        like(p.stderr.decode(), r"y@far\.test: 550 5\.7\.1 Mail from channel "
             r"local may not go there", "is refused the same way")
        wait_for(lambda: [text for text in server.scratch.log_lines("accept")
                          if "chan=local" in text], 10, "a log line")


def relays():
    """The self-test of inlet check sees what the modes open."""
    def check(text):
        server = Server(text)
        p = server.inlet(*server.where(), "check")
        return p.stdout + p.stderr

    claim = CONF.replace('{"far.test", "near.test"}', '{".com", ".test"}')
    wide = claim.replace('authorise-table = "users"', "")
    like(check(wide), r"(?m)^ok .*strangers cannot relay", "it is closed")
    for change, what in (
            (('"world" { }', '"world" { authorise = {"free"} }'),
             "free for strangers"),
            (('{"out-block"}', '{"free"}'), "free to the outside"),
            (('{"out-block"}', '{"out-log", "free"}'), "free, and the log"),
            (('rows = {"near.test"}', 'rows = {".com"}'),
             "outdest with the world in it"),
            (('table "free" {', 'table "wide" { type = "list"  rows = '
              '{"world"} }\ntable "free" {'), None)):
        text = wide.replace(*change)
        if what is None:
            what = "outsrc with the strangers in it"
            text = text.replace('outdest = "free"', 'outsrc = "wide"')
        like(check(text), r"(?m)^error .*OPEN RELAY", what)
    like(check(wide.replace('{"out-block"}', '{"out-log"}')),
         r"(?m)^ok .*strangers cannot relay", "log alone opens nothing")
    like(check(claim), r"OPEN RELAY: .* as ann@lan\.test to ",
         "a user is as good as anybody who says so")
    like(check(claim.replace('ann@lan.test: send', '@lan.test: send')),
        r"OPEN RELAY: .* as user@lan\.test to ",
        "a sender that anybody can say to be")


need_built("smtpd", "smtpsrvr", "submit", "lookup", "inlet")
run(sessions, names, users, explained, mistakes, relays)
