#!/usr/bin/env python3
"""Tables of kind nameserver: in a session, in submit, in inlet; the local host
is in none of them (RFC 974), so that a finicky server needs `local`."""
import json
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from nsd import Nsd

ZONE = r"""
client A 127.0.0.10
mail MX 10 client
plain A 192.0.2.7
null MX 0 .
inlet A 127.0.0.20
best MX 10 inlet
best MX 20 client
worse MX 10 client
worse MX 20 inlet
other MX 10 second-name
byaddress MX 10 third-name
third-name A 127.0.0.20
second-name A 192.0.2.9
circle CNAME circle2
circle2 CNAME circle
*.wild MX 10 client
ns A 127.0.0.1
"""
REVERSE = """
10.0.0 PTR client.example.test.
20.0.0 PTR inlet.example.test.
21.0.0 PTR nowhere.example.test.
"""
ZONES = {"example.test.": ZONE, "127.in-addr.arpa.": REVERSE}
CONF = """\
hostname = "inlet.example.test"
local-names = {"second-name.example.test", "127.0.0.20"}
table "here" { type = "list"  rows = {"inlet.example.test", "127.0.0.1"} }
table "people" { type = "list"  rows = {"user"} }
table "lists" { file = "lists" }
table "inside" { type = "list"  rows = {"127.0.0.1", "127.0.0.2"} }
table "dns" { type = "nameserver" }
channel "local" { table = "here"  program = "local"  mailboxes = "people"
    aliases = "lists" }
channel "inside" { table = "inside"  relay = yes }
channel "mx" { table = "dns"  program = "smtp" }
channel "world" { }
"""
MANY = 300
LISTS = """\
three@inlet.example.test: a@mail.example.test, b@absent.example.test, \
c@plain.example.test
dead@inlet.example.test: a@mail.example.test, b@circle.example.test
many@inlet.example.test: %s
""" % ", ".join("x@n%d.wild.example.test" % i for i in range(MANY))
LISTEN = ('listen "smtp" { address = {"127.0.0.1"}  port = @port@\n'
          '    channels = {%s} }\n')
ALL = '"local", "inside", "mx", "world"'
INSIDE, CLIENT, US, NOBODY = ("127.0.0.2", "127.0.0.10", "127.0.0.20",
                              "127.0.0.30")


def make(served, channels=ALL, **settings):
    server = Server(CONF, deliver=False, listen=LISTEN % channels, settings={
        "dns-servers": '{"%s"}' % served.at,
        "lookup-names": '"auto"',
        **{k.replace("_", "-"): v for k, v in settings.items()}})
    server.scratch.write("lists", LISTS)
    return server


def said(client, to):
    client.cmd("RSET")
    return client.envelope(to)[1]


def recipients():
    """Each answer of the name service, and what RCPT says."""
    served = Nsd(ZONES)
    with make(served) as server, server.client(source=INSIDE) as c:
        c.hello()
        for domain, reply, what in (
                ("mail", "RECIPIENT_OK", "an MX"),
                ("MAIL", "RECIPIENT_OK", "in capitals"),
                ("plain", "RECIPIENT_OK", "an address"),
                ("a.wild", "RECIPIENT_OK", "a name below a star"),
                ("absent", "NO_ROUTE", "no such name"),
                ("null", "NO_ROUTE", "a null MX"),
                ("worse", "RECIPIENT_OK", "the local host is a worse MX"),
                ("best", "NO_ROUTE", "the local host is the best MX"),
                ("other", "NO_ROUTE", "the same by another name"),
                ("byaddress", "NO_ROUTE", "the same by its address"),
                ("second-name", "NO_ROUTE", "a local name without an MX"),
                ("circle", "TABLE_FAILED", "aliases in a circle"),
                ("x.refused", "TABLE_FAILED", "a zone that is refused")):
            whole = "x@%s.example.test" % domain
            if domain == "x.refused":
                whole = "x@refused.test"
            says(said(c, whole), reply, what + ": " + reply)
        says(said(c, "x@[192.0.2.7]"), "NO_ROUTE", "a literal is in none")
        says(said(c, "x@localhost"), "NO_ROUTE", "nor a name without a dot")
        says(said(c, "user@inlet.example.test"), "RECIPIENT_OK",
             "the local channel has our own name")
        ok(happens(lambda: re.search(r"reason=table .*table=dns",
                                     server.scratch.log_text())),
           "the log names the table")
        says(c.envelope("x@mail.example.test")[1], "RECIPIENT_OK", "again")
        with server.client(source=CLIENT) as c:
            c.hello()
            says(said(c, "x@mail.example.test"), "RELAY_DENIED",
                 "who may not relay may not relay there")


