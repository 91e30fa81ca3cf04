#!/usr/bin/env python3
"""All sequences of commands up to a length, against an automaton that was
written from RFC 5321 and not from our code: no sender, recipient or text of
one transaction ever survives into another (T26, T28)."""
import concurrent.futures
import itertools
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LENGTH = 5 if FULL else 4
LOOP = b"Received: x\r\n" * 100 + b"\r\ntext\r\n.\r\n"
COMMANDS = {
    "EHLO": "EHLO client.test", "HELO": "HELO client.test",
    "MAIL": "MAIL FROM:<%s@elsewhere.test>", "BADMAIL": "MAIL FROM:<a@>",
    "RCPT": "RCPT TO:<%s@example.org>",
    "BADRCPT": "RCPT TO:<nobody@example.org>",
    "DATA": "DATA", "LOOPING": "DATA", "RSET": "RSET", "VRFY": "VRFY user",
    "XYZZY": "XYZZY", "NOOP": "NOOP"}

USERS = ["user", "other", "third", "a.b", "postmaster"]


class Automaton:
    """What RFC 5321 4.1.4 and 4.3.2 say of a session."""

    def __init__(self):
        self.hello = False
        self.queued = []        # sender and recipients of each
        self.reset()

    def reset(self):
        self.sender, self.taken, self.refused = None, [], 0

    def step(self, name, word):
        """The codes that the command gets, one or (DATA) two."""
        if name in ("EHLO", "HELO"):
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
        if self.sender is None:
            return [503]
        if name == "RCPT":
            self.taken.append(word)
            return [250]
        if name == "BADRCPT":
            self.refused += 1
            return [550]
        if not self.taken:
            return [554 if self.refused else 503]
        if name == "DATA":
            self.queued.append((self.sender, sorted(self.taken)))
        self.reset()
        return [354, 250 if name == "DATA" else 554]


def session(server, names, number):
    """Plays one sequence; what went wrong, or ""; and what was queued."""
    automaton = Automaton()
    with server.client() as c:
        for at, name in enumerate(names):
            word = USERS[at % len(USERS)] if name == "RCPT" else "s%d.%d" % (number, at)
            line = COMMANDS[name]
            want = automaton.step(name, word)
            got = [c.cmd(line % word if "%s" in line else line).code]
            if got == [354]:
                c.send(LOOP if name == "LOOPING" else b"text\r\n.\r\n")
                got.append(c.reply().code)
            if got != want:
                return "%s: %s got %s, not %s" % (
                    " ".join(names[:at + 1]), name, got, want), []
        c.quit()
    return "", automaton.queued


def entries(server):
    """Sender and recipients of each entry in the queue."""
    found = []
    for name in server.scratch.queue():
        data = server.scratch.entry(name).decode("latin-1")
        sender = re.search(r"(s\d+\.\d+)@elsewhere\.test", data).group(1)
        found.append((sender, sorted(u for u in USERS if re.search(
            r"\b%s@example\.org" % re.escape(u), data))))
    return found


def sequences():
    with Server(deliver=False) as server:
        every = [("EHLO",) + s for s in itertools.product(
            COMMANDS, repeat=LENGTH)]
        every += itertools.product(COMMANDS, repeat=LENGTH - 1)
        wrong, queued = [], []
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for bad, taken in pool.map(session, itertools.repeat(server),
                                       every, range(len(every))):
                if bad:
                    wrong.append(bad)
                queued += taken
        eq(wrong[:5], [], "%d sequences of up to %d commands answer as RFC "
           "5321 has it" % (len(every), LENGTH + 1))
        eq(sorted(entries(server)), sorted(queued),
           "%d messages are queued, each with its own sender and recipients"
           % len(queued))


need_built("smtpd", "smtpsrvr", "submit")
run(sequences, seconds=900 if FULL else 240)
