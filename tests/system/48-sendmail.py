#!/usr/bin/env python3
"""sendmail: as programs call it; and those programs themselves."""

import email
import json
import os
import pwd
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

need_built("sendmail", "inlet")

USER = NOBODY if ROOT else os.geteuid()
AS = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}
BOX = "user@example.org"


def login():
    try:
        return pwd.getpwuid(USER).pw_name
    except KeyError:
        return "uid%d" % USER


def command(server):
    where = server.where()
    options = ["-C", server.scratch.conf]
    if where:
        options += ["-O", "ProgramDirectory=" + where[1]]
    return [program("sendmail")] + options


def sendmail(server, text, *args, user=True, before=(), **more):
    return subprocess.run([*before, *command(server), *args], input=text,
                          capture_output=True, timeout=slow(30),
                          **(AS if user else {}), **more)


class Box:
    """What came since the last look."""

    def __init__(self, server):
        self.server, self.seen = server, 0

    def next(self, box=BOX):
        self.seen += 1
        got = self.server.deliveries(box, self.seen)
        return max(got, key=lambda m: m.count(b"NEW%d\n" % self.seen)) \
            if len(got) > 1 else got[0]

    def text(self, body):
        return body + b"NEW%d\n" % (self.seen + 1)


def usual():
    with Server() as server:
        box = Box(server)
        p = sendmail(server, box.text(b"Subject: hi\n\n..\nbody\n"), "-i", BOX)
        eq((p.returncode, p.stdout, p.stderr), (0, b"", b""), "it is silent")
        m = email.message_from_bytes(box.next())
        like(m["Return-Path"], r"^<%s@inlet\.example>$" % login(), "sender")
        like(m["From"], r"%s@inlet\.example>?$" % login(), "From: is added")
        ok(m["Date"] and m["Message-ID"], "and Date: and Message-ID:")
        eq(m["Subject"], "hi", "the header stays")
        ok(m.get_payload().startswith("..\nbody\n"), "the text as it was")

        p = sendmail(server, box.text(b"line\n.\n"), BOX)
        eq(p.returncode, 0, "a lone dot")
        server.deliveries(BOX, 2)
        box.seen += 1
        got = [x for x in server.deliveries(BOX, 2) if b"\n\nline\n" in x]
        ok(len(got) == 1 and got[0].endswith(b"\n\nline\n"),
           "is the end without -i")
        p = sendmail(server, box.text(b"To: user@example.org,\r\n \"O, T\" "
                                      b"<other@example.org>\r\nBcc: "
                                      b"third@example.org\r\n\r\n.\r\n"),
                     "-t", "-oi", "-oem", "-F", "Jo Doe", "-v")
        eq(p.returncode, 0, "-t: " + p.stderr.decode())
        like(p.stderr.decode(), r"queued as [0-9A-Z]{20}", "-v")
        got = box.next()
        ok(b"Bcc" not in got and b"\r" not in got, "no Bcc:, no CR")
        like(email.message_from_bytes(got)["From"], r"^Jo Doe <", "-F")
        for who in ("other", "third"):
            eq(len(server.deliveries(who + "@example.org", 1)), 1,
               who + " has it")
        ok("sendmail" in program("sendmail"), "by that name")


def refusals():
    with Server() as server:
        p = sendmail(server, b"x\n")
        eq(p.returncode, 64, "no recipient")
        p = sendmail(server, b"Subject: x\n\nx\n", "-t")
        eq(p.returncode, 64, "nor in the header")
        p = sendmail(server, b"To: a b c\n\nx\n", "-t")
        eq(p.returncode, 65, "a header that cannot be read")
        like(p.stderr.decode(), r"To: a name has no address", "and why")
        p = sendmail(server, b"x\n", "a b c")
        eq(p.returncode, 64, "no address")
        p = sendmail(server, b"x\n", "nobody@example.org", BOX)
        eq(p.returncode, 67, "an unknown user")
        like(p.stderr.decode(), r"nobody@example\.org: 550 5\.1\.1 ", "named")
        server.deliveries(BOX, 1)
        ok(True, "the others have it")
        p = sendmail(server, b"x\n", "x@elsewhere.test")
        eq(p.returncode, 77, "relaying")
        for option in (["-z"], ["-N", "sometimes"], ["-R", "half"],
                       ["-B", "9BIT"], ["-bd"], ["-V", "x" * 200],
                       ["-f", "a b"]):
            p = sendmail(server, b"x\n", *option, BOX)
            eq(p.returncode, 64, "usage: " + " ".join(option))
        eq(len(server.deliveries(BOX, 1)), 1, "nothing of these was sent")
        for option in (["-oi"], ["-o", "ee"], ["-oem"], ["-odb"], ["-h", "5"],
                       ["-m"], ["-n"], ["-G"], ["-U"], ["-L", "tag"],
                       ["-X", "/nonexistent"], ["-O", "Timeout=1"], ["-Ac"],
                       ["-d0"], ["-p", "SMTP"], ["-bm"], ["--"]):
            p = sendmail(server, b"x\n", *option, BOX)
            eq(p.returncode, 0, "ignored: " + " ".join(option))
    p = sendmail(server, b"x\n", BOX)
    eq(p.returncode, 75, "no server: try again later")
    like(p.stderr.decode(), r"/submit: .*try again later", "and what is not")
    ok(not os.path.exists("dead.letter"), "no dead.letter")


