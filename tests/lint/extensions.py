#!/usr/bin/env python3
"""extensions - the table of smtpsrvr(8), "Extensions": every keyword of EHLO
has a row, and the tests that a row names are there and say which section of
which RFC they are about, or whose extension it is if none has it."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

PAGE = "man8/smtpsrvr.8"
PLACES = ("tests/talks", "tests/system", "tests/lib", "tests/smtpsrvr",
          "tests/submit", "tests/authsrvr", "tests/chans", "tests/tables", "tests/smtpd")


def rows():
    """Extension, RFC and section, names of tests."""
    page = text_of(os.path.join(SRC, PAGE))
    part = page.partition(".Ss Extensions\n")[2]
    part = part.partition("\n.El\n")[0]
    found = re.findall(r"(?m)^\.It (\S+) Ta (RFC \d+ [\d.A-Z]+|[A-Z]\w+) "
                       r"Ta (.*)$", part)
    ok(len(found) > 5, "smtpsrvr(8) has the table")
    eq(len(found), len(re.findall(r"(?m)^\.It (?!Sy)", part)),
       "all of its rows are well-formed")
    return [(word, section, re.findall(r"[^\s,]+", tests.replace("Pa ", "")))
            for word, section, tests in found]


def find(name):
    return [p for p in (os.path.join(SRC, place, name) for place in PLACES)
            if os.path.exists(p)]


def table():
    known = [unquoted(r[1]) for r in
             table_rows("smtpsrvr/keywords.def", "KEYWORD")]
    there = rows()
    eq(sorted(set(known) - {r[0] for r in there}), [],
       "every keyword of EHLO has a row")
    for word, section, tests in there:
        where = "%s, %s: " % (word, section)
        ok(tests, where + "has tests")
        for name in tests:
            texts = [text_of(p) for p in find(name)]
            ok(any(re.search(re.escape(section) + r"(?![\d]|\.\d)", text)
                   for text in texts), where + name + " is about it")


run(table)
