#!/usr/bin/env python3
"""What is broken is "try again later", never a wrong answer: a damaged table,
a submit that dies with a message in its hands."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

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
    ok(again.smtpd.poll() not in (None, 0) and "people.gdbm: damaged" in
       again.stderr() + again.scratch.log_text(),
       "with a damaged table it does not start, and says why")
    again.smtpd = None


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
            time.sleep(0.2)     # nothing shows that the session has sent it
            os.kill(submit, signal.SIGKILL)
            says(c.reply(), "SUBMIT_FAILED",
                 "submit dies with the next: the client is to try again")
            ok(happens(lambda: c.message("text\n", hello=False).code == 250),
               "and may at once, on the same connection")
        eq(len(server.scratch.queue()), 2, "two messages are queued")


need_built("smtpd", "smtpsrvr", "submit", "dbmbuild")
run(damaged_table, submit_dies)
