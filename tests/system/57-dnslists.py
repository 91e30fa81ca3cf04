#!/usr/bin/env python3
"""Lists of hosts and domains in the name service: eight of them at once, of
which some fail in every way there is; what is refused, marked, spared."""
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from between import Between
from nsd import Nsd

MAPPED = ".0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20 + " A 127.0.0.2\n"
LISTS = {
    "bl.test.": "2" + MAPPED + """
2.0.0.127 A 127.0.0.2
2.0.0.127 TXT "Listed\\009for \\195\\164 reason, see http://bl.test/"
9.0.0.127 A 127.0.0.2
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2
""",
    "more.test.": """
1.0.0.127 A 127.0.0.9
2.0.0.127 A 127.0.0.9
4.0.0.127 A 127.0.0.9
5.0.0.127 A 127.0.0.11
6.0.0.127 A 127.0.0.9
""",
    "wl.test.": "6.0.0.127 A 127.0.0.2\n9.0.0.127 A 127.0.0.5\n",
    "over.test.": "*.0.0.127 A 127.255.255.254\n",
    "sold.test.": "*.0.0.127 A 192.0.2.80\n",
    "slow.test.": "7.0.0.127 A 127.0.0.2\n",
    "names.test.": "host.known.test A 127.0.0.2\n"
                   "liar.known.test A 127.0.0.2\n",
    "known.test.": "host A 127.0.0.30\nliar A 127.0.0.32\n",
    "127.in-addr.arpa.": "30.0.0 PTR host.known.test.\n"
                         "31.0.0 PTR liar.known.test.\n",
    "six.test.": "2" + MAPPED,
    "wide.test.": "1" + MAPPED + "2.0.0.127 A 127.0.0.2\n",
    "dbl.test.": "bad.example A 127.0.1.2\nhelo.example A 127.0.1.3\n"
                 "TEST A 127.0.1.2\n",
}
SETTINGS = """
dnslists = {"bl.test weight 2 answers 127.0.0.2 127.0.0.4-127.0.0.7",
    "more.test answers 127.0.0.8-127.0.0.10", "wl.test allow weight 3",
    "over.test weight 50", "sold.test weight 50", "silent.test weight 50",
    "fails.test weight 50", "slow.test weight 2",
    "dbl.test of sender answers 127.0.1.2 weight 2",
    "dbl.test of helo answers 127.0.1.3 weight 2",
    "names.test of name weight 2"}
dnslist-refuse = 2
dnslist-mark = 1
dnslist-time = "4s"
dns-timeout = "5s"
table "here" { type = "list"  rows = {"example.org", "127.0.0.1"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
table "trusted" { type = "list"  rows = {"127.0.0.20"} }
table "own" { type = "list"  rows = {"127.0.0.21"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "trusted" { table = "trusted"  trusted = yes }
channel "own" { table = "own"  dnslists = {"more.test"} }
channel "points" { relay = no  dnslists = {"six.test", "wide.test"} }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    xclient = {"127.0.0.1"} }
"""
FAILING = {"silent.test": "silent", "fails.test": "fails"}


class Served:
    def __init__(self, together=0, manners=None, text=SETTINGS, **settings):
        self.nsd = Nsd(LISTS)
        self.between = Between(self.nsd, FAILING if manners is None else
                               manners, together)
        self.server = Server(text, deliver=False, settings={
            "dns-servers": '{"%s"}' % self.between.at,
            **{k.replace("_", "-"): v for k, v in settings.items()}})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *how):
        self.server.__exit__(*how)
        self.nsd.stop()


def said(server, source, sender="s@elsewhere.test", to="user@example.org",
         helo="client.test", login=None, addr=None):
    """What RCPT says."""
    with server.client(source=source) as c:
        c.hello(helo)
        if addr or login:
            c.cmd("XCLIENT" + (" ADDR=%s" % addr if addr else "") +
                  (" LOGIN=%s" % login if login else ""))
            c.hello(helo)
        return c.envelope(to, sender)[-1]


