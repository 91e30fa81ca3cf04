#!/usr/bin/env python3
"""Greylisting: who is new comes again, what came again is remembered, also by
the next lookup; known networks, relays and a store that cannot be had."""
import itertools
import os
import re
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

SETTINGS = {"greylist": "on", "greylist-delay": '"1s"',
            "greylist-passes": "2", "greylist-directory": '"%s"'}
CONF = DEFAULT_CONF.replace('channel "world" { }', """\
table "office" { type = "list"  rows = {"127.0.9.9"} }
channel "office" { table = "office"  relay = yes }
channel "world" { }
""")


def server(**more):
    scratch = Scratch()
    place = scratch.make("grey", LOOKUP if ROOT else None, 0o700)
    settings = dict(SETTINGS, **more)
    settings["greylist-directory"] %= place
    s = Server(CONF, scratch=scratch, deliver=False, settings=settings)
    s.store = os.path.join(place, "data.mdb")
    return s


def code(s, sender, source="127.0.0.1"):
    with s.client(source=source) as c:
        return c.message("text\n", sender=sender)


def saved(s, before):
    """The store was written to, and not for long."""
    return wait_for(lambda: os.stat(s.store).st_mtime_ns != before, 10,
                    "a save")


def strangers():
    with server() as s:
        r = code(s, "a@new.test")
        says(r, "GREYLISTED", "a stranger is asked to come again")
        like(r.text, r"new here, try again in \d s", "and when")
        ok(happens(lambda: code(s, "a@new.test").code == 250, 20),
           "then it is taken")
        eq(code(s, "A@New.test").code, 250, "and from then on")
        line = wait_for(lambda: s.scratch.log_lines("refuse"), 10, "the log")
        like(line[0], r"verb=RCPT .*code=451 enh=4\.7\.1 reason=greylist .*"
             r'detail="limit=greylist-delay value=\d+ most=1000"', "the log")
        eq(code(s, "", "127.0.1.1").code, 451, "a notice's sender, too")
        eq(code(s, "a@new.test", "127.0.9.9").code, 250,
           "who may relay is no stranger")
        with s.client(source="127.0.1.1") as c:
            c.hello()
            eq(c.envelope("nobody@example.org", "x@new.test")[1].code, 550,
               "who does not exist is no reason to come again")
        before = os.stat(s.store).st_mtime_ns
        eq(code(s, "b@new.test").code, 451, "a second one")
        saved(s, before)
        s.kill("lookup")
        ok(happens(lambda: code(s, "b@new.test").code == 250, 20),
           "comes again after lookup was killed")
        # A sender that came before would only have come again.
        new = ("c%d@new.test" % n for n in itertools.count())
        ok(happens(lambda: code(s, next(new), "127.0.0.77").code == 250),
           "two came again: the network is known")
        eq(code(s, "c@new.test", "127.0.2.1").code, 451, "another is not")


def forgetful():
    with server(**{"rehearse": '{"greylist"}'}) as s:
        eq(code(s, "a@new.test").code, 250, "a rehearsal")
        line = wait_for(lambda: s.scratch.log_lines("rehearse"), 10, "event")
        like(line[0], " check=greylist code=451 ", "is logged")
    with Server(CONF, deliver=False, settings=dict(
            SETTINGS, **{"greylist-directory": '"/proc/none"'})) as s:
        eq(code(s, "a@new.test").code, 250, "no store: nobody waits")
        wait_for(lambda: re.search(
            r"lookup\S* note text=\"greylist: /proc/none: .*: nobody is made "
            "to wait", s.scratch.log_text()), 10, "the log says so")


run(strangers, forgetful)
