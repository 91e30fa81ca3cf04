#!/usr/bin/env python3
"""SIGHUP brings in new settings with a new template; on any error the old
ones stay.  A template is also replaced after its time, and after a crash."""
import os
import signal
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *



def size_now(server, port=None):
    """What a new session says to EHLO."""
    with server.client(**({"port": port} if port else {})) as c:
        found = re.search(r"SIZE (\d+)", str(c.hello()))
        return int(found.group(1)) if found else -1


def settings():
    with Server(settings={"max-message-size": "100000"},
                deliver=False) as server:
        eq(size_now(server), 100000, "the first settings")
        with server.client() as old:
            old.hello()
            server.reload(settings={"max-message-size": "200000"})
            ok(happens(lambda: size_now(server) == 200000),
               "SIGHUP brings in new ones")
            found = re.search(r"SIZE (\d+)", str(old.hello()))
            eq(found and found.group(1), "100000",
               "a session that was there keeps its own")
            eq(old.message(b"Subject: a\r\n\r\nb\r\n").code, 250,
               "and can still send")
        server.reload(settings={"max-message-size": "300000",
                                "no-such-setting": "1"})
        wait_for(lambda: "the old one stays" in server.scratch.log_text() or
                 "the old one stays" in server.stderr(), 10, "the error")
        eq(size_now(server), 200000, "with an error the old ones stay")
        like(server.stderr, r"inlet\.conf:\d+: .*no-such-setting",
             "and the error says file, line and word")
        ok(happens(lambda: re.search(
            r"tailor\[\d+\]: note .*inlet\.conf:\d+: .*no-such-setting",
            server.scratch.log_text())), "in the log, too")
        server.reload(settings={"max-message-size": "400000"})
        ok(happens(lambda: size_now(server) == 400000),
           "mended, they come in")


def tables():
    conf = DEFAULT_CONF.replace(
        'table "people" { type = "list"\n'
        '    rows = {"user", "other", "third", "a.b", "postmaster"} }',
        'table "people" { type = "text" file = "people" }')
    scratch = Scratch()
    scratch.write("people", b"user\n")
    with Server(conf, scratch=scratch, deliver=False) as server:
        def accepts(user):
            with server.client() as c:
                c.hello()
                c.cmd("MAIL FROM:<>")
                return c.cmd("RCPT TO:<%s@example.org>" % user).code
        eq((accepts("user"), accepts("new")), (250, 550), "a table")
        scratch.write("people", b"user\nnew\n")
        eq(accepts("new"), 550, "changed: sessions keep what was loaded")
        server.reload()
        ok(happens(lambda: accepts("new") == 250), "SIGHUP loads it anew")
        ok(happens(lambda: server.send(b"Subject: a\r\n\r\n",
                                       "new@example.org").code == 250),
           "submit too")
        scratch.write("people", b"user\n\\\n")
        server.reload()
        wait_for(lambda: "the old one stays" in server.scratch.log_text() +
                 server.stderr(), 10, "the error")
        eq(accepts("new"), 250, "a bad row: the old table stays")
        like(lambda: server.stderr() + server.scratch.log_text(), r"people:2",
             "and file and line are said")


def listeners():
    more = DEFAULT_CONF + (
        'listen "smtp" { address = {"127.0.0.1"} port = @port@ }\n'
        'listen "two" { address = {"127.0.0.1"} port = @port2@ }\n')
    with Server(deliver=False) as server:
        with server.client() as before:
            server.reload(more)
            ok(happens(lambda: can_connect(server, "2")), "a new listener")
            eq(before.hello().code, 250, "sessions go on")
        server.reload(DEFAULT_CONF)
        ok(happens(lambda: not can_connect(server, "2")),
           "is gone when the file has it no more")
        eq(size_now(server) > 0, True, "the other one serves")


OUTER = 'listen "outer" { address = {"127.0.0.1"}  port = @port@ ' \
    'greeting = {"%l"}  channels = {"local", "lan", "world"} }\n'
INNER = 'listen "inner" { address = {"127.0.0.1"}  port = @port2@ ' \
    'greeting = {"%l"}  channels = {"local", "world", "lan"} }\n'
LAN = DEFAULT_CONF + 'channel "lan" { }\n'


def force(server, text):
    """Other settings are in force, for new sessions and for submit."""
    was = server.role("submit")[0].pid
    server.reload(text)
    ok(happens(lambda: "new settings are in force" in
               server.scratch.log_text() and was not in
               [p.pid for p in server.role("submit")]), "a reload")


