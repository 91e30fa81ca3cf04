#!/usr/bin/env python3
"""What is asked last: greylisting, behind all that refuses for good; of whom
lists say something, or of everybody; and whom it spares."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from nsd import Nsd

ZONES = {
    "bl.test.": "2.0.0.127 A 127.0.0.2\n2.1.0.127 A 127.0.0.2\n"
                "2.2.0.127 A 127.0.0.2\n2.3.0.127 A 127.0.0.2\n"
                "4.0.0.127 A 127.0.0.4\n2.5.0.127 A 127.0.0.2\n"
                "6.0.0.127 A 127.0.0.2\n",
    "wl.test.": "3.1.0.127 A 127.0.0.2\n3.2.0.127 A 127.0.0.2\n"
                "6.0.0.127 A 127.0.0.2\n",
    "spf.test.": 'pass TXT "v=spf1 +all"\nfail TXT "v=spf1 -all"\n'
                 'soft TXT "v=spf1 ~all"\n',
}
CONF = """
dnslists = {"bl.test weight 2 answers 127.0.0.2",
    "bl.test weight 4 answers 127.0.0.4", "wl.test allow weight 1"}
dnslist-refuse = 4
dnslist-greylist = 2
greylist-delay = "1h"
greylist-directory = "%s"
spf = "sender"
table "here" { type = "list"  rows = {"example.org", "127.0.0.1"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
table "bad" { type = "list"  rows = {"bad@elsewhere.test"} }
table "all" { type = "list"  rows = {"127.0.1.0/24"} }
table "spared" { type = "list"  rows = {"127.0.2.0/24"} }
table "lax" { type = "list"  rows = {"127.0.3.0/24"} }
table "trusted" { type = "list"  rows = {"127.0.4.0/24"} }
table "prompt" { type = "list"  rows = {"127.0.5.0/24"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "all" { table = "all"  greylist = on }
channel "spared" { table = "spared"  greylist = on
    greylist-spare = {"spf", "dnslists"}  spf-actions = {"pass ignore"} }
channel "lax" { table = "lax"  dnslist-greylist = 0 }
channel "trusted" { table = "trusted"  greylist = on  trusted = yes }
channel "prompt" { table = "prompt"  greylist = on  delay-refusals = no }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    sender-refuse = "bad"  xclient = {"127.0.0.1"} }
listen "other" { address = {"127.0.0.1"}  port = @port2@
    dnslist-greylist = 3 }
listen "spares" { address = {"127.0.0.1"}  port = @port3@  greylist = on
    greylist-spare = {"spf"} }
"""


class Served:
    def __init__(self, text=CONF, place=None, **settings):
        self.nsd = Nsd(ZONES)
        scratch = Scratch()
        self.server = Server(
            text % (place or scratch.make("grey", LOOKUP if ROOT else None,
                                          0o700)),
            scratch=scratch, deliver=False, settings={
                "dns-servers": '{"%s"}' % self.nsd.at,
                **{k.replace("_", "-"): v for k, v in settings.items()}})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *how):
        self.server.__exit__(*how)
        self.nsd.stop()

    def says(self, source, reply, what, sender="s@elsewhere.test",
             to="user@example.org", login=False, port=None):
        more = {} if port is None else {"port": port}
        with self.server.client(source=source, **more) as c:
            c.hello()
            if login:
                c.cmd("XCLIENT ADDR=%s LOGIN=someone" % login)
                c.hello()
            says(c.envelope(to, sender)[-1], reply, what)

    def explain(self, *args):
        return self.server.inlet(*self.server.where(), "explain",
                                 *args).stdout


def by_lists():
    with Served() as s:
        s.says("127.0.0.2", "GREYLISTED", "who is listed comes again")
        line = wait_for(lambda: s.server.scratch.log_lines("refuse"), 10,
                        "the log")
        like(line[0], r"reason=greylist .*detail=\"limit=greylist-delay "
             r'value=3600000 most=3600000 score=2 least=2"', "the log")
        s.says("127.0.0.3", "RECIPIENT_OK", "who is not does not")
        s.says("127.0.0.4", "DNS_LISTED", "who is listed by more is refused")
        s.says("127.0.0.6", "RECIPIENT_OK", "2 - 1 is less than 2")
        s.says("127.0.3.2", "RECIPIENT_OK", "a channel says 0: none")
        other, third = (int(s.server.ports[n]) for n in "23")
        s.says("127.0.0.2", "RECIPIENT_OK", "a listener says 3", port=other)
        s.says("127.0.0.3", "GREYLISTED", "a listener: everybody", port=third)
        s.says("127.0.0.3", "RECIPIENT_OK", "a listener: but not who may",
               "a@pass.spf.test", port=third)
        s.says("127.0.2.3", "RECIPIENT_OK", "a channel says more",
               port=third)
        s.says("127.0.0.1", "RECIPIENT_OK", "who has logged in",
               login="127.0.0.2")


def last():
    """Nothing that is refused for good is told to come again."""
    with Served() as s:
        everybody = "127.0.1.1"
        s.says(everybody, "GREYLISTED", "everybody")
        s.says(everybody, "GREYLISTED", "not who may send for a domain",
               "a@pass.spf.test")
        s.says(everybody, "SPF_FAILED", "SPF refuses", "a@fail.spf.test")
        s.says(everybody, "LISTED", "a table of senders refuses",
               "bad@elsewhere.test")
        s.says(everybody, "NO_SUCH_USER", "there is no such user",
               to="x@example.org")
        s.says("127.0.1.2", "GREYLISTED", "who is listed, too")
        s.says("127.0.1.3", "GREYLISTED", "and who is allowed")
        s.says(everybody, "RECIPIENT_OK", "mail for postmaster is taken",
               to="postmaster@example.org")
        s.says("127.0.5.1", "GREYLISTED", "unless refusals are prompt",
               to="postmaster@example.org")
        with s.server.client(source="127.0.5.1") as c:
            c.hello()
            says(c.cmd("MAIL FROM:<a@fail.spf.test>"), "SPF_FAILED",
                 "which come with MAIL")
        s.says("127.0.4.1", "RECIPIENT_OK", "a trusted channel")
        s.says("127.0.2.1", "GREYLISTED", "spared: not without SPF")
        s.says("127.0.2.1", "GREYLISTED", "nor with softfail",
               "a@soft.spf.test")
        s.says("127.0.2.1", "RECIPIENT_OK", "with pass, of which nothing is "
               "to be told", "a@pass.spf.test")
        s.says("127.0.2.3", "RECIPIENT_OK", "who is allowed by a list")
        s.says("127.0.2.2", "GREYLISTED", "but not who is listed")
        with s.server.client(source="127.0.2.1") as c:
            c.hello()
            says(c.envelope(sender="a@pass.spf.test")[-1], "RECIPIENT_OK",
                 "one message")
            c.cmd("RSET")
            says(c.envelope(sender="b@none.spf.test")[-1], "GREYLISTED",
                 "the next has a result of its own")


def explained():
    """Looking is of no consequence; what is seen is what would be said."""
    with Served(greylist_passes="1") as s:
        for source, sender, part in (
                ("127.0.1.9", "a@b.test", r"whether it came before: no, and "
                 r"may come again later \(.*\n.*greylist: refused, greylist, "
                 r"limit=greylist-delay value=3600000 (.*\n)*refused for now"),
                ("127.0.2.9", "a@pass.spf.test", r"greylist: passed"),
                ("127.0.0.2", "a@b.test", r"greylist: refused, greylist, "
                 r"limit=greylist-delay value=\d+ most=3600000 score=2")):
            out = s.explain(source, sender, "user@example.org")
            like(out, part, "%s %s" % (source, sender))
        like(out, r"dnslist-greylist = 2 +# \S+inlet.conf:\d+\n",
             "the setting that says so")
    with Served(text=CONF.replace('"1h"', '"1s"'), greylist_passes="1") as s:
        def code():
            with s.server.client(source="127.0.1.9") as c:
                c.hello()
                return c.envelope()[-1].code
        eq(code(), 451, "a real one")
        wait_for(lambda: code() == 250, 20, "that it is taken")
        # Greylisting by another sender: the network is known.
        like(s.explain("127.0.1.9", "new@b.test", "user@example.org"),
             r"came before: its network has come again often enough",
             "explain sees what sessions did")


def a_row_says_so():
    """A row of host-settings may be the only one that wants it."""
    text = """
host-settings = "hosts"
greylist-directory = "%s"
table "hosts" { type = "list"
    rows = {"127.0.0.7: greylist=on greylist-delay=2h"} }
table "here" { type = "list"  rows = {"example.org", "127.0.0.1"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""
    with Served(text=text) as s:
        s.says("127.0.0.7", "GREYLISTED", "a host's row")
        s.says("127.0.0.8", "RECIPIENT_OK", "another's")
    with Served(text=text, place="/proc/none") as s:
        eq([l for l in s.server.scratch.log_text().split("\n")
            if "greylist" in l], [], "nobody has asked for one")
        s.says("127.0.0.7", "RECIPIENT_OK", "without a store")
        ok(happens(lambda: "greylist: there is no store: nobody is made to "
                   "wait" in s.server.scratch.log_text()), "it is said")


def contradictions():
    """inlet check says what comes to nothing."""
    s = Server("""
dnslists = {"a.test weight 2", "b.test", "c.test allow weight 9"}
dnslist-refuse = 4
dnslist-greylist = 3
table "one" { type = "list"  rows = {"example.org"} }
channel "local" { table = "one"  program = "local" }
channel "world" { dnslist-greylist = 5  greylist-spare = {"spf", "dnslists"} }
""", deliver=False)
    said = [l for l in s.inlet(*s.where(), "check").stdout.split("\n")
            if l.startswith("warning") and re.search("dnslist|greylist", l)]
    for text in (r":\d+: dnslists: all of them come to 3, and dnslist-refuse "
                 r"is 4: nobody is refused$",
                 r":\d+: dnslist-greylist = 5 is for nobody: dnslist-refuse "
                 r"= 4 comes before it$",
                 r":\d+: greylist-spare: spf spares nobody, for it is off "
                 r"everywhere$"):
        eq(len([l for l in said if re.search(text, l)]), 1, text)
    eq(len(said), 3, "and no more")


need_built("inlet", "smtpd", "smtpsrvr", "submit", "lookup", "tailor")
if not tool("nsd"):
    skip_all("no nsd")
run(by_lists, last, explained, a_row_says_so, contradictions)
