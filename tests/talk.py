#!/usr/bin/env python3
"""talk - runs dialogue files (tests/talks/*.talk) against a scratch server.

    talk.py [FILE...]

A file has settings on top, then cases; each case is one connection and one
test.  A line is a mark, a blank, and the rest:

    @ name = value   a server-wide setting, for all of the file
    # text           a case begins: a new connection, its name
    C: text          send text and CRLF
    C< text          send just that: \\r \\n \\t \\0 \\xNN \\\\ and \\(text*N),
                     which is text N times
    C/ text          as C<, then wait until the server has read it, so that
                     what follows comes in another segment
    S: pattern       one whole reply comes and is like this
    S+ pattern       some line of that reply is like this
    S! pattern       no line of that reply is like this
    S5 pattern       so many replies come (any number), each like this
    S.               the server closes the connection and says nothing more
    Q: N             so many messages were queued since the case began
    ; text           a remark

"@ protocol = lmtp" says what the server's listener speaks.

In a pattern * is any text, {NAME} is that row of lib/replies.def, and one
that begins with / is a regular expression.  The greeting is read before a
case begins unless its first line is S:.
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *

CONF = """\
table "here" { type = "list"  rows = {"example.org", "inlet.example"} }
table "people" { type = "list"
    rows = {"user", "other", "third", "a.b", "postmaster",
        "evil: ../../x"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""


class Case:
    def __init__(self, name):
        self.name = name
        self.steps = []     # line number, mark, rest


def parse(path):
    """Settings and cases of one file."""
    settings, cases = {}, []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith(";"):
                continue
            if line.startswith("# "):
                cases.append(Case(line[2:]))
            elif line.startswith("@ ") and not cases:
                name, _, value = line[2:].partition("=")
                settings[name.strip()] = value.strip()
            else:
                found = re.fullmatch(
                    r"(C:|C<|C/|S:|S\+|S!|S\d+|S\.|Q:)(?: (.*))?", line)
                if not found or not cases:
                    raise ValueError("%s:%d: %s" % (path, number, line))
                cases[-1].steps.append((number,) + found.groups(""))
    return settings, cases


def unescape(text):
    """The bytes that a C< line stands for."""
    data = text.encode()

    def repeat(match):
        return unescape(match.group(1).decode("latin-1")) \
            * int(match.group(2))

    def one(match):
        if match.group(1):
            return repeat(re.match(rb"\\\((.*)\*(\d+)\)", match.group(0),
                                   re.S))
        c = match.group(2)
        if c[:1] == b"x":
            return bytes([int(c[1:], 16)])
        return {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0",
                b"\\": b"\\"}[c]
    return re.sub(rb"(\\\(.*?\*\d+\))|\\(x[0-9a-fA-F]{2}|[rnt0\\])", one, data)


def matches(pattern, text):
    if pattern.startswith("/"):
        return re.match(pattern[1:], text, re.S) is not None
    out = ""
    for part in re.split(r"(\{[A-Z_]+\}|\*)", pattern):
        if part == "*":
            out += ".*"
        elif part.startswith("{"):
            out += reply_pattern(part[1:-1])
        else:
            out += re.escape(part)
    return re.fullmatch(out, text, re.S) is not None


class Wrong(Exception):
    pass


class Talk:
    """One case at work."""

    def __init__(self, server, case):
        self.server, self.case = server, case
        self.said = []
        self.last = None
        self.queued = set(server.scratch.queue())
        self.client = None

    def note(self, way, data):
        text = data if isinstance(data, str) else data.decode("latin-1")
        for line in text.splitlines() or [""]:
            line = ascii(line)[1:-1]
            self.said.append(way + (line if len(line) < 200 else
                                    line[:200] + "..."))

    def expect(self, pattern):
        self.last = self.client.reply(60)
        self.note("S: ", self.last.text)
        if not matches(pattern, self.last.text):
            raise Wrong("wanted " + pattern)

    def step(self, mark, rest):
        if mark == "C:":
            self.note("C: ", rest)
            self.client.send(rest.encode() + CRLF)
        elif mark in ("C<", "C/"):
            self.note(mark + " ", rest)
            self.client.send(unescape(rest))
            if mark == "C/":
                self.client.wait_read()
        elif mark == "S:":
            self.expect(rest)
        elif mark == "S+":
            if not any(matches(rest, line) for line in self.last.lines):
                raise Wrong("no line is like " + rest)
        elif mark == "S!":
            if any(matches(rest, line) for line in self.last.lines):
                raise Wrong("a line is like " + rest)
        elif mark == "S.":
            more = self.client.rest()
            if more:
                raise Wrong("before the end: %r" % more[:200])
            self.note("S. ", "(closed)")
        elif mark == "Q:":
            new = set(self.server.scratch.queue()) - self.queued
            if len(new) != int(rest):
                raise Wrong("%d messages were queued" % len(new))
        else:
            for _ in range(int(mark[1:])):
                self.expect(rest)

    def run(self, label):
        steps = self.case.steps
        number = steps[0][0]
        try:
            self.client = self.server.client(
                greet=not steps[0][1].startswith("S"))
            for number, mark, rest in steps:
                self.step(mark, rest)
            ok(True, label)
        except (Wrong, Late, EOFError, ValueError, OSError) as e:
            ok(False, label)
            for line in self.said[-30:]:
                diag(line)
            diag("line %d: %s: %s" % (number, type(e).__name__, e))
        finally:
            if self.client:
                self.client.close()


def talks():
    paths = sys.argv[1:] or [
        os.path.join(HERE, "talks", name)
        for name in sorted(os.listdir(os.path.join(HERE, "talks")))
        if name.endswith(".talk")]
    servers = {}
    for path in paths:
        name = os.path.basename(path)[:-5]
        settings, cases = parse(path)
        key = tuple(sorted(settings.items()))
        if key not in servers:
            listen = 'listen "smtp" { address = {"127.0.0.1"}  port = @port@' \
                '  protocol = %s }\n' % settings.pop("protocol", '"smtp"')
            servers[key] = Server(CONF, deliver=False, listen=listen,
                                  settings=settings).start()
        before = failures()
        for case in cases:
            Talk(servers[key], case).run("%s: %s" % (name, case.name))
        if failures() > before:
            servers[key].dump(20)
    for key, server in servers.items():
        ok(server.stop(), "the server ends cleanly after the talks"
           + (" with " + ", ".join(n for n, _ in key) if key else ""))


need_built("smtpd", "smtpsrvr", "submit")
run(talks, seconds=300)
