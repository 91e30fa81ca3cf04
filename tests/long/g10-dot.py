#!/usr/bin/env python3
"""g10-dot.py - how long the answer to the dot takes with 32 clients, and
clients that vanish between the dot and its answer: RFC 1047.

    g10-dot.py [VANISHING [MESSAGES]]
"""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *                           # noqa: E402,F403

VANISHING = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 3200
CLIENTS = 32
SETTINGS = {"log-level": "error", "max-connections": 200, "max-errors": 50,
            "max-connections-per-address": 200,
            "max-connections-per-prefix": 200, "max-messages": 100000,
            "journal-size": "64M"}


def each(work):
    threads = [threading.Thread(target=work, args=(i,))
               for i in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def times():
    took = []
    with Server(settings=SETTINGS, deliver=False) as server:
        def client(number):
            with server.client() as c:
                c.hello()
                for i in range(MESSAGES // CLIENTS):
                    c.send(b"MAIL FROM:<s@elsewhere.test>\r\n"
                           b"RCPT TO:<user@example.org>\r\nDATA\r\n")
                    c.replies(3)
                    c.send(b"Subject: %d-%d\r\n\r\nbody\r\n" % (number, i))
                    begun = time.monotonic()
                    c.send(b".\r\n")
                    if c.reply().code == 250:
                        took.append(time.monotonic() - begun)
        each(client)
    took.sort()
    ok(len(took) == MESSAGES // CLIENTS * CLIENTS, "all are answered")
    diag("figure G10: dot to 250 with %d clients: median %.1f ms, 99 of 100 "
         "within %.1f ms" % (CLIENTS, 1000 * took[len(took) // 2],
                             1000 * took[len(took) * 99 // 100]))


def vanish():
    sent = []
    with Server(settings=SETTINGS) as server:
        def client(number):
            chosen = random.Random(number)
            for i in range(VANISHING // CLIENTS):
                mark = b"gone-%d-%d" % (number, i)
                try:
                    c = server.enter()
                    c.hello()
                    c.envelope()
                    c.cmd("DATA")
                    c.send(b"Subject: " + mark + b"\r\n\r\nbody\r\n.\r\n")
                    sent.append(mark)
                    if chosen.random() < 0.5:
                        time.sleep(chosen.random() * 0.005)
                    if chosen.random() < 0.5:
                        c.reset()
                    else:
                        c.close()
                except (OSError, EOFError):
                    pass
        each(client)
        settled(lambda: (server.scratch.queue(), server.scratch.entries()),
                lambda value: not any(value))
        found = collections.Counter(
            re.search(rb"^Subject: (gone-\d+-\d+)$", m, re.M).group(1)
            for m in server.scratch.maildir("user@example.org"))
        twice = [m for m, n in found.items() if n > 1]
        eq(twice, [], "of %d who vanished nobody's message is there twice" %
           len(sent))
        ok(set(found) <= set(sent), "nothing else is there")
        diag("figure G10: %d clients vanished before the answer: %d messages "
             "taken, %d twice" % (len(sent), len(found), len(twice)))


run(times, vanish, seconds=3600)