def verdicts():
    # That of which nobody knows is refused by the name server, at once.
    with Served(manners={"fails.test": "fails"}) as s:
        for source, reply, what in (
                ("127.0.0.2", "DNS_LISTED", "2 + 1"),
                ("127.0.0.4", "RECIPIENT_OK", "1 is less than 2"),
                ("127.0.0.5", "RECIPIENT_OK", "an answer out of range"),
                ("127.0.0.6", "RECIPIENT_OK", "a list that allows"),
                ("127.0.0.9", "RECIPIENT_OK", "one that refuses, and it"),
                ("127.0.0.3", "RECIPIENT_OK", "errors and silence alone")):
            says(said(s.server, source), reply, "%s: %s" % (source, what))
        text = str(said(s.server, "127.0.0.2"))
        like(text, r"127\.0\.0\.2 is listed by bl\.test", "zone and client")
        like(text, r"Listed\?for \?\? reason, see http://bl\.test/",
             "the reason, in printable ASCII")
        says(said(s.server, "127.0.0.3", "x@bad.example"), "DNS_LISTED",
             "the sender's domain")
        says(said(s.server, "127.0.0.3", "x@helo.example"), "RECIPIENT_OK",
             "which is not what is listed for HELO")
        says(said(s.server, "127.0.0.3", helo="helo.example"), "DNS_LISTED",
             "HELO")
        says(said(s.server, "127.0.0.3", "", helo="bad.example"),
             "RECIPIENT_OK", "nor the other way round")
        says(said(s.server, "127.0.0.1", addr="IPV6:2001:db8::1"),
             "DNS_LISTED", "an IPv6 address by its nibbles")
        says(said(s.server, "127.0.0.2", to="postmaster@example.org"),
             "RECIPIENT_OK", "postmaster hears everybody")
        spared(s)
        ok(happens(lambda: re.search(
            r"reason=dnslists .*zone=bl\.test .*score=3",
            s.server.scratch.log_text())), "the log names zone and score")
        for zone in ("over.test", "sold.test", "silent.test", "fails.test"):
            ok(happens(lambda: [l for l in s.server.scratch.log_lines(
                "dns-list") if zone in l]), "an alarm about " + zone)
            eq(len([l for l in s.server.scratch.log_lines("dns-list")
                    if zone in l]), 1, "and no second one so soon")


def spared(s):
    before = len(s.between.names("2.0.0.127.bl.test"))
    asked = len(s.between.asked)
    says(said(s.server, "127.0.0.20"), "RECIPIENT_OK", "a trusted channel")
    says(said(s.server, "127.0.0.1", addr="127.0.0.2", login="someone"),
         "RECIPIENT_OK", "who has logged in")
    eq(len(s.between.asked), asked, "nothing is asked about them")
    says(said(s.server, "127.0.0.21"), "RECIPIENT_OK", "a channel's own")
    eq(set(s.between.names("21.0.0.127.more.test")) and
       s.between.names("21.0.0.127.bl.test"), [], "lists alone")
    eq(before >= 1, True, "unlike others")


def at_once():
    """All questions are there before one is answered; none waits for
    another, nor for the silent one longer than the time they have."""
    with Served(together=10, dnslist_time='"2s"') as s:
        reply = said(s.server, "127.0.0.2", "x@some.example")
        says(reply, "DNS_LISTED", "asked all together")
        eq(len({n for n in s.between.names() if ".test" in n}), 10,
           "ten questions")
        asked = len(s.between.asked)
        says(said(s.server, "127.0.0.2", "x@some.example"), "DNS_LISTED",
             "another connection")
        eq([n for n in s.between.names()[asked:]
            if not n.endswith("silent.test") and not
            n.endswith("fails.test")], [], "hears what is remembered")
        like(str(reply), "Listed.for", "with a reason, though time was up")