def senders():
    with Server() as server:
        box = Box(server)
        sendmail(server, box.text(b"Subject: x\n\n"), "-f", "<>", BOX)
        like(box.next().decode(), r"^Return-Path: <>\n", "-f <>: nobody")
        sendmail(server, box.text(b"Subject: y\n\n"), "-fboss@example.net",
                 BOX)
        got = box.next().decode()
        if ROOT:
            like(got, r"^Return-Path: <%s@inlet" % login(),
                 "a user is nobody else")
        sendmail(server, box.text(b"Subject: z\n\n"), "-f",
                 "The Boss <boss@example.net>", BOX, user=False)
        got = box.next().decode()
        like(got, r"^Return-Path: <boss@example\.net>\n",
             "root may be somebody else")
        like(got, r"(?m)^From: .*boss@example\.net", "and From: agrees")
        sendmail(server, box.text(b"Subject: r\n\n"), BOX, user=False)
        like(box.next().decode(), r"^Return-Path: <%s@inlet\.example>\n" %
             (pwd.getpwuid(os.geteuid()).pw_name if ROOT else login()),
             "root itself")


def asked():
    with Server(deliver=False) as server:
        p = sendmail(server, "Subject: x\n\nä\n".encode(), "-N",
                     "failure,success", "-R", "hdrs", "-V", "id+1 x",
                     "-v", BOX)
        eq(p.returncode, 0, "DSN: " + p.stderr.decode())
        ident = p.stderr.decode().split()[-1]
        shown = server.inlet(*server.where(), "queue", "--json", "show",
                             ident)
        eq(shown.stderr, "", "inlet queue show")
        q = json.loads(shown.stdout)
        eq((q["ret"], q["envid"], q["body"], q["recipients"][0]["notify"]),
           ("HDRS", "id+2B1+20x", "8BITMIME", "SUCCESS,FAILURE"),
           "what was asked for is in the entry")


def sandboxed():
    need("setpriv", "strace")
    with Server() as server:
        trace = server.scratch.at("trace")
        open(trace, "w").close()
        os.chmod(trace, 0o666)
        p = sendmail(server, b"x\n", BOX, before=(
            "strace", "-o", trace, "-e", "trace=%file,%desc,%creds", "setpriv",
            "--no-new-privs"), cwd="/")
        eq(p.returncode, 0, "no new privileges: " + p.stderr.decode())
        with open(trace) as f:
            calls = f.read().partition("sendmail")[2]
        eq([x for x in re.findall(r"open\w*\(.*", calls)
            if re.search("O_(WRONLY|RDWR|CREAT)", x) and "/dev/null" not in x],
           [], "it opens nothing to write")
        eq(re.findall(r"(?:flock|mkdir|rename|unlink|set.?uid)\w*\(.*", calls),
           [], "locks, makes and removes nothing")
        server.deliveries(BOX, 1)


def wrapper(server, name="wrap"):
    """sendmail with its options, for programs that want a path."""
    path = server.scratch.at(name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexec %s \"$@\"\n" % " ".join(command(server)))
    os.chmod(path, 0o755)
    return path