def routed(server, qid):
    return server.scratch.entry(qid)


def messages():
    """submit asks by itself, and does not wait for one in the loop."""
    served = Nsd(ZONES)
    with make(served, dns_cache_size="0") as server:
        for to, hosts, what in (
                ("x@mail.example.test", ["mail"], "a recipient"),
                ("three@inlet.example.test", ["mail", "plain"],
                 "an alias: the target that is nowhere is left out")):
            with server.client(source=INSIDE) as c:
                reply = c.message("text\n", to=to)
                eq(reply.code, 250, what + " is accepted")
                entry = routed(server, server.queue_id(reply))
            for host in ("mail", "plain", "absent"):
                eq(host.encode() + b".example.test" in entry.split(
                    b"Received:")[0].replace(b"x@mail", b"x@"),
                   host in hosts, "%s: %s" % (what, host))
        with server.client(source=INSIDE) as c:
            reply = c.message("text\n", to="many@inlet.example.test")
            eq(reply.code, 250, "an alias with %d domains" % MANY)
            entry = routed(server, server.queue_id(reply))
            eq(len(set(re.findall(rb"x@n\d+\.wild\.example\.test", entry))),
               MANY, "all of them are queued")
        with server.client(source=INSIDE) as c:
            c.hello()
            says(said(c, "dead@inlet.example.test"), "TABLE_FAILED",
                 "one target that cannot be found out: later")
        several(server)
        between(server, served)


def several(server):
    """Many at once: each waits for its own answers."""
    clients = [server.client(source=INSIDE) for _ in range(20)]
    for i, c in enumerate(clients):
        c.hello()
        c.envelope("x@s%d.wild.example.test" % i)
        eq(c.cmd("DATA").code, 354, "DATA") if i == 0 else c.cmd("DATA")
    for c in clients:
        c.line("text\r\n.")
    codes = [c.reply().code for c in clients]
    for c in clients:
        c.close()
    eq(codes, [250] * 20, "twenty at once")


def between(server, served):
    """The name service fails between RCPT and the end of the message."""
    with server.client(source=INSIDE) as c:
        c.hello()
        eq(c.envelope("x@plain.example.test")[1].code, 250, "RCPT is good")
        served.stop()
        eq(c.cmd("DATA").code, 354, "DATA")
        c.line("text\r\n.")
        reply = c.reply()
        eq(reply.code, 451, "the name service is gone: 451")
        like(str(reply), "4.3.0", "as trouble with a table")
    ok(happens(lambda: re.search(
        r"submit\S+ refuse .*reason=table .*table=dns",
        server.scratch.log_text())), "the log names the table")
    eq(server.scratch.log_lines("disagree"), [], "nobody is accused")
    eq(len([n for n in server.scratch.queue("tmp")]), 0, "nothing is left")
    served.start()
    with server.client(source=INSIDE) as c:
        wait_for(lambda: said_after_hello(c).code == 250, 20, "a good RCPT")
        c.cmd("RSET")
        eq(c.message("text\n", to="x@plain.example.test",
                     hello=False).code, 250, "it comes back: so does mail")


def said_after_hello(c):
    c.hello()
    return said(c, "x@plain.example.test")


def channel_of(server, source):
    with server.client(source=source) as c:
        if c.greeting.code != 220:
            return c.greeting, None
        c.message("text\n", to="user@inlet.example.test")
    line = wait_for(lambda: [
        l for l in server.scratch.log_lines("accept")
        if "ip=%s " % source in l], 10, "a log line")[-1]
    return c.greeting, re.search(r" chan=(\S+)", line).group(1)


def sources():
    served = Nsd(ZONES)
    with make(served) as server:
        for source, channel, what in (
                (CLIENT, "mx", "a confirmed name is in the name service"),
                (US, "local", "the local host is local's"),
                (NOBODY, "world", "a host without a name is not")):
            eq(channel_of(server, source)[1], channel, what)
    with make(served, '"inside", "mx", "world"') as server:
        eq(channel_of(server, US)[1], "world",
           "without local the local host is in no table")


def finicky():
    """smtpd -f with a nameserver table: `local` must be listed."""
    served = Nsd(ZONES)
    with make(served, '"inside", "mx"', finicky="yes") as server:
        with server.client(source=US) as c:
            says(c.greeting, "UNKNOWN_HOST", "finicky without local: the "
                 "server does not reach itself")
            like(str(c.greeting), r"inlet\.example\.test", "by its name")
        with server.client(source=CLIENT) as c:
            eq(c.greeting.code, 220, "others are let in")
        with server.client(source=NOBODY) as c:
            says(c.greeting, "UNRESOLVED_HOST", "not those without a name")
        served.stop()
        with server.client(source="127.0.0.11") as c:
            says(c.greeting, "LOOKUP_FAILED", "nor any if nobody answers")
    served.start()
    with make(served, '"local", "inside", "mx"', finicky="yes") as server:
        eq(channel_of(server, US)[1], "local", "with local it does")


