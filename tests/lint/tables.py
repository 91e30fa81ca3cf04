#!/usr/bin/env python3
"""tables - the five tables are well-formed, and every row of them is used and
tested: a reply that nothing gives, a setting that nothing reads, a command or
check without its function does not stand there."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

FOLDERS = "lib tables smtpd smtpsrvr submit authsrvr chans tools".split()


def files(folders, *endings):
    found = []
    for folder in folders:
        for place, _folders, names in os.walk(os.path.join(SRC, folder)):
            found += [os.path.join(place, n) for n in names
                      if n.endswith(endings)]
    return sorted(found)


# Half a tree cannot use every row: what reads it is still to come.
WHOLE = all(os.path.exists(os.path.join(BUILD, "tests", "bin", p))
            for p in ("smtpd", "smtpsrvr", "submit", "deliver", "inlet"))


def none(bad, what):
    if not ok(not bad, what):
        for line in bad:
            diag(line)


CODE = "\n".join(text_of(p) for p in files(FOLDERS, ".c", ".h")
                 if os.path.basename(p) not in ("settings.h", "reply.h"))
DEFS = "\n".join(text_of(p) for p in files(FOLDERS, ".def")
                 if os.path.basename(p) != "replies.def")
TESTS = "\n".join(text_of(p) for p in files(["tests"], ".c", ".h", ".py",
                                            ".talk", ".sh"))


def whole(path, macro, columns):
    """Rows have the right number of columns and names of their own."""
    table = table_rows(path, macro)
    ok(len(table) > 5, "%s has rows" % path)
    none([r for r in table if len(r) != columns],
         "%s: every row has %d columns" % (path, columns))
    names = [r[0] for r in table]
    none(sorted({n for n in names if names.count(n) > 1}),
         "%s: no name stands twice" % path)
    return table


def written_out(row):
    """smtpd, which links no table of replies, has its one as a string."""
    text = re.escape("%s %s " % (row[1], unquoted(row[2]))
                     + unquoted(row[3])).replace("%s", r"%[.\d]*s")
    return re.search(text, CODE)


def replies():
    table = whole("lib/replies.def", "REPLY", 4)
    bad = []
    for name, code, enhanced, text in table:
        enhanced, text = unquoted(enhanced), unquoted(text)
        if not re.fullmatch(r"[2345]\d\d", code):
            bad.append(name + ": code " + code)
        if enhanced and not re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", enhanced):
            bad.append(name + ": enhanced code " + enhanced)
        if enhanced and enhanced[0] != code[0]:
            bad.append(name + ": the two codes differ in class")
        if not enhanced and code[0] in "45":
            bad.append(name + ": no enhanced code")
        if not re.fullmatch(r"[\x20-\x7e]+", text) or len(text) > 200:
            bad.append(name + ": text")
        if re.sub(r"%s|%lld", "", text).count("%"):
            bad.append(name + ": only %s and %lld may be in a text")
    none(bad, "replies.def: codes and texts are well-formed")
    details = re.findall(r'\breply_detail\([^"();]*,\s*((?:"[^"]*"\s*)+)',
                         CODE)
    none([d for d in details if "%" in re.sub(r"%s|%lld", "", d)],
         "only %s and %lld are in a reply's detail")
    eq(len(details), len(re.findall(r"\breply_detail\((?!struct )", CODE)),
       "each of which is written out")
    if not WHOLE:
        skip("not all programs are in this build")
        return
    used = CODE + DEFS
    none([r[0] for r in table if not re.search(
        r"\bREPLY_%s\b" % r[0], CODE) and not re.search(
        r"\b%s\b" % r[0], DEFS) and not written_out(r)],
         "every reply is given somewhere")
    pairs = [(r[1], unquoted(r[2])) for r in table]
    none([r[0] for r, pair in zip(table, pairs) if not re.search(
        r"\bREPLY_%s\b|\{%s\}|[\"']%s[\"']" % (r[0], r[0], r[0]), TESTS)
        and (pairs.count(pair) > 1 or "%s %s" % pair not in TESTS)],
        "every reply is met in a talk or a test")
    none(sorted({n for n in re.findall(r"\bREPLY_([A-Z_]+)\b", used)
                 if n not in [r[0] for r in table] + ["COUNT", "TEXT", "TAKEN"]}),
         "no reply is named that is not in replies.def")


def settings():
    table = whole("lib/settings.def", "SETTING", 9)
    bad = []
    for name, kind, default, least, most, scope, _z, _q, text in table:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            bad.append(name + ": name")
        if kind not in "BOOL INT DURATION SIZE STRING LIST CHOICE".split():
            bad.append(name + ": type " + kind)
        if not all(s.strip() in ("SERVER", "LISTENER", "CHANNEL", "TABLE",
                                 "HOST", "VARIABLE") for s in scope.split("|")):
            bad.append(name + ": scope " + scope)
        if not unquoted(text).rstrip().endswith("."):
            bad.append(name + ": its text is no sentence")
        if kind == "CHOICE" and unquoted(default) not in \
                unquoted(least).split("|"):
            bad.append(name + ": default")
        if kind == "INT" and not int(least) <= int(unquoted(default)) \
                <= int(most):
            bad.append(name + ": default out of bounds")
    none(bad, "settings.def: rows are well-formed")
    if not WHOLE:
        skip("not all programs are in this build")
        return
    none([r[0] for r in table if not re.search(
        r"(\.|->)%s\b|\bSETTING_%s\b" % (r[0], r[0]), CODE)],
        "every setting is read somewhere")


def commands():
    path = "smtpsrvr/commands.def"
    if not os.path.exists(os.path.join(SRC, path)):
        skip("no commands.def yet")
        return
    table = table_rows(path, "COMMAND")
    whole(path, "COMMAND", len(table[0]) if table else 0)
    handlers = sorted({w for r in table for w in r
                       if re.fullmatch(r"cmd_\w+", w)})
    none([h for h in handlers if not re.search(r"(?m)^%s\(" % h, CODE)],
         "every command's handler is there")


def keywords():
    path = "smtpsrvr/keywords.def"
    if not os.path.exists(os.path.join(SRC, path)):
        skip("no keywords.def yet")
        return
    table = table_rows(path, "KEYWORD")
    words = [unquoted(r[1]) for r in table]
    none([w for w in words if words.count(w) > 1 or
          not re.fullmatch(r"[A-Z0-9][A-Z0-9-]*", w)],
         "keywords.def: words are well-formed, and stand once")
    names = [r[0] for r in table]
    none([r[0] for r in table if r[0] != unquoted(r[1]).replace("-", "_")],
         "each has its own name")
    none([r[2] for r in table if not re.search(r"(?m)^%s\(" % r[2], CODE)],
         "every keyword's function is there")
    none([r[0] for r in table_rows("smtpsrvr/commands.def", "COMMAND")
          if r[13] not in names + ["NONE"]],
         "every verb's keyword is there")


def checks():
    path = "smtpsrvr/checks.def"
    if not os.path.exists(os.path.join(SRC, path)):
        skip("no checks.def yet")
        return
    table = table_rows(path, "CHECK")
    ok(table, "checks.def has rows")
    names = [(r[0], r[2]) for r in table]
    none([n for n in names if names.count(n) > 1], "no check stands twice")
    none([w for r in table for w in r if re.fullmatch(r"check_\w+", w) and
          not re.search(r"(?m)^%s\(" % w, CODE)],
         "every check's function is there")


def scorecard():
    """Rows name what is there; each goal of SECURITY.md is there once."""
    table = [line.split() for line in
             text_of(os.path.join(SRC, "tests/long/scorecard.txt"))
             .splitlines() if line.strip() and not line.startswith("#")]
    bad = []
    for words in table:
        command = next((w for w in words[2:]
                        if not re.match(r"[A-Z_]+=", w)), "")
        written = re.sub(r"\.t$", ".c", command)
        if len(words) < 3 or words[1] not in ("C", "S", "R") or \
                not any(os.path.exists(os.path.join(d, p))
                        for d in (SRC, BUILD) for p in (command, written)):
            bad.append(" ".join(words))
    none(bad, "scorecard.txt: every row's command is there")
    goals = re.findall(r"(?m)^\| (G\d+) \|",
                       text_of(os.path.join(SRC, "SECURITY.md")))
    eq(goals, ["G%d" % n for n in range(1, 41)],
       "SECURITY.md has each goal once")
    none(sorted({r[0] for r in table} - set(goals)),
         "and those of scorecard.txt")


run(replies, settings, commands, keywords, checks, scorecard)
