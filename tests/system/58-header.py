#!/usr/bin/env python3
"""What of a header is mended in messages that are submitted, by DATA and by
BDAT: domains (RFC 6409 4.2), Date (RFC 6409 8.2), Message-ID (RFC 6409 8.3);
and that all other bytes stay as they are."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "few" { type = "list"  rows = {"127.0.0.9"} }
table "five" { type = "list"  rows = {"127.0.0.5"} }
table "six" { type = "list"  rows = {"127.0.0.6"} }
table "logins" { type = "list"
    rows = {"ann: own, ann@a.test, sales@a.test"} }
table "devices" { type = "list"  rows = {"127.0.0.7"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "special" { table = "few"  mend-header = {"bcc"}
    header-addresses = "leave" }
channel "devices" { table = "devices"  relay = yes  mend-for = "relays" }
channel "five" { table = "five"  header-from = "all"
    mend-header = {"from"}  sender-logins = "logins" }
channel "six" { table = "six"  header-from = "all"  rehearse = {"header"}
    mend-header = {"from"}  sender-logins = "logins" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    xclient = {"127.0.0.0/8"} }
listen "strict" { address = {"127.0.0.1"}  port = @port2@
    xclient = {"127.0.0.0/8"}  header-addresses = "strict"
    default-domain = "l.test"  mend-header = {"from", "date"} }
listen "from" { address = {"127.0.0.1"}  port = @port3@
    xclient = {"127.0.0.0/8"}  header-from = "sender"
    sender-logins = "logins"  sender-unlisted = "own"
    header-addresses = "leave"  mend-header = {"date"} }
"""
DATE = r"Date: \w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4}\n"
ID = r"Message-ID: <[0-9a-f]+\.[0-9a-z]+\.\d+@inlet\.example>\n"
server = None


def session(login="ann", port="1", source="127.0.0.1"):
    c = server.client(port=server.ports[port], source=source)
    c.hello()
    if login:
        c.cmd("XCLIENT LOGIN=" + login)
        c.hello()
    return c


def queued(r):
    """The text of the entry that a reply names, behind our trace line."""
    entry = server.scratch.entry(server.queue_id(r))
    text = entry[entry.index(b"Received: "):-32]
    return re.sub(rb"^Received: .*?\n(?![ \t])", b"", text, 1, re.S)


def by_data(c, text, **more):
    return c.message(text, hello=False, **more)


def by_bdat(c, text, sizes=(1, 7, 20), body="8BITMIME", more=""):
    """In chunks of these sizes, the last of them again and again."""
    sizes = list(sizes)
    text = text if isinstance(text, bytes) else text.encode()
    if body != "BINARYMIME":
        text = text.replace(b"\n", b"\r\n")
    c.envelope(parameters="BODY=" + body + more)
    while text:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        piece, text = text[:size], text[size:]
        c.send(b"BDAT %d%s\r\n" % (len(piece), b"" if text else b" LAST"))
        c.send(piece)
        r = c.reply()
    return r


def matches(got, pattern, what):
    like(got, r"\A%s\Z" % pattern, what)


def added():
    text = "Subject: x\nTo: jo\n\nbody\n"
    want = r"Subject: x\nTo: jo@inlet\.example\n%s%s\nbody\n" % (DATE, ID)
    with session() as c:
        first = queued(by_data(c, text))
        matches(first, want, "Date, Message-ID and a domain by DATA")
        second = queued(by_bdat(c, text))
        matches(second, want, "and by BDAT")
        ok(re.search(ID.encode(), first).group(0) !=
           re.search(ID.encode(), second).group(0), "another identifier")
        whole = "From: a@b\nDate: x\nMessage-ID: <x>\n\n" + 70 * "line\n"
        eq(queued(by_data(c, whole)), whole.encode(), "what has all stays")
        eq(queued(by_bdat(c, whole, (3, 4096))), whole.encode(), "in chunks")
        matches(queued(by_data(c, "no header\n\nat all\n")),
                DATE + ID + r"\nno header\n\nat all\n", "without a header")
        matches(queued(by_bdat(c, "A: b")), r"A: b\n" + DATE + ID,
                "without an end")
        again = queued(by_data(c, "Resent-To: a@b\nSubject: x\n\nb\n"))
        matches(again, r"Resent-To: a@b\nResent-%sResent-%s"
                r"Subject: x\n\nb\n" % (DATE, ID), "a message sent again")


