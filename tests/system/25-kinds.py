#!/usr/bin/env python3
"""Hosts and recipients by tables of each kind, with keys taken out of them:
which channel a connection is from, and who may be written to.  And the lists
of channels that are searched."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org", ".example.org",
    "!no.example.org"} }
%s
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan"  relay = yes }
channel "rest" { table = "rest" }
channel "world" { }
"""
REST = 'table "rest" { type = "cidr"  file = "rest" }\n'
LAN = ("127.0.0.0/28", "!127.0.0.2", "!127.0.0.8/30", "127.0.0.9")
PEOPLE = ("@example.org", "@no.example.org", "!nobody@example.org")


def channel_of(server, source):
    with server.client(source=source) as c:
        c.hello()
        c.envelope("x@far.test")
    line = wait_for(lambda: [
        l for l in server.scratch.log_lines("refuse")
        if "ip=%s " % source in l], 10, "a log line")[-1]
    return re.search(r" chan=(\S+)", line).group(1)


def codes(server, *recipients):
    with server.client() as c:
        c.hello()
        c.cmd("MAIL FROM:<s@far.test>")
        return [c.cmd("RCPT TO:<%s>" % r).code for r in recipients]


def talk(kind, server, rows=LAN):
    with server:
        for source, channel in (("127.0.0.3", "lan"), ("127.0.0.2", "rest"),
                                ("127.0.0.10", "rest"), ("127.0.0.9", "lan"),
                                ("127.0.0.20", "world")):
            eq(channel_of(server, source), channel,
               "%s: %s is in channel %s" % (kind, source, channel))
        eq(codes(server, "any@example.org", "nobody@example.org",
                 "any@no.example.org"), [250, 550, 550],
           kind + ": a mailbox, one that is negated, a negated domain")
        with server.client() as c:
            eq(c.message("text\n", to="any@example.org").code, 250,
               kind + ": submit says so, too")
        listed = server.inlet(*server.where(), "table", "list", "lan")
        eq(sorted(listed.stdout.replace("\\\\", "\\").split()), sorted(rows),
           kind + ": its rows")


def server_with(tables, **files):
    server = Server(CONF % (tables + REST), deliver=False)
    server.scratch.write("rest", "127.0.0.0/28\n")
    for name, data in files.items():
        server.scratch.write(name, data)
    return server


def text():
    talk("text", server_with(
        'table "lan" { type = "text"  file = "lan" }\n'
        'table "people" { type = "text"  file = "people" }\n',
        lan="\n".join(LAN), people="\n".join(PEOPLE)))


def gdbm():
    server = server_with('table "lan" { type = "gdbm"  file = "lan.db" }\n'
                         'table "people" { type = "gdbm"  file = "p.db" }\n')
    for name, rows in (("lan", LAN), ("p", PEOPLE)):
        server.scratch.write(name, "\n".join(rows))
        at = server.scratch.at(name)
        subprocess.run([program("dbmbuild"), at, at + ".db"], check=True)
    talk("GDBM", server)


def cdb():
    maker = shutil.which("cdb")
    if maker is None:
        return skip("no cdb (Debian: tinycdb)")
    server = server_with('table "lan" { type = "cdb"  file = "lan.cdb" }\n'
                         'table "people" { type = "cdb"  file = "p.cdb" }\n')
    for name, rows in (("lan", LAN), ("p", PEOPLE)):
        subprocess.run([maker, "-c", "-m", "-p", "0644",
                        server.scratch.at(name + ".cdb")],
                       input="\n".join(rows) + "\n", text=True, check=True)
    talk("cdb", server)


def pcre():
    hosts = ("!/^127\\.0\\.0\\.(2|8|1[01])$/",
             "/^127\\.0\\.0\\.([0-9]|1[0-5])$/")
    server = server_with('table "lan" { type = "pcre"  file = "lan" }\n'
                         'table "people" { type = "pcre"  file = "people" }\n',
                         lan="\n".join(hosts),
                         people="!/^nobody@/\n/@EXAMPLE\\.org$/i\n"
                                "/^(x+x+)+[yz]/\n")
    server.write_conf()
    p = server.inlet(*server.where(), "table", "get", "lan", "x")
    if "without PCRE2" in p.stderr:
        return skip("built without PCRE2")
    talk("PCRE", server, hosts)
    return None


def endless():
    """A pattern that takes too long puts mail off, and the session lives."""
    server = server_with('table "lan" { type = "list"  rows = {"::1"} }\n'
                         'table "people" { type = "pcre"  file = "p" }\n',
                         p="/^(x+x+)+[yz]/\n/@example\\.org$/\n")
    server.write_conf()
    p = server.inlet(*server.where(), "table", "get", "people", "x")
    if "without PCRE2" in p.stderr:
        return skip("built without PCRE2")
    with server:
        eq(codes(server, "any@example.org", "x" * 40 + "@example.org",
                 "other@example.org"), [250, 451, 250],
           "an endless pattern: 451, for that recipient alone")
        ok(happens(lambda: server.scratch.log_lines("refuse",
                                                    reason="table")),
           "and the log has the reason")
        like(server.scratch.log_text(), r'detail="table=people row=1"',
             "which table it is, and which row")
        p = server.inlet(*server.where(), "table", "get", "people", "x" * 40)
        eq(p.returncode, 75, "inlet table get: 75")
        like(p.stdout, r"/p:1: /\^\(x", "and which row")
    return None


LISTS = (  # as an operand, in the file, what is said of it
    ("local,wrld", '{"local", "wrld"}', r'"wrld" \(did you mean world\?\)'),
    ("local, world", '{"local", " world"}', r'a blank in the name " world"'),
    (" local", '{" local"}', r'a blank in the name " local"'),
    ("local,,world", '{"local", "", "world"}', "an empty name"),
    ("local,world,", '{"local", "world", ""}', "an empty name"),
    (",", '{"", ""}', "an empty name"),
    ("local,world,local", '{"local", "world", "local"}',
     '"local" is there twice'))


def lists():
    """No word of a list of channels is passed over, wherever it stands."""
    server = server_with('table "lan" { type = "text"  file = "lan" }\n'
                         'table "people" { type = "text"  file = "people" }\n',
                         lan="", people="")
    server.write_conf()
    path = server.scratch.conf
    good = open(path).read()

    def says(args, why, what):
        p = subprocess.run(args, input="", capture_output=True, text=True,
                           timeout=slow(30))
        eq(p.returncode, 78, what)
        like(p.stderr.replace('\\"', '"'), why, what + ": the word is named")
    for operand, text, why in LISTS:
        srvr = program("smtpsrvr")
        says(server.command("smtpd", *server.where()) + [srvr, operand],
             "channels: .*" + why, "smtpd '%s'" % operand)
        says(server.command("smtpsrvr", *server.where())
             + ["192.0.2.7", "inlet.example", operand],
             "channels: .*" + why, "smtpsrvr '%s'" % operand)
        server.scratch.write("inlet.conf", good
                             + 'listen "other" { channels = %s }\n' % text)
        says(server.command("smtpd", *server.where()),
             r"inlet\.conf:\d+: channels: .*" + why, "in the file " + text)
        server.scratch.write("inlet.conf", good)


need_built("smtpd", "smtpsrvr", "submit", "inlet", "dbmbuild")
run(text, gdbm, cdb, pcre, endless, lists)
