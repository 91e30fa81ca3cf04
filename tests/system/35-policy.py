#!/usr/bin/env python3
"""Checks of senders (RFC 7505 4.1, RFC 7505 4.2), recipients and names in HELO,
but for mail to postmaster (RFC 5321 4.5.1): what each setting makes of
a session, by listener and channel, at once or with the recipient; that submit
decides the same, and inlet explain says it."""
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

CONF = """\
table "here" { type = "list"  rows = {"example.org", ".example.org",
    "127.6.0.1"} }
table "people" { type = "list"  rows = {"user", "other", "third",
    "ann@example.org"} }
table "lan" { type = "cidr"  file = "lan" }
table "friends" { type = "cidr"  file = "friends" }
table "badhelo" { type = "glob"  file = "badhelo" }
table "badfrom" { type = "text"  file = "badfrom" }
table "patterns" { type = "glob"  file = "patterns" }
table "badto" { type = "text"  file = "badto" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "friends" { table = "friends"  helo-syntax = "loose"
    helo-refuse = ""  helo-literal = "any"  sender-refuse = ""
    sender-literal = "accept" }
channel "lan" { table = "lan"  relay = yes }
channel "world" { }
"""
FILES = {
    "lan": "127.3.0.0/16\n",
    "friends": "127.4.0.0/16\n",
    "badhelo": "!good.dsl.test\n*.dsl.*  No dynamic names, please\n"
               "localhost*\n",
    "badfrom": "bad@example.net: Your mail was administratively denied\n"
               "@spam.test\n!fred@spam.test\n.worse.test\n",
    "patterns": "!fred@earthlink.test\n*@earthlink.test  none from there\n",
    "badto": "third@example.org: moved away\n",
}
# A listener for each set of settings.
LISTENERS = {
    "plain": "",
    "helo": 'helo-syntax = "full"  helo-refuse = "badhelo"'
            '  helo-own = "refuse"  helo-literal = "own"',
    "atonce": 'helo-syntax = "full"  helo-refuse = "badhelo"'
              '  helo-own = "refuse"  helo-literal = "own"'
              '  sender-refuse = "badfrom"  delay-refusals = no',
    "strict": 'helo-syntax = "strict"  helo-literal = "none"',
    "sender": 'sender-refuse = "badfrom"  sender-literal = "refuse"'
              '  sender-domain = "full"  sender-own = "exists"'
              '  recipient-refuse = "badto"  max-bounce-recipients = 1',
    "closed": 'sender-null = "refuse"  sender-own = "refuse"'
              '  sender-refuse = "patterns"',
    "resolve": 'helo-resolve = "exists"  sender-domain = "resolves"',
    "match": 'helo-resolve = "match"  sender-domain = "resolves"'
             '  delay-refusals = no',
    "open": 'helo-required = no  unqualified = "complete"',
}

FORWARD = {"client.test": "127.0.0.1", "host.test": "127.77.0.1",
           "elsewhere.test": "127.77.0.2"}
MAIL = {"mx.test": "host.test", "null.test": "",
        "nothing.test": "null.test"}
FAILING = r"(^|\.)fail\.test$"


def make(names=None):
    conf = CONF + "".join(
        'listen "%s" { address = {"127.0.0.1"}  port = @port%s@  %s }\n'
        % (name, str(n) if n > 1 else "", text)
        for n, (name, text) in enumerate(LISTENERS.items(), 1))
    settings = {"max-connections-per-prefix": "200",
                "dns-timeout": '"4s"'}
    if names:
        settings["dns-servers"] = '{"127.0.0.1:%d"}' % names.port
    s = Server(conf, deliver=False, settings=settings)
    for name, text in FILES.items():
        s.scratch.write(name, text)
    return s


def port(s, listener):
    return int(s.ports[str(list(LISTENERS).index(listener) + 1)])


