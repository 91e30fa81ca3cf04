#!/usr/bin/env python3
"""mime7: whatever it converts, Python's parser finds the same parts with the
same bytes in it; nothing of it has 8 bits or a long line."""

import email
import email.policy
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONVERT = os.path.join(BUILD, "tests/chans/convert")
BINARY, UTF8 = 1, 2
CASES = 3000 if FULL else 400
SEED = random.randrange(1 << 32)


class Converter:
    def __init__(self, flags=0):
        self.p = spawn([CONVERT, str(flags)], stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE)

    def __call__(self, message):
        """The converted message, or a str that says why not."""
        self.p.stdin.write(b"%d\n" % len(message) + message)
        self.p.stdin.flush()
        line = self.p.stdout.readline()
        if line.startswith(b"-"):
            return line[1:-1].decode()
        return self.p.stdout.read(int(line))


class Maker:
    """Messages with lines that end in CR LF."""

    def __init__(self, seed, binary):
        self.r, self.binary, self.n = random.Random(seed), binary, 0

    def text_line(self):
        r = self.r
        kind = r.randrange(9)
        if kind == 0:
            return b"From here on" + bytes(r.choices(range(128, 256), k=3))
        if kind == 1:
            return b"-" * r.randrange(4) + b"x" * r.randrange(80) + b" \t"
        if kind == 2:
            return b"." * r.randrange(3)
        if kind == 3:
            return bytes(r.choices(range(32, 256), k=r.randrange(200)))
        if kind == 4:
            return "Grüße, =20 und ß=".encode()
        if kind == 5:
            return b"x" * r.randrange(70, 80) + b"-- " * 10
        if kind == 6 and self.binary:
            return bytes(r.choices(range(256), k=r.randrange(2000)))
        return b"plain words " * r.randrange(8)

    def text(self):
        lines = [self.text_line() for _ in range(self.r.randrange(8))]
        return CRLF.join(lines) + self.r.choice((CRLF, CRLF, b""))

    def label(self, body):
        kinds = ["8bit", "8BIT (comment)", None, "\r\n 8bit"]
        if self.binary:
            kinds = ["binary", "Binary"]
        elif max(body, default=0) < 128:
            kinds += ["7bit", None]
        kind = self.r.choice(kinds)
        return b"" if kind is None else \
            b"Content-Transfer-Encoding: " + kind.encode() + CRLF

    def leaf(self):
        r, body = self.r, self.text()
        kind = r.randrange(6)
        if kind == 0:
            return self.label(body), body
        if kind == 1:
            import base64
            return (b"Content-Type: image/x\r\nContent-Transfer-Encoding: "
                    b"base64\r\n", base64.encodebytes(body)
                    .replace(b"\n", CRLF))
        if kind == 2:
            return (b"Content-Type: application/x; name=\"a;b\"\r\n" +
                    self.label(body), body)
        return (b"Content-type: TEXT/plain;\r\n\tcharset=\"x\"\r\n" +
                self.label(body) + b"X-Behind: it\r\n", body)

    def entity(self, depth, top=False):
        r, kind = self.r, self.r.randrange(5)
        if depth == 0 or kind == 0:
            return self.leaf()
        if kind == 1:
            head, body = self.entity(depth - 1, top)
            inside = b"From: inner\r\n" + head + CRLF + body
            return (b"Content-Type: message/rfc822\r\n" + self.label(body),
                    inside)
        self.n += 1
        boundary = b"%s%d%s" % (r.choice((b"a", b"--=_", b"b/c:")), self.n,
                                b"e" * r.randrange(40))
        digest = r.randrange(8) == 0
        out = r.choice((b"", CRLF, "Vorwört\r\n".encode(), b"This is MIME\r\n"))
        for _ in range(r.randrange(1, 4)):
            head, body = self.entity(depth - 1)
            if digest:
                head, body = b"", b"Subject: x\r\n" + head + CRLF + body
            out += b"--" + boundary + r.choice((b"", b"", b" \t")) + CRLF
            out += head + CRLF + body + CRLF
        # The end of what nothing ends is a matter of taste.
        if top or r.randrange(10):
            out += b"--" + boundary + b"--" + CRLF
            out += r.choice((b"", b"", "Nachwört\r\n".encode()))
        return (b"Content-Type: multipart/%s; boundary=\"%s\"\r\n" % (
            b"digest" if digest else b"mixed", boundary) + self.label(out),
            out)

    def message(self):
        head, body = self.entity(self.r.randrange(5), True)
        m = b"Received: x\r\n\tby y; z\r\nSubject: a test\r\n" + \
            self.r.choice((b"MIME-Version: 1.0\r\n", b"")) + head + \
            CRLF + body
        if not self.binary and not m.endswith(CRLF):
            m += CRLF
        return m