def programs():
    with Server() as server:
        path, n = wrapper(server), 0
        home = server.scratch.make("home")
        os.chmod(home, 0o777)

        def run_one(what, args, text=b"body\n", want=b"body\n", **env):
            nonlocal n
            if shutil.which(args[0]) is None and not os.path.exists(args[0]):
                skip("no " + args[0])
                return
            p = subprocess.run(args, input=text, capture_output=True,
                               timeout=slow(60), cwd=home, env={
                                   "PATH": os.environ["PATH"], "HOME": home,
                                   "LC_ALL": "C.UTF-8", **env}, **AS)
            eq(p.returncode, 0, what + ": " + (p.stdout + p.stderr).decode())
            n += 1
            got = server.deliveries(BOX, n)
            ok(any(want in x for x in got), what + ": it came")

        run_one("s-nail", ["s-nail", "-n", "-S", "mta=" + path, "-s", "snail",
                           BOX], want=b"Subject: snail")
        run_one("mailx", ["bsd-mailx", "-n", "-s", "bsd", BOX],
                want=b"Subject: bsd", MAILRC=rc(
                    server, "mailrc", 'set sendmail="%s"\n' % path))
        run_one("mutt", ["mutt", "-n", "-F", rc(server, "muttrc", 'set '
                         'sendmail="%s -oem -oi"\nset copy=no\n' % path),
                         "-s", "mutt", "--", BOX], want=b"Subject: mutt")
        run_one("cron", [path, "-i", "-FCronDaemon", "-B8BITMIME", "-oem",
                         BOX], text=("From: root (Cron Daemon)\nTo: x\n"
                "Subject: Cron <x> täglich\n\nout\n").encode(),
                want=b"(Cron Daemon)")
        patch = rc(server, "p.patch", "From 0123456789012345678901234567890123"
                   "456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@x.example>\n"
                   "Date: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: [PATCH] p"
                   "\n\ntext\n---\n")
        if subprocess.run(["git", "send-email", "--dump-aliases"],
                          capture_output=True).returncode == 0:
            run_one("git", ["git", "send-email", "--quiet", "--from",
                            "a@x.example", "--smtp-server=" + path,
                            "--confirm=never", "--suppress-cc=all", "--to",
                            BOX, patch], want=b"[PATCH] p")
        else:
            skip("no git send-email")


def by_smtp():
    with Server() as server:
        talk = (b"EHLO x\r\nMAIL FROM:<boss@example.net> BODY=8BITMIME\r\n"
                b"RCPT TO:<nobody@example.org>\r\nRCPT TO:<user@example.org>"
                b"\r\nDATA\r\nSubject: smtp\r\n\r\n..x\r\n.\r\n"
                b"MAIL FROM:<>\nRCPT TO:<x@elsewhere.test>\nDATA\nRSET\n"
                b"RCPT TO:<user@example.org>\nMAIL FROM:<a> SIZE=1\nfoo\n"
                b"MAIL FROM:<a@b> SIZE=1\nVRFY x\nNOOP\nQUIT\nNOOP\n")
        p = sendmail(server, talk, "-bs")
        eq((p.returncode, p.stderr), (0, b""), "-bs")
        eq([x[:3] for x in p.stdout.decode().splitlines()],
           "220 250 250 250 250 250 550 250 354 250 250 550 503 250 503 501 "
           "500 555 252 250 221".split(), "its replies")
        got = server.deliveries(BOX, 1)[0].decode()
        # Without root the server's own user is trusted, and is this one.
        like(got, r"^Return-Path: <%s" % (login() + "@inlet" if ROOT else
                                          "boss@example.net"),
             "the sender is the user")
        ok(got.endswith("\n\n.x\n"), "dots are taken off")
    p = sendmail(server, b"MAIL FROM:<a@b.example>\r\nQUIT\r\n", "-bs")
    like(p.stdout.decode(), r"451 4\.3\.0 ", "no server: try again later")


def rc(server, name, text):
    path = server.scratch.at(name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o644)
    return path


def mailq():
    with Server() as server:
        link = server.scratch.at("mailq")
        os.symlink(program("sendmail"), link)
        args = [link] + command(server)[1:]
        p = subprocess.run(args, capture_output=True, timeout=slow(30))
        eq(p.returncode, 0, "mailq: " + p.stderr.decode())
        like(p.stdout.decode(), r"the queue is empty", "is inlet queue")
        p = sendmail(server, b"", "-bp", user=False)
        like(p.stdout.decode(), r"the queue is empty", "so is -bp")
        p = sendmail(server, b"", "-bi")
        eq(p.returncode, 0, "newaliases has nothing to do")


run(usual, refusals, senders, asked, sandboxed, programs,
    by_smtp, mailq)
