#!/usr/bin/env python3
"""From a client to the Maildir and, for what fails, back to the sender: all
programs together."""

import email
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import *

need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local", "tailor",
           "logger")

MKENTRY = os.path.join(BUILD, "tests", "chans", "mkentry")
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "sender", "lost"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people"
    retry-first = "1s" }
channel "world" { }
"""


def to_the_maildir():
    with Server(CONF) as s:
        ident = s.queue_id(s.send(b"Subject: one\n\ntext\n"))
        message = s.deliveries("user@example.org", 1)[0]
        eq(untraced(message), b"Subject: one\n\ntext\n", "it arrives")
        like(message, r"\AReturn-Path: <s@elsewhere.test>\n"
             r"Delivered-To: user@example.org\nReceived: ", "with its trace")
        wait_for(lambda: s.scratch.log_lines("delivered", qid=ident),
                 what="a log line")
        ok(True, "logged under the identifier that the client was told")
        wait_for(s.scratch.empty, what="an empty queue")


def nothing_is_lost_in_the_log():
    with Server(CONF) as s:
        ids = []
        with s.client() as c:
            for i in range(100):
                ids.append(s.queue_id(c.message(
                    b"Subject: %d\n\n" % i, hello=i == 0)))
        s.deliveries("user@example.org", 100)
        wait_for(s.scratch.empty, what="an empty queue")
        eq(lambda: len(s.scratch.log_lines("delivered")), 100,
           "a line for each delivery")


def old_entry(s):
    """An entry that is past its time, for a mailbox that cannot be."""
    box = s.scratch.make("mail/example.org", SUBMIT)
    s.scratch.write(os.path.join(box, "lost"), "in the way")
    return subprocess.run(
        [MKENTRY, "-s", "sender@example.org", "-t",
         str(int(time.time()) - 6 * 86400)] + (
             ["-u", str(SUBMIT)] if ROOT else []) +
        [s.scratch.spool, "local:lost@example.org:example.org/lost"],
        input=b"Subject: three\nX: y\n\nbody\n", check=True,
        stdout=subprocess.PIPE).stdout.decode().strip()


def check_report(s, ident):
    report = s.deliveries("sender@example.org", 1)[0]
    m = email.message_from_bytes(report)
    eq(m.get_content_type(), "multipart/report", "a report comes back")
    like(report, r"\AReturn-Path: <>\n", "with the null sender")
    like(report, r"Final-Recipient: rfc822; lost@example.org", "about it")
    like(report, "X-Inlet-Queue-Id: " + ident, "and the entry")
    like(report, "^X: y$", "with the original's header")
    line = wait_for(lambda: s.scratch.log_lines("notice", qid=ident),
                    what="a log line")[0]
    notice = re.search(r"notice=(\S+)", line).group(1)
    wait_for(lambda: s.scratch.log_lines("delivered", qid=notice),
             what="its own log line")
    wait_for(s.scratch.empty, what="an empty queue")
    wait_for(lambda: not s.scratch.queue("marks"), what="no marks")


def back_to_the_sender():
    with Server(CONF) as s:
        ident = old_entry(s)
        check_report(s, ident)
        wait_for(lambda: s.scratch.log_lines("expired", qid=ident),
                 what="a log line")
        ok(True, "and the log says that it expired")


def asked(s, parameters, user, notify, text):
    """Sends it; gives the report, which comes back."""
    seen = len(s.scratch.maildir("sender@example.org"))
    with s.client() as c:
        c.hello()
        eq(c.cmd("MAIL FROM:<sender@example.org>" + parameters).code, 250,
           "MAIL" + parameters)
        eq(c.cmd("RCPT TO:<%s@example.org> NOTIFY=%s" % (user, notify)).code,
           250, "NOTIFY=" + notify)
        c.cmd("DATA")
        c.send(text + b"\r\n.\r\n")
        ident = s.queue_id(c.reply())
    reports = s.deliveries("sender@example.org", seen + 1)
    wait_for(s.scratch.empty, what="an empty queue")
    return next(r for r in reports if ident.encode() in r)


def as_asked():
    """RFC 3461 from the client's parameters to its sender's mailbox."""
    with Server(CONF) as s:
        report = asked(s, " ENVID=a+2Bb", "user", "SUCCESS",
                       b"Subject: one\r\n\r\ntext")
        like(report, "^Action: delivered", "delivered")
        like(report, r"^Original-Envelope-Id: a\+b", "under its name")
        report = asked(s, " SMTPUTF8 BODY=8BITMIME", "user", "SUCCESS",
                       "Subject: \u00e4\r\n\r\ntext".encode())
        like(report, "^Content-Type: message/global-headers", "in UTF-8")
        ok("\nSubject: \u00e4\n".encode() in report, "with its header")
        box = s.scratch.make("mail/example.org/lost", SUBMIT)
        s.scratch.write(os.path.join(box, "new"), "in the way")
        report = asked(s, " BY=2;R", "lost", "FAILURE", b"Subject: x\r\n\r\n")
        like(report, r"^Status: 5\.4\.7", "DELIVERBY: returned at its time")


def submit_away():
    with Server(CONF) as s:
        s.kill("submit", signal.SIGSTOP)
        stopped = s.role("submit")[0].pid
        ident = old_entry(s)
        wait_for(lambda: s.scratch.log_lines("expired", qid=ident),
                 what="the failure")
        os.kill(stopped, signal.SIGKILL)
        check_report(s, ident)
        eq(len(s.scratch.maildir("sender@example.org")), 1, "one report")


def told_only_once():
    """deliver dies after submit took the notice, before it is done."""
    if not tool("strace") or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("no strace here")
        return
    with Server(CONF, deliver=False) as s:
        ident = old_entry(s)
        p = spawn(["strace", "-o", "/dev/null", "-e",
                   "inject=unlink,unlinkat:signal=SIGKILL:when=1",
                   *s.command("deliver", *s.where())],
                  stderr=subprocess.DEVNULL, **s.as_user())
        p.wait(slow(60))
        eq(lambda: len(s.scratch.log_lines("notice", qid=ident)), 1, "it was told")
        eq(len(s.scratch.queue()), 2, "the entry and its report are there")
        s.start_deliver()
        check_report(s, ident)
        eq(lambda: len(s.scratch.log_lines("notice", qid=ident)), 2,
           "told again after the crash")
        eq(len(s.scratch.maildir("sender@example.org")), 1,
           "but the report came once")


run(to_the_maildir, nothing_is_lost_in_the_log, back_to_the_sender, as_asked,
    submit_away, told_only_once)