def talk(s, listener, source="127.0.0.1", helo="client.test",
         sender="<s@elsewhere.test>", to="<user@example.org>"):
    """"STEP code enhanced text" of the first refusal; or "ok": queued."""
    with s.client(port=port(s, listener), source=source) as c:
        for step, line in (("HELO", "EHLO " + helo),
                           ("MAIL", "MAIL FROM:" + sender),
                           ("RCPT", "RCPT TO:" + to), ("DATA", "DATA")):
            r = c.cmd(line)
            if r.code >= 400:
                return step + " " + re.sub(r" \([0-9a-z]+\)$", "", r.text)
        r = c.cmd("Subject: x\r\n\r\ntext\r\n.")
        return "ok" if r.code == 250 else "end " + r.text


# listener, what is said, what it gets, the log's reason
CASES = [
    ("plain", {}, "ok", ""),
    ("plain", {"helo": "under_score"}, "ok", ""),
    ("plain", {"helo": "[192.0.2.99]"}, "ok", ""),
    ("plain", {"helo": "inlet.example"}, "ok", ""),
    ("plain", {"sender": "<user@example.org>"}, "ok", ""),
    ("plain", {"sender": "<nobody@example.org>"}, "ok", ""),
    ("plain", {"sender": "<a@[192.0.2.1]>"}, "ok", ""),
    ("plain", {"sender": "<a@b>"}, "ok", ""),
    ("plain", {"sender": "<>"}, "ok", ""),
    ("plain", {"sender": "<a>"}, "MAIL 501 5.1.7", "bad_sender_syntax"),
    ("plain", {"to": "<user>"}, "RCPT 501 5.1.3", "bad_rcpt_syntax"),

    ("helo", {}, "ok", ""),
    ("helo", {"helo": "under_score.test"},
     "RCPT 501 5.5.4 No host has the name 'under_score.test'", "helo_syntax"),
    ("helo", {"helo": "a"}, "RCPT 501 5.5.4", "helo_syntax"),
    ("helo", {"helo": "192.0.2.1"}, "RCPT 501 5.5.4", "helo_syntax"),
    ("helo", {"helo": "a-.test"}, "RCPT 501 5.5.4", "helo_syntax"),
    ("helo", {"helo": "x.DSL.test"},
     "RCPT 550 5.7.1 No dynamic names, please", "helo_refuse"),
    ("helo", {"helo": "good.dsl.test"}, "ok", ""),
    ("helo", {"helo": "localhost.localdomain"},
     "RCPT 550 5.7.1 Access denied", "helo_refuse"),
    ("helo", {"helo": "Inlet.Example"},
     "RCPT 550 5.7.1 You are not 'Inlet.Example'", "helo_own"),
    ("helo", {"helo": "example.org"}, "RCPT 550 5.7.1 You are", "helo_own"),
    ("helo", {"helo": "a.example.org"}, "RCPT 550 5.7.1 You", "helo_own"),
    ("helo", {"helo": "[127.0.0.1]", "source": "127.5.0.1"},
     "RCPT 550 5.7.1 You are not", "helo_own"),
    ("helo", {"helo": "[127.5.0.1]", "source": "127.5.0.1"}, "ok", ""),
    ("helo", {"helo": "[192.0.2.99]"},
     "RCPT 550 5.7.1 Your address is not '[192.0.2.99]'", "helo_literal"),
    # who may relay may have our names; a channel has settings of its own
    ("helo", {"helo": "inlet.example", "source": "127.3.0.1"}, "ok", ""),
    ("helo", {"helo": "inlet.example", "source": "127.6.0.1"}, "ok", ""),
    ("helo", {"helo": "x.dsl.test", "source": "127.3.0.1"},
     "RCPT 550 5.7.1", "helo_refuse"),
    ("helo", {"helo": "x.dsl.test", "source": "127.4.0.1"}, "ok", ""),
    ("helo", {"helo": "[192.0.2.9]", "source": "127.4.0.1"}, "ok", ""),
    ("helo", {"helo": "u_n", "source": "127.4.0.1"}, "ok", ""),
    ("helo", {"helo": "inlet.example", "source": "127.4.0.1"},
     "RCPT 550 5.7.1", "helo_own"),
    # the recipient's own refusal comes first; postmaster is reached
    ("helo", {"helo": "a", "to": "<x@far.test>"}, "RCPT 550 5.7.1 Relaying",
     "relay"),
    ("helo", {"helo": "a", "to": "<postmaster@example.org>"}, "ok", ""),
    ("helo", {"helo": "a", "to": "<Postmaster>"}, "ok", ""),

    ("atonce", {}, "ok", ""),
    ("atonce", {"helo": "a"}, "HELO 501 5.5.4", "helo_syntax"),
    ("atonce", {"helo": "x.dsl.test"}, "HELO 550 5.7.1 No dyn",
     "helo_refuse"),
    ("atonce", {"helo": "inlet.example"}, "HELO 550 5.7.1 You", "helo_own"),
    ("atonce", {"helo": "[192.0.2.9]"}, "HELO 550 5.7.1 Your",
     "helo_literal"),
    ("atonce", {"sender": "<bad@example.net>"},
     "MAIL 550 5.7.1 Your mail was administratively denied",
     "sender_refuse"),
    ("atonce", {"sender": "<bad@example.net>",
                "to": "<postmaster@example.org>"}, "MAIL 550 5.7.1",
     "sender_refuse"),

    ("strict", {"helo": "a"}, "ok", ""),
    ("strict", {"helo": "under_score"}, "RCPT 501 5.5.4", "helo_syntax"),
    ("strict", {"helo": "[127.0.0.1]"}, "RCPT 550 5.7.1", "helo_literal"),

    ("sender", {}, "ok", ""),
    ("sender", {"sender": "<Bad@Example.NET>"},
     "RCPT 550 5.7.1 Your mail was administratively denied",
     "sender_refuse"),
    ("sender", {"sender": "<good@example.net>"}, "ok", ""),
    ("sender", {"sender": "<x@spam.test>"}, "RCPT 550 5.7.1 Access denied",
     "sender_refuse"),
    ("sender", {"sender": "<fred@spam.test>"}, "ok", ""),
    ("sender", {"sender": "<x@a.worse.test>"}, "RCPT 550 5.7.1",
     "sender_refuse"),
    ("sender", {"sender": "<x@worse.test>"}, "ok", ""),
    ("sender", {"sender": "<bad@example.net>", "source": "127.4.0.1"}, "ok",
     ""),
    ("sender", {"sender": "<bad@example.net>",
                "to": "<postmaster@example.org>"}, "ok", ""),
    ("sender", {"sender": "<a@[192.0.2.1]>"}, "RCPT 550 5.1.8 A sender's",
     "sender_literal"),
    ("sender", {"sender": "<a@localhost>"}, "RCPT 550 5.1.8 Sender's domain",
     "sender_domain"),
    ("sender", {"sender": "<>"}, "ok", ""),
    ("sender", {"sender": "<user@example.org>"}, "ok", ""),
    ("sender", {"sender": "<ann@example.org>"}, "ok", ""),
    ("sender", {"sender": "<nobody@example.org>"},
     "RCPT 550 5.1.0 No such sender", "sender_own"),
    ("sender", {"sender": "<nobody@example.org>", "source": "127.3.0.1"},
     "ok", ""),
    ("sender", {"to": "<third@example.org>"}, "RCPT 550 5.7.1 moved away",
     "recipient_refuse"),
    ("sender", {"to": "<other@example.org>"}, "ok", ""),

    ("closed", {"sender": "<>"}, "RCPT 550 5.7.1 The null", "sender_null"),
    ("closed", {"sender": "<user@example.org>"},
     "RCPT 550 5.7.1 Mail from example.org may", "sender_own"),
    ("closed", {"sender": "<a@b.example.org>"}, "RCPT 550 5.7.1",
     "sender_own"),
    ("closed", {"sender": "<user@example.org>", "source": "127.3.0.1"},
     "ok", ""),
    ("closed", {"sender": "<user@example.org>", "source": "127.6.0.1"},
     "ok", ""),
    ("closed", {"sender": "<user@example.org>", "source": "127.4.0.1"},
     "RCPT 550 5.7.1", "sender_own"),
    ("closed", {"sender": "<x@earthlink.test>"},
     "RCPT 550 5.7.1 none from there", "sender_refuse"),
    ("closed", {"sender": "<fred@earthlink.test>"}, "ok", ""),

    ("resolve", {}, "ok", ""),
    ("resolve", {"helo": "host.test"}, "ok", ""),
    ("resolve", {"helo": "mx.test"}, "ok", ""),
    ("resolve", {"helo": "[192.0.2.9]"}, "ok", ""),
    ("resolve", {"helo": "absent.test"},
     "RCPT {HELO_UNRESOLVED}", "helo_resolve"),
    ("resolve", {"helo": "a.fail.test"},
     "RCPT {RESOLVE_LATER}", "helo_resolve"),
    ("resolve", {"sender": "<s@mx.test>"}, "ok", ""),
    ("resolve", {"sender": "<s@host.test>"}, "ok", ""),
    ("resolve", {"sender": "<s@absent.test>"},
     "RCPT {SENDER_UNRESOLVED}", "sender_resolve"),
    ("resolve", {"sender": "<s@null.test>"},
     "RCPT {NULL_MX}", "sender_resolve"),
    ("resolve", {"sender": "<s@a.fail.test>"},
     "RCPT 451 4.4.3 Cannot resolve", "sender_resolve"),
    ("resolve", {"sender": "<s@null.test>",
                 "to": "<postmaster@example.org>"}, "ok", ""),
    # ours, a literal, the null sender: nothing to be asked
    ("resolve", {"sender": "<user@example.org>"}, "ok", ""),
    ("resolve", {"sender": "<a@[192.0.2.9]>"}, "ok", ""),
    ("resolve", {"sender": "<>"}, "ok", ""),
    ("resolve", {"sender": "<a@localhost>"}, "RCPT 550 5.1.8",
     "sender_domain"),
    ("match", {}, "ok", ""),
    ("match", {"helo": "host.test"},
     "HELO {HELO_MISMATCH}", "helo_resolve"),
    ("match", {"helo": "host.test", "source": "127.77.0.1"}, "ok", ""),
    ("match", {"helo": "mx.test"}, "HELO 550 5.7.1 Your", "helo_resolve"),
    ("match", {"helo": "absent.test"}, "HELO 550 5.7.1 There",
     "helo_resolve"),
    ("match", {"helo": "x.fail.test"}, "HELO 451 4.4.3", "helo_resolve"),
    ("match", {"sender": "<s@null.test>"}, "MAIL 550 5.7.27",
     "sender_resolve"),
    ("match", {"sender": "<s@x.fail.test>"}, "MAIL 451 4.4.3",
     "sender_resolve"),

    ("open", {"sender": "<a>"}, "ok", ""),
    ("open", {"to": "<user>"}, "RCPT 550", ""),
]


