#!/usr/bin/env python3
"""Edge values of everything that a client says (T15 to T32 of the catalogue
of incidents): each is answered at once, with the right code, and whatever
follows it is answered too, or the connection ends.  Nothing makes the server
wait for octets that cannot come.

Those of T15 to T42 that need more than one exchange are shown elsewhere:
ELSEWHERE says where, and is checked."""
import itertools
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *

ELSEWHERE = {
    "T19": ["tests/fuzz/fuzz_session.c", "tests/system/61-auth.py"],
    "T26": ["tests/smtpsrvr/t_sequences.c", "tests/system/23-sequences.py"],
    "T27": ["tests/smtpsrvr/t_sequences.c"],
    "T28": ["tests/smtpsrvr/t_sequences.c", "tests/talks/13-sequence.talk"],
    "T29": ["tests/talks/25-pipelining.talk",
            "tests/talks/26-many-commands.talk", "tests/smtpsrvr/t_session.c"],
    "T30": ["tests/smtpsrvr/t_envelopes.c"],
    "T33": ["tests/smtpsrvr/t_envelopes.c", "tests/lib/t_log.c"],
    "T34": ["tests/smtpsrvr/t_envelopes.c", "tests/lib/t_trace.c"],
    "T35": ["tests/talks/24-recipients.talk", "tests/smtpsrvr/t_session.c"],
    "T37": ["tests/talks/16-errors.talk", "tests/smtpsrvr/t_session.c"],
    "T38": ["tests/smtpsrvr/t_times.c", "tests/system/57-tls-floods.py"],
    "T39": ["tests/smtpsrvr/t_times.c"],
    "T40": ["tests/system/57-tls-floods.py"],
    # Nothing is decompressed, and no MIME is read on the way in; what
    # deliver reads of it for others is bounded.
    "T41": ["tests/fuzz/fuzz_mime7.c", "tests/chans/t_mime7.c"],
    "T42": ["tests/authsrvr/t_guard.c", "tests/system/59-login-rates.py"],
}
SHOWN = set()
SLOWEST = []
CONF = DEFAULT_CONF.replace('channel "world" { }', """\
channel "world" { auth = "offered"  auth-clear = yes }
auth-backends = {"file"}
auth-file = "@dir@/passwords"
auth-delay = "0s"
auth-failures = {"address 10000/10m"}
""")
SETTINGS = {"max-errors": 10000, "max-refused-recipients": 10000,
            "max-idle-commands": 100000,
            "max-empty-transactions": 100000, "max-unknown-commands": 10000,
            "max-message-size": 10000, "tarpit": '"0s"'}

HELLO = ["EHLO client.test"]
MAIL = HELLO + ["MAIL FROM:<s@elsewhere.test>"]
RCPT = MAIL + ["RCPT TO:<user@example.org>"]


class Session:
    """One that is opened again when a row has ended it."""

    def __init__(self, server):
        self.server, self.c, self.way = server, None, None

    def reach(self, way):
        if self.c is None:
            self.c = self.server.client()
            self.way = None
        if self.way != way:
            for line in (["RSET"] if self.way else []) + way:
                self.c.cmd(line)
            self.way = way

    def close(self):
        if self.c is not None:
            self.c.close()
        self.c = None

    def one(self, row):
        """What is wrong about a row, or "".  It is sent with NOOP behind it,
        but for what must be the last of its segment."""
        number, way, text, want, ends = row
        self.reach(way)
        c = self.c
        began = time.monotonic()
        c.send(text)
        got = [c.reply().code]
        SLOWEST.append((time.monotonic() - began, number, text[:60]))
        wanted = want if isinstance(want, tuple) else (want,)
        bad = "" if got[0] in wanted else "got %d, not %s" % (got[0], wanted)
        if ends:
            if not c.closed():
                bad = bad or "something follows"
            self.close()
            return bad
        if got[0] == 354:
            self.close()
            return bad
        if c.cmd("NOOP").code != 250 or c.buffer:
            bad = bad or "more than one reply"
        if got[0] < 400 or text.startswith(b"BDAT"):
            self.way = ["?"]            # it did something
        return bad