def slow_one():
    """A list that answers late, but in time, counts."""
    with Served(manners={"slow.test": "waits"}, dnslist_time='"30s"',
                dns_timeout='"30s"') as s:
        with s.server.client(source="127.0.0.7") as c:
            c.hello()
            c.cmd("MAIL FROM:<x@elsewhere.test>")
            c.line("RCPT TO:<user@example.org>")
            wait_for(lambda: s.between.held, what="its question")
            s.between.go()
            says(c.reply(), "DNS_LISTED", "the slow one")


EIGHT = ("bl.test", "more.test", "wl.test allow", "dbl.test of sender "
         "answers 127.0.1.2", "over.test weight 50", "fails.test weight 50",
         "silent.test weight 50", "slow.test weight 2")


def eight():
    """Eight lists, of which one is silent, two answer with errors, and one is
    slow: each client hears the right thing within one deadline."""
    text = re.sub(r"(?s)^.dnslists.*?}", "dnslists = {%s}" % ", ".join(
        '"%s"' % l for l in EIGHT), SETTINGS)
    with Served(manners={**FAILING, "slow.test": "waits"}, text=text,
                dnslist_time='"%ds"' % slow(4), dns_timeout='"60s"') as s, \
            contextlib.ExitStack() as clients:
        began = time.monotonic()
        cases = [(n, clients.enter_context(s.server.client(
            source="127.0.0.%d" % n)), reply, what) for n, reply, what in (
                (2, "DNS_LISTED", "two lists of one each"),
                (3, "RECIPIENT_OK", "nobody but those that fail"),
                (6, "RECIPIENT_OK", "one list, and one that allows"),
                (7, "DNS_LISTED", "the slow one"))]
        for _, c, _, _ in cases:
            c.hello()
            c.cmd("MAIL FROM:<x@elsewhere.test>")
        # From now on each has its time.
        for _, c, _, _ in cases:
            c.line("RCPT TO:<user@example.org>")
        wait_for(lambda: len({name for _, _, name in s.between.held}) ==
                 len(cases), what="the slow one's questions")
        asked = {n for n in s.between.names() if n.startswith("7.0.0.127.")}
        eq(len(asked), 7, "seven lists of addresses are asked at once")
        s.between.go()
        for n, c, reply, what in cases:
            says(c.reply(), reply, "127.0.0.%d: %s" % (n, what))
        ok(time.monotonic() - began < 50, "within dnslist-time, not that of "
           "the name service")


def by_name():
    """A name that points back is looked up, another is not."""
    with Served(manners={}, lookup_names='"auto"') as s:
        says(said(s.server, "127.0.0.30"), "DNS_LISTED", "its name is listed")
        says(said(s.server, "127.0.0.31"), "RECIPIENT_OK",
             "one that is not its own")
        eq(s.between.names("liar.known.test.names.test"), [],
           "which is not looked up")
        text = str(said(s.server, "127.0.0.30"))
        like(text, r"host\.known\.test is listed by names\.test", "the reply")


def silence():
    """One that never answers is left alone after a while."""
    with Served(dnslist_time='"100ms"', dns_timeout='"300ms"',
                dns_cache_size="0", text=re.sub(
                    r"(?s)^.dnslists.*?}", 'dnslists = {"silent.test"}',
                    SETTINGS)) as s:
        def rests():
            said(s.server, "127.0.0.3")
            return [l for l in s.server.scratch.log_lines("records")
                    if "outcome=later" in l]
        wait_for(lambda: len(rests()) >= 16, 60, "16 failures")
        asked = len(s.between.asked)
        says(said(s.server, "127.0.0.3"), "RECIPIENT_OK", "it is taken")
        eq(len(s.between.asked), asked, "and the list is not asked")


