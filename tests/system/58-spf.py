#!/usr/bin/env python3
"""SPF in sessions: each result and what is done about it, for the sender and
for HELO; what is written about it, and what others wrote in our name.  The
rules of SPF itself: tests/tables/spf.cases."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from between import Between
from nsd import Nsd

ZONE = {"test.": """
pass TXT "v=spf1 ip4:127.0" ".0.0/8 -all"
fail TXT "v=spf1 -all exp=why.%{d}"
why.fail TXT "ask\\009%{i} why"
plain TXT "v=spf1 -all"
soft TXT "v=spf1 ~all"
neutral TXT "v=spf1 ?all"
two TXT "v=spf1 -all"
two TXT "v=spf1 +all"
none TXT "nothing of it"
late TXT "v=spf1 a:x.silent.test -all"
helo TXT "v=spf1 ip4:127.0.0.3 -all"
mx TXT "v=spf1 mx ptr exists:%{ir}.%{l}.mx.test include:pass.test -all"
mx MX 10 host.mx
host.mx A 127.0.0.99
xn--bcher-kva TXT "v=spf1 ip4:127.0.0.0/8 -all"
long TXT "v=spf1 include:_a.long.test include:_b.long.test -all"
_a.long TXT "v=spf1 ip4:10.0.0.0/8 ?all"
_b.long TXT "v=spf1 ip4:127.0.0.0/8 ?all"
"""}
CONF = """
spf = "both"
spf-actions = {%s}
spf-time = "%s"
spf-helo-actions = {"fail refuse", "none ignore"}
results = {"authentication-results", "received-spf"}
dns-timeout = "5s"
table "here" { type = "list"  rows = {"example.org", "127.0.0.1"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
table "trusted" { type = "list"  rows = {"127.0.0.20"} }
table "own" { type = "list"  rows = {"127.0.0.21"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "trusted" { table = "trusted"  trusted = yes }
channel "own" { table = "own"  spf = "off"  authserv-id = "other.example" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    xclient = {"127.0.0.1"} }
"""
FAR = "127.0.0.2"


class Served:
    def __init__(self, actions='"fail refuse"', time="20s"):
        self.nsd = Nsd(ZONE)
        self.between = Between(self.nsd, {"silent.test": "silent"})
        self.server = Server(CONF % (actions, time), deliver=False, settings={
            "dns-servers": '{"%s"}' % self.between.at})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *how):
        self.server.__exit__(*how)
        self.nsd.stop()

    def said(self, sender, source=FAR, helo="client.none.test",
             to="user@example.org", login=None):
        with self.server.client(source=source) as c:
            c.hello(helo)
            if login:
                c.cmd("XCLIENT ADDR=127.0.0.2 LOGIN=" + login)
                c.hello(helo)
            return c.envelope(to, sender)[-1]

    def entry(self, text, sender="s@pass.test", source=FAR,
              helo="client.none.test"):
        with self.server.client(source=source) as c:
            c.hello(helo)
            reply = c.message(text, sender=sender, hello=False)
            return self.server.scratch.entry(
                self.server.queue_id(reply)).decode("latin-1")


def results():
    with Served() as s:
        for sender, reply, what in (
                ("a@pass.test", "RECIPIENT_OK", "pass, in two strings"),
                ("a@plain.test", "SPF_FAILED", "fail"),
                ("a@soft.test", "RECIPIENT_OK", "softfail"),
                ("a@neutral.test", "RECIPIENT_OK", "neutral"),
                ("a@none.test", "RECIPIENT_OK", "none"),
                ("a@two.test", "RECIPIENT_OK", "permerror"),
                ("a@mx.test", "RECIPIENT_OK", "mx, ptr, exists, include"),
                ("a@long.test", "RECIPIENT_OK", "two includes"),
                ("", "RECIPIENT_OK", "the null sender: HELO, none")):
            says(s.said(sender), reply, "%s: %s" % (what, reply))
        text = str(s.said("a@fail.test"))
        like(text, r"550 5\.7\.23 SPF fail: 127\.0\.0\.2 may not send for "
             r"fail\.test", "who may not send for whom")
        eq("ask" in text, False, "what a domain says with a tab is not said")
        says(s.said("a@none.test", helo="helo.test"), "SPF_FAILED", "HELO")
        says(s.said("a@none.test", "127.0.0.3", helo="helo.test"),
             "RECIPIENT_OK", "of its own host")
        says(s.said("", helo="plain.test"), "SPF_FAILED",
             "the null sender by HELO")
        says(s.said("a@plain.test", to="postmaster@example.org"),
             "RECIPIENT_OK", "postmaster hears everybody")
        asked = len(s.between.asked)
        says(s.said("a@plain.test", "127.0.0.20"), "RECIPIENT_OK",
             "a trusted channel")
        says(s.said("a@plain.test", "127.0.0.1", login="someone"),
             "RECIPIENT_OK", "who has logged in")
        says(s.said("a@plain.test", "127.0.0.21"), "RECIPIENT_OK",
             "a channel that wants none")
        eq(len(s.between.asked), asked, "nothing is asked about them")
        says(s.said("a@fail.test"), "SPF_FAILED", "again")
        eq(len(s.between.asked), asked, "from what is remembered")
        ok(happens(lambda: re.search(
            r"reason=spf .*spf=fail domain=plain\.test",
            s.server.scratch.log_text())), "the log names the result")


def actions():
    with Served('"softfail refuse", "permerror refuse", "temperror refuse", '
                '"none refuse", "fail mark", "neutral ignore"', "1s") as s:
        says(s.said("a@soft.test"), "SPF_FAILED", "softfail refuse")
        says(s.said("a@none.test"), "SPF_FAILED", "none refuse")
        says(s.said("a@two.test"), "SPF_BROKEN", "permerror refuse")
        says(s.said("a@late.test"), "SPF_LATER", "temperror refuse")
        like(s.entry("Subject: x\n\n", "a@fail.test"),
             r"\nReceived-SPF: fail receiver=inlet\.example; "
             r"identity=mailfrom;\n", "fail mark")
        eq("SPF:" in s.entry("Subject: x\n\n", "a@neutral.test"), False,
           "neutral ignore")


def written():
    with Served() as s:
        like(s.entry("Subject: x\n\ntext\n", helo="pass.test"),
             r"Authentication-Results: inlet\.example;\n"
             r"\tspf=pass smtp\.mailfrom=pass\.test;\n"
             r"\tspf=pass smtp\.helo=pass\.test\n"
             r"Received-SPF: pass receiver=inlet\.example; "
             r"identity=mailfrom;\n"
             r'\tclient-ip="127\.0\.0\.2"; helo="pass\.test";\n'
             r'\tenvelope-from="s@pass\.test";\n'
             r"Received-SPF: pass receiver=inlet\.example; identity=helo;\n"
             r"(.*\n){2}Received: from pass\.test ",
             "above the Received line of ours")
        like(s.entry("Subject: x\n\n", "", helo="pass.test"),
             r"Authentication-Results: inlet\.example;\n"
             r"\tspf=pass smtp\.helo=pass\.test\nReceived-SPF",
             "for the null sender HELO, once")
        like(s.entry("Subject: x\n\n", '"a\\"b c"@pass.test'),
             r'envelope-from="\\"a\\\\\\"b c\\"@pass\.test";\n',
             "a local part with quotes")
        ok(happens(lambda: re.search(
            r" accept .*spf=pass spf-helo=pass", s.server.scratch.log_text())),
           "the log has both")
        eq("spf=" in s.entry("Subject: x\n\n", source="127.0.0.21"), False,
           "nothing where nothing was asked")


FORGED = """\
Authentication-Results: inlet.example; spf=pass
Subject: one
authentication-RESULTS :
 (our own (or not) \\) ) Inlet.Example
 1; dkim=pass
 (folded)
Authentication-Results: other.example; spf=pass
 smtp.mailfrom=inlet.example
Authentication-Results: "inlet.example"; spf=pass
X-Authentication-Results: inlet.example; spf=pass
Authentication-Results: inlet.example.org; spf=pass

Authentication-Results: inlet.example; in the body
"""
LEFT = """\
Subject: one
Authentication-Results: other.example; spf=pass
 smtp.mailfrom=inlet.example
X-Authentication-Results: inlet.example; spf=pass
Authentication-Results: inlet.example.org; spf=pass

Authentication-Results: inlet.example; in the body
"""


def forged():
    """RFC 8601 5: fields that say that we said so."""
    with Served() as s:
        ends = lambda text, **more: s.entry(text, **more)
        ok("\n" + LEFT in ends(FORGED), "ours are taken out")
        ok("\n" + FORGED in ends(FORGED, source="127.0.0.20"),
           "not from a trusted channel")
        own = FORGED.replace("inlet.example;", "other.example;")
        eq("\nAuthentication-Results: other.example; spf=pass" in
           ends(own, source="127.0.0.21"), False,
           "under the channel's own name")
        big = "X: %s\n" % ("y" * 900) * 90 + FORGED
        eq(ends(big).count("\nAuthentication-Results: inlet.example;"), 1,
           "behind what has been sent on: only the body's is left")
        with s.server.client(source=FAR) as c:
            c.hello()
            c.envelope(sender="s@pass.test")
            data = FORGED.replace("\n", "\r\n").encode()
            for at in range(0, len(data), 7):
                part = data[at:at + 7]
                c.send(b"BDAT %d\r\n" % len(part) + part)
                c.reply()
            reply = c.cmd("BDAT 0 LAST")
            entry = s.server.scratch.entry(
                s.server.queue_id(reply)).decode("latin-1")
        ok(LEFT in entry, "the same in chunks of seven")


run(results, actions, written, forged)
