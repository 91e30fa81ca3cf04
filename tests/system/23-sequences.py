#!/usr/bin/env python3
"""All sequences of commands up to a length, against an automaton that was
written from RFC 5321, 3030 and 2033 and not from our code: no sender, recipient
or text of one transaction ever survives into another (T26, T28).

    23-sequences.py [LENGTH]        (4; 5 takes five minutes)

Here with the real programs; longer ones without them: t_sequences.c."""
import concurrent.futures
import itertools
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LENGTH = int(sys.argv[1]) if len(sys.argv) > 1 else 4
LOOP = b"Received: x\r\n" * 100 + b"\r\ntext\r\n.\r\n"
COMMANDS = {
    "EHLO": "EHLO client.test", "HELO": "HELO client.test",
    "MAIL": "MAIL FROM:<%s@elsewhere.test>", "BADMAIL": "MAIL FROM:<a@>",
    "RCPT": "RCPT TO:<%s@example.org>",
    "BADRCPT": "RCPT TO:<nobody@example.org>",
    "DATA": "DATA", "LOOPING": "DATA", "RSET": "RSET", "VRFY": "VRFY user",
    "XYZZY": "XYZZY", "NOOP": "NOOP"}

# With BDAT: in a transaction that can take it, and the ways out of that.
CHUNKS = {
    "EHLO": "EHLO client.test", "MAIL": "MAIL FROM:<%s@elsewhere.test>",
    "RCPT": "RCPT TO:<%s@example.org>",
    "BADRCPT": "RCPT TO:<nobody@example.org>", "DATA": "DATA",
    "CHUNK": None, "LAST": None, "BADCHUNK": None, "BADLAST": None,
    "RSET": "RSET"}

USERS = ["user", "other", "third", "a.b", "postmaster"]


class Automaton:
    """What RFC 5321 4.1.4 and 4.3.2 say of a session, RFC 3030 2 of BDAT, and
    RFC 2033 4 of LMTP."""

    def __init__(self, lmtp=False):
        self.lmtp = lmtp
        self.hello = False
        self.queued = []        # sender, recipients and text of each
        self.reset()

    def reset(self):
        self.sender, self.taken, self.refused = None, [], 0
        self.text, self.failed = [], False

    def ends(self, code, queued=()):
        """The end of a message: the transaction is over."""
        if code == 250:
            self.queued.append((self.sender, sorted(set(self.taken)),
                                self.text + list(queued)))
        codes = [code] * (len(self.taken) if self.lmtp else 1)
        self.reset()
        return codes

    def none_taken(self):
        return 503 if self.lmtp or not self.refused else 554

    def chunk(self, name, word):
        """Of a chunk that is refused nothing more is taken (RFC 3030 2)."""
        last = name in ("LAST", "BADLAST")
        if not self.hello or self.sender is None:
            return [503]
        if self.failed:
            code = 503
        elif not self.taken:
            code = self.none_taken()
        elif name in ("BADCHUNK", "BADLAST"):
            code = 550
        else:
            code = 250
        if last:
            return self.ends(code, [word])
        self.failed |= code != 250
        self.text.append(word)
        return [code]

    def step(self, name, word):
        """The codes that the command gets, one or (DATA) two."""
        if name in ("EHLO", "HELO", "LHLO"):
            self.hello = True
            self.reset()
            return [250]
        if name == "RSET":
            self.reset()
            return [250]
        if name in ("NOOP", "VRFY", "XYZZY"):
            return [{"NOOP": 250, "VRFY": 252, "XYZZY": 500}[name]]
        if not self.hello:
            return [503]
        if name in ("MAIL", "BADMAIL"):
            if self.sender is not None:
                return [503]
            if name == "BADMAIL":
                return [501]
            self.sender = word
            return [250]
        if name in ("CHUNK", "LAST", "BADCHUNK", "BADLAST"):
            return self.chunk(name, word)
        if self.sender is None or self.failed or self.text:
            return [503]
        if name == "RCPT":
            self.taken.append(word)
            return [250]
        if name == "BADRCPT":
            self.refused += 1
            return [550]
        if not self.taken:
            return [self.none_taken()]
        return [354] + self.ends(250 if name == "DATA" else 554, [word])