def marks():
    with Served(manners={}) as s:
        with s.server.client(source="127.0.0.4") as c:
            reply = c.message("Subject: x\n\ntext\n")
            entry = s.server.scratch.entry(s.server.queue_id(reply))
        like(entry.decode("latin-1"), r"X-DNS-Lists: score=1;\n\tmore\.test\n",
             "the field")
        ok(happens(lambda: re.search(r" accept .*dns-lists=1",
                                     s.server.scratch.log_text())),
           "the log has the score")
        with s.server.client(source="127.0.0.6") as c:
            reply = c.message("Subject: x\n\ntext\n")
            entry = s.server.scratch.entry(s.server.queue_id(reply))
        like(entry.decode("latin-1"), r"Authentication-Results: "
             r"inlet\.example;\n\tdnswl=pass dns\.zone=wl\.test\n",
             "who is allowed is told so (RFC 8904)")
        eq(b"X-DNS-Lists" in entry, False, "and is not marked")


def points():
    """inlet dnslist test."""
    with Served(dns_timeout='"2s"', dnslist_time='"2s"') as s:
        done = s.server.inlet(*s.server.where(), "dnslist", "test")
        eq(done.returncode, 1, "not all lists are good")
        for line in (
                "bl.test of client: good, IPv4 and IPv6",
                "six.test of client: good, IPv6",
                "wide.test of client: 1.0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20 +
                ".wide.test: lists it: it would list everybody",
                "more.test of client: 1.0.0.127.more.test: lists it: it "
                "would list everybody",
                "over.test of client: 2.0.0.127.over.test: answers with an "
                "error: an address outside 127.0.0.0/8, or in "
                "127.255.255.0/24",
                "silent.test of client: 2.0.0.127.silent.test: no answer in "
                "time",
                "slow.test of client: 2.0.0.127.slow.test: does not list it",
                "dbl.test of sender: good",
                "dbl.test of helo: test.dbl.test: answers 127.0.1.2, which "
                "is in none of its answers"):
            ok(line in done.stdout.split("\n"), line)
        done = s.server.inlet(*s.server.where(), "dnslist", "test", "bl.test")
        eq((done.returncode, done.stdout),
           (0, "bl.test of client: good, IPv4 and IPv6\n"), "one alone")
        done = s.server.inlet(*s.server.where(), "dnslist", "test", "bl.tset",
                              "wl.test")
        eq((done.returncode, done.stdout, done.stderr),
           (1, "wl.test of client: 2.0.0.127.wl.test: does not list it\n",
            'inlet dnslist: no dnslists have "bl.tset"\n'),
           "a zone that nobody has is not good")
        done = s.server.inlet(*s.server.where(), "dnslist", "--json", "test",
                              "dbl.test")
        eq(done.returncode, 1, "the same as JSON")
        eq(json.loads(done.stdout), [
            {"zone": "dbl.test", "of": of, "allow": False, "weight": 2,
             "points": [
                 {"name": "test.dbl.test", "should-be-listed": True,
                  "answers": ["127.0.1.2"], **wrong},
                 {"name": "invalid.dbl.test", "should-be-listed": False,
                  "answers": []}]}
            for of, wrong in (("sender", {}), ("helo", {
                "wrong": "answers 127.0.1.2, which is in none of its "
                         "answers"}))], "with all that was answered")
        done = s.server.inlet(*s.server.where(), "dnslist", "tset")
        eq(done.returncode, 64, "a mistake")


def explained():
    """Every list and every question is shown."""
    with Served(dnslist_time='"1s"') as s:
        out = s.server.inlet(*s.server.where(), "explain",
                             "127.0.0.2", "x@some.example",
                             "user@example.org").stdout
        for part in (r"bl\.test, about the client 127\.0\.0\.2: listed, "
                     r"127\.0\.0\.2, weight 2 \(",
                     r"wl\.test, about the client 127\S+: not listed \(",
                     r"over\.test, about .*: an error \(",
                     r"silent\.test, about .*: no answer in time",
                     r"dbl\.test, about the sender some\.example: not",
                     r"554 5\.7\.1 127\.0\.0\.2 is listed by bl\.test"):
            like(out, "(?s)" + part, part)


run(verdicts, at_once, slow_one, eight, by_name, silence, marks, points, explained)
