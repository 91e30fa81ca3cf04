#!/usr/bin/env python3
"""inlet send: a user of this machine submits mail.  Never trusted: the sender
is stamped, each recipient is answered, the rules are those of the channel."""
import os
import pwd
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def send(server, text, *to, user=None):
    more = {"user": user, "group": user, "extra_groups": []} \
        if user is not None else {}
    return subprocess.run([program("inlet"), "-C", server.scratch.conf] +
                          server.where() + ["send"] + list(to), input=text,
                          capture_output=True, timeout=slow(60), **more)


def users():
    with Server() as server:
        user = NOBODY if ROOT else os.geteuid()
        try:
            login = pwd.getpwuid(user).pw_name
        except KeyError:
            skip("uid %d has no name" % user)
            return
        p = send(server, b"Subject: hi\n\n.\nbody\n", "user@example.org",
                 user=NOBODY if ROOT else None)
        eq(p.returncode, 0, "a user sends: " + p.stderr.decode())
        like(p.stdout.decode(), r"^Queued as [0-9A-Z]{20}$", "and is told")
        got = server.deliveries("user@example.org", 1)[0].decode()
        like(got, r"^Return-Path: <%s@inlet\.example>" % login,
             "the sender is stamped")
        like(got, r"(?m)^Received: by inlet\.example \(Inlet, from userid %s\)"
             % login, "and stands in the trace")
        ok(got.endswith("Subject: hi\n\n.\nbody\n"), "the text as it was")

        p = send(server, b"x\n", "user@example.org", "nobody@example.org",
                 "x@elsewhere.test", "bad address", "other@example.org")
        eq(p.returncode, 67, "some of several are refused")
        said = p.stderr.decode()
        like(said, r"nobody@example\.org: 550 5\.1\.1 ", "an unknown user")
        like(said, r"x@elsewhere\.test: 550 5\.7\.1 ", "relaying")
        like(said, r"bad address: not an address", "no address")
        server.deliveries("other@example.org", 1)
        eq(len(server.deliveries("user@example.org", 2)), 2,
           "the others have it")
        p = send(server, b"x\n", "nobody@example.org")
        eq((p.returncode, p.stdout), (67, b""), "all refused: nothing sent")
        p = send(server, b"Received: x\n" * 120 + b"\nx\n",
                 "user@example.org")
        eq(p.returncode, 69, "a looping message is refused")
        like(p.stderr.decode(), r"554 5\.4\.6 ", "as such")


def nobody_there():
    server = Server()
    p = send(server, b"x\n", "user@example.org")
    eq(p.returncode, 75, "without a server: try again later")


if __name__ == "__main__":
    need_built("inlet")
    run(users, nobody_there)
