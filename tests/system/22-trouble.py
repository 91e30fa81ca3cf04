#!/usr/bin/env python3
"""What is broken is "try again later", never a wrong answer: tables of each
kind that are damaged, cut, unreadable or gone while they are in use, when the
server is told to read them again, and when submit or the template must; name
servers that nobody can reach; a submit that dies with a message in its
hands."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from nsd import Nsd

GDBM_CONF = DEFAULT_CONF.replace(
    'table "people" { type = "list"\n'
    '    rows = {"user", "other", "third", "a.b", "postmaster"} }',
    'table "people" { type = "gdbm"  file = "people.gdbm" }')


def gdbm(server, name, rows):
    text = server.scratch.write(name + ".txt", rows)
    path = server.scratch.at(name + ".gdbm")
    done = subprocess.run([program("dbmbuild"), text, path],
                          capture_output=True, text=True,
                          **server.as_user())
    if done.returncode:
        raise OSError(done.stderr)
    return path


def damage(path):
    """Some bytes in the middle become others."""
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        f.write(b"\xa5" * 64)


def cut(path):
    """As cp over it does."""
    with open(path, "r+b") as f:
        f.truncate(100)


def answers(server):
    with server.client() as c:
        c.hello()
        return [r.code for r in c.envelope(
            ["user@example.org", "nobody@example.org"])]


def damaged_table():
    server = Server(GDBM_CONF, deliver=False, settings={"greeting": '"old"'})
    path = gdbm(server, "people", "user\nother\npostmaster\n")
    with server:
        eq(answers(server), [250, 250, 550], "a GDBM table of mailboxes")
        damage(path)
        eq(answers(server), [250, 250, 550],
           "damaged while it is read: the answers are those that were true")
        server.reload(settings={"greeting": '"new"'})
        ok(happens(lambda: "people.gdbm: damaged" in server.scratch.log_text()
                   + server.stderr()), "SIGHUP: the damage is named")
        eq(answers(server), [250, 250, 550], "and the old table stays")
        cut(path)
        eq(answers(server), [250, 250, 550], "cut while it is read, too")
        with server.client() as c:
            like(str(c.greeting), " old$", "the old settings stay as well")
        os.unlink(path)
        gdbm(server, "people", "nobody\n")
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: answers(server) == [250, 550, 250]),
           "a whole one is taken")
    damage(path)
    again = Server(GDBM_CONF, deliver=False, scratch=server.scratch)
    with contextlib.suppress(Late):
        again.start()
    ok(again.smtpd.poll() not in (None, 0) and
       happens(lambda: "people.gdbm: damaged" in
               again.stderr() + again.scratch.log_text()),
       "with a damaged table it does not start, and says why")
    again.smtpd = None


KINDS = ("text", "gdbm", "cdb", "cidr", "glob", "pcre")
OF_LINES = ("text", "cidr", "glob", "pcre")
KIND_CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "lan" { type = "%s"  file = "lan" }
channel "local" { table = "here"  program = "local"  mailboxes = "people"
    accept-from = {"lan"} }
channel "lan" { table = "lan" }
channel "world" { }
"""
INSIDE, OUTSIDE = "127.3.0.5", "127.4.0.5"