def shown(server, number, rows):
    """Rows of a T: (way, bytes, code or codes[, ends])."""
    SHOWN.add(number)
    s = Session(server)
    wrong = []
    for row in rows:
        way, text, want, *ends = row
        text = text.encode("latin-1") if isinstance(text, str) else text
        try:
            bad = s.one((number, way, text, want, bool(ends and ends[0])))
        except (Late, EOFError, ValueError, OSError) as e:
            bad = "%s: %s" % (type(e).__name__, e)
            s.close()
        if bad:
            wrong.append("%r: %s" % (text[:80], bad))
    s.close()
    if not ok(not wrong, "%s: %d edges" % (number, len(rows))):
        for text in wrong[:8]:
            diag(text)


def lines(server):
    def noop(n):
        return "NOOP " + "a" * (n - 7) + "\r\n"
    shown(server, "T15", [(HELLO, noop(n), 250 if n <= 2048 else 500)
          for n in (512, 513, 1001, 2047, 2048, 2049, 5000, 65535, 65536,
                    65537, 100000)])
    shown(server, "T17", [(HELLO, text, 500, True) for text in (
        "NOOP\n", "\n", "NOOP\r\r\n", "\rNOOP\r\n", "NO\rOP\r\n",
        "NOOP\n\r\n", "RSET\nNOOP\r\n", "MAIL FROM:<a@b.test>\n")])


def characters(server):
    rows = []
    for byte in list(range(0, 0x20)) + list(range(0x7f, 0x100)):
        if byte in (0x0a, 0x0d):
            continue
        c = bytes([byte])
        high = byte >= 0x80
        rows += [(HELLO, b"EHLO a" + c + b"b.test\r\n", 501),
                 (HELLO, b"MAIL FROM:<a" + c + b"b@c.test>\r\n",
                  553 if high else 501),
                 (HELLO, b"MAIL FROM:<a@c" + c + b".test>\r\n",
                  553 if high else 501),
                 (HELLO, b"MAIL FROM:<a@c.test> ENVID=a" + c + b"b\r\n", 501),
                 (MAIL, b"RCPT TO:<a" + c + b"b@example.org>\r\n",
                  553 if high else 501),
                 (MAIL, b"RCPT TO:<user@example.org> ORCPT=rfc822;a" + c +
                  b"b@c.test\r\n", 501)]
    shown(server, "T16", rows)


def addresses(server):
    long = "abcdefg." * 31
    shown(server, "T18", [
        (MAIL, 'RCPT TO:<""@example.org>\r\n', (501, 550)),
        (MAIL, 'RCPT TO:<"\\"@example.org>\r\n', 501),
        (MAIL, 'RCPT TO:<"a@example.org>\r\n', 501),
        (MAIL, 'RCPT TO:<a"b@example.org>\r\n', 501),
        (MAIL, "RCPT TO:<@>\r\n", 501), (MAIL, "RCPT TO:<>\r\n", 501),
        (MAIL, "RCPT TO:<@example.org>\r\n", 501),
        (MAIL, "RCPT TO:<a@>\r\n", 501), (MAIL, "RCPT TO:<a>\r\n", 501),
        (MAIL, "RCPT TO:a@example.org\r\n", 501),
        (MAIL, "RCPT TO:<a@b@example.org>\r\n", 501),
        (MAIL, "RCPT TO:<%s@example.org>\r\n" % ("a" * 64), 550),
        (MAIL, "RCPT TO:<%s@example.org>\r\n" % ("a" * 65), 501),
        (MAIL, "RCPT TO:<a@%sabcdefg>\r\n" % long, 550),
        (MAIL, "RCPT TO:<a@%sabcdefgh>\r\n" % long, 501),
        (MAIL, "RCPT TO:<a@[IPv6:2001:db8::1]>\r\n", 550),
        (MAIL, "RCPT TO:<a@[IPv6:]>\r\n", 501),
        (MAIL, "RCPT TO:<a@[IPv6:1:2:3:4:5:6:7:8:9]>\r\n", 501),
        (MAIL, "RCPT TO:<a@[192.0.2.256]>\r\n", 501),
        (MAIL, "RCPT TO:<a@[]>\r\n", 501),
        (MAIL, "RCPT TO:<@a.test,@b.test:user@example.org>\r\n", 250),
        (MAIL, "RCPT TO:<@a.test:>\r\n", 501),
        (MAIL, "RCPT TO:<%suser@example.org>\r\n" % (
            ",".join(["@a.test"] * 200) + ":"), (250, 501)),
        (MAIL, "RCPT TO:<;sleep 1;>\r\n", (501, 553)),
        (HELLO, "MAIL FROM:<;sleep 1;>\r\n", (501, 553)),
        (HELLO, "MAIL FROM:<@>\r\n", 501),
        (HELLO, "MAIL FROM:\r\n", 501)])