def binary():
    text = b"Subject: x\r\nTo: jo\r\n\r\n\0\r\n\n\r" + bytes(range(256)) * 300
    want = b"\r\n\r\n" + text.partition(b"\r\n\r\n")[2]
    with session() as c:
        got = queued(by_bdat(c, text, (5, 1000, 30000), "BINARYMIME"))
    ok(got.endswith(want), "a binary body, octet for octet")
    matches(got[:-len(want) + 2],
            r"Subject: x\r\nTo: jo@inlet\.example\r\n%s\r\n%s\r\n"
            % (DATE[:-2], ID[:-2]), "whose header has CRLF")


def large():
    """A header larger than all buffers, fields too, and a body behind it."""
    fields = "".join("X-%d: %s\n" % (i, "v" * 900) for i in range(100)) + \
        "Subject: " + " folded\n" * 10000 + "To: " + "x" * 70000 + "\n"
    body = "\n" + "".join("line %d\n.dot\n" % i for i in range(20000))
    with session() as c:
        for how in by_data, lambda c, t: by_bdat(c, t, (65537, 100000)):
            got = queued(how(c, fields + body)).decode()
            ok(got.startswith(fields) and got.endswith(body),
               "a large header, and its body")
            matches(got[len(fields):-len(body)], DATE + ID, "with its fields")


def others():
    text = "Subject: x\nTo: jo\nBcc: hidden\n\nbody\n"
    with session(login=None) as c:
        eq(queued(by_data(c, text)), text.encode(), "of strangers nothing")
    with session(login=None, source="127.0.0.7") as c:
        matches(queued(by_data(c, text)), r"Subject: x\nTo: jo@inlet.example"
                r"\nBcc: hidden@inlet.example\n%s%s\nbody\n" % (DATE, ID),
                "of hosts that may relay, if asked for")
    with session(source="127.0.0.9") as c:
        eq(queued(by_data(c, text)), b"Subject: x\nTo: jo\n\nbody\n",
           "only Bcc, as a channel wants it")


def strict():
    with session(port="2") as c:
        matches(queued(by_data(c, "Subject: x\nTo: jo\n\nb\n",
                               sender="me@b.test")),
                r"Subject: x\nTo: jo@l\.test\nFrom: me@b\.test\n%s\nb\n"
                % DATE, "From by the sender, default-domain")
        for bad, why in (("To: a@mailhost", "To: a domain is not fully"),
                         ("Cc: a b, c@d.test", "Cc: a name has no address"),
                         ("From: <a@b.test", "From: what is in angle")):
            for how in by_data, by_bdat:
                r = how(c, bad + "\n\n" + "b\n" * 100)
                says(r, "BAD_HEADER", bad)
                ok(why in r.text, "and why: " + r.text)
        eq(c.cmd("NOOP").code, 250, "the session goes on")
        eq(by_bdat(c, "To: a@mailhost\n\n" + 200000 * "b\n",
                   (100000,)).code, 554, "though it was streamed")
        matches(queued(by_data(c, "To: a@b.test\nFrom: x@y.test\nDate: x\n"
                               "\n")), r"To: .*", "what is good is taken")
    eq(server.scratch.log_lines("disagree"), [], "submit agrees to all that")