CHANGED = {"content-transfer-encoding", "mime-version"}


def shape(part, original=None):
    """What a reader finds in it, but for how it is encoded."""
    fields = [(k.lower(), v) for k, v in part.items()
              if k.lower() not in CHANGED]
    if not part.get("content-type"):
        fields.append(("content-type", "none"))
    fields = [(k, "none" if k == "content-type" and "unknown-8bit" in v or
               "us-ascii" in v else v) for k, v in fields]
    if part.is_multipart():
        inside = [shape(p) for p in part.get_payload()]
    else:
        inside = part.get_payload(decode=True)
    return sorted(fields), inside


def parse(wire):
    return shape(email.message_from_bytes(wire, policy=email.policy.compat32))


def whole_lines(out):
    return all(len(line) <= 998 for line in out.split(b"\n"))


def generated(binary):
    convert = Converter(BINARY if binary else 0)
    done = 0
    for i in range(CASES):
        seed = "%d.%d" % (SEED, i)
        m = Maker(seed, binary).message()
        out = convert(m if binary else m.replace(CRLF, b"\n"))
        if isinstance(out, str):
            if out != "a line may or may not be a boundary":
                ok(False, "case %s is converted: %s" % (seed, out))
                diag(repr(m))
            continue
        done += 1
        wire = out.replace(b"\n", CRLF)
        good = max(out) < 128 and b"\r" not in out and b"\0" not in out
        if not good or not whole_lines(out):
            ok(False, "case %s: 7 bits and short lines" % seed)
            diag(repr(m))
        if parse(m) != parse(wire):
            ok(False, "case %s: the same to a reader" % seed)
            diag(repr(m))
            diag(repr(wire))
            diag(repr(parse(m)))
            diag(repr(parse(wire)))
            return
    ok(done > CASES * 0.9, "%s messages of %d, seed %d" % (
        "binary" if binary else "8-bit", done, SEED))


def lines():
    generated(False)


def binary():
    generated(True)


def real():
    """What Python itself makes of people's mail."""
    from email.message import EmailMessage
    convert = Converter()
    m = EmailMessage(policy=email.policy.SMTP.clone(cte_type="8bit"))
    m["From"], m["To"], m["Subject"] = "a@example.org", "b@example.org", "Gruß"
    m.set_content("Grüße aus Köln. \n\n-- \nß\n", cte="8bit")
    m.add_alternative("<p>Grüße</p>\n", subtype="html", cte="8bit")
    m.add_attachment(bytes(range(256)) * 3, maintype="application",
                     subtype="octet-stream", filename="ä.bin")
    wire = m.as_bytes()
    ok(max(wire) > 127, "the original has 8 bits")
    out = convert(wire.replace(CRLF, b"\n"))
    ok(isinstance(out, bytes), "is converted")
    got = email.message_from_bytes(out.replace(b"\n", CRLF),
                                   policy=email.policy.default)
    eq(got.get_body(("plain",)).get_content(), "Grüße aus Köln. \r\n\r\n-- "
       "\r\nß\r\n", "the text")
    eq(got.get_body(("html",)).get_content(), "<p>Grüße</p>\r\n", "the other")
    eq([a.get_content() for a in got.iter_attachments()],
       [bytes(range(256)) * 3], "the attachment")
    eq(got["subject"], "Gruß", "the subject")


run(lines, binary, real)