def begins(got, want):
    """want: text, in which {NAME} is that row of lib/replies.def."""
    parts = re.split(r"\{([A-Z_]+)\}", want)
    return re.match("".join(reply_pattern(part) if i % 2 else re.escape(part)
                            for i, part in enumerate(parts)), got + " (x)")


def refusals(s):
    return len(s.scratch.log_lines("refuse"))


def explained(s, listener, what):
    to = what.get("to", "<user@example.org>")
    p = s.inlet(*s.where(), "explain", "--json", "--listener", listener,
                "--helo", what.get("helo", "client.test"),
                what.get("source", "127.0.0.1"),
                what.get("sender", "<s@elsewhere.test>"), to)
    found = json.loads(p.stdout)
    return found[0] if isinstance(found, list) else found


def cases(s):
    for listener, what, want, reason in CASES:
        name = "%s: %s" % (listener, " ".join(what.values()) or "good mail")
        before = refusals(s)
        got = talk(s, listener, **what)
        if not ok(begins(got, want), "%s: %s" % (name, want)):
            diag(got)
        wait_for(lambda: refusals(s) == before + (want != "ok"), 5,
                 "the log")
        if reason:
            line = s.scratch.log_lines("refuse")[-1]
            like(line, r"reason=%s " % reason, name + ": the log's reason")
            if reason.startswith("sender_"):
                like(line, r"from=\"", name + ": and whose it is")
        a = explained(s, listener, what)
        said = " ".join(str(a[k]) for k in ("code", "enhanced", "text"))
        ok(want == "ok" and a["verdict"] == "accept" and a["submit-agrees"]
           or want != "ok" and got.split(" ", 1)[1] == said,
           name + ": explain says so")