def parameters(server):
    mail = "MAIL FROM:<s@elsewhere.test>"
    good = ["SIZE=1", "BODY=7BIT", "RET=HDRS", "ENVID=x"]
    rows = [(HELLO, "%s %s\r\n" % (mail, " ".join(p)), 250)
            for p in itertools.permutations(good)]
    rows += [(HELLO, "%s %s %s\r\n" % (mail, one, one), 501) for one in good]
    rows += [(HELLO, mail + " " + text + "\r\n", code) for text, code in (
        ("X=", (501, 555)), ("=", 501), ("=1", 501), ("X", 555),
        ("X=1", 555), ("SIZE", 501), ("BODY", 501), ("RET", 501),
        ("ENVID", 501), ("ENVID=", 501), ("RET=full=1", 501),
        ("A=1 " * 400, (501, 555)), ("A=1 " * 1000, 500),
        ("SIZE=1 SIZE=2 SIZE=3", 501), ("(", (501, 555)))]
    shown(server, "T20", rows)
    sizes = [("0", 250), ("1", 250), ("10000", 250), ("10001", 552),
             ("%d" % 2**31, 552), ("%d" % 2**32, 552),
             ("%d" % (2**32 + 1), 552), ("%d" % (2**63 - 1), 552),
             ("%d" % 2**63, 552), ("%d" % 2**64, 552),
             ("%d" % (2**64 + 1), 552), ("9" * 20, 552), ("9" * 21, 501),
             ("%d" % 10**30, 501), ("-1", 501), ("+1", 501), ("0x10", 501),
             ("", 501), ("1.5", 501), ("1e3", 501), ("1 ", 250)]
    shown(server, "T22", [(HELLO, "%s SIZE=%s\r\n" % (mail, n), code)
                          for n, code in sizes])


def strange(server):
    """What shells, formats and file systems would obey is only text."""
    what = ["%n%s%x", "${run{/bin/id}}", "$(id)", "`id`", "|id", "../../x",
            "-oX", "~root", "*", "%00", "\\x00"]
    shown(server, "T21", [row for text in what for row in (
        (HELLO, "VRFY %s\r\n" % text, 252), (HELLO, "EXPN %s\r\n" % text, 502),
        (HELLO, "HELP %s\r\n" % text, 214),
        (HELLO, "EHLO %s\r\n" % text, (250, 501)),
        (HELLO, "MAIL FROM:<%s@b.test>\r\n" % text, (250, 501)),
        (MAIL, "RCPT TO:<%s@example.org>\r\n" % text, (501, 550)),
        (MAIL, 'RCPT TO:<"%s"@example.org>\r\n' % text, (501, 550)))])
    shown(server, "T32", [(MAIL, "RCPT TO:<%s>\r\n" % text, (501, 550, 553))
          for text in (":include:/etc/passwd", "/etc/passwd", "|/bin/id",
                       '"|/bin/id"@example.org', '"/etc/passwd"@example.org',
                       '":include:/etc/passwd"@example.org', "|id@example.org",
                       "user+../../x@example.org")])