# Whom the header names, what is said at a listener with header-from = sender,
# and in a channel with all.  ann is ann@inlet.example, and two more.
FROMS = (
    ("From: ann@inlet.example", "yes", "yes"),
    ("From: Ann <ANN@a.test>", "yes", "yes"),
    ("From: ann", "yes", "yes"),
    ("From: ann@a.test, sales@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("From: ann@a.test, sales@a.test\nSender: sales@a.test", "yes", "yes"),
    ("From: bob@a.test", "HEADER_NOT_YOURS", "HEADER_NOT_YOURS"),
    ("From: bob@a.test\nSender: ann@a.test", "yes", "HEADER_NOT_YOURS"),
    ("From: ann@a.test\nSender: bob@a.test", "HEADER_NOT_YOURS",
     "HEADER_NOT_YOURS"),
    ("From: ann@a.test, bob@a.test\nSender: ann@a.test", "yes",
     "HEADER_NOT_YOURS"),
    ("From: \"ann@a.test\" <bob@a.test>", "HEADER_NOT_YOURS",
     "HEADER_NOT_YOURS"),
    ("From: bob@a.test (ann@a.test)", "HEADER_NOT_YOURS", "HEADER_NOT_YOURS"),
    ("FROM :\n ann@a.test,\n bob@a.test\nSender: ann@a.test", "yes",
     "HEADER_NOT_YOURS"),
    ("From: ann@a.test\nFrom: bob@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("From: ann@a.test\nfrom: ann@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("From: ann@a.test\nSender: ann@a.test\nSender: bob@a.test",
     "BAD_HEADER", "BAD_HEADER"),
    ("From: Ann <ann@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("From: ann@a.test, <rubbish bob@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("From: ann@a.test\nSender: ann@a.test, <bob", "BAD_HEADER",
     "BAD_HEADER"),
    ("From: nobody:;", "BAD_HEADER", "BAD_HEADER"),
    ("From:", "BAD_HEADER", "BAD_HEADER"),
    ("From: " + "a" * 70000 + "@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("Resent-From: ann@a.test\nFrom: bob@b.test", "yes", "HEADER_NOT_YOURS"),
    ("Resent-From: bob@a.test\nFrom: ann@a.test", "HEADER_NOT_YOURS", "yes"),
    ("Resent-To: ann@a.test", "BAD_HEADER", "BAD_HEADER"),
    ("Reply-To: bob@a.test\nFrom: ann@a.test", "yes", "yes"),
    # Which is added, where mend-header says so: the sender of the envelope.
    ("To: bob@a.test", "BAD_HEADER", "yes"),
)


def as_whom():
    """header-from: the header says nobody else either (RFC 6409 6.1); and
    leans on no check that is only rehearsed."""
    for port, source, column in (("3", "127.0.0.1", 1), ("1", "127.0.0.5", 2),
                                 ("1", "127.0.0.6", 2)):
        for row in FROMS:
            with session(port=port, source=source) as c:
                text = row[0] + "\nSubject: x\n\ntext\n"
                r = by_data(c, text, sender="ann@a.test")
                if row[column] != "yes":
                    says(r, row[column], "%.40s" % row[0])
                    continue
                eq(r.code, 250, "%.40s" % row[0])
                if port == "3":
                    ok(queued(r).startswith(
                        row[0].split("\n")[0].encode()),
                       "which stays as it is")
    line = wait_for(lambda: server.scratch.log_lines(
        "refuse", reason="header_from", detail="login=ann"), what="a line")
    ok("bob@a.test" not in line[0] or "login=ann" in line[0],
       "the log has the login")
    with session(port="3") as c:
        says(c.cmd("MAIL FROM:<bob@a.test>"), "SENDER_NOT_YOURS",
             "the envelope is as strict")
    with session(login=None, port="3") as c:
        eq(by_data(c, "From: bob@a.test\n\ntext\n").code, 250,
           "who has not logged in may say what it likes")
    with session(login="eve", port="3") as c:
        says(by_data(c, "From: bob@a.test\n\ntext\n",
                     sender="eve@inlet.example"), "HEADER_NOT_YOURS",
             "who is not listed is itself")


def utf8():
    field = "From: J\u00f6 <j\u00f6@b\u00fccher.test>\nTo: jo\nDate: x\n\n"
    with session(port="2") as c:
        got = queued(by_bdat(c, field.encode(), more=" SMTPUTF8"))
        eq(got.decode(), field.replace("jo\n", "jo@l.test\n"),
           "addresses beyond ASCII with SMTPUTF8")


def checked():
    server.scratch.write("bad.conf", open(server.scratch.conf).read().replace(
        '"from", "date"', '"fron"'))
    p = server.inlet("-C", server.scratch.at("bad.conf"), *server.where(),
                     "check")
    like(p.stdout + p.stderr, r'nothing called "fron" \(did you mean from',
         "a word that is none")


def main():
    global server
    server = Server(CONF, deliver=False)
    with server:
        for test in (added, binary, large, others, strict, as_whom, utf8,
                     checked):
            test()


need_built("smtpd", "smtpsrvr", "submit", "inlet")
run(main)