def cost(s, names):
    """Nobody is asked unless it matters, and nobody twice."""
    def asked(listener, *words, **more):
        before = len(names.asked)
        talk(s, listener, *words, **more)
        return {name for _kind, name in names.asked[before:]}
    eq(asked("plain", helo="new1.test", sender="<a@new2.test>"), set(),
       "nothing is asked that no check wants")
    eq(asked("resolve", helo="new1.test", sender="<a@new2.test>",
             to="<nobody@example.org>"), set(),
       "nor for a recipient that is refused anyway")
    eq(asked("resolve", sender="<a@x.example.org>"), set(),
       "nor about our own domains")
    eq(asked("resolve", sender="<a@new3.test>"), {"new3.test"},
       "a sender's domain is asked for")
    before = len(names.asked)
    with s.client(port=port(s, "resolve")) as c:
        c.hello()
        c.cmd("MAIL FROM:<a@new4.test>")
        eq([c.cmd("RCPT TO:<%s@example.org>" % u).code
            for u in ("user", "other", "third")], [550] * 3,
           "each recipient hears of it")
    eq({name for _, name in names.asked[before:]}, {"new4.test"},
       "one question for all of them")
    s.kill("lookup", signal.SIGSTOP)
    got = talk(s, "resolve", sender="<a@new5.test>")
    s.kill("lookup", signal.SIGCONT)
    ok(got.startswith("RCPT 451 4.4.3"), "lookup does not answer: 451")