def injection(server):
    mail = "MAIL FROM:<s@elsewhere.test> "
    bad = ["a+0D+0Ab", "a+0A", "a+0D", "a+00", "a+1B", "+", "+0", "a+0a",
           "+ZZ", "a+", "a+7F", "a+0Db", "a=b", "a+2"]
    shown(server, "T30", [row for text in bad for row in (
        (HELLO, mail + "ENVID=%s\r\n" % text, 501),
        (HELLO, mail + "AUTH=%s\r\n" % text, 501),
        (MAIL, "RCPT TO:<user@example.org> ORCPT=rfc822;%s\r\n" % text, 501),
        (MAIL, "RCPT TO:<user@example.org> ORCPT=utf-8;%s\r\n" % text, 501)
        if text != "a=b" else
        (MAIL, "RCPT TO:<user@example.org> ORCPT=%s\r\n" % text, 501))])
    shown(server, "T31", [
        (MAIL, 'RCPT TO:<"a\\\tb"@example.org>\r\n', 501),
        (MAIL, 'RCPT TO:<"a\tb"@example.org>\r\n', 501),
        (MAIL, b'RCPT TO:<"a\\\0b"@example.org>\r\n', 501),
        (MAIL, 'RCPT TO:<"a\\\rb"@example.org>\r\n', 500, True),
        (MAIL, 'RCPT TO:<"a\\\nb"@example.org>\r\n', 500, True),
        (HELLO, "EHLO *\r\n", 501), (HELLO, "EHLO a;b\r\n", 501),
        (HELLO, "EHLO a,b\r\n", 501), (HELLO, "EHLO a b\r\n", 501),
        (HELLO, 'EHLO "a"\r\n', 501), (HELLO, "EHLO (a)\r\n", 501),
        (HELLO, "EHLO <a>\r\n", 501), (HELLO, "EHLO\r\n", 501),
        (HELLO, "EHLO a%s.test\r\n" % ("b" * 1000), 501),
        (HELLO, "HELO [192.0.2.999]\r\n", 501)])


def sizes(server):
    """BDAT of what cannot come, or must be read and dropped."""
    far = ["%d" % n for n in (40001 * 4, 2**31, 2**32, 2**63, 2**64, 10**30)]
    for number, way in (("T23", RCPT), ("T24", HELLO), ("T24", MAIL)):
        shown(server, number, [
            (way, "BDAT %s%s\r\n" % (n, last), (552, 503), True)
            for n in far for last in ("", " LAST")] + [
            (way, "BDAT %s\r\n" % n, 501, True) for n in (
                "-1", "+1", "0x10", "", "LAST", "5 LAST x", "5 x", "1.5",
                "1,5", "-1 LAST", "5LAST", "LAST 5", "NaN", "5 LASTLAST")] + [
            (way, b"BDAT 5\0\r\n", 501, True),
            (way, b"BDAT 5\x80\r\n", 501, True),
            (way, "BDAT 5%s\r\n" % ("0" * 2100), 500, True)])
    shown(server, "T24", [(way, "BDAT %d%s\r\n" % (n, last) + text, 503)
          for way in (HELLO, MAIL) for last in ("", " LAST")
          for n, text in ((0, ""), (6, "QUIT\r\n"), (1, "x"),
                          (5000, "NOOP\r\n" * 833 + "xx"))])
    big = "x" * 60 + "\r\n"
    shown(server, "T25", [
        (RCPT, "BDAT 10001\r\n" + "x" * 10001, 552),
        (RCPT, "BDAT 12400 LAST\r\n" + big * 200, 552),
        (RCPT, "BDAT 39999 LAST\r\n" + "x" * 39999, 552),
        (RCPT, "BDAT 10000 LAST\r\n" + "x" * 9998 + "\r\n", 250),
        (RCPT, "BDAT 9998 LAST\r\n" + "x" * 9998, 250)])
    for n, ends in ((200, False), (2000, True)):
        with server.client() as c:
            for line in RCPT + ["DATA"]:
                c.cmd(line)
            c.send(big * n + ("" if ends else ".\r\n"))
            eq(c.reply().code, 552, "T25: %d octets of DATA" % (n * 62))
            if ends:
                ok(c.closed(), "T25: without their end, closed")
            else:
                eq(c.cmd("NOOP").code, 250, "T25: and the session goes on")


