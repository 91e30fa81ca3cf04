#!/usr/bin/env python3
"""ch_smtp and ch_lmtp, against a server whose every word is the test's.

Entries are made by tests/chans/mkentry, as for the other tests of deliver."""

import email
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *
from peer import Peer, KEYWORDS

need_built("deliver", "ch_smtp", "ch_lmtp", "tailor")

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
channel "local" { table = "here"  program = "local" }
channel "out" { program = "%s"  relay-hosts = {%s}
%s}
"""
TRACE = (b"Received: by inlet.example; Thu, 1 Jan 1970 00:00:00 +0000\r\n")
BODY = b"Subject: test\nTo: x\n\n.\n..\n.dot\nline\n\n.\n\n"
WIRE = TRACE + BODY.replace(b"\n", b"\r\n")
TO = "out:user@example.com:"


def relay(peers, *settings, program="smtp", **more):
    hosts = ", ".join('"%s"' % (p if isinstance(p, str) else p.at)
                      for p in peers)
    text = CONF % (program, hosts, "".join("    %s = %s\n" % s
                                           for s in settings))
    return Delivery(conf=text, settings={
        "retry-first": '"1s"', "pause-first": '"100ms"',
        "pause-most": '"1s"', **more})


def side_by_side(peers, *settings):
    """A deliver with a channel for each of these peers, o0, o1 and so on, and
    an entry for each channel; settings: of each channel.  The entries."""
    text = CONF[:CONF.index('channel "out"')] + "".join(
        'channel "o%d" { program = "smtp"  relay-hosts = {"%s"}\n%s}\n' % (
            i, p.at, "".join("    %s = %s\n" % s for s in (
                settings[i] if settings else ())))
        for i, p in enumerate(peers))
    d = Delivery(conf=text, settings={
        "retry-first": '"1s"', "pause-first": '"100ms"',
        "pause-most": '"1s"'}).start()
    return d, [put(d, "o%d:user@example.com:" % i)
               for i in range(len(peers))]


def put(d, *to, text=BODY, options=()):
    """An entry without a sender: nobody hears of its failure."""
    return d.entry(*to, text=text, options=("-s", "", *options))


def one(d, peer, *to, text=BODY, options=(), wait=True):
    """One entry, which is delivered; the message as the peer got it."""
    before = len(peer.messages)
    ident = d.entry(*(to or (TO,)), text=text, options=options)
    if wait:
        wait_for(lambda: len(peer.messages) > before, what="the message")
        d.wait_empty()
    return ident


def plain():
    peer = Peer()
    d = relay([peer]).start()
    one(d, peer)
    m = peer.messages[0]
    eq(m.data, WIRE, "by DATA, byte for byte, dots and all")
    eq(m.mail, "FROM:<sender@example.net> SIZE=%d" % len(WIRE), "MAIL")
    eq(m.rcpts, ["TO:<user@example.com>"], "RCPT")
    eq(m.helo, "EHLO inlet.example", "EHLO with hostname")
    ok(d.logged(r"delivered qid=\S+ rcpt=0 chan=out"), "the log line")
    d.stop()
    wait_for(lambda: not peer.open, what="the connection's end")
    eq(peer.verbs()[-1], "QUIT", "QUIT at the end")


def chunking():
    peer = Peer(KEYWORDS + ("CHUNKING", "BINARYMIME"))
    d = relay([peer]).start()
    one(d, peer)
    ok(peer.messages[0].bdat, "BDAT where it is offered")
    eq(peer.messages[0].data, WIRE, "no dot is added")
    eq(peer.verbs(), ["EHLO", "MAIL", "RCPT", "BDAT"], "no DATA")
    one(d, peer, text=b"Subject: x\n\nno end")
    eq(peer.messages[1].data[-8:], b"no end\r\n", "the last line gets its end")
    raw = b"Subject: x\r\n\r\n\0\r\n.\r\n\r \n \xff"
    one(d, peer, text=raw, options=("-B", "BINARYMIME"))
    ok(peer.messages[2].data.endswith(raw), "BINARYMIME as it is")
    like(peer.messages[2].mail, "BODY=BINARYMIME", "and declared")
    d.stop()
    peer.keywords.remove("BINARYMIME")
    d = relay([peer]).start()
    one(d, peer, text=raw, options=("-B", "BINARYMIME"))
    ok("BODY" not in peer.messages[3].mail, "to a server without it: 7 bits")
    eq(email.message_from_bytes(peer.messages[3].data).get_payload(
        decode=True), raw[raw.index(b"\0"):], "which decode to the same")
    d.stop()


def many():
    """256 recipients are three transactions over one connection."""
    peer = Peer()
    d = relay([peer]).start()
    ident = put(d, *["out:u%d@example.com:" % i for i in range(256)])
    wait_for(lambda: sum(len(m.rcpts) for m in peer.messages) == 256,
             what="all recipients")
    eq(sorted(len(m.rcpts) for m in peer.messages), [56, 100, 100],
       "at most 100 recipients at once")
    eq(peer.connections, 1, "one connection")
    d.wait_empty()
    eq(len(d.s.log_lines("delivered", qid=ident)), 256, "each has its line")
    peer.keywords.append("LIMITS RCPTMAX=2 MAILMAX=2")
    d.stop()
    d = relay([peer]).start()
    put(d, *["out:u%d@example.com:" % i for i in range(3)])
    d.wait_empty()
    eq([len(m.rcpts) for m in peer.messages[3:]], [2, 1], "RCPTMAX holds")
    put(d, TO)
    d.wait_empty()
    eq(peer.connections, 3, "so does MAILMAX")
    d.stop()


def reuse():
    peer = Peer()
    d = relay([peer], ("relay-idle", '"1m"'), ("relay-reuse", "5"),
              ("delivery-processes", "1")).start()
    for _ in range(5):
        one(d, peer)
    eq(peer.connections, 1, "one connection for several messages")
    eq(peer.verbs().count("EHLO"), 1, "and one EHLO")
    eq(peer.verbs().count("RSET"), 0, "what ended well needs no RSET")
    one(d, peer)
    eq(peer.connections, 2, "relay-reuse: then a new one")
    peer.say["RCPT"] = ["550 5.1.1 no", "250 fine"]
    put(d, TO, "out:two@example.com:")
    d.wait_empty()
    eq(peer.messages[-1].rcpts, ["TO:<two@example.com>"], "one was refused")
    peer.say["RCPT"] = "550 5.1.1 no"
    put(d, TO)
    d.wait_empty()
    peer.say = {}
    one(d, peer)
    eq(peer.verbs().count("RSET"), 1, "what did not, does")
    d.stop()
    d = relay([peer], ("relay-idle", '"0"'),
              ("delivery-processes", "1")).start()
    n = peer.connections
    one(d, peer), one(d, peer)
    eq(peer.connections, n + 2, "relay-idle 0: each has its own")
    d.stop()
    d = relay([peer], ("relay-idle", '"200ms"')).start()
    one(d, peer)
    wait_for(lambda: not peer.open, what="the end of an idle connection")
    eq(peer.verbs()[-1], "QUIT", "QUIT when it was idle")
    # One that the server closed meanwhile is no failure.
    d.stop()
    d = relay([peer], ("relay-idle", '"1m"'),
              ("delivery-processes", "1")).start()
    one(d, peer)
    for s in list(peer.open):
        s.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: not peer.open, what="the server's end")
    one(d, peer)
    ok(not d.s.log_lines("later"), "a connection that ended is no failure")
    d.stop()


def replies():
    """Each recipient gets what was said of it."""
    def rcpt(_session, argument):
        name = re.match("TO:<([^@]*)", argument).group(1)
        return {"never": "550-5.1.1 no such\n550 5.1.1 user \x07 here",
                "later": "451 4.7.1 come again", "odd": "550 5.7.1",
                "bare": "553 no code", "wrong": "550 4.1.1 other class",
                "full": "452 4.2.2 full"}.get(name, "250 2.1.5 good")
    peer = Peer(say={"RCPT": rcpt})
    d = relay([peer]).start()
    names = ("never", "good", "later", "odd", "bare", "wrong", "full", "fine")
    put(d, *["out:%s@example.com:" % n for n in names])
    wait_for(lambda: peer.messages, what="the message")
    eq(peer.messages[0].rcpts, ["TO:<good@example.com>",
                                "TO:<fine@example.com>"], "the good ones")
    for n, event, enh, why in (
            ("never", "bounced", "5.1.1",
             r"said: 550 5.1.1 no such user \? here"),
            ("later", "later", "4.7.1", "said: 451 4.7.1 come again"),
            ("odd", "bounced", "5.7.1", "said: 550 5.7.1"),
            ("bare", "bounced", "5.0.0", "said: 553 no code"),
            ("wrong", "bounced", "5.0.0", "said: 550 4.1.1 other class"),
            ("full", "later", "4.2.2", "said: 452 4.2.2 full"),
            ("good", "delivered", "", "")):
        ok(d.logged(r'%s .*%s.*%s.*to="<%s@' % (
            event, "enh=" + re.escape(enh) if enh else "", why, n)), n)
    d.stop()
    for stage, text, event, enh in (
            ("MAIL", "550 5.7.1 not you", "bounced", "5.7.1"),
            ("MAIL", "451 4.3.0 later", "later", "4.3.0"),
            ("DATA", "554 5.6.0 no", "bounced", "5.6.0"),
            ("DATA", "451 4.3.2 no", "later", "4.3.2"),
            ("END", "554 5.7.1 spam", "bounced", "5.7.1"),
            ("END", "452 4.3.1 full", "later", "4.3.1"),
            ("EHLO", "550 5.7.1 who", "later", "4.7.1"),
            ("CONNECT", "554 5.3.2 no mail here", "bounced", "5.3.2"),
            ("CONNECT", "421 4.3.2 busy", "later", "4.3.2")):
        for extra in ((), ("CHUNKING",)):
            if extra and stage == "DATA":
                continue
            peer = Peer(KEYWORDS + extra, say={stage: text})
            if stage == "EHLO":
                peer.say["HELO"] = text
            d = relay([peer], ("retry-first", '"1h"')).start()
            put(d, TO)
            ok(d.logged(r"%s qid=\S+ rcpt=0 .*enh=%s why=.*said: %s" % (
                event, enh, text[:3])), "%s: %s%s" % (
                    stage, text, " (BDAT)" if extra else ""))
            eq(peer.messages, [], "nothing was delivered")
            d.stop()


def singly():
    """A server without PIPELINING, one that knows HELO only."""
    peer = Peer(())
    outstanding = []

    def slow_rcpt(session, _argument):
        outstanding.append(len(session.buffer))
        return "250 fine"
    peer.say["MAIL"] = peer.say["RCPT"] = slow_rcpt
    d = relay([peer]).start()
    one(d, peer, TO, "out:b@example.com:")
    eq(outstanding, [0, 0, 0], "one command at a time")
    eq(peer.messages[0].mail, "FROM:<sender@example.net>", "no parameters")
    eq(peer.messages[0].data, WIRE, "byte for byte")
    one(d, peer, text=b"Subject: x\n\n\xe4\n")
    like(peer.messages[1].data, "quoted-printable.*=E4",
         "8 bits become quoted-printable without 8BITMIME")
    put(d, TO, text=b"Subject: \xc3\xa4\n\n\xe4\n")
    ok(d.logged("bounced .*enh=5.6.3 why=.*8BITMIME"), "a header cannot")
    d.stop()
    peer = Peer(say={"EHLO": "502 5.5.1 what"})
    d = relay([peer]).start()
    one(d, peer)
    eq(peer.verbs()[:2], ["EHLO", "HELO"], "HELO where EHLO is not known")
    d.stop()
    # All refused, singly: no DATA; together: DATA is refused, or is empty.
    peer = Peer((), say={"RCPT": "550 5.1.1 no"})
    d = relay([peer]).start()
    put(d, TO)
    ok(d.logged("bounced .*enh=5.1.1"), "nobody")
    eq(peer.verbs()[:4], ["EHLO", "MAIL", "RCPT", "QUIT"]
       if peer.verbs()[3:4] == ["QUIT"] else ["EHLO", "MAIL", "RCPT"],
       "no DATA for nobody")
    d.stop()
    peer = Peer(say={"RCPT": "550 5.1.1 no", "EMPTY": "yes"})
    d = relay([peer], ("relay-idle", '"1m"'),
              ("delivery-processes", "1")).start()
    put(d, TO)
    ok(d.logged("bounced .*enh=5.1.1"), "nobody, pipelined")
    wait_for(lambda: peer.tried, what="the empty message")
    eq(peer.tried[0].data, b"", "354 to nobody gets an empty message")
    peer.say = {}
    one(d, peer)
    eq(peer.connections, 1, "and the connection is still good")
    d.stop()


def parameters():
    peer = Peer(KEYWORDS + ("SMTPUTF8", "MT-PRIORITY", "DELIVERBY 1"))
    d = relay([peer]).start()
    one(d, peer, options=("-N", "SUCCESS,FAILURE", "-O",
                          "rfc822;a+2Bb@example.org", "-V", "env+2Bid",
                          "-R", "HDRS", "-P", "4", "-D", "R3000"))
    m = peer.messages[0]
    like(m.mail, r"> SIZE=\d+ RET=HDRS ENVID=env\+2Bid MT-PRIORITY=4 "
         r"BY=(2\d\d\d|3000);R$", "MAIL's parameters are passed on (RFC 6710 4.2, "
         "RFC 2852 4.1.4)")
    eq(m.rcpts, ["TO:<user@example.com> NOTIFY=SUCCESS,FAILURE "
                 "ORCPT=rfc822;a+2Bb@example.org"], "so are RCPT's")
    name = "out:\u00fcser@example.com:"
    one(d, peer, name, text="Subject: \u00fc\n\n\u00fc\n".encode(),
        options=("-U",))
    like(peer.messages[1].mail, "BODY=8BITMIME SMTPUTF8", "SMTPUTF8")
    eq(peer.messages[1].rcpts[0].encode("latin-1").decode(),
       "TO:<\u00fcser@example.com>", "an address as it is")
    one(d, peer, text=b"Subject: x\n\n\xe4\n")
    like(peer.messages[2].mail, "BODY=8BITMIME$", "8 bits are declared")
    d.stop()
    peer.keywords = ["PIPELINING", "8BITMIME", "SIZE 1000"]
    d = relay([peer]).start()
    put(d, name, text=b"Subject: x\n\nx\n", options=("-U",))
    ok(d.logged("bounced .*enh=5.6.7.*SMTPUTF8"), "an address without SMTPUTF8")
    put(d, TO, text=b"Subject: \xc3\xbc\n\nx\n", options=("-U",))
    ok(d.logged('bounced .*enh=5.6.7.*to="<user@'), "a header without it")
    one(d, peer, text=b"Subject: x\n\nx\n", options=("-U",))
    ok("SMTPUTF8" not in peer.messages[3].mail, "who does not need it, goes")
    put(d, TO, text=b"x" * 1000, options=())
    ok(d.logged("bounced .*enh=5.3.4"), "larger than it takes: not sent")
    put(d, TO, options=("-D", "R3000"))
    ok(d.logged("bounced .*enh=5.3.3"), "BY with R, where it is not promised")
    one(d, peer, options=("-D", "N3000", "-s", ""))
    ok("BY=" not in peer.messages[4].mail, "with N it is sent")
    eq(len(peer.tried), 5, "nothing else was sent")
    d.stop()


def odd_bytes():
    peer = Peer()
    d = relay([peer]).start()
    for text in (b"Subject: x\n\na\rb\n", b"Subject: x\n\na\0b\n",
                 b"Subject: x\n\na\r\n.\r\nMAIL FROM:<evil@x>\r\n"):
        ident = put(d, TO, text=text)
        ok(d.logged("bounced qid=%s .*enh=5.6.0" % ident),
           "a bare CR or NUL is not sent")
    one(d, peer, text=b"Subject: x\n\n.\nMAIL FROM:<evil@x>\n.\n")
    eq(len(peer.messages), 1, "a dot alone ends nothing")
    eq(peer.messages[0].data[len(TRACE):],
       b"Subject: x\r\n\r\n.\r\nMAIL FROM:<evil@x>\r\n.\r\n", "it is text")
    big = b"Subject: x\n\n" + b"".join(
        b"%s%s\n" % (b"." * (i % 3), b"y" * (i % 200)) for i in range(40000))
    one(d, peer, text=big)
    eq(peer.messages[1].data, TRACE + big.replace(b"\n", b"\r\n"),
       "megabytes, byte for byte")
    d.stop()


def lmtp():
    d = relay(["unix:/nonexistent/lmtp"], ("retry-first", '"1h"'),
              program="lmtp").start()
    put(d, TO)
    ok(d.logged("later .*enh=4.4.1"), "no socket")
    d.stop()
    for where in ("tcp", "unix"):
        for extra in ((), ("CHUNKING",)):
            scratch = Scratch()
            peer = Peer(("PIPELINING", "8BITMIME") + extra, lmtp=True,
                        path=None if where == "tcp" else
                        scratch.at("lmtp"))
            peer.say["END"] = ["250 2.0.0 a", "452 4.2.2 b", "550 5.2.0 c"]
            d = relay([peer], ("retry-first", '"1h"'),
                      program="lmtp").start()
            put(d, *["out:%s@example.com:" % n for n in "abc"])
            ok(d.logged('delivered .*to="<a@'), where + ": a has it")
            ok(d.logged('later .*enh=4.2.2.*to="<b@'), "b later")
            ok(d.logged('bounced .*enh=5.2.0.*to="<c@'), "c never")
            eq(peer.verbs()[0], "LHLO", "LHLO")
            eq(peer.tried[0].data, WIRE, "byte for byte")
            d.stop()
            peer.close()


def fallback():
    """The first that can be reached; one that is down is left alone."""
    dead = "127.0.0.1:%d" % free_port()
    second, third = Peer(), Peer()
    d = relay([dead, second, third], ("delivery-processes", "1"),
              ("retry-first", '"1h"')).start()
    one(d, second), one(d, second)
    eq(third.connections, 0, "the first that can be reached")
    d.stop()
    d = relay([dead], ("retry-first", '"1h"')).start()
    put(d, TO)
    ok(d.logged("later .*enh=4.4.1 why=.*cannot connect"), "none can be")
    d.stop()
    # Dying before the end of the message: the next one gets it.
    for stage in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA"):
        second, third = Peer(say={stage: None}), Peer()
        d = relay([second, third]).start()
        one(d, third)
        eq(third.messages[0].data, WIRE, "dies at %s: the next" % stage)
        ok(not d.s.log_lines("later"), "at once")
        d.stop()


def deaths():
    """At every point of the dialogue; once it gets up again it has one."""
    good = {"CONNECT": "220 peer.test", "DATA": "354 go"}
    cases = [(stage, how, extra)
             for extra in ((), ("CHUNKING",))
             for stage in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END")
             for how in (None, "", "421 4.3.2 down")
             if not (extra and stage == "DATA")]
    peers, settings = [], []
    for stage, how, extra in cases:
        good["EHLO"] = "250-peer.test\n250-8BITMIME\n250%sPIPELINING" % (
            "-CHUNKING\n250 " if extra else " ")
        peers.append(Peer(KEYWORDS + extra, say={
            stage: [how, good.get(stage, "250 2.0.0 fine")]}))
        # Only the time that is to be over: a reply to the end that comes
        # late would be a message twice.
        settings.append([("relay-%s-time" % (
            "end" if stage == "END" else "reply"),
            '"1s"' if how == "" else '"1m"')])
    d, ids = side_by_side(peers, *settings)
    for (stage, how, extra), peer, ident in zip(cases, peers, ids):
        ok(d.logged("later qid=%s .*enh=4" % ident), "%s, %r%s: later" % (
            stage, how, " (BDAT)" if extra else ""))
        wait_for(lambda p=peer: p.messages, what="the next try")
    d.wait_empty()
    for case, peer in zip(cases, peers):
        eq((len(peer.messages), peer.messages[0].data), (1, WIRE),
           "%s, %r: then it is delivered once" % case[:2])
        peer.close()
    d.stop()


def cut_bodies():
    """Within the message: nobody has it, and so it is sent again."""
    for extra in ((), ("CHUNKING",)):
        peer = Peer(KEYWORDS + extra)
        peer.cut = 100000
        text = BODY + (b"z" * 70 + b"\n") * 40000
        d = relay([peer]).start()
        put(d, TO, text=text)
        ok(d.logged("later .*enh=4.4.2"), "the message is cut: later")
        wait_for(lambda: peer.messages, 20, what="the next try")
        eq(len(peer.messages[0].data),
           len(TRACE) + len(text) + text.count(b"\n"), "then all of it")
        d.stop()


def early_end():
    """A server that refuses in the midst of a message and closes."""
    def too_large(session, _argument):
        session.s.sendall(b"354 go\r\n")
        while len(session.buffer) < 200000:
            session.more()
        session.s.sendall(b"552 5.3.4 too large\r\n")
        session.s.shutdown(socket.SHUT_WR)
        # Reads on, so that what it said is not lost with a reset.
        while True:
            session.buffer = b""
            session.more()
    peer = Peer(say={"DATA": too_large})
    d = relay([peer], ("retry-first", '"1h"'),
              ("relay-end-time", '"5s"')).start()
    put(d, TO, text=BODY + (b"z" * 70 + b"\n") * 100000)
    ok(d.logged("bounced .*enh=5.3.4 why=.*552"), "its answer holds")
    d.stop()


def nonsense():
    """What is no reply, or never ends, costs a try and nothing else."""
    endless = b"250-" + b"x" * 500 + b"\r\n"
    cases = [("EHLO", what, [text, "250 peer.test"]) for what, text in (
        ("no code", b"hello there\r\n"), ("binary", b"\x16\3\1\0\r\n"),
        ("an endless line", b"250-" + b"x" * 100000),
        ("an endless reply", endless * 300),
        ("codes that differ", b"250-a\r\n251 b\r\n"),
        ("a code of 1xx", b"150 x\r\n"), ("a code of 6xx", b"650 x\r\n"))]
    cases += [(stage, text, [text, "354 go" if stage == "DATA" else
                             "250 2.0.0 fine"]) for stage, text in (
        ("MAIL", "354 go"), ("RCPT", "354 go"), ("DATA", "250 fine"),
        ("END", "354 again"))]
    peers = [Peer(say={stage: said}) for stage, _, said in cases]
    d, ids = side_by_side(peers)
    for (stage, what, _), peer, ident in zip(cases, peers, ids):
        ok(d.logged("later qid=%s .*enh=4.5.0" % ident),
           "%s: %s" % (stage, what))
        wait_for(lambda p=peer: p.messages, what="the next try")
    d.wait_empty()
    eq([len(p.messages) for p in peers], [1] * len(peers),
       "then each is delivered once")
    d.stop()
    for peer in peers:
        peer.close()
    # More replies than were asked for: the next one would be misread.
    peer = Peer(say={"END": "250 2.0.0 fine\n250 2.0.0 and more"})
    d = relay([peer], ("relay-idle", '"1m"'),
              ("delivery-processes", "1")).start()
    one(d, peer), one(d, peer)
    eq(peer.connections, 2, "bytes behind a reply end the connection")
    peer.say = {"CONNECT": "220 peer.test\n220 twice"}
    d.stop()
    d = relay([peer]).start()
    put(d, TO)
    ok(d.logged("later .*enh=4"), "two greetings")
    d.stop()


def times():
    for name, stage in (("relay-reply-time", "MAIL"),
                        ("relay-end-time", "END"),
                        ("relay-reply-time", "CONNECT")):
        peer = Peer(say={stage: ""})
        d = relay([peer], (name, '"300ms"'), ("retry-first", '"1h"')).start()
        put(d, TO)
        ok(d.logged("later .*enh=4.4.2 why=.*in time"), "%s: %s" % (
            name, stage))
        d.stop()
        peer.close()
    # One that does not read.
    def stuck(session, _argument):
        session.s.sendall(b"354 go\r\n")
        session.s.recv(10)
        threading.Event().wait(slow(20))
    for name in ("relay-data-time", "relay-message-time"):
        peer = Peer(say={"DATA": stuck})
        d = relay([peer], (name, '"1s"'), ("retry-first", '"1h"')).start()
        put(d, TO, text=BODY + b"z\n" * 8000000)
        ok(d.logged("later .*enh=4.4.2 why=.*in time"), name)
        d.stop()
        peer.close()
    # deliver does not kill who waits for longer than delivery-timeout.
    peer = Peer(say={"END": lambda *_: threading.Event().wait(2.5) or
                     "250 2.0.0 at last"})
    d = relay([peer], ("delivery-timeout", '"1s"'),
              ("delivery-processes", "1")).start()
    one(d, peer)
    ok(not d.s.log_lines("later") and len(peer.tried) == 1,
       "waiting is not being stuck")
    d.stop()
    # A place that answers no connection: a listener whose queue is full.
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fill = []
    for _ in range(3):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(full.getsockname())
        fill.append(s)
    d = relay(["127.0.0.1:%d" % full.getsockname()[1]],
              ("relay-connect-time", '"300ms"'),
              ("retry-first", '"1h"')).start()
    put(d, TO)
    ok(d.logged("later .*enh=4.4.1 why=.*cannot connect"),
       "relay-connect-time")
    d.stop()


def names():
    peer = Peer()
    d = relay([peer], ("relay-helo", '"other.example"'),
              ("relay-source", '{"127.0.0.7"}')).start()
    seen = []
    peer.say["EHLO"] = lambda s, _a: seen.append(
        s.s.getpeername()[0]) or "250 peer.test"
    one(d, peer)
    eq(peer.messages[0].helo, "EHLO other.example", "relay-helo")
    eq(seen, ["127.0.0.7"], "relay-source")
    d.stop()
    peer = Peer()
    d = relay(["127.0.0.1"], ("relay-port", str(peer.port))).start()
    one(d, peer)
    ok(True, "relay-port")
    d.stop()
    d = relay(["localhost:%d" % peer.port]).start()
    one(d, peer)
    ok(True, "localhost needs no name service")
    d.stop()


def full_pipes():
    """Replies so long that the server waits until we read: no deadlock."""
    long = "\n".join("250-" + "x" * 400 for _ in range(4)) + "\n250 ok"
    peer = Peer(say={"RCPT": long}, buffers=4096)
    d = relay([peer]).start()
    put(d, *["out:u%d@%s.example.com:" % (i, "d" * 60 + "." + "e" * 60)
             for i in range(100)])
    wait_for(lambda: peer.messages, 30, what="the message")
    d.wait_empty()
    eq(len(peer.messages[0].rcpts), 100, "all recipients")
    d.stop()


run(plain, chunking, many, reuse, replies, singly, parameters, odd_bytes,
    lmtp, fallback, deaths, cut_bodies, early_end, nonsense, times, names,
    full_pipes, seconds=400)
