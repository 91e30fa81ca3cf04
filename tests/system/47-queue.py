#!/usr/bin/env python3
"""inlet queue: what an operator does to messages, with a deliver that runs
and without; which messages are meant; who may."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *

need_built("inlet", "deliver", "ch_local", "tailor")

# Nothing is delivered to "shut": it has no program.
SHUT = """\
channel "shut" { }
channel "local" { program = "local" }
channel "world" { }
"""


class Queue(Delivery):
    def __init__(self, **settings):
        super().__init__(conf=SHUT, settings={"retry-first": '"1h"',
                                              **settings})

    def put(self, to="u@shut.example", channel="shut", **more):
        return self.entry("%s:%s:example.org/u" % (channel, to), **more)

    def inlet(self, *args, code=0, user=None):
        more = {} if user is None else {"user": user, "group": user,
                                        "extra_groups": []}
        p = subprocess.run([os.path.join(self.bin, "inlet"), "-C",
                            self.s.conf, "-L", self.bin, "queue", *args],
                           capture_output=True, text=True, timeout=slow(60),
                           stdin=subprocess.DEVNULL, **more)
        if code is not None:
            eq(p.returncode, code, "inlet queue %s: %s" % (
                " ".join(a if len(a) < 20 else "ID" for a in args),
                p.stderr.strip()[:200]))
        return p

    def ids(self, *args):
        return [x["id"] for x in json.loads(
            self.inlet("--json", "list", *args).stdout)]


def tried(d, *ids):
    """Each had its first try."""
    for i in ids:
        d.logged(r"later qid=%s " % i)


def meant():
    d = Queue()
    a = d.put("a@one.example", options=("-s", "x@a.example"))
    b = d.put("b@two.example", options=("-s", "", "-t", "1000000000"))
    c = d.put("c@two.example", "local", options=("-s", "y@a.example"))
    for args, want in (
            ((), [a, b, c]), ((a,), [a]), ((a, c), [a, c]),
            (("--sender", "x@a.example"), [a]),
            (("--sender", "*@A.example"), [a, c]), (("--sender", ""), [b]),
            (("--recipient", "*@two.example"), [b, c]),
            (("--recipient", "two"), []), (("--channel", "shut"), [a, b]),
            (("--channel", "l*"), [c]), (("--older", "1d"), [b]),
            (("--newer", "1d"), [a, c]), (("--reason", "x"), []),
            (("--sender", "*@a.example", "--recipient", "c@*"), [c]),
            (("--all",), [a, b, c]), ((b, "--newer", "1d"), [])):
        eq(sorted(d.ids(*args)), sorted(want), "list " + " ".join(args)[:40])
    d.once()
    eq(d.ids("--reason", "No Program"), [a], "a reason")
    code = json.loads(d.inlet("--json", "list", a).stdout)[0]["recipients"][0]
    eq(d.ids("--reason", code["code"]), [a], "a code")
    eq(d.ids("--reason", "9.9.9"), [], "another code")
    d.inlet("list", "--older", "soon", code=64)
    d.inlet("drop", code=64)
    d.inlet("show", code=64)
    d.inlet("hold", code=64)
    d.inlet("hold", "--nothing", code=64)
    p = d.inlet("hold", a, "NOSUCHMESSAGE", code=66)
    like(p.stderr, "NOSUCHMESSAGE: there is no such message", "it is named")
    like(p.stdout, "1 message held", "the other one is held")


def verbs(running):
    d = Queue()
    if running:
        d.start()
    a, b = d.put("a@x.example"), d.put("b@x.example")
    if running:
        tried(d, a, b)
    p = d.inlet("hold", "--recipient", "a@*", "--dry-run")
    eq(p.stdout, "%s\n1 message would be held\n" % a, "--dry-run")
    ok("(held)" not in d.inlet("list").stdout, "it changes nothing")
    eq(json.loads(d.inlet("hold", "--all", "--dry-run", "--json").stdout),
       [{"id": x, "result": "would"} for x in sorted((a, b))], "as JSON")
    eq(d.inlet("hold", a).stdout, "1 message held\n", "hold")
    like(d.inlet("list", a).stdout, r"\(held\)", "it is held")
    eq(d.inlet("release", a).stdout, "1 message released\n", "release")
    ok("(held)" not in d.inlet("list").stdout, "it is not any more")
    n = d.s.log_text().count("later qid=%s" % a)
    like(d.inlet("retry").stdout, r"^2 messages to be tried now\n", "retry")
    if running:
        ok(happens(lambda: d.s.log_text().count("later qid=%s" % a) > n),
           "it is tried at once")
    eq(d.inlet("delete", b).stdout, "1 message deleted\n", "delete")
    eq(d.ids(), [a], "it is gone")
    eq([x["id"] for x in json.loads(d.inlet("trash", "--json").stdout)], [b],
       "it is in the trash")
    eq(json.loads(d.inlet("undelete", "--recipient", "b@x.example",
                          "--json").stdout), [{"id": b, "result": "done"}],
       "undelete")
    eq(sorted(d.ids()), sorted([a, b]), "it is back")
    eq(d.inlet("trash").stdout, "the trash is empty\n", "the trash is empty")
    d.inlet("undelete", b, code=66)
    d.inlet("delete", b)
    d.inlet("delete", b, code=66)
    if running:
        submit = FakeSubmit(d.s)
        eq(d.inlet("bounce", a, "--why", "not wanted here").stdout,
           "1 message sent back\n", "bounce")
        wait_for(lambda: submit.got, what="the notice")
        ok(b"not wanted here" in submit.got[0][2], "its sender is told why")
        d.wait_empty()
        eq(d.stop(), 0, "deliver ends")
        submit.close()
    else:
        d.inlet("bounce", a)
        submit = FakeSubmit(d.s)
        d.once()
        ok(submit.got, "its sender is told by the next deliver")
        submit.close()


def with_deliver():
    verbs(True)


def without():
    verbs(False)


def marks():
    """What is undeleted is not delivered twice."""
    d = Queue().start()
    a = d.entry("shut:a@x.example:x", "local:u@example.org:example.org/u")
    wait_for(lambda: d.s.maildir("u@example.org"), what="one of two")
    tried(d, a)
    d.inlet("delete", a)
    d.inlet("undelete", a)
    d.inlet("retry", a, code=None)
    d.logged(r"order do=retry qid=%s" % a, 5)
    p = json.loads(d.inlet("list", "--json").stdout)
    eq([r["state"] for r in p[0]["recipients"]], ["deferred", "delivered"],
       "it is as it was") if p else ok(False, "it is back")
    eq(len(d.s.maildir("u@example.org")), 1, "and not delivered again")
    eq(d.stop(), 0, "deliver ends")


def who():
    if not ROOT:
        skip("only root can be somebody else")
        return
    d = Queue().start()
    a = d.put()
    for args in (["list"], ["hold", a], ["delete", "--all"]):
        p = d.inlet(*args, code=77, user=NOBODY)
        ok(p.stderr != "", "and it is said")
    eq(d.ids(), [a], "nothing is changed")
    d.inlet("hold", a, user=SUBMIT)
    eq(d.stop(), 0, "deliver ends")


def many():
    d = Queue()
    for i in range(200):
        d.put("r%d@x.example" % i, text=b"Subject: x\n\n" + b"x" * 100000)
    p = d.inlet("hold", "--recipient", "r7@x.example")
    eq(p.stdout, "1 message held\n", "one of many")
    eq(d.inlet("delete", "--recipient", "r1*").stdout,
       "111 messages deleted\n", "and many")
    eq(len(d.ids()), 89, "the rest is there")


run(meant, with_deliver, without, marks, who, many)