def every_one():
    names = Names({}, FORWARD, FAILING, MAIL)
    s = make(names)
    with s:
        cases(s)
        cost(s, names)
        eq(s.scratch.log_lines("disagree"), [], "submit agrees with all")
        in_detail(s)


def in_detail(s):
    line = [l for l in s.scratch.log_lines("refuse", reason="helo_refuse")
            if "localhost" in l][0]
    like(line, r'detail="table=badhelo row=3"', "the log has table and row")
    line = s.scratch.log_lines("refuse", reason="sender_refuse")[0]
    like(line, r'from="bad@example\.net"', "and the sender")

    with s.client(port=port(s, "atonce")) as c:
        c.hello()
        eq(c.cmd("EHLO a").code, 501, "a bad name behind a good one")
        eq(c.cmd("MAIL FROM:<s@elsewhere.test>").code, 250,
           "leaves the session as it was")
        eq(c.cmd("RSET").code, 250, "and")
        eq(c.cmd("MAIL FROM:<x@spam.test>").code, 550, "a bad sender")
        eq(c.cmd("MAIL FROM:<s@elsewhere.test>").code, 250, "one sender on")
    with s.client(port=port(s, "atonce")) as c:
        eq(c.cmd("EHLO a").code, 501, "a bad name")
        eq(c.cmd("MAIL FROM:<s@elsewhere.test>").code, 503, "is no greeting")

    with s.client(port=port(s, "sender")) as c:
        c.hello()
        c.cmd("MAIL FROM:<x@spam.test>")
        eq([c.cmd("RCPT TO:<%s@example.org>" % u).code
            for u in ("user", "postmaster", "nobody", "other")],
           [550, 250, 550, 550], "only postmaster gets it")
        eq(c.cmd("DATA").code, 354, "and it may come")
        eq(c.cmd("text\r\n.").code, 250, "to postmaster alone")
        c.cmd("MAIL FROM:<>")
        eq([c.cmd("RCPT TO:<%s@example.org>" % u).text[:9]
            for u in ("user", "other")], ["250 2.1.5", "550 5.7.1"],
           "a bounce has one recipient")
        c.cmd("RSET")
        c.cmd("MAIL FROM:<s@elsewhere.test>")
        eq([c.cmd("RCPT TO:<%s@example.org>" % u).code
            for u in ("user", "other")], [250, 250], "other mail may have two")

    with s.client(port=port(s, "open")) as c:
        eq(c.cmd("MAIL FROM:<a>").code, 250, "without HELO")
        eq(c.cmd("RCPT TO:<user@example.org>").code, 250, "is taken")
        c.cmd("DATA")
        r = c.cmd("text\r\n.")
        eq(r.code, 250, "and queued")
        qid = s.queue_id(r)
        wait_for(lambda: s.scratch.log_lines("accept", qid=qid), 5, "a line")
        like(s.scratch.log_lines("accept", qid=qid)[0],
             r'from="<a@inlet\.example>"', "with our name for its domain")
        eq(c.cmd("RCPT TO:<x@y.test>").code, 503, "but MAIL comes first")

    code = explained(s, "helo", {"helo": "x.dsl.test"})
    like(json.dumps(code), r"badhelo", "explain names the table")


