#!/usr/bin/env python3
"""Who has logged in (RFC 6409 6.1): as whom it may send, and what is said of it;
sessions with a login, submit, users of this machine, and inlet explain."""
import os
import pwd
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "other"} }
table "few" { type = "list"  rows = {"127.0.0.9"} }
table "logins" { type = "list"  rows = {"ann: own, sales@example.org",
    "@example.org: own *@*.lists.test", "robot", "%s: @news.test"} }
table "others" { type = "list"  rows = {"ann: @one.test"} }
table "third" { type = "list"  rows = {"ann: @two.test"} }
sender-logins = "logins"
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "special" { table = "few"  sender-logins = "third"
    sender-unlisted = "any"  default-domain = "c.test"  hide-client = no }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    xclient = {"127.0.0.0/8"} }
listen "own" { address = {"127.0.0.1"}  port = @port2@
    xclient = {"127.0.0.0/8"}  sender-logins = "others"
    sender-unlisted = "own"  default-domain = "l.test"
    unqualified = "complete"  hide-client = yes }
listen "none" { address = {"127.0.0.1"}  port = @port3@
    xclient = {"127.0.0.0/8"}  sender-unlisted = "none"
    received = {"address", "auth"}  hide-client = yes }
"""
server = None


def login_of(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "uid%d" % uid


def session(login, port="1", source="127.0.0.1", more=""):
    """A session of that login, as a listed proxy says."""
    c = server.client(port=server.ports[port], source=source)
    c.hello()
    if login is not None or more:
        c.cmd("XCLIENT %s LOGIN=%s" % (more, login or "[UNAVAILABLE]"))
        c.hello()
    return c


def explained(login, sender, port="1", source="127.0.0.1"):
    names = {"1": "smtp", "2": "own", "3": "none"}
    p = server.inlet(*server.where(), "explain", "--listener", names[port],
                     *(["--login", login] if login else []), source, sender,
                     "user@example.org")
    return p.returncode, p.stdout


# login, sender, listener, address: may it?
CASES = [
    (None, "any@body.test", "1", "127.0.0.1", True),
    ("ann", "ann@inlet.example", "1", "127.0.0.1", True),
    ("ann", "Sales@example.org", "1", "127.0.0.1", True),
    ("ann", "bob@example.org", "1", "127.0.0.1", False),
    ("ann", "", "1", "127.0.0.1", True),
    ("joe@example.org", "joe@example.org", "1", "127.0.0.1", True),
    ("joe@example.org", "x@a.lists.test", "1", "127.0.0.1", True),
    ("joe@example.org", "ann@inlet.example", "1", "127.0.0.1", False),
    ("robot", "robot@inlet.example", "1", "127.0.0.1", False),
    ("eve", "any@body.test", "1", "127.0.0.1", True),
    ("eve", "any@body.test", "2", "127.0.0.1", False),
    ("eve", "eve@l.test", "2", "127.0.0.1", True),
    ("eve", "eve@inlet.example", "2", "127.0.0.1", False),
    ("eve", "eve@inlet.example", "3", "127.0.0.1", False),
    ("ann", "x@one.test", "2", "127.0.0.1", True),
    ("ann", "x@two.test", "2", "127.0.0.9", True),
    ("ann", "x@one.test", "2", "127.0.0.9", False),
    ("eve", "any@body.test", "2", "127.0.0.9", True),
]


def senders():
    for login, sender, port, source, may in CASES:
        with session(login, port, source) as c:
            r = c.cmd("MAIL FROM:<%s>" % sender)
            code, text = explained(login, sender, port, source)
            what = "%s as <%s> at %s from %s" % (login, sender, port, source)
            if may:
                eq((r.code, c.cmd("RCPT TO:<user@example.org>").code, code),
                   (250, 250, 0), what + ": it may; explain agrees")
            else:
                says(r, "SENDER_NOT_YOURS", what + ": it may not")
                ok(code == 1 and "You may not send as <%s>" % sender in text,
                   "and explain says so")
    with session("ann") as c:
        c.cmd("MAIL FROM:<bob@example.org>")
        line = wait_for(lambda: server.scratch.log_lines(
            "refuse", reason="sender_login", detail="login=ann"), 10)[0]
        ok('from="bob@example.org"' in line, "the log names both")
    like(explained("ann", "bob@example.org")[1], r"(?s)sender_login.*"
         r"You may not send as <bob@example\.org>", "the check's name")
    p = server.inlet(*server.where(), "explain", "--login", "x" * 256,
                     "127.0.0.1", "a@b.test", "user@example.org")
    eq(p.returncode, 64, "no login is as long as that")


def unqualified():
    for source, domain in (("127.0.0.1", "l.test"), ("127.0.0.9", "c.test")):
        with session(None, "2", source) as c:
            qid = server.queue_id(c.message("x\n", sender="someone",
                                            hello=False))
        ok(b"\0someone@%s\0" % domain.encode() in server.scratch.entry(qid),
           "default-domain completes the envelope: %s" % domain)


def hidden():
    """hide-client: of who has logged in, and nobody else."""
    def trace(login, port, source="127.0.0.1"):
        with session(login, port, source) as c:
            qid = server.queue_id(c.message("x\n", sender="", hello=False))
        line = wait_for(lambda: server.scratch.log_lines(
            "accept", qid=qid), 10)[0]
        ok(" ip=%s " % source in line, "the log has the address")
        text = server.scratch.entry(qid).decode("latin-1")
        return re.search(r"Received: [^;]*;", text).group(0)

    like(trace("ann", "1"), r"^Received: from client\.test \([^;]*\["
         r"127\.0\.0\.1\]\)", "by default it is told")
    got = trace("ann", "2")
    ok("client.test" not in got and "127.0.0" not in got and
       got.startswith("Received: from unknown\n\tby inlet.example"),
       "hide-client in a listener: " + got)
    like(trace(None, "2"), r"\[127\.0\.0\.1\]", "not of strangers")
    like(trace("ann", "2", "127.0.0.9"), r"\[127\.0\.0\.9\]",
         "a channel's own word")
    ok("authenticated" not in got, "nor is the login there")
    eq(trace("joe@example.org", "3"), "Received: from unknown\n"
       "\t(authenticated as joe@example.org)\n\tby inlet.example;",
       "unless received asks for it: with hide-client, for it alone")
    like(trace(None, "3"), r"^Received: from unknown \(\[127\.0\.0\.1\]\)\n"
         r"\tby inlet", "who has not logged in is nobody")


def local():
    """A user of this machine may also use what its row lists."""
    if not ROOT:
        skip("needs root, to be somebody whom nobody trusts")
        return

    def queued(sender):
        args = ["-C", server.scratch.conf]
        if server.where():
            args += ["-O", "ProgramDirectory=" + server.where()[1]]
        p = subprocess.run([program("sendmail"), *args, "-v", "-f", sender,
                            "user@example.org"], input=b"text\n", user=NOBODY,
                           group=NOBODY, extra_groups=[], check=False,
                           capture_output=True, timeout=slow(30))
        qid = re.search(r"queued as (\w+)", p.stderr.decode()).group(1)
        entry = server.scratch.entry(qid)
        return re.search(rb"S[^\0]\0\0\0([^\0]*)\0", entry).group(1).decode()

    eq(queued("desk@news.test"), "desk@news.test", "a user's row is used")
    eq(queued("desk@other.test"), login_of(NOBODY) + "@inlet.example",
       "anything else is the user")


def checked():
    """inlet check tells of words that are none."""
    server.scratch.write("bad.conf", open(server.scratch.conf).read().replace(
        '"robot"', '"robot: sales"'))
    p = server.inlet("-C", server.scratch.at("bad.conf"), *server.where(),
                     "check")
    like(p.stdout, r'table "logins": sender "sales": it is no address',
         "a word that is no sender")
    p = server.inlet(*server.where(), "check")
    ok("it is no address" not in p.stdout, "and is content else")


def main():
    global server
    server = Server(CONF % login_of(NOBODY), deliver=False,
                    settings={"max-connections-per-prefix": "200"})
    with server:
        senders()
        unqualified()
        hidden()
        local()
        checked()


need_built("smtpd", "smtpsrvr", "submit", "inlet", "sendmail")
run(main)