def renumbered():
    """A connection stays that of its listener, whichever number that has."""
    with Server(LAN + OUTER + INNER, deliver=False) as server:
        with server.client() as old:
            old.hello()
            force(server, LAN + INNER + OUTER)
            eq(old.message(b"Subject: a\r\n\r\n").code, 250,
               "a session that was there: submit decides as it does")
    for text, says, what in (
            (LAN + INNER + OUTER, r"^220 \S+ outer", "is that listener's"),
            (LAN + INNER.replace("@port2@", "@port@"),
             r"^421 4\.3\.2 .*no listener", "is told so")):
        with Server(LAN + OUTER + INNER, deliver=False) as server:
            stuck = template(server)[0]
            os.kill(stuck, signal.SIGSTOP)
            with server.client(greet=False) as early:
                force(server, text)
                os.kill(stuck, signal.SIGKILL)
                like(early.reply(), says,
                     "who waited over the reload " + what)


def can_connect(server, name):
    try:
        with Client(("127.0.0.1", server.ports[name]), timeout=10) as c:
            return c.greeting.code == 220
    except (OSError, EOFError, Late):
        return False


def template(server):
    return [p.pid for p in server.role("template")]


def renewal():
    with Server(settings={"template-connections": 5},
                deliver=False) as server:
        first = template(server)
        with server.client() as old:
            for _ in range(8):
                size_now(server)
            ok(happens(lambda: template(server) != first and
                       len(template(server)) == 1),
               "after its connections a new template stands there alone")
            eq(old.hello().code, 250, "the old one's session lives on")


def age():
    with Server(settings={"template-age": '"1s"'}, deliver=False) as server:
        size_now(server)
        first = template(server)
        ok(happens(lambda: template(server) != first and
                   len(template(server)) == 1, 10),
           "after its time a new template stands there alone")
        eq(server.scratch.log_lines("session-crashed"), [],
           "though nothing was wrong with it")


def crash():
    with Server(deliver=False) as server:
        first = template(server)
        with server.client() as c:
            c.hello()
            wait_for(lambda: len(server.role("session")) == 1)
            os.kill(server.role("session")[0].pid, signal.SIGSEGV)
            ok(c.closed(), "a session that crashes is closed")
        ok(happens(lambda: template(server) != first and
                   len(template(server)) == 1),
           "a crash of a session renews the template")
        ok(happens(lambda: server.scratch.log_lines("session-crashed")),
           "and is logged")


def drain():
    with Server(deliver=False, settings={"drain-time": "20s"}) as server:
        idle, busy = server.client(), server.client()
        idle.hello()
        busy.hello()
        busy.envelope()
        busy.cmd("DATA")
        server.smtpd.send_signal(signal.SIGTERM)
        eq(idle.reply().code, 421, "SIGTERM: an idle session is told so")
        busy.send(b"Subject: a\r\n\r\nb\r\n.\r\n")
        eq(busy.reply().code, 250, "one in a message may finish it")
        eq(busy.reply().code, 421, "and is told then")
        idle.close(), busy.close()      # sessions wait for that
        eq(server.smtpd.wait(slow(30)), 0, "smtpd ends with 0")


def drain_ends():
    """drain-time is over, or smtpd was killed: no session stays behind, for
    it could bring its message nowhere."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        server = Server(deliver=False, settings={"drain-time": "1s"})
        server.start()
        busy, typing, sending = [server.client() for _ in range(3)]
        for c in (busy, typing, sending):
            c.hello()
            c.envelope()
        typing.send(b"RCPT TO:<user")
        typing.wait_read()
        sending.cmd("DATA")
        sending.send(b"Subject: a\r\n")
        # The one that asked whether smtpd serves may still be ending.
        ok(happens(lambda: len(server.role("session")) == 3),
           "three sessions are in a transaction")
        sessions = [p.pid for p in server.role("session")]
        server.smtpd.send_signal(sig)
        for c in (busy, typing, sending):
            eq(c.reply().code, 421, "%s: then it is told" % sig.name)
            ok(c.closed(), "and closed")
            c.close()       # else the session waits for that
        ok(happens(lambda: not any(alive(pid) for pid in sessions)),
           "and no session is left")
        server.smtpd.wait(slow(30))
        eq(server.scratch.queue(), [], "nothing is queued")


if __name__ == "__main__":
    run(settings, tables, listeners, renumbered, renewal, age, crash, drain,
        drain_ends)