def later():
    """A table that cannot be read now: neither passed nor refused for good."""
    s = make()
    s.write_conf('table "big" { type = "pcre"  file = "big" }\n' + s.text,
                 {"helo-refuse": '"big"'})
    s.scratch.write("big", "/^(a+)+$/\n")
    if "built without PCRE2" in s.inlet(*s.where(), "check").stderr:
        skip("this Inlet was built without PCRE2")
        return
    with s:
        got = talk(s, "plain", helo="a" * 60 + "-b")
        ok(got.startswith("RCPT 451 4.3.0"), "a pattern that never ends: 451")
        wait_for(lambda: refusals(s), 5, "a log line")
        like(s.scratch.log_lines("refuse")[-1],
             r'reason=table .*detail="table=big', "and the log names it")
        eq(talk(s, "plain"), "ok", "others are not touched")


def check(s):
    p = s.inlet(*s.where(), "check")
    return p.returncode, p.stdout + p.stderr


def mistakes():
    s = make()
    good = s.text
    for setting in ("helo-refuse", "sender-refuse", "recipient-refuse"):
        wrong = '%s = "badhel"' % setting
        for where, text in (
                ("server", wrong + "\n" + good),
                ("listener", good.replace('"plain" {', '"plain" { ' + wrong)),
                ("channel", good.replace('"world" {', '"world" { ' + wrong))):
            s.write_conf(text)
            code, out = check(s)
            eq(code, 78, "%s of a %s: exit 78" % (setting, where))
            like(out, r"inlet\.conf:\d+: %s: there is no "
                 r'table "badhel" \(did you mean badhelo\?\)' % setting,
                 "a wrong name")
    s.write_conf(good)
    s.scratch.write("badhelo", "a\nb[\n")
    like(check(s)[1], r"badhelo:2: a \[ without its \]",
         "a wrong pattern: file, line, word")


run(every_one, later, mistakes)