def line_of(name, word):
    """What the client sends; a chunk is behind its command."""
    if name in ("CHUNK", "LAST", "BADCHUNK", "BADLAST"):
        text = "%s\r\n%s" % (word, "QUIT\n" if name.startswith("BAD") else "")
        return "BDAT %d%s\r\n%s" % (len(text), " LAST" if name.endswith(
            "LAST") else "", text)
    line = dict(COMMANDS, **CHUNKS)[name]
    return (line % word if "%s" in line else line) + "\r\n"


def session(server, names, number, lmtp=False):
    """Plays one sequence; what went wrong, or ""; and what was queued."""
    automaton = Automaton(lmtp)
    with server.client(port=server.ports["2" if lmtp else "1"]) as c:
        for at, name in enumerate(names):
            word = USERS[at % len(USERS)] if name == "RCPT" else \
                "s%d.%d" % (number, at)
            want = automaton.step(name, word)
            line = line_of(name, word)
            c.send(line.replace("EHLO", "LHLO") if lmtp else line)
            got = []
            while len(got) < len(want):
                got.append(c.reply().code)
                if got == [354]:
                    c.send(LOOP if name == "LOOPING" else
                           word.encode() + b"\r\n.\r\n")
                    continue
                if got[-1] != want[len(got) - 1]:
                    break
            if got != want:
                return "%s: %s got %s, not %s" % (
                    " ".join(names[:at + 1]), name, got, want), []
        # Whatever else came would be read here.
        if c.quit().code != 221:
            return "%s: a reply too many" % " ".join(names), []
    return "", automaton.queued


def entries(server):
    """Sender, recipients and text of each entry in the queue."""
    found = []
    for data in server.scratch.entries().values():
        data = data.decode("latin-1")
        sender = re.search(r"(s\d+\.\d+)@elsewhere\.test", data).group(1)
        found.append((sender, sorted(u for u in USERS if re.search(
            r"\b%s@example\.org" % re.escape(u), data)),
            re.findall(r"(?m)^(s\d+\.\d+)$", data)))
    return found


def plays(server, every, what, first=0, **more):
    """All of them, eight at a time; gives what should be in the queue."""
    wrong, queued = [], []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for bad, taken in pool.map(
                lambda number, names: session(server, names, number, **more),
                range(first, first + len(every)), every):
            if bad:
                wrong.append(bad)
            queued += taken
    eq(wrong[:5], [], "%d %s" % (len(every), what))
    return queued


LISTEN = """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "inside" { address = {"127.0.0.1"}  port = @port2@
    protocol = "lmtp" }
"""


def sequences():
    with Server(deliver=False, listen=LISTEN) as server:
        every = [("EHLO",) + s for s in itertools.product(
            COMMANDS, repeat=LENGTH)]
        every += itertools.product(COMMANDS, repeat=LENGTH - 1)
        queued = plays(server, every, "sequences of up to %d commands answer "
                       "as RFC 5321 has it" % (LENGTH + 1))
        first = len(every)
        every = [("EHLO", "MAIL", "RCPT") + s
                 for n in range(LENGTH + 1)
                 for s in itertools.product(CHUNKS, repeat=n)]
        every += [("EHLO", "MAIL") + s
                  for s in itertools.product(CHUNKS, repeat=LENGTH - 1)]
        queued += plays(server, every, "sequences with BDAT answer as RFC "
                        "3030 has it", first)
        first += len(every)
        every = [("EHLO", "MAIL") + s
                 for s in itertools.product(CHUNKS, repeat=LENGTH - 1)]
        queued += plays(server, every, "sequences answer as RFC 2033 has it",
                        first, lmtp=True)
        eq(sorted(entries(server)), sorted(queued),
           "%d messages are queued, each with its own sender, recipients and "
           "text" % len(queued))


need_built("smtpd", "smtpsrvr", "submit")
run(sequences, seconds=240 if LENGTH < 5 else 900)
