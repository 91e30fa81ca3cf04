#!/usr/bin/env python3
"""rfcs - tests/rfc: what RFCs ask of a receiver.  Every row is well-formed,
and each of the tests that it names is there and says which section it shows;
or it says why not.

Its figure is how much of it is shown: the rest is what we do otherwise."""
import glob
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

PLACES = ("talks", "system", "lib", "smtpsrvr", "submit", "authsrvr", "chans",
          "tables", "smtpd", "crash")
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT")


def find(name):
    return [p for p in ("tests/%s/%s" % (place, name) for place in PLACES)
            if os.path.exists(os.path.join(SRC, p))]


def says(name, section):
    """In one line, or over two of a comment."""
    return any(re.search(re.escape(section) + r"(?!\d|\.\d)",
                         re.sub(r"\n[\s*;#]*", " ", text_of(p)))
               for p in find(name))


def table(path):
    """Rows, shown MUSTs, MUSTs, reasons of a file."""
    rfc = "RFC " + re.search(r"rfc(\d+)\.txt$", path).group(1)
    count = shown = reasons = 0
    bad = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = [f.strip() for f in line.split(" | ")]
        where = "%s:%d: " % (os.path.basename(path), number)
        if len(fields) != 4 or fields[1] not in LEVELS or \
                not re.fullmatch(r"\d+(\.\d+)*", fields[0]):
            bad.append(where + "not \"section | level | what | tests\"")
            continue
        count += 1
        if fields[3].startswith("not: "):
            reasons += 1
            continue
        shown += 1
        bad += [where + "%s does not say %s %s" % (name, rfc, fields[0])
                for name in fields[3].split()
                if not says(name, "%s %s" % (rfc, fields[0]))]
    if not ok(count and not bad, "%s: %d rows, each with its test or reason" %
              (rfc, count)):
        for text in bad:
            diag(text)
    return count, shown, reasons


def tables():
    total = [0, 0, 0]
    for path in sorted(glob.glob("tests/rfc/*.txt", root_dir=SRC)):
        total = [a + b for a, b in zip(total, table(path))]
    diag("figure G18: %d requirements of receivers, %d shown by tests, %d "
         "not so, each with its reason" % tuple(total))


run(tables)
