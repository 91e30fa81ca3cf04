#!/usr/bin/env python3
"""Only CR LF . CR LF ends a message (RFC 5321 2.3.8, RFC 5321 4.1.1.4): 61
look-alikes, cut into two segments at every place and into single bytes.

Two of the 61 hold a true end.  Of the other 59, those with a bare CR, a bare
LF or a NUL are refused (550 5.5.2), the connection is closed, nothing of it
is queued and no later byte is a command.  Those that hold only what may
stand in a text are text, and what follows them is too: nothing is queued
until the true end comes, and then one message with all of it.

In chunks (BDAT) none of the 61 ends anything, wherever chunks and segments are
cut.  Text with a bare CR, a bare LF or a NUL is refused, and the session goes
on behind the last chunk; a binary message is stored as it is."""
import concurrent.futures
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

BREAKS = [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\r\0\n", b"\x8d\x8a"]
ENDINGS = [before + b"." + behind for before in BREAKS for behind in BREAKS]
ENDINGS += [
    b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n", b"\r\n .\r\n",
    b"\r\n.\t\r\n", b"\r\n..\r\n", b"\xc2\x85.\xc2\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8", b"\x0b.\x0b", b"\x0c.\x0c",
    b"\xc0\x8d\xc0\x8a.\xc0\x8d\xc0\x8a", b"\r\n\xef\xbc\x8e\r\n"]
HEAD = b"Subject: one\r\n\r\ntext"
SMUGGLED = (b"MAIL FROM:<evil@elsewhere.test>\r\n"
            b"RCPT TO:<other@example.org>\r\nDATA\r\n"
            b"Subject: two\r\n\r\nsmuggled")


def bare(data):
    """Does it hold a bare CR, a bare LF or a NUL?"""
    return re.search(rb"\r(?!\n)|(?<!\r)\n|\0", data) is not None


def legal(ending):
    return b"\r\n.\r\n" in ending


def cuts(data):
    """The whole, each cut in two, and single bytes."""
    yield [data]
    for i in range(1, len(data)):
        yield [data[:i], data[i:]]
    yield [data[i:i + 1] for i in range(len(data))]


def begin(client):
    client.hello()
    for reply in client.envelope("user@example.org"):
        if reply.code != 250:
            raise ValueError("envelope: %s" % reply)
    if client.cmd("DATA").code != 354:
        raise ValueError("no 354")


def refused(server, pieces):
    """One refusal, and the end; "" if so."""
    with server.client() as c:
        begin(c)
        c.send(HEAD)
        with contextlib.suppress(OSError):
            c.segments(pieces)
            c.send(SMUGGLED + b"\r\n.\r\nQUIT\r\n")
        answer = c.rest().decode("latin-1")
    if not re.fullmatch(reply_pattern("BARE_NEWLINE") + "\r\n", answer):
        return repr(answer)
    return ""


def taken(server, pieces, ending):
    """It is text, with all that follows up to the true end; "" if so."""
    before = set(server.scratch.queue())
    with server.client() as c:
        begin(c)
        c.send(HEAD)
        c.segments(pieces)
        c.send(SMUGGLED + b"\r\n")
        c.wait_read()
        if set(server.scratch.queue()) != before:
            return "queued before its end"
        c.send(b".\r\nQUIT\r\n")
        first, rest = c.reply(), c.rest()
    if not re.fullmatch(reply_pattern("QUEUED"), str(first)):
        return str(first)
    if not re.fullmatch(reply_pattern("CLOSING") + "\r\n",
                        rest.decode("latin-1")):
        return "after the end: %r" % rest
    new = set(server.scratch.queue()) - before
    if len(new) != 1:
        return "%d messages were queued" % len(new)
    stored = server.scratch.entry(new.pop())
    want = re.sub(rb"\r\n\.", b"\r\n", HEAD + ending + SMUGGLED)
    if want.replace(CRLF, b"\n") not in stored:
        return "the text was changed"
    return ""


def endings():
    eq(len(ENDINGS), 61, "there are 61 endings")
    eq(len([e for e in ENDINGS if not legal(e)]), 59, "59 are illegal")
    with Server(deliver=False, settings={
            "max-connections-per-address": 200}) as server:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            jobs = [(e, pool.submit(refused, server, cut))
                    for e in ENDINGS if bare(e) for cut in cuts(e)]
            wrong = {}
            for ending, job in jobs:
                wrong.setdefault(ending, set())
                try:
                    wrong[ending].add(job.result())
                except (Late, EOFError, ValueError, OSError) as e:
                    wrong[ending].add("%s: %s" % (type(e).__name__, e))
        for ending, answers in wrong.items():
            answers.discard("")
            if not ok(not answers, "%r is refused at every cut" % ending):
                for answer in sorted(answers)[:4]:
                    diag(answer)
        eq(server.scratch.queue(), [], "nothing of them is queued")
        wait_for(lambda: not server.scratch.queue("tmp"), 10,
                 "an empty tmp/")
        for ending in [e for e in ENDINGS if not bare(e) and not legal(e)]:
            answers = [taken(server, cut, ending) for cut in cuts(ending)]
            if not ok(not any(answers), "%r is text at every cut" % ending):
                for answer in sorted(set(answers))[:4]:
                    diag(answer)
        if not failures():
            diag("figure G12: %d of 59 illegal endings refused at every cut, "
                 "the other %d are text, none ends a message" % (
                     len(wrong), 59 - len(wrong)))
        # The one true end, as a measure of all of the above.
        before = len(server.scratch.queue())
        for cut in cuts(b"\r\n.\r\n"):
            with server.client() as c:
                begin(c)
                c.send(HEAD)
                c.segments(cut)
                if c.reply().code != 250 or c.quit().code != 221:
                    ok(False, "CR LF . CR LF at %r" % cut)
        eq(len(server.scratch.queue()) - before, 6,
           "CR LF . CR LF ends a message at every cut")


def in_chunks(server, pieces, binary, segments):
    """HEAD, the ending and SMUGGLED as a chunk a piece; "" if all is well."""
    text = HEAD + b"".join(pieces) + SMUGGLED
    parts = [HEAD + pieces[0]] + pieces[1:]
    parts[-1] += SMUGGLED
    stream = b"".join(b"BDAT %d%s\r\n" % (
        len(p), b" LAST" if at == len(parts) - 1 else b"") + p
        for at, p in enumerate(parts)) + b"NOOP\r\nQUIT\r\n"
    with server.client() as c:
        c.hello()
        c.envelope("user@example.org",
                   parameters="BODY=BINARYMIME" if binary else "")
        c.segments([stream[i:i + segments] for i in
                    range(0, len(stream), segments)])
        replies = c.replies(len(parts) + 2)
        if not c.closed():
            return "more replies than commands"
    codes = " ".join(str(r.code) for r in replies)
    if not binary and bare(text):
        return "" if re.fullmatch("(250 )*550 (503 )*250 221", codes) \
            else codes
    if not re.fullmatch("(250 )+221", codes):
        return codes
    name = server.queue_id(replies[-3])
    want = text if binary else text.replace(CRLF, b"\n") + b"\n"
    if not server.scratch.entry(name)[:-32].endswith(want):
        return "the text was changed"
    return ""


def chunks():
    with Server(deliver=False, settings={
            "max-connections-per-address": 200}) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [(e, binary, pool.submit(in_chunks, server, cut, binary,
                                            segments))
                    for e in ENDINGS for binary in (False, True)
                    for cut in cuts(e)
                    for segments in ((1000, 7) if len(cut) == 1 else
                                     (1000,))]
            wrong = {}
            for ending, binary, job in jobs:
                try:
                    answer = job.result()
                except (Late, EOFError, ValueError, OSError) as e:
                    answer = "%s: %s" % (type(e).__name__, e)
                wrong.setdefault((ending, binary), set()).add(answer)
        for binary in (False, True):
            bad = {e: a - {""} for (e, b), a in wrong.items()
                   if b == binary and a != {""}}
            if not ok(not bad, "%s in chunks: none of %d endings ends "
                      "anything, at any cut" % ("binary" if binary else
                                                "text", len(ENDINGS))):
                for ending, answers in list(bad.items())[:6]:
                    diag("%r: %s" % (ending, sorted(answers)[:3]))


need_built("smtpd", "smtpsrvr", "submit")
run(endings, chunks, seconds=240)
