#!/usr/bin/env python3
"""Rates of logins: over them messages are refused, or held until an operator
releases them; one alarm a period; and nobody else notices."""
import json
import os
import shlex
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "other"} }
table "few" { type = "list"  rows = {"127.0.0.9"} }
held-notice = "other@example.org"
rates = {"messages per login 3/1h", "recipients per login 50/1h",
    "messages per address 40/1h"}
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "special" { table = "few"  over-login-rates = "refuse" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    xclient = {"127.0.0.0/8"}  over-login-rates = "hold" }
listen "plain" { address = {"127.0.0.1"}  port = @port2@
    xclient = {"127.0.0.0/8"} }
"""
server = None


def session(login, port="1", source="127.0.0.1"):
    c = server.client(port=server.ports[port], source=source)
    c.hello()
    if login:
        c.cmd("XCLIENT LOGIN=" + login)
        c.hello()
    return c


def sent(c, n, to="user@example.org", text="Subject: %d\n\n"):
    return [c.message(text % i, hello=False, to=to) for i in range(n)]


def queue(*args):
    p = server.inlet(*server.where(), "queue", "--json", *args)
    return json.loads(p.stdout)


def boxes(n, box="user@example.org"):
    server.deliveries(box, n)
    return len(server.scratch.maildir(box))


def refused():
    for port, source in (("2", "127.0.0.1"), ("1", "127.0.0.9")):
        with session("eve", port, source) as c:
            codes = [r.code for r in sent(c, 4)]
            left = 3 if port == "2" else 0
            eq(codes, [250] * left + [450] * (4 - left),
               "refused over the rate, at %s from %s" % (port, source))
    boxes(3)
    ok(happens(lambda: not queue("list", "--login", "eve")),
       "nothing of it waits")
    eq(server.scratch.log_lines("login-held"), [], "nor is there an alarm")


def held():
    with session("ann") as c:
        replies = sent(c, 6) + sent(c, 1, text="%d" + 200000 * "long\n")
    eq([r.code for r in replies], [250] * 7, "all are taken")
    ids = [server.queue_id(r) for r in replies]
    boxes(6)
    wait_for(lambda: len(server.scratch.queue()) == 4, 30, "the others")
    rows = queue("list", "--login", "ANN")
    eq(sorted(r["id"] for r in rows), sorted(ids[3:]), "four are held")
    ok(all(r["held"] and r["held-for"] == "messages per login 3/1h" and
           r["login"] == "ann" for r in rows), "the queue says why")
    lines = wait_for(lambda: server.scratch.log_lines(
        "login-held", login="ann"), what="an alarm")
    eq(len(lines), 1, "one alarm")
    ok('rule="messages per login 3/1h"' in lines[0] and
       "qid=" + ids[3] in lines[0], "of the first: " + lines[0])
    p = server.inlet(*server.where(), "queue", "show", ids[3])
    like(p.stdout, r"(?m)^held for +messages per login 3/1h$", "show, too")
    with session("bob") as c:
        eq(sent(c, 1)[0].code, 250, "another login")
    boxes(7)
    with session(None) as c:
        eq(sent(c, 1)[0].code, 250, "and who has none")
    boxes(8)
    ok(all(name in server.scratch.queue() for name in ids[3:]),
       "wait for nobody")
    return ids


def noticed(ids):
    """One message to whom held-notice names, as one that a user here sends."""
    text = server.deliveries("other@example.org", 1)[0].decode()
    like(text, r"^Subject: Mail of the login ann is held$", "a notice")
    like(text, r"^Auto-Submitted: auto-generated$", "that nobody answers")
    like(text, r"^Return-Path: <>$", "from nobody")
    like(text, r"^    messages per login 3/1h$", "the rule")
    like(text, r"The first that waits is %s, which came from 127\.0\.0\.1\.$"
         % ids[3], "of the first message")
    like(text, r"^    inlet user release ann$", "and what to do")


def all_noticed():
    boxes(3, "other@example.org")
    eq(sorted(re.search(rb"login (\w+) is held", text).group(1) for text in
              server.scratch.maildir("other@example.org")),
       [b"ann", b"ann", b"sue"], "one each time that a login is held")


def aborted():
    """What was begun and not ended counts for nothing."""
    with session("joe") as c:
        for _ in range(3):
            c.envelope()
            c.cmd("DATA")
            c.send(b"Subject: x\r\n" + b"x\r\n" * 60000)
            c.reset()
            c = session("joe")
        with c:
            eq([r.code for r in sent(c, 3)], [250] * 3, "three of joe")
    boxes(11)
    ok(happens(lambda: not queue("list", "--login", "joe")), "go out")


def released(ids):
    server.deliver.send_signal(signal.SIGTERM)
    server.deliver.wait(slow(10))
    server.start_deliver()
    with session("ann") as c:
        again = server.queue_id(sent(c, 1)[0])
    wait_for(lambda: again in server.scratch.queue(), 10, "it is held")
    eq(len(queue("list", "--login", "ann")), 5, "also by another deliver")
    p = server.inlet(*server.where(), "user", "release", "ann")
    eq((p.returncode, p.stdout), (0, "5 messages released\n"), "released")
    boxes(16)
    wait_for(lambda: not server.scratch.queue(), 10, "an empty queue")
    with session("ann") as c:
        ids = [server.queue_id(r) for r in sent(c, 4)]
    boxes(19)
    ok(happens(lambda: [r["id"] for r in queue("list")] == ids[3:]),
       "and three more may go")
    ok(happens(lambda: len(server.scratch.log_lines(
        "login-held", login="ann")) == 2), "then there is an alarm again")
    server.inlet(*server.where(), "queue", "delete", "--all")


def recipients():
    """More recipients than it may ever have at once."""
    to = ["user@example.org", "other@example.org"] * 26
    with session("sue") as c:
        r = sent(c, 1, to=to)[0]
    eq(r.code, 250, "more recipients than the rule has: taken")
    rows = queue("list", "--login", "sue")
    eq([r["held-for"] for r in rows], ["recipients per login 50/1h"],
       "and held")
    p = server.inlet(*server.where(), "user", "release", "nobody-else")
    eq(p.stdout, "no message is meant\n", "for another nothing is released")
    eq(len(queue("list", "--login", "sue")), 1, "it waits on")


def over(login):
    """A message that is more than a login may ever have."""
    with session(login) as c:
        eq(sent(c, 1, to=["user@example.org", "other@example.org"] * 26)[0]
           .code, 250, "one more login that is held: %.20s" % login)


def notice(login):
    """The text of its notice, once it is there."""
    def found():
        return [text.decode() for text in
                server.scratch.maildir("other@example.org")
                if b"\nThe login %s sends" % login.encode() in text]
    return wait_for(found, 30, "a notice of %.20s" % login)[0]


def commands():
    """What can be copied from a notice means that login, and no other."""
    for login in "a;$(id)|`x`", "l" * 200:
        over(login)
        lines = re.findall(r"(?m)^    (inlet .*)$", notice(login))
        eq([shlex.split(line)[-1] for line in lines], [login] * 3,
           "commands for a shell: %.20s" % login)
        ok(all(";" not in line or "'%s'" % login in line for line in lines),
           "quoted, if need be")
    for login in "it's;id", "-x":
        over(login)
        text = notice(login)
        ok(not re.search(r"(?m)^    inlet ", text) and
           "inlet queue list" in text, "or there are none: " + login)


def under_way(login):
    """A notice that waits for an answer: its connection."""
    path = server.scratch.at("run", "submit")
    os.rename(path, path + ".kept")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        os.chmod(path, 0o777)
        s.listen(1)
        s.settimeout(slow(30))
        over(login)
        peer = s.accept()[0]
    os.rename(path + ".kept", path)
    return peer


def outlives(login="pam"):
    """A notice under way when submit ends comes by way of the next one."""
    peer = under_way(login)
    before = submits()
    server.reload()
    wait_for(lambda: submits() - before, 30, "another submit")
    with session(None) as c:
        eq(c.cmd("NOOP").code, 250, "a new session")
    ok(before & submits(), "the old submit waits for its notice")
    peer.close()
    like(notice(login), r"^Subject: Mail of the login pam is held$",
         "a notice of a submit that ends")
    wait_for(lambda: not before & submits(), 30, "its end")


def submits():
    return {p.pid for p in descendants(server.smtpd.pid)
            if p.args and os.path.basename(p.args[0]) == "submit"}


def checked():
    server.scratch.write("bad.conf", open(server.scratch.conf).read().replace(
        '"other@example.org"', '"other@"'))
    p = server.inlet("-C", server.scratch.at("bad.conf"), *server.where(),
                     "check")
    like(p.stdout + p.stderr, r'held-notice: "other@" is no address',
         "held-notice must be one")


def main():
    global server
    server = Server(CONF)
    with server:
        refused()
        # Three of eve's are there.
        ids = held()
        noticed(ids)
        aborted()
        released(ids)
        recipients()
        all_noticed()
        checked()
    # Notices count for rules per login, too: submit's own.
    server = Server(CONF.replace('"messages per login 3/1h", ', ""))
    with server:
        commands()
        outlives()


need_built("smtpd", "smtpsrvr", "submit", "deliver", "inlet")
run(main)
