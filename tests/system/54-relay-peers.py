#!/usr/bin/env python3
"""From a client through us to a real Postfix, Exim or OpenSMTPD, and from there
to a server of the test: bytes arrive as they were sent.  And through ch_lmtp
into the mailboxes of a real Dovecot and a real Cyrus.  machine.py has them."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
from harness import *
from machine import Machine
from peer import Peer, KEYWORDS

HEAD = (b"From: s@elsewhere.test\nTo: u@example.com\nSubject: relayed\n"
        b"Message-Id: <1@elsewhere.test>\n"
        b"Date: Fri, 20 Nov 2026 12:00:00 +0000\n\n")
TEXTS = [HEAD + b"plain\n.\n..\n.text\n\n.\n",
         HEAD + b"caf\xc3\xa9 \xe2\x82\xac\n",
         HEAD + b"0123456789abcdef\n" * 60000]
CONF = """\
table "here" { type = "list"  rows = {"inlet.example"} }
table "all" { type = "list"  rows = {"example.com"} }
table "inside" { type = "list"  rows = {"127.0.0.1"} }
channel "local" { table = "here"  program = "local" }
channel "inside" { table = "inside"  relay = yes }
channel "out" { table = "all"  program = "%s"  relay-hosts = {"%s"}
    retry-first = "2s" }
"""


def trace(head):
    """Are these Received fields, one of each host on the way?"""
    names = re.findall(rb"(?m)^([^\s:]+):", head)
    return len(names) >= 2 and set(names) == {b"Received"}


def relayed(name, program, prepare):
    m = Machine(program)
    why = m.missing()
    if why:
        skip("%s: %s" % (name, why))
        return
    sink, port = Peer(KEYWORDS + ("SMTPUTF8",)), free_port()
    try:
        prepare(m, port, [("*", sink.port)])
        with Server(CONF % ("smtp", "127.0.0.1:%d" % port),
                    settings={"pause-first": '"1s"'}) as server:
            for n, text in enumerate(TEXTS):
                with server.client() as c:
                    like(c.message(text, to="u%d@example.com" % n), "^250",
                         "we take it")
            ok(happens(lambda: len(sink.messages) >= len(TEXTS), 60),
               name + " passed all of it on")
            for text in TEXTS:
                want = text.replace(b"\n", b"\r\n")
                got = [x.data for x in sink.messages
                       if x.data.endswith(want)]
                ok(len(got) == 1 and trace(got[0][:-len(want)]),
                   "%s: %d bytes arrived unchanged" % (name, len(want)))
            ok(happens(lambda: not server.scratch.queue()),
               "nothing is left here")
            diag("\n".join(server.scratch.log_lines("delivered"))[:600])
    except Late as e:
        ok(False, name + " relays")
        diag(e)
    finally:
        if failures():
            diag(m.words())
        m.stop()
        sink.close()


def through_postfix():
    relayed("Postfix", "/usr/lib/postfix/sbin/master", machine.postfix)


def through_exim():
    relayed("Exim", "/usr/sbin/exim4", machine.exim)


def through_opensmtpd():
    relayed("OpenSMTPD", "/usr/sbin/smtpd", machine.opensmtpd)


def dovecot():
    m = Machine("/usr/lib/dovecot/lmtp")
    why = m.missing()
    if why:
        skip("Dovecot: " + why)
        return
    port = free_port()
    mail = os.path.join(m.base, "mail")
    try:
        machine.dovecot(m, port)
        for at in ("127.0.0.1:%d" % port, "unix:%s/lmtp" % m.base):
            user = "u" + at[0] + "@example.com"
            with Server(CONF % ("lmtp", at),
                        settings={"pause-first": '"1s"'}) as server:
                for text in TEXTS:
                    with server.client() as c:
                        like(c.message(text, to=[user, "x" + user]), "^250",
                             "we take it")
                ok(happens(lambda: not server.scratch.queue(), 60),
                   "Dovecot has all of it")
                for name in (user, "x" + user):
                    new = os.path.join(mail, name, "new")
                    stored = [open(os.path.join(new, f), "rb").read()
                              for f in os.listdir(new)]
                    eq(len(stored), len(TEXTS), "each message once")
                    ok(all(any(s.endswith(t) for s in stored)
                           for t in TEXTS), "byte for byte (%s)" % at[:4])
                if failures():
                    diag("\n".join(server.scratch.log_lines("later")))
    except Late as e:
        ok(False, "Dovecot takes mail")
        diag(e)
    finally:
        if failures():
            diag(m.words())
        m.stop()


def cyrus():
    m = Machine("/usr/sbin/cyrmaster")
    why = m.missing()
    if why:
        skip("Cyrus: " + why)
        return
    port = free_port()
    try:
        machine.cyrus(m, port)
        with Server(CONF % ("lmtp", "127.0.0.1:%d" % port),
                    settings={"pause-first": '"1s"'}) as server:
            for text in TEXTS:
                with server.client() as c:
                    like(c.message(text, to=["u@example.com",
                                             "v@example.com"]), "^250",
                         "we take it")
            ok(happens(lambda: not server.scratch.queue(), 60),
               "Cyrus has all of it")
            stored = []
            for folder, _, names in os.walk(os.path.join(m.base, "mail")):
                for name in names:
                    if re.fullmatch(r"\d+\.", name):
                        with open(os.path.join(folder, name), "rb") as f:
                            stored.append(f.read())
            eq(len(stored), 2 * len(TEXTS), "each message once for each")
            ok(all(sum(s.endswith(t.replace(b"\n", b"\r\n"))
                       for s in stored) == 2 for t in TEXTS),
               "byte for byte")
            if failures():
                diag("\n".join(server.scratch.log_lines("later")))
    except Late as e:
        ok(False, "Cyrus takes mail")
        diag(e)
    finally:
        m.stop()


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_smtp", "ch_lmtp")
run(through_postfix, through_exim, through_opensmtpd, dovecot, cyrus, seconds=300)
