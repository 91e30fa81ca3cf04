#!/usr/bin/env python3
"""SIGHUP after mistakes: each is named with file and line, and the old settings
stay.  Wrong values of every setting, made of its row of settings.def; wrong
names, places and repetitions of them; wrong rows of every kind of table.  Then
listeners come and go, limits change under those who are there, and two hundred
signals leave one template."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def greeting(server):
    with server.client() as c:
        return str(c.greeting)


def since(server):
    """A function for its words from now on, in the log and on standard
    error."""
    log, err = len(server.scratch.log_text()), len(server.stderr())
    return lambda: server.scratch.log_text()[log:] + server.stderr()[err:]


def mistakes():
    """One after the other; the old settings stay, and the log says why."""
    with Server(settings={"greeting": '"good"'}, deliver=False) as server:
        good = open(server.scratch.conf).read()
        for text, why in (
                (good + "greetin = \"x\"\n", r"inlet\.conf:\d+: .*greetin"),
                (good + "max-recipients = 7\n",
                 r"inlet\.conf:\d+: .*max-recipients"),
                (good + "channel \"x\" { table = \"nowhere\" }\n",
                 r"inlet\.conf:\d+: .*nowhere"),
                (good + "}\n", r"inlet\.conf:\d+: ")):
            said = since(server)
            server.scratch.write("inlet.conf", text)
            server.smtpd.send_signal(signal.SIGHUP)
            ok(happens(lambda: re.search(why, said())),
               "a mistake is named: " + why)
            like(greeting(server), " good$", "and the old settings stay")
        # A table that the new settings want and that is not there.
        server.scratch.write("inlet.conf", good.replace(
            'greeting = "good"', 'greeting = "bad"')
            + 'table "f" { type = "text"  file = "missing" }\n'
            'channel "g" { table = "f" }\n')
        said = since(server)
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: "missing" in said()),
           "a table that is missing is named")
        like(greeting(server), " good$", "and the old settings stay")
        server.scratch.write("inlet.conf", good.replace(
            'greeting = "good"', 'greeting = "better"'))
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: greeting(server).endswith(" better")),
           "then a good file is taken")


KINDS = {"SERVER": None, "LISTENER": "listen", "CHANNEL": "channel",
         "TABLE": "table"}
SETTINGS = [(name.replace("_", "-"), kind, unquoted(default), least, most,
             [s for s in map(str.strip, scope.split("|")) if s in KINDS])
            for name, kind, default, least, most, scope, *_ in
            table_rows("lib/settings.def", "SETTING")]
UNITS = {"INT": "%d", "DURATION": '"%dms"', "SIZE": '"%d"'}


def wrong_values(kind, least, most):
    """As the file would have them: beside both bounds, and of no such kind."""
    if kind == "BOOL":
        return ['"maybe"', "2"]
    if kind == "CHOICE":
        words = unquoted(least).split("|")
        return ['"%s"' % words[0][:-1], '"%s|%s"' % (words[0], words[1]),
                '""']
    least, most = int(least), int(most)
    if kind == "STRING":
        return ['"%s"' % ("x" * (most + 1)), '"\u00fc"'] + \
            ['""'] * (least > 0)
    if kind == "LIST":
        return ["{%s}" % ", ".join('"x%d"' % i for i in range(most + 1)),
                '{"ok", "\u00fc"}', '{"%s"}' % ("x" * 4000)] + \
            ["{}"] * (least > 0)
    return ['"five"', UNITS[kind] % (most + 1), '"10 parsecs"'] + \
        [UNITS[kind] % (least - 1)] * (least > 0)


def file_of(assignments):
    """A file with them, (scope, text), each on its line; and the lines."""
    lines, where = [], []
    for scope in KINDS:
        if KINDS[scope]:
            lines.append('%s "w" {' % KINDS[scope])
        for i, (s, text) in enumerate(assignments):
            if s == scope:
                lines.append(text)
                where.append((len(lines), i))
        if KINDS[scope]:
            lines.append("}")
    return "\n".join(lines) + "\n", [n for n, _ in
                                     sorted(where, key=lambda w: w[1])]


def refused(server, assignments, patterns, what):
    """Every line of the file is named that has a pattern, exit status 78; and
    the server, told of it, says so and keeps what it has."""
    text, lines = file_of(assignments)
    server.scratch.write("inlet.conf", text)
    p = server.inlet(*server.where(), "settings")
    eq(p.returncode, 78, what + ": exit 78")
    places = {}
    for line in p.stderr.split("\n"):
        found = re.match(r".*?inlet\.conf:(\d+): (.*)", line)
        if found:
            places.setdefault(int(found.group(1)), []).append(found.group(2))
    missing = [(a[1][:100], pattern, places.get(n))
               for a, n, pattern in zip(assignments, lines, patterns)
               if pattern and not any(re.search(pattern, words)
                                      for words in places.get(n, []))]
    ok(not missing, what + ": file, line and word of each")
    for m in missing[:10]:
        diag("%s: no %s, but %s" % m)
    said = since(server)
    server.smtpd.send_signal(signal.SIGHUP)
    ok(happens(lambda: re.search(r"inlet\.conf:\d+: ", said())),
       what + ": SIGHUP says so")
    like(greeting(server), " good$", what + ": the old settings stay")


def every_setting():
    """Each wrong value of each, where it may stand."""
    with Server(settings={"greeting": '"good"'}, deliver=False) as server:
        near = [(scope, '%s = "%s"' % (name, unquoted(words)[:3]
                                       + unquoted(words).split("|")[0][4:]))
                for name, kind, _default, words, _, scopes in SETTINGS
                for scope in scopes if kind == "CHOICE" and
                len(unquoted(words).split("|")[0]) > 4]
        refused(server, near, [r"%s .*\(did you mean \w+\?\)"
                               % text.split()[0] for _, text in near],
                "%d misspelt words" % len(near))
        rows = [(name, scope, wrong_values(kind, least, most))
                for name, kind, _default, least, most, scopes in SETTINGS
                for scope in scopes]
        ok(len(rows) > 100 and all(w for _, _, w in rows),
           "%d wrong values" % sum(len(w) for _, _, w in rows))
        for i in range(max(len(w) for _, _, w in rows)):
            some = [(n, s, w[i]) for n, s, w in rows if i < len(w)]
            refused(server, [(s, "%s = %s" % (n, w)) for n, s, w in some],
                    [r"(^| )%s " % n for n, _, _ in some],
                    "wrong value %d of %d settings" % (i + 1, len(some)))


def every_place():
    """Out of place, and set twice."""
    with Server(settings={"greeting": '"good"'}, deliver=False) as server:
        twice, patterns = [], []
        for name, kind, default, _, _, scopes in SETTINGS:
            for scope in scopes:
                value = '"%s"' % default
                if kind == "LIST":
                    value = '{"%s"}' % default.split(",")[0]
                elif default == "" and kind == "STRING":
                    value = '"x"'
                twice += [(scope, "%s = %s" % (name, value))] * 2
                patterns += ["", name + " is already set"]
        refused(server, twice, patterns, "%d set twice" % (len(twice) // 2))
        # The reader ends at what it does not know: a file for each.
        bad = []
        for name, *_, scopes in SETTINGS:
            for scope in [s for s in KINDS if s not in scopes]:
                if not unknown(server, scope, name, '"?%s"?' % name):
                    bad.append("%s in %s" % (name, scope))
        eq(bad, [], "out of place: file, line and word of each")


def unknown(server, scope, name, pattern):
    text, lines = file_of([(scope, name + " = 1")])
    server.scratch.write("inlet.conf", text)
    p = server.inlet(*server.where(), "settings")
    return p.returncode == 78 and re.search(
        r"inlet\.conf:%d: .*%s" % (lines[0], pattern), p.stderr)


def every_name():
    """Misspelt: the word is named, and the nearest that is known."""
    server = Server(deliver=False)
    known = [s[0] for s in SETTINGS]
    bad = []
    for name, *_, scopes in SETTINGS:
        word = name[:2] + name[3:]
        if len(name) > 5 and word not in known and not unknown(
                server, scopes[0], word, r'"%s".*did you mean %s\?'
                % (word, name)):
            bad.append(word)
    eq(bad, [], "misspelt: the nearest name of each")


# By kind: what the file has, and what is said of it: line, word, reason.
WRONG_ROWS = {
    "text": [("good\n!key value\n", r":2: .*negated.*key"),
             ("192.0.2.1/33\n", r":1: .*192.0.2.1/33"),
             ("a\n\n!a\n", r":3: .*!a.* opposite of line 1"),
             ("# x\n" + "k" * 5000 + "\n", r":2: key too long"),
             ("a\n\0b\n", r":2: ")],
    "cidr": [("192.0.2.0/24\nexample.org\n", r":2: .*example.org"),
             ("192.0.2.0/24: a\n192.0.2.0/24: b\n",
              r":2: .*192.0.2.0/24.*line 1"),
             ("192.0.2.0/24\n!192.0.2.0/24\n", r":2: .*opposite of line 1"),
             ("2001:db8::/129\n", r":1: .*2001:db8::/129")],
    "pcre": [("/a/\n/(b/\n", r":2: .*\(b"), ("/a/q\n", r":1: .*q"),
             ("plain\n", r":1: .*plain")],
    "glob": [("good.*\n*.a[b\n", r":2: a \[ without its \].*a\[b"),
             ("!*.bad value\n", r":1: a negated pattern has no value.*bad"),
             ("ok\n  more\n", r":2: a blank before the pattern.*more"),
             ("good\nbad\\\n", r":2: .*backslash.*bad"),
             ("x" * 256 + "\n", r":1: .*too long")],
    "gdbm": [("no database\n", r": it has no ")],
    "cdb": [("no database\n", r": no constant database")],
}
WITHOUT = r"built without|no PCRE2"


def wrong_rows():
    """A table of each kind with a bad row, when the server is told of it."""
    with Server(settings={"greeting": '"good"'}, deliver=False) as server:
        good = open(server.scratch.conf).read().replace('"good"', '"bad"')
        for kind, rows in WRONG_ROWS.items():
            server.scratch.write("inlet.conf", good
                                 + 'table "f" { type = "%s"  file = "f" }\n'
                                 'channel "g" { table = "f" }\n' % kind)
            for text, why in rows:
                server.scratch.write("f", text)
                old = len(server.scratch.log_text())
                said = since(server)
                server.smtpd.send_signal(signal.SIGHUP)
                wait_for(lambda: re.search(re.escape(server.scratch.at("f")) +
                                           why + "|" + WITHOUT, said()),
                         what="a word of the bad row")
                if re.search(WITHOUT, said()):
                    skip("no " + kind)
                    continue
                for where, words in (
                        ("the log", lambda: server.scratch.log_text()[old:]),
                        ("standard error", said)):
                    like(words, re.escape(server.scratch.at("f")) + why,
                         "%s: %r is named, %s" % (kind, text[:20], where))
                like(greeting(server), " good$", "and the old table stays")
        row = 'table "f" { type = "list"  rows = {"a", "!b c"} }\n'
        server.scratch.write("inlet.conf", good + row
                             + 'channel "g" { table = "f" }\n')
        said = since(server)
        server.smtpd.send_signal(signal.SIGHUP)
        ok(happens(lambda: re.search(r'inlet\.conf:%d: row .*!b c' % (
            good.count("\n") + 1), said())), "list: the row is named")
        like(greeting(server), " good$", "and the old table stays")
        for what in ('file = "f"', 'rows = {"a.test"}'):
            server.scratch.write(
                "inlet.conf", good + 'table "f" { type = "nameserver"\n%s }\n'
                'channel "g" { table = "f" }\n' % what)
            said = since(server)
            server.smtpd.send_signal(signal.SIGHUP)
            ok(happens(lambda: re.search(
                r'inlet\.conf:%d: table .*f' % (good.count("\n") + 2),
                said())), "nameserver with a %s: its line is named"
               % what.split()[0])
            like(greeting(server), " good$", "and the old settings stay")


def listeners():
    one = 'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
    two = 'listen "more" { address = {"127.0.0.1"}  port = @port2@ }\n'
    with Server(DEFAULT_CONF + one, deliver=False) as server:
        server.reload(DEFAULT_CONF + one + two)

        def answers(name):
            try:
                with server.client(port=server.ports[name]) as c:
                    return c.greeting.code == 220
            except (OSError, EOFError):
                return False
        ok(happens(lambda: answers("2")), "SIGHUP: a new listener")
        ok(answers("1"), "the old one goes on")
        server.reload(DEFAULT_CONF + two.replace("more", "smtp") +
                      "; @port@\n".replace("; ", "# "))
        ok(happens(lambda: not answers("1")), "SIGHUP: one listener fewer")
        ok(answers("2"), "the other goes on")


def limits():
    with Server(settings={"max-connections-per-address": 2},
                deliver=False) as server:
        inside = [server.enter(), server.enter()]
        with server.client() as c:
            eq(c.greeting.code, 421, "two from one address, and no third")
        server.reload(settings={"max-connections-per-address": 4})

        def more():
            c = server.client()
            if c.greeting.code == 220:
                inside.append(c)
                return True
            c.close()
            return False
        ok(happens(more), "SIGHUP: room for more")
        ok(more(), "those who were there count on")
        ok(not more(), "exactly")
        for c in inside:
            c.close()


def many_hups():
    """Two hundred signals while clients come and go."""
    with Server(deliver=False) as server:
        bad = []
        for i in range(200):
            server.smtpd.send_signal(signal.SIGHUP)
            if i % 5 == 0:
                text = greeting(server)
                if not text.startswith("220 "):
                    bad.append(text)
        eq(bad, [], "every client is greeted")
        ok(happens(lambda: len(server.role("template")) == 1, 20),
           "in the end there is one template")


need_built("smtpd", "smtpsrvr", "submit")
run(mistakes, every_setting, every_place, every_name, wrong_rows, listeners,
    limits, many_hups)
