#!/usr/bin/env python3
"""ETRN (RFC 1985 5): who may have which domain's mail tried, as the session and
submit both say; what deliver hears, and what becomes of its answer."""
import os
import struct
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "branch" { type = "list"  rows = {"127.0.0.1", "127.0.0.2"} }
table "other" { type = "list"  rows = {"127.0.0.3"} }
table "theirs" { type = "list"
    rows = {"far.test", "@far.test", "sub.near.test", ".deep.test"} }
table "few" { type = "list"  rows = {"other.test"} }
table "far" { type = "list"  rows = {"far.test", ".far.test"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "far" { table = "far"  program = "none"  accept-from = {"branch"}
    retry-first = "1h" }
channel "branch" { table = "branch"  etrn = "theirs" }
channel "other" { table = "other"  etrn = "few" }
channel "world" { }
"""
REQUEST = "=III24s256s"
ANSWER = "=II200s"
DONE, FAILED, START = 1, 5, 6


class Deliver:
    """Hears at deliver's socket, in its place; answers with what it is told,
    None for nothing at all."""

    def __init__(self, server, answers):
        self.path = os.path.join(server.scratch.run, "deliver")
        self.answers = list(answers)
        self.heard = []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o666)
        self.sock.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        kept = []
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            data = c.recv(4096)
            version, verb, flags, _, name = struct.unpack(REQUEST, data)
            self.heard.append((version, verb, flags,
                               name.split(b"\0")[0].decode()))
            answer = self.answers.pop(0)
            if answer is None:
                kept.append(c)
                continue
            c.send(answer if isinstance(answer, bytes) else
                   struct.pack(ANSWER, *answer, b""))
            c.close()

    def close(self):
        self.sock.close()
        os.unlink(self.path)


def etrn(server, node, source="127.0.0.1"):
    with server.client(source=source) as c:
        c.hello()
        return c.cmd("ETRN " + node)


def permitted():
    with Server(CONF, deliver=False) as s:
        d = Deliver(s, [(DONE, 3), (DONE, 0), (DONE, 1), (DONE, 7)])
        says(etrn(s, "far.test"), "ETRN_STARTED", "a domain of its own")
        says(etrn(s, "Far.TEST", "127.0.0.2"), "ETRN_NONE", "none waits")
        like(etrn(s, "@far.test").text, "^253 2.0.0 1 messages for @far.test",
             "with all below it")
        says(etrn(s, "a.deep.test"), "ETRN_STARTED", "one below one")
        eq(d.heard, [(1, START, 0, "far.test"), (1, START, 0, "far.test"),
                     (1, START, 1, "far.test"), (1, START, 0, "a.deep.test")],
           "what deliver hears")
        line = wait_for(lambda: s.scratch.log_lines("start"))[0]
        for sign in ("ip=127.0.0.1", "chan=branch", 'node="far.test"',
                     "entries=3"):
            ok(sign in line.split(), "in the log: " + sign)
        with s.client() as c:
            ok("ETRN" in c.hello().lines, "it is announced")
            says(c.cmd("etrn other.test"), "ETRN_REFUSED", "another's domain")
            says(c.cmd("ETRN @sub.near.test"), "ETRN_REFUSED",
                 "all below one, where only it is permitted")
            says(c.cmd("ETRN deep.test"), "ETRN_REFUSED", "what is above")
            says(c.cmd("ETRN #queue"), "ETRN_REFUSED", "a queue by its name")
            for wrong in ("", "@", "far.test x", "far..test", "[127.0.0.1]",
                          "user@far.test", "@@far.test", "x" * 300):
                says(c.cmd("ETRN " + wrong), "SYNTAX", "ETRN %.20s" % wrong)
        with s.client() as c:
            says(c.cmd("ETRN far.test"), "NEED_HELLO", "before EHLO")
        with s.client() as c:
            c.hello()
            c.cmd("MAIL FROM:<a@b.test>")
            says(c.cmd("ETRN far.test"), "IN_TRANSACTION",
                 "while a message is under way")
        says(etrn(s, "far.test", "127.0.0.3"), "ETRN_REFUSED",
             "another channel has its own domains")
        with s.client(source="127.0.0.9") as c:
            ok("ETRN" not in c.hello().text, "and another has none")
            says(c.cmd("ETRN far.test"), "VERB_OFF", "so that it is off")
        eq(len(d.heard), 4, "deliver hears nothing of all that")
        d.close()


def trouble():
    """deliver is away, refuses, talks nonsense, is silent, is busy."""
    with Server(CONF, deliver=False, settings={"dns-timeout": '"3s"'}) as s:
        says(etrn(s, "far.test"), "ETRN_FAILED", "no deliver runs")
        d = Deliver(s, [(FAILED, 0), b"x", b"", None, (DONE, 2)])
        for what in ("it cannot", "it talks nonsense", "it hangs up",
                     "it is silent"):
            says(etrn(s, "far.test"), "ETRN_FAILED", what)
        with s.client() as c:
            c.hello()
            says(c.cmd("ETRN far.test"), "ETRN_STARTED", "it is back")
            ok(c.message("text\n", hello=False).code == 250,
               "a message by the same session")
            d.answers += [None, (DONE, 4)]
            c.line("ETRN far.test")
            wait_for(lambda: len(d.heard) == 6, 10, "a request")
            says(etrn(s, "far.test"), "ETRN_FAILED",
                 "another one meanwhile")
            ok(c.reply().code == 458, "and neither waits for ever")
            says(c.cmd("ETRN far.test"), "ETRN_STARTED", "then again")
        d.close()


run(permitted, trouble)