def inlet(server, *args):
    p = subprocess.run(server.command("inlet") + server.where() + list(args),
                       capture_output=True, timeout=slow(60),
                       **server.as_user())
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def commands():
    served = Nsd(ZONES)
    server = make(served)
    server.write_conf()
    for key, code, out, what in (
            ("mail.example.test", 0, r"inlet\.conf:\d+: mail\.example\.test",
             "found"),
            ("best.example.test", 1, "^not found$", "not found"),
            ("circle.example.test", 75, "no answer now", "later"),
            ("127.0.0.10", 1, "^not found$", "an address"),
            ("x@mail.example.test", 1, "^not found$", "a mailbox")):
        got = inlet(server, "table", "get", "dns", key)
        eq(got[0], code, "inlet table, %s: exit %d" % (what, code))
        like(got[1], "(?m)" + out, "  and says so")
    got = inlet(server, "table", "list", "dns")
    eq(got[0], 64, "such a table cannot be listed")
    like(got[2], "nobody can list it", "  and says so")
    for to, code, out, what in (
            ("x@mail.example.test", 0, "mail.example.test", "found"),
            ("x@absent.example.test", 1, "NO_ROUTE", "not there"),
            ("x@circle.example.test", 75, "4.3.0", "later")):
        got = inlet(server, "explain", "--json", INSIDE, "s@far.test", to)
        eq(got[0], code, "inlet explain, %s: exit %d" % (what, code))
        seen = json.loads(got[1])
        like(json.dumps(seen), r'"dns"', "  and names the table")
    got = inlet(server, "explain", CLIENT, "s@far.test",
                "user@inlet.example.test")
    like(got[1], r"(?s)client\.example\.test.*channel +\"mx\"",
         "and which channel a source has by it")
    check(served)
    reach(served)


def reach(served):
    """inlet check: a finicky list that the machine itself is in nowhere."""
    for channels, finicky, conf, warned, what in (
            ('"inside", "mx"', "yes", CONF, False, "by its address"),
            ('"mx"', "yes", CONF, True, "with nothing else"),
            ('"mx"', "no", CONF, False, "that is not finicky"),
            ('"local", "mx"', "yes", CONF, False, "with local"),
            ('"local", "mx"', "yes", CONF.replace(
                'rows = {"inlet.example.test", "127.0.0.1"}',
                'rows = {"example.test"}'), True, "whose table lacks it"),
            ('"local", "mx"', "yes", CONF.replace(
                'rows = {"inlet.example.test", "127.0.0.1"}',
                'rows = {"second-name.example.test"}'), False,
             "by another name of it")):
        server = Server(conf, deliver=False, listen=LISTEN % channels,
                        settings={"dns-servers": '{"%s"}' % served.at,
                                  "finicky": finicky})
        server.scratch.write("lists", LISTS)
        server.write_conf()
        found = re.findall(r'(?m)^warning +\S*inlet\.conf:\d+: listener "smtp"'
                           r': it is finicky.*"dns" \(nameserver\)',
                           inlet(server, "check")[1])
        eq(len(found), int(warned), "a list of nameserver tables, " + what)


def check(served):
    open_relay = CONF.replace('program = "smtp" }',
                              'program = "smtp"  accept-from = {"world"} }')
    server = Server(open_relay, deliver=False,
                    listen=LISTEN % ALL,
                    settings={"dns-servers": '{"%s"}' % served.at})
    server.scratch.write("lists", LISTS)
    server.write_conf()
    got = inlet(server, "check")
    like(got[1], r"OPEN RELAY.*channel \"world\".*channel \"mx\"",
         "inlet check: the name service has every domain")
    like(got[1], r'table "dns": what the name service has', "and no rows")
    for wrong, word in (
            ('mailboxes = "people"', 'mailboxes = "dns"'),
            ('aliases = "lists"', 'aliases = "dns"')):
        server.write_conf(open_relay.replace(
            wrong, word))
        got = inlet(server, "check")
        eq(got[0], 78, word + " is refused")
        like(got[2] + got[1], "hosts and domains only", "  and says why")


need("nsd")
need_built("smtpd", "smtpsrvr", "submit", "lookup", "inlet")
run(recipients, messages, sources, finicky, commands)
