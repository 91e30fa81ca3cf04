#!/usr/bin/env python3
"""What only one client has: its row in host-settings; the environment of the
server, of a session by exec, and what libwrap's setenv puts into it.  Session
and submit have the same; who may not set it gains nothing."""
import json
import os
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

OUT = "x@far.example"
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "far" { type = "list"  rows = {"far.example", "gw.example",
    "far.example.gw.example"} }
table "net" { type = "list"  rows = {"127.0.2.0/24"} }
table "hosts" { type = "text"  file = "hosts" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "far" { table = "far"  program = "other" }
channel "lan" { table = "net"  relay = yes  max-message-size = 20K }
channel "world" { }
"""
# The harness asks for a greeting from there.
HARNESS = "ALL: 127.0.0.1\n"
RULES = """\
smtpd: 127.0.0.9: setenv RELAYCLIENT
smtpd: 127.0.0.10: setenv DATABYTES 3000
smtpd: 127.0.0.11: setenv RELAYCLIENT @gw.example
smtpd: 127.0.0.12: setenv RELAYCLIENT .gw.example
smtpd: 127.0.0.13: setenv DATABYTES 10M
smtpd: 127.0.0.14: setenv SOMETHING else
smtpd: 127.0.0.15: setenv LOGLEVEL 0
lan: ALL: setenv DATABYTES 4000
world: ALL: allow
smtpd: ALL: setenv MAXRECIPIENTS 123
"""


def setup(hosts=None, rules=None, names=None, text=CONF, **more):
    settings = more.pop("settings", {})
    if hosts is not None:
        settings["host-settings"] = '"hosts"'
    if names:
        settings["dns-servers"] = '{"127.0.0.1:%d"}' % names.port
        settings["lookup-names"] = "auto"
    s = Server(text, deliver=False, settings=settings, **more)
    s.scratch.write("hosts", hosts or "")
    if rules is not None:
        s.scratch.write("hosts.allow", HARNESS + rules)
        s.scratch.write("hosts.deny", "")
    return s


def size(client):
    return next(int(line.split()[1]) for line in client.hello().lines
                if line.startswith("SIZE"))


def seen(s, source):
    """The size that a client is offered, and what becomes of mail to OUT."""
    with s.client(source=source) as c:
        if c.greeting.code != 220:
            return c.greeting.code
        offered = size(c)
        c.cmd("MAIL FROM:<a@b.test>")
        return offered, c.cmd("RCPT TO:<%s>" % OUT).code


def entry(s, reply):
    return s.scratch.entry(s.queue_id(reply))


def through(s, source, to=OUT):
    """A message: what submit, who decides again, made of it."""
    with s.client(source=source) as c:
        reply = c.message("text\n", [to])
        return entry(s, reply) if reply.code == 250 else reply.code


SIZE = 50 << 20
ROWS = """\
127.0.0.9: relay=yes
127.0.0.16/28: max-message-size=10K, max-messages=2
127.0.0.17 max-message-size=11K help="for you",only
127.0.2.9: relay=no
127.0.2.10: max-message-size=30K relay-suffix=".gw.example"
127.0.0.8: max-messages=many
127.0.0.7: max-mesages=5
.friend.test: relay=yes
bad.test: relay=perhaps
"""


def rows():
    with setup(ROWS) as s:
        eq(seen(s, "127.0.0.2"), (SIZE, 550), "a host without a row")
        eq(seen(s, "127.0.0.9"), (SIZE, 250), "a row lets it relay")
        ok(b"far.example" in through(s, "127.0.0.9"), "and submit agrees")
        eq(seen(s, "127.0.0.18"), (10240, 550), "a prefix, two settings")
        eq(seen(s, "127.0.0.17"), (11264, 550), "the longest one")
        with s.client(source="127.0.0.17") as c:
            c.hello()
            eq(c.cmd("HELP").lines[-3:-1], ["2.0.0 for you",
                                                  "2.0.0 only"], "a list")
        eq(seen(s, "127.0.2.1"), (20480, 250), "a channel without a row")
        eq(seen(s, "127.0.2.9"), (20480, 550), "a row over the channel")
        eq(seen(s, "127.0.2.10"), (30720, 250), "another")
        ok(b"far.example.gw.example" in through(s, "127.0.2.10"),
           "relay-suffix: submit routes it with the suffix")
        for source, word in (("127.0.0.8", "max-messages must be"),
                             ("127.0.0.7", "did you mean max-messages")):
            eq(seen(s, source), 421, "a row that cannot be meant: 421")
            line = wait_for(lambda: s.scratch.log_lines(
                "settings", ip=source))[0]
            like(line, word, "the log says why")
            like(wait_for(lambda: s.scratch.log_lines(
                "refuse", ip=source))[0],
                 r'reason=host-settings .*detail="table=hosts line=\d key=%s"'
                 % source, "and which row")


REVERSE = {"10.0.0.127.in-addr.arpa": "good.friend.test",
           "12.0.0.127.in-addr.arpa": "bad.test"}
FORWARD = {"good.friend.test": "127.0.0.10", "bad.test": "127.0.0.12"}


def by_name():
    names = Names(REVERSE, FORWARD, r"\.1\.0\.127\.")
    with setup(ROWS, names=names) as s:
        eq(seen(s, "127.0.0.10"), (SIZE, 250), "a domain above the name")
        ok(b"far.example" in through(s, "127.0.0.10"), "and submit agrees")
        eq(seen(s, "127.0.0.13"), (SIZE, 550), "no name, no row")
        eq(seen(s, "127.0.0.12"), 421, "a bad row by the name")
        eq(seen(s, "127.0.1.1"), 421, "a name that cannot be found out now")


def built():
    listed = subprocess.run(["ldd", program("lookup")], capture_output=True,
                            text=True, check=False).stdout
    return "libwrap" in listed


def wrapped():
    if not built():
        skip("built without libwrap")
        return
    with setup("127.0.0.10: max-message-size=5K\n", RULES) as s:
        eq(seen(s, "127.0.0.2"), (SIZE, 550), "rules that set nothing of it")
        eq(seen(s, "127.0.0.9"), (SIZE, 250), "RELAYCLIENT")
        ok(b"far.example" in through(s, "127.0.0.9"), "and submit agrees")
        eq(seen(s, "127.0.0.2"), (SIZE, 550), "the next client has it not")
        eq(seen(s, "127.0.0.10"), (3000, 550), "DATABYTES, over a row")
        eq(seen(s, "127.0.2.1"), (4000, 250), "a rule for the channel")
        like(through(s, "127.0.0.11").decode("latin-1"),
             r'"x@far\.example"@gw\.example', "RELAYCLIENT with an @")
        like(through(s, "127.0.0.12").decode("latin-1"),
             r"x@far\.example\.gw\.example", "RELAYCLIENT with a domain")
        eq(seen(s, "127.0.0.13"), 421, "a value that is none: 421")
        like(wait_for(lambda: s.scratch.log_lines(
            "settings", ip="127.0.0.13"))[0],
             r'DATABYTES must be a whole number, not .*10M',
             "the log has variable and value")
        eq(seen(s, "127.0.0.14"), (SIZE, 550), "others are of no effect")
        with s.client(source="127.0.0.15") as c:
            sid = re.search(r"\((\S+)\)", c.cmd("FOO").text).group(1)
        with s.client(source="127.0.0.2") as c:
            other = re.search(r"\((\S+)\)", c.cmd("FOO").text).group(1)
        wait_for(lambda: s.scratch.log_lines("refuse", sid=other))
        ok(not s.scratch.log_lines("refuse", sid=sid), "LOGLEVEL 0")
        # Rules may change at any time.
        s.scratch.write("hosts.allow", HARNESS + "smtpd: ALL\n")
        eq(seen(s, "127.0.0.9"), (SIZE, 550), "a rule that is gone")
        s.scratch.write("hosts.allow", HARNESS + RULES)
        with s.client(source="127.0.0.9") as c:
            c.hello()
            c.envelope([OUT])
            s.scratch.write("hosts.allow", HARNESS + "smtpd: ALL\n")
            c.cmd("DATA")
            c.send(b"text\r\n.\r\n")
            says(c.reply(), "DISAGREE", "gone before the message ends")
        ok(happens(lambda: s.scratch.log_lines("disagree")),
           "submit has decided again")


def of_the_server():
    with setup("127.0.0.9: relay=no max-message-size=5K\n",
               env={"RELAYCLIENT": "", "DATABYTES": "6000", "LANG": "C",
                    "SOMETHING": "else"}) as s:
        eq(seen(s, "127.0.0.2"), (6000, 250), "the server's own environment")
        ok(b"far.example" in through(s, "127.0.0.2"), "and submit agrees")
        eq(seen(s, "127.0.0.9"), (6000, 250), "is over a row")
    s = setup(env={"DATABYTES": "10M"})
    s.expect_exit = 78
    s.start_smtpd()
    eq(s.smtpd.wait(slow(60)), 78, "one that is none: exit 78")
    like(s.stderr(), r'environment: DATABYTES must be a whole number, not '
         r'"10M"', "and says which")


class Executed:
    """smtpsrvr, or smtpd, on one connection, as inetd or tcpserver has it."""

    def __init__(self, server, env, user=None, command=None):
        listener = socket.create_server(("127.0.0.1", 0))
        self.client = Client(listener.getsockname(), greet=False)
        conn = listener.accept()[0]
        more = {} if user is None else {"user": user, "group": user,
                                        "extra_groups": []}
        with open(server.scratch.at("stderr"), "ab") as err:
            self.process = spawn(
                command or server.command("smtpsrvr", *server.where()) +
                ["127.0.0.1", "inlet.example"], stdin=conn, stdout=conn,
                stderr=err, env=dict(os.environ, **env), **more)
        conn.close()
        listener.close()

    def __enter__(self):
        self.client.greeting = self.client.reply()
        return self.client

    def __exit__(self, *_):
        self.client.close()
        self.process.wait(slow(60))


RELAYING = {"RELAYCLIENT": "", "DATABYTES": "7000"}


def executed():
    if not ROOT:
        skip("needs root, for other users")
        return
    s = setup()
    with Executed(s, RELAYING) as c:
        eq(size(c), 7000, "by exec: its own environment")
        reply = c.message("text\n", [OUT])
        ok(reply.code == 250 and b"far.example" in entry(s, reply),
           "and its own submit agrees")
    with Executed(s, RELAYING, command=s.command("smtpd", *s.where()) + [
            program("smtpsrvr"), "local,world"]) as c:
        eq(size(c), 7000, "smtpd on one connection hands it on")
    with Executed(s, {}) as c:
        c.hello()
        eq(c.envelope([OUT])[1].code, 550, "without it: no relay")
    with Executed(s, {"DATABYTES": "x"}) as c:
        eq(c.greeting.code, 421, "one that is none: 421")


def by_users():
    if not ROOT:
        skip("needs root, for other users")
        return
    with setup() as s:
        with Executed(s, RELAYING, NOBODY) as c:
            replies = [c.greeting]
            if c.greeting.code == 220:
                replies.append(c.message("text\n", [OUT]))
        ok(replies[-1].code in (421, 451), "a user who sets it by hand")
        ok(s.scratch.empty(), "gains nothing")
    with setup(settings={"trusted-users": '{"%d"}' % NOBODY}) as s:
        with Executed(s, RELAYING, NOBODY) as c:
            eq(size(c), 7000, "one of trusted-users")
            reply = c.message("text\n", [OUT])
            ok(reply.code == 250 and b"far.example" in entry(s, reply),
               "is believed by the resident submit")
        with Executed(s, {}, NOBODY) as c:
            c.hello()
            eq(c.envelope([OUT])[-1].code, 550, "who sets nothing, does not")


def piped(s, env):
    subprocess.run(
        s.command("smtpsrvr", *s.where()) + ["some.host", "inlet.example"],
        input=b"FOO\r\nQUIT\r\n", capture_output=True, check=False,
        timeout=slow(30), env=dict(os.environ, **env))


def behind_a_pipe():
    """What tcpserver knows counts where the kernel knows nothing."""
    if not ROOT:
        skip("needs root, who is believed")
        return
    s = setup("192.0.2.7: max-errors=1\n")
    piped(s, {"TCPREMOTEIP": "192.0.2.7", "TCPREMOTEPORT": "4711"})
    line = wait_for(lambda: s.scratch.log_lines("refuse"))[0]
    like(line, r"ip=192\.0\.2\.7 .*max-errors", "TCPREMOTEIP")
    with Executed(s, {"TCPREMOTEIP": "192.0.2.7"}) as c:
        eq(c.cmd("FOO").code, 500, "the kernel's address wins")


def tcpserver():
    if not ROOT or not tool("tcpserver") or not tool("tcprules"):
        skip("needs root and ucspi-tcp")
        return
    s = setup()
    rules = s.scratch.at("rules.cdb")
    made = subprocess.run([tool("tcprules"), rules, rules + ".new"],
                          input=b'127.0.0.9:allow,RELAYCLIENT=""\n'
                          b'127.:allow,DATABYTES="8000"\n', check=False)
    eq(made.returncode, 0, "tcprules")
    with open(s.scratch.at("stderr"), "ab") as err:
        server = spawn([tool("tcpserver"), "-HRDl0", "-x", rules, "127.0.0.1",
                        s.fill("@port9@")] +
                       s.command("smtpsrvr", *s.where()) +
                       ["127.0.0.1", "inlet.example"], stderr=err)

    def offered(source):
        try:
            with Client(("127.0.0.1", s.ports["9"]), source=source) as c:
                return size(c), c.envelope([OUT])[-1].code
        except OSError:
            return None
    eq(wait_for(lambda: offered("127.0.0.9")), (SIZE, 250),
       "tcpserver: a rule that lets one relay")
    eq(offered("127.0.0.2"), (8000, 550), "and one for all others")
    server.terminate()
    server.wait(slow(60))


def inlet(s, *args, **env):
    p = subprocess.run(s.command("inlet", *s.where()) + list(args),
                       capture_output=True, text=True, check=False,
                       timeout=slow(60), env=dict(os.environ, **env))
    return p.returncode, p.stdout, p.stderr


def shown():
    """inlet says what is in force, and what said it."""
    with setup("127.0.0.10: max-message-size=5K max-hops=30 relay=yes\n"
               "127.0.0.8: max-mesages=5\n",
               "smtpd: ALL: setenv MAXRECIPIENTS 123\n") as s:
        row = re.escape(s.scratch.at("hosts")) + ":1"
        code, out, _ = inlet(s, "settings", "--for", "127.0.0.10",
                             DATABYTES="6000")
        eq(code, 0, "inlet settings --for")
        like(out, r'^# in force, listen "smtp", channel "world", host '
             r"127\.0\.0\.10$", "whom it is about")
        for line, what in (
                (r"max-hops = 30 +# table \"hosts\", 127\.0\.0\.10, " + row,
                 "a row"),
                (r"relay = yes +# table \"hosts\", .*" + row, "of a channel"),
                (r"max-message-size = 6000 +# environment, DATABYTES=6000",
                 "the environment over a row"),
                (r"max-errors = 20 +# default", "a default")):
            like(out, "(?m)^%s$" % line, "its text: " + what)
        if built():
            like(out, r"(?m)^max-recipients = 123 +# setenv of libwrap, "
                 r"MAXRECIPIENTS=123$", "its text: what libwrap set")
        found = json.loads(inlet(s, "settings", "--for", "127.0.0.10",
                                 "--channel", "lan", "--json")[1])
        eq(found["channel"], "lan", "as a host of another channel")
        eq(found["settings"]["max-hops"],
           {"value": 30, "default": False, "file": s.scratch.at("hosts"),
            "line": 1, "layer": "host", "table": "hosts",
            "key": "127.0.0.10"}, "as JSON: a row")
        out = inlet(s, "settings", "--for", "127.0.0.8")[1]
        like(out, r"(?m)^# not let in: 421 ", "a bad row")
        like(out, r"(?m)^# log: settings .*did you mean max-messages", "why")
        eq(inlet(s, "settings", "--for", "nobody")[0], 64, "no address")
        code, out, _ = inlet(s, "explain", "127.0.0.10", "a@b.test", OUT)
        eq(code, 0, "explain: accepted, as by a session")
        eq(seen(s, "127.0.0.10")[1], 250, "which it is")
        like(out, r"relay = yes +# table \"hosts\", .*" + row,
             "explain: what let it relay")
        eq(inlet(s, "explain", "127.0.0.9", "a@b.test", OUT)[0], 1,
           "explain: refused, as by a session")
        eq(inlet(s, "explain", "127.0.0.9", "a@b.test", OUT,
                 RELAYCLIENT="")[0], 0, "explain: the environment")
        eq(inlet(s, "explain", "127.0.0.8", "a@b.test", OUT)[0], 75,
           "explain: a bad row")


def checked():
    s = setup("127.0.0.8: max-mesages=5\n127.0.0.9: relay=yes\n"
              "0.0.0.0/1: relay=yes\n10.0.0.0/8: relay=yes\n"
              "127.0.0.11: verbs-off=MAIL\n127.0.0.12: greeting=\"%Z\"\n"
              "127.0.0.13: sender-null=refuse\n")
    code, out, _ = inlet(s, "check", RELAYCLIENT="", DATABYTES="6000")
    eq(code, 78, "inlet check: errors")
    for line, what in (
            (r'error +\S+hosts:1: .*"127\.0\.0\.8": unknown setting '
             r'"max-mesages" \(did you mean max-messages\?\)', "a bad row"),
            (r'error +\S+hosts:3: OPEN RELAY: .*"0\.0\.0\.0/1"',
             "a row that lets half of the Internet relay"),
            (r"error +\S+hosts:5: verbs-off: .*never be switched off",
             "a verb that is always there"),
            (r"error +\S+hosts:6: greeting: %Z in .* is no tag", "a tag"),
            (r'warning +\S+hosts:7: .*"127\.0\.0\.13": sender-null = refuse: '
             r"RFC 5321 4\.5\.5", "what RFC 5321 speaks against"),
            (r"error +OPEN RELAY: the environment has RELAYCLIENT",
             "RELAYCLIENT"),
            (r"note +the environment has DATABYTES=6000", "a variable")):
        like(out, "(?m)^%s" % line, "inlet check: " + what)
    ok(not re.search(r"hosts:[24]: ", out), "inlet check: and no other row")
    s.scratch.write("hosts", "127.0.0.9: relay=yes\n")
    like(inlet(s, "check")[1], r'(?m)^ok .*table "hosts": settings of 1 host$',
         "inlet check: rows that are good")


need_built("smtpd", "smtpsrvr", "submit", "lookup", "inlet")
run(rows, by_name, wrapped, of_the_server, executed, by_users, behind_a_pipe,
    tcpserver, shown, checked)