def make_table(server, kind):
    """The network of INSIDE, and what fills some pages; false without it."""
    at = server.scratch.at("lan")
    rows = ["127.3.0.5"] + ["10.1.%d.%d" % (i // 250, i % 250)
                            for i in range(2000)]
    if kind == "pcre":
        rows = ["/^127\\.3\\./"] + ["/^10\\.1\\.%d\\./" % i
                                    for i in range(100)]
    if kind == "glob":
        rows = ["127.3.*"] + ["10.1.%d.*" % i for i in range(100)]
    if kind in OF_LINES:
        server.scratch.write("lan.new", "\n".join(rows) + "\n")
        os.rename(at + ".new", at)
        return True
    text = server.scratch.write("rows", "\n".join(rows) + "\n")
    if kind == "gdbm":
        subprocess.run([program("dbmbuild"), text, at], check=True,
                       capture_output=True, **server.as_user())
        return True
    maker = tool("cdb")
    if maker:
        with open(text, "rb") as f:
            subprocess.run([maker, "-c", "-m", "-p", "0644", at], stdin=f,
                           check=True, **server.as_user())
    return bool(maker)


def spoil(path):
    """No kind has such rows, pages or patterns."""
    with open(path, "r+b") as f:
        size = os.path.getsize(path)
        f.seek(size // 2)
        f.write(b"\0((\xa5\n" * min(40, size // 20))


def half(path):
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) // 2)


def nobodys(path):
    """No file that anybody could read."""
    os.unlink(path)
    os.mkdir(path)


WAYS = {"damaged": spoil, "cut": half, "gone": os.unlink,
        "unreadable": nobodys}


def verdicts(server):
    """From a host of the table, and from one that is not in it."""
    codes = []
    for source in (INSIDE, OUTSIDE):
        with server.client(source=source) as c:
            if c.greeting.code != 220:
                codes.append(c.greeting.code)
                continue
            c.hello()
            codes.append(c.envelope("user@example.org")[1].code)
    return codes


def whole(server, kind):
    """As it was; gdbm's and the others' makers put a new file there."""
    at = server.scratch.at("lan")
    if os.path.isdir(at):
        os.rmdir(at)
    return make_table(server, kind)


def known(server, old):
    return server.scratch.at("lan") + ":" in server.scratch.log_text()[old:]


def in_use(server, kind, name):
    what = "%s %s" % (kind, name)
    eq(verdicts(server), [250, 550], what + " while it is in use: as before")
    # Half of a file of lines is a file of lines: nobody can know.
    if name == "cut" and kind in OF_LINES:
        return
    old = len(server.scratch.log_text())
    server.smtpd.send_signal(signal.SIGHUP)
    ok(happens(lambda: known(server, old)), what + ", SIGHUP: the log has it")
    eq(verdicts(server), [250, 550], what + ", SIGHUP: as before")
    old = len(server.scratch.log_text())
    os.kill(server.role("submit")[0].pid, signal.SIGKILL)
    ok(happens(lambda: known(server, old), 20),
       what + ", for a new submit: the log has it")
    with server.client(source=INSIDE) as c:
        eq(c.message("text\n").code // 10, 45, what + ": 45x")
    old = len(server.scratch.log_text())
    os.kill(server.role("template")[0].pid, signal.SIGKILL)
    ok(happens(lambda: known(server, old), 20),
       what + ", for a new template: the log has it")
    with server.client(source=OUTSIDE, greet=False) as c:
        whole(server, kind)
        eq(c.reply(100).code, 220, what + ": who waited is greeted")
        c.hello()
        eq(c.envelope("user@example.org")[1].code, 550,
           what + ": when it is whole again")
    with server.client(source=INSIDE) as c:
        ok(happens(lambda: c.message("text\n").code == 250, 20),
           what + ": mail comes in again")


def each_kind():
    for kind in KINDS:
        server = Server(KIND_CONF % kind, deliver=False)
        if not make_table(server, kind):
            skip("no cdb (Debian: tinycdb)")
            continue
        with contextlib.suppress(Late):
            server.start()
        if "without PCRE2" in server.stderr() + server.scratch.log_text():
            server.smtpd = None
            skip("built without PCRE2")
            continue
        with server:
            for name, way in WAYS.items():
                way(server.scratch.at("lan"))
                in_use(server, kind, name)
                whole(server, kind)


ZONES = {"127.in-addr.arpa.": "5.0.3 PTR in.lan.test.\n",
         "lan.test.": "in A %s\n" % INSIDE, "example.org.": ""}


def asked_again(server, submit, template):
    """Settings, submit and template are new; so is what they know."""
    old = server.scratch.log_text().count("new settings are in force")
    server.smtpd.send_signal(signal.SIGHUP)
    wait_for(lambda: server.scratch.log_text().count(
        "new settings are in force") > old, 20, "a reload")
    for role, pid in (("submit", submit), ("template", template)):
        wait_for(lambda: [p.pid for p in server.role(role)] not in
                 ([], [pid]), 20, "a new " + role)


def name_service():
    """A table of kind nameserver has no file: trouble is the name service's,
    and no verdict may change by it but to "later"."""
    if not tool("nsd"):
        skip("no nsd")
        return
    served = Nsd(ZONES)
    text = KIND_CONF.replace('type = "%s"  file = "lan"',
                             'type = "nameserver"')
    with Server(text, deliver=False, settings={
            "dns-servers": '{"%s"}' % served.at, "dns-timeout": '"2s"',
            "dns-cache-size": "0", "lookup-names": '"auto"'}) as server:
        eq(verdicts(server), [250, 550], "a table of kind nameserver")
        for what, trouble in (
                ("nobody answers", lambda: None),
                ("it fails", lambda: Nsd({"other.test.": ""}, missing=ZONES,
                                         port=served.port)),
                ("it refuses", lambda: Nsd({"other.test.": ""},
                                           port=served.port))):
            pids = [server.role(r)[0].pid for r in ("submit", "template")]
            with server.client(source=INSIDE) as early:
                early.hello()
                early.envelope("user@example.org")
                eq(early.cmd("DATA").code, 354, "a session of before")
                served.stop()
                other = trouble()
                old = len(server.scratch.log_lines("refuse", ip=INSIDE))
                early.send("text\r\n.\r\n")
                eq(early.reply(60).code, 451, what + ": submit says 451")
            eq(verdicts(server), [451, 451], what + ": 451")
            ok(happens(lambda: len(server.scratch.log_lines(
                "refuse", ip=INSIDE)) >= old + 2), "  and the log has it")
            asked_again(server, *pids)
            eq(verdicts(server), [451, 451],
               what + ", SIGHUP, new submit, new template: 451")
            if other:
                other.stop()
            served.start()
            ok(happens(lambda: verdicts(server) == [250, 550], 30),
               what + ": when it is back, as before")
            with server.client(source=INSIDE) as c:
                eq(c.message("text\n").code, 250, "  and mail comes in")


def no_name_servers():
    """Nobody listens there: for now, and who it was is in the log."""
    text = KIND_CONF.replace('type = "%s"  file = "lan"',
                             'type = "list"  rows = {".lan.test"}')
    text = text.replace('channel "world"', 'channel "friends" { table = "lan" }'
                        '\nchannel "world"')
    server = Server(
        text + 'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
        'listen "strict" { address = {"127.0.0.1"}  port = @port2@ '
        'finicky = yes }\n',
        deliver=False, settings={"lookup-names": '"auto"'})
    with server:
        with server.client(source=INSIDE, port=server.ports["2"]) as c:
            says(c.greeting, "LOOKUP_FAILED", "finicky: 421")
        eq(verdicts(server), [451, 451], "else 451 where the name matters")
        ok(happens(lambda: server.scratch.log_lines(
            "refuse", ip=INSIDE, code="421", reason="lookup")),
           "the log has the refusal")
        like(server.scratch.log_text, r"lookup\[\d+\]: note text=\"no name "
             r"server answers: 127\.0\.0\.1:9 ", "and the name server")


def submit_dies():
    with Server(deliver=False) as server:
        with server.client() as c:
            eq(c.message("one\n").code, 250, "a message")
            c.envelope()
            c.cmd("DATA")
            submit = server.role("submit")[0].pid
            os.kill(submit, signal.SIGSTOP)
            c.send("Subject: two\r\n\r\ntext\r\n.\r\n")
            c.wait_read()
            time.sleep(1)       # nothing shows that the session has sent it
            os.kill(submit, signal.SIGKILL)
            says(c.reply(), "SUBMIT_FAILED",
                 "submit dies with the next: the client is to try again")
            ok(happens(lambda: c.message("text\n", hello=False).code == 250),
               "and may at once, on the same connection")
        eq(len(server.scratch.queue()), 2, "two messages are queued")


need_built("smtpd", "smtpsrvr", "submit", "dbmbuild")
run(damaged_table, each_kind, name_service, no_name_servers, submit_dies)