def logins(server):
    def auth(text):
        return (HELLO, "AUTH PLAIN %s\r\n" % text, (501, 535))
    rows = [auth("QUJDRA=="[:n]) if n else
            (HELLO, "AUTH PLAIN =\r\n", (501, 535)) for n in range(9)]
    rows += [auth(text) for text in (
        "QU=JD", "=QUJD", "QUJD====", "A", "====", "Q!JD", "QUJD QUJD",
        b64("\0\0"), b64("\0a\0"), b64("a\0b\0c\0d"), b64("a" * 300),
        b64("\0anna\0x\0"), b64(b"\0\xff\xfe\0x".decode("latin-1")))]
    rows += [(HELLO, "AUTH PLAIN %s\r\n" % ("A" * n), (501, 535, 500))
             for n in (1000, 8000, 12288 - 13)]
    rows += [(HELLO, "AUTH PLAIN %s\r\n" % ("A" * 20000), 500),
             (HELLO, "AUTH\r\n", 501), (HELLO, "AUTH X\r\n", 504),
             (HELLO, "AUTH %s\r\n" % ("X" * 500), 504)]
    shown(server, "T19", rows)
    # Behind a challenge; the line is its own.
    for text, codes in ((b"*", (501,)), (b"A" * 12289, (500,)),
                        (b"", (501, 535)), (b"=", (501, 535)),
                        (b"A", (501,)), (b"QU=JD", (501,)),
                        (b"* ", (501,)), (b"\0", (501,)),
                        (b"A" * 12288, (501, 535))):
        with server.client() as c:
            c.hello()
            eq(c.cmd("AUTH PLAIN").code, 334, "T19: a challenge")
            got = c.cmd(text).code
            ok(got in codes, "T19: %r behind it: %d" % (text[:10], got))
            eq(c.cmd("NOOP").code, 250, "T19: and on")
    for lines_ in (["AUTH PLAIN"], ["AUTH LOGIN"], ["AUTH LOGIN", b64("anna")],
                   ["AUTH SCRAM-SHA-256", b64("n,,n=anna,r=abc")]):
        with server.client() as c:
            c.hello()
            for line in lines_:
                c.cmd(line)
    with server.client() as c:
        eq(c.hello().code, 250, "T19: gone in each step, the next is served")


def shapes(server):
    """Headers and lines that others cannot bear: taken, and whole."""
    SHOWN.add("T36")
    for what, text in (
            ("20,000 fields", "X: y\r\n" * 20000 + "\r\nx\r\n"),
            ("20,000 folds", "X: y\r\n" + " z\r\n" * 20000 + "\r\nx\r\n"),
            ("a field of 200 KiB", "X: " + "y" * 204800 + "\r\n\r\nx\r\n"),
            ("a line of 100 KiB", "X: y\r\n\r\n" + "x" * 102400 + "\r\n")):
        with server.client() as c:
            r = c.message(text.replace("\r", ""))
            eq(r.code, 250, "T36: %s" % what)
            kept = server.scratch.entry(server.queue_id(r))
            ok(kept[:-32].endswith(text.replace("\r", "").encode()),
               "T36: %s, kept as they came" % what)


def elsewhere():
    for number in ["T%d" % n for n in range(15, 43)]:
        files = ELSEWHERE.get(number, [])
        there = [f for f in files if os.path.exists(os.path.join(SRC, f))]
        ok(there == files and (files or number in SHOWN),
           "%s: %s" % (number, ", ".join(files) or "here"))


def edges():
    with Server(CONF, deliver=False, settings=SETTINGS) as server:
        write_passwords(server.scratch.at("passwords"), [
            row("anna", "secret")], AUTH if ROOT else None)
        for part in (lines, characters, addresses, parameters, strange,
                     injection, sizes, logins):
            part(server)
    with Server(deliver=False) as server:
        shapes(server)
    SLOWEST.sort(reverse=True)
    quick = sum(1 for s, _, _ in SLOWEST if s <= 0.1)
    diag("slowest: %.0f ms, %s %r" % (SLOWEST[0][0] * 1000, SLOWEST[0][1],
                                     SLOWEST[0][2]))
    diag("figure G17: %d edges of %d kinds answered, %d within 100 ms, the "
         "slowest in %.0f ms; none waited" % (
             len(SLOWEST), len(SHOWN), quick, SLOWEST[0][0] * 1000))


need_built("smtpd", "smtpsrvr", "submit", "authsrvr")
run(edges, elsewhere)
