#!/usr/bin/env python3
"""BDAT from the client to the Maildir: what came in chunks of any size is
delivered once and whole, what was cut leaves nothing, and no octet of a chunk
is ever a command (RFC 3030 2, RFC 3030 3)."""
import os
import random
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

USER = "user@example.org"
LARGE = 300000          # more than session and submit hold in memory


def begin(client, parameters="", to=USER):
    client.hello()
    for reply in client.envelope(to, parameters=parameters):
        if reply.code != 250:
            raise ValueError("envelope: %s" % reply)


def chunk(data, last=False):
    return b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data


def cut(data, rng, pieces):
    """At random places, empty pieces among them."""
    at = sorted(rng.randrange(len(data) + 1) for _ in range(pieces - 1))
    return [data[a:b] for a, b in zip([0] + at, at + [len(data)])]


def lines(rng, size):
    """Text of about that size: lines of any length, dots in front of some."""
    out = b"Subject: chunks\r\n\r\n"
    while len(out) < size:
        out += rng.choice([b"", b".", b"..", b"QUIT\r\n"])
        out += b"x" * rng.choice([0, 1, 70, 998, 5000]) + CRLF
    return out


def arrives(server, data, parameters, pieces, rng, pipelined):
    """Sends it; gives the message as it is in the Maildir then."""
    before = server.scratch.maildir(USER)
    parts = cut(data, rng, pieces)
    sent = [chunk(p, p_at == len(parts) - 1) for p_at, p in enumerate(parts)]
    with server.client() as c:
        begin(c, parameters)
        if pipelined:
            c.send(b"".join(sent) + b"NOOP\r\n")
            codes = [r.code for r in c.replies(len(sent) + 1)]
        else:
            codes = []
            for one in sent:
                c.send(one)
                codes.append(c.reply().code)
            codes.append(c.cmd("NOOP").code)
    if codes != [250] * (len(parts) + 1):
        raise ValueError("codes: %s" % codes)
    wait_for(lambda: len(server.scratch.maildir(USER)) == len(before) + 1,
             20, "a delivery")
    return (set(server.scratch.maildir(USER)) - set(before)).pop()


def whole():
    rng = random.Random(1)
    for store in ("journal", "files"):
        with Server(settings={"queue-store": '"%s"' % store}) as server:
            wrong = []
            for size in (0, 100, 60000, 70000, LARGE):
                for pieces in (1, 2, 40):
                    data = lines(rng, size)
                    got = arrives(server, data, "BODY=8BITMIME", pieces, rng,
                                  rng.random() < .5)
                    if added(got, data.replace(CRLF, b"\n")) is None:
                        wrong.append((size, pieces))
            eq(wrong, [], "%s: text in chunks is text" % store)
            got = arrives(server, b"Subject: x\r\n\r\nno end", "", 3, rng,
                          True)
            ok(got.endswith(b"\n\nno end\n"), "a last line gets its end")
            wrong = []
            for size in (1, 1000, 66000, LARGE):
                for pieces in (1, 3, 40):
                    head = b"Subject: x\r\nContent-Transfer-Encoding: " \
                        b"binary\r\n\r\n"
                    data = head + b"\r\n\r\0\n\r\n.\r\n" + \
                        rng.randbytes(size) + b"\r"
                    got = arrives(server, data, "BODY=BINARYMIME", pieces,
                                  rng, rng.random() < .5)
                    top = added(got, data)
                    if top is None or re.search(rb"(?<!\r)\n", top) or \
                            not only_trace(top.replace(CRLF, b"\n")):
                        wrong.append((size, pieces, top))
            eq(wrong, [], "%s: binary octet for octet, below lines that end "
               "in CRLF" % store)


def nothing_left(server, what):
    ok(happens(server.scratch.empty), what + " leaves nothing")


def killed():
    """A message that is being streamed, and whoever has a part in it."""
    part = chunk(lines(random.Random(2), LARGE))
    with Server(deliver=False) as server:
        with server.client() as c:
            begin(c)
            c.send(part)
            eq(c.reply().code, 250, "a chunk that is streamed")
            ok(happens(lambda: server.scratch.queue("tmp")), "is in tmp/")
        nothing_left(server, "a client that is gone between two chunks")
        with server.client() as c:
            begin(c)
            c.send(part + part[:100000])
            eq(c.reply().code, 250, "a chunk, and half of another")
        nothing_left(server, "a client that is gone in a chunk")
        with server.client() as c:
            begin(c)
            c.send(part)
            c.reply()
            eq(c.cmd("RSET").code, 250, "RSET between two chunks")
            nothing_left(server, "RSET")
            begin(c)
            c.send(part)
            eq(c.reply().code, 250, "the next message")
            server.kill("submit")
            c.send(part)
            says(c.reply(), "SUBMIT_FAILED", "submit killed between chunks")
            c.send(chunk(b"RSET\r\nQUIT\r\n", True))
            says(c.reply(), "CHUNK_FAILED", "the last chunk is dropped")
            wait_for(lambda: server.role("submit"), 10, "a new submit")
            begin(c)
            c.send(chunk(b"text\r\n", True))
            says(c.reply(), "QUEUED", "the next message is taken")
        eq(len(server.scratch.queue()), 1, "and is the only one")
        with server.client() as c:
            begin(c)
            c.send(part)
            c.reply()
            server.kill("session")
        ok(happens(lambda: not server.scratch.queue("tmp")),
           "a session that is killed between chunks leaves nothing")


def limits():
    with Server(deliver=False, settings={
            "data-timeout": '"1s"', "max-idle-commands": 20}) as server:
        with server.client() as c:
            begin(c)
            c.send(b"BDAT 10\r\nhalf")
            says(c.reply(), "SLOW_TRANSFER", "a chunk that does not come")
            ok(c.closed(), "ends the session")
        with server.client() as c:
            begin(c)
            c.send(b"BDAT 10 LAST\r\nhalf")
            says(c.reply(), "SLOW_TRANSFER", "the last one, too")
        with server.client() as c:
            c.hello()
            c.send(b"BDAT 10\r\nhalf")
            says(c.reply(), "SLOW_TRANSFER", "one that is not wanted, too")
        with server.client() as c:
            begin(c)
            c.send(b"BDAT 0\r\n" * 30)
            codes = re.findall(rb"(?m)^\d+", c.rest())
            ok(25 > len(codes) > 10 and codes[-1] == b"421",
               "empty chunks are idle commands")
    with Server(deliver=False) as server:
        loop = b"Received: x\r\n" * 100 + b"\r\ntext\r\n"
        for body in ("7BIT", "BINARYMIME"):
            with server.client() as c:
                begin(c, "BODY=" + body)
                c.send(chunk(loop[:55]) + chunk(loop[55:], True))
                eq(c.reply().code, 250, "half of a header")
                says(c.reply(), "LOOP", "%s: hops are counted" % body)
        eq(server.scratch.queue(), [], "nothing of it is queued")
        with server.client() as c:
            begin(c)
            c.send(b"BDAT 1\r\nx" * 5000 + b"BDAT 2 LAST\r\n\r\nQUIT\r\n")
            codes = [r.code for r in c.replies(5002)]
            eq(codes, [250] * 5001 + [221], "5,001 chunks have a reply each")
    with Server(deliver=False, settings={
            "ehlo-keywords-off": '{"PIPELINING"}'}) as server:
        with server.client() as c:
            begin(c)
            c.send(chunk(b"one\r\n"))
            eq(c.reply().code, 250, "a chunk is not behind its BDAT too early")
            c.send(chunk(b"two\r\n", True) + b"NOOP\r\n")
            says(c.reply(), "EARLY_TALKER", "what is behind the chunk is")
            ok(c.closed(), "the session ends")
        eq(server.scratch.queue(), [], "nothing is queued")


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local")
run(whole, killed, limits)
