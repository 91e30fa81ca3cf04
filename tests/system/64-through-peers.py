#!/usr/bin/env python3
"""Through a real server to us, and from us through another one to a server of
the test: Postfix, Exim and OpenSMTPD, each on both sides.  Bytes, SMTPUTF8 and
what was asked of notices arrive as they were sent, and the notices come back
the same way."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
from harness import *
from peer import Peer, KEYWORDS

HEAD = ("From: s@%s\nTo: u@%s\nSubject: %s\nMessage-Id: <%s@elsewhere.test>\n"
        "Date: Fri, 20 Nov 2026 12:00:00 +0000\n")
BODIES = {
    "plain": b"plain\n.\n..\n.text\n\n.\n",
    "blanks": b"trailing \t \n \n\t\n  =20\nFrom here\n>From there\n\n\n",
    "eight": b"caf\xc3\xa9 \xe2\x82\xac \xff\xfe\x80\n",
    "long": b"x" * 998 + b"\n." + b"y" * 997 + b"\n" + b"\xe4" * 998 + b"\n",
    "large": b"0123456789abcdef\n" * 60000,
}
PROGRAMS = {"postfix": "/usr/lib/postfix/sbin/master",
            "exim": "/usr/sbin/exim4", "opensmtpd": "/usr/sbin/smtpd"}
CONF = """\
table "here" { type = "list"  rows = {"inlet.example"} }
table "boxes" { type = "list"  rows = {"@inlet.example"} }
table "inside" { type = "list"  rows = {"127.0.0.1"} }
channel "local" { table = "here"  program = "local"  mailboxes = "boxes" }
channel "inside" { table = "inside"  relay = yes }
"""
CHANNEL = """\
table "%(name)s" { type = "list"  rows = {"%(name)s.example"} }
channel "%(name)s" { table = "%(name)s"  program = "smtp"
    relay-hosts = {"127.0.0.1:%(port)d"} }
"""
ENVID = "QQ+2B3a+3D1"


class Side:
    """One of them: its own domain goes to the sink, all else to us."""

    def __init__(self, name):
        self.name, self.port = name, free_port()
        self.domain = name + ".example"
        self.m = machine.Machine(PROGRAMS[name])
        self.why = self.m.missing()
        self.keywords = ""

    def start(self, sink, ours):
        getattr(machine, self.name)(self.m, self.port, [
            (self.domain, sink), ("*", ours)])
        with Client(("127.0.0.1", self.port)) as c:
            self.keywords = c.hello().text

    def has(self, keyword):
        return keyword in self.keywords

    def send(self, name, text, mail="", rcpt="", sender=None, to=None):
        with Client(("127.0.0.1", self.port)) as c:
            c.hello()
            codes = [c.cmd(line).code for line in (
                "MAIL FROM:<%s>%s" % (sender or "s@" + self.domain, mail),
                "RCPT TO:<%s>%s" % (to, rcpt), "DATA")]
            c.send(stuffed(text))
            eq(codes + [c.reply().code], [250, 250, 354, 250],
               "%s takes %s" % (self.name, name))


def text_for(a, to, name, more=""):
    """A message whose Message-Id tells what it is."""
    head = HEAD % (a.domain, to, name, "%s.%s.%s" % (a.name, to, name)) + more
    return head.encode() + b"\n" + BODIES.get(name, b"text\n")


def arrived(sink, text, seconds=60):
    """The one message there that ends in that text, with trace above it."""
    want = text.replace(b"\n", b"\r\n")

    def find():
        return [m for m in list(sink.messages) if m.data.endswith(want)]
    if not happens(find, seconds) or len(find()) != 1:
        return None
    head = find()[0].data[:-len(want)]
    names = re.findall(rb"(?m)^([^\s:]+):", head)
    return find()[0] if len(names) >= 3 and set(names) == {b"Received"} \
        else None


def begin_bodies(a, b):
    sent = []
    for name in BODIES:
        text = text_for(a, b.domain, name)
        a.send(name, text, " BODY=8BITMIME" if a.has("8BITMIME") else "",
               to="u@" + b.domain)
        sent.append(text)
    return sent


def begin_dsn(a, b):
    text = text_for(a, b.domain, "notify")
    a.send("what is asked of notices", text,
           " RET=HDRS ENVID=" + ENVID, " NOTIFY=SUCCESS,FAILURE "
           "ORCPT=rfc822;Old+2BName@first.example", to="u@" + b.domain)
    refused = text_for(a, b.domain, "refused")
    a.send("what will come back", refused, " RET=HDRS ENVID=" + ENVID,
           " NOTIFY=FAILURE ORCPT=rfc822;Old+2BName@first.example",
           to="nobody@" + b.domain)
    return text


def begin_utf8(a, b):
    text = text_for(a, b.domain, "utf8", "Comments: \xfcber\n")
    a.send("SMTPUTF8", text, " SMTPUTF8 BODY=8BITMIME",
           sender="\xe4@" + a.domain, to="\xfc@" + b.domain)
    return text


def ended(a, b, sink, bodies, dsn, utf8):
    what = "%s, us, %s: " % (a.name, b.name)
    for text in bodies:
        ok(arrived(sink, text), what + "%d bytes unchanged" % len(text))
    m = arrived(sink, dsn)
    if ok(m, what + "with DSN") and b.has("DSN"):
        like(m.mail, r" RET=HDRS( |$)", what + "RET")
        like(m.mail, r" ENVID=%s( |$)" % re.escape(ENVID), what + "ENVID")
        like(m.rcpts[0], r" NOTIFY=SUCCESS,FAILURE( |$)", what + "NOTIFY")
        like(m.rcpts[0], r" ORCPT=rfc822;Old\+2BName@first\.example( |$)",
             what + "ORCPT")
    if utf8 is None:
        return
    m = arrived(sink, utf8, 60 if b.has("SMTPUTF8") else 0)
    if b.has("SMTPUTF8"):
        ok(m and " SMTPUTF8" in m.mail and
           m.mail.startswith("FROM:<\xc3\xa4@") and
           m.rcpts[0].startswith("TO:<\xc3\xbc@"),
           what + "SMTPUTF8 and the addresses")
    else:
        ok(m is None, what + "SMTPUTF8 goes no further")


def notices(sink, domain, action):
    """Those to a sender there that say so of a recipient."""
    return [m for m in list(sink.messages) if m.mail.startswith("FROM:<>")
            and any(("@%s>" % domain) in r for r in m.rcpts) and
            re.search(rb"(?mi)^Action: *" + action.encode(), m.data)]


def came_back(sides, sink):
    """A failure was told by who had the message last, back through us and the
    first one."""
    for a in sides:
        others = [b for b in sides if b is not a]

        def from_each(a=a, others=others):
            found = notices(sink, a.domain, "failed")
            return [[m for m in found if b"nobody@" + b.domain.encode()
                     in m.data] for b in others]
        ok(happens(lambda: all(from_each()), 60),
           "notices of failure come back to " + a.name)
        for b, found in zip(others, from_each()):
            text = b"".join(m.data for m in found)
            if b.name == "opensmtpd" or not found:
                continue        # which keeps neither for its notices
            if b.name == "postfix":
                like(text, r"Original-Envelope-Id: *QQ\+3a=1\r",
                     "Postfix tells %s the ENVID" % a.name)
            like(text, r"Original-Recipient: *rfc822; ?Old\+2?B?Name@",
                 "%s tells %s the ORCPT" % (b.name, a.name))


def own_notices(a, sink):
    """Ours of what was delivered here goes out through who sent it."""
    text = text_for(a, "inlet.example", "here")
    a.send("what is delivered here", text, " RET=HDRS ENVID=" + ENVID,
           " NOTIFY=SUCCESS ORCPT=rfc822;Old+2BName@first.example",
           to="user@inlet.example")
    if not ok(happens(lambda: notices(sink, a.domain, "delivered"), 60),
              "our notice of success comes through " + a.name):
        return
    text = notices(sink, a.domain, "delivered")[0].data
    like(text, r"\nOriginal-Envelope-Id: QQ\+3a=1\r", "with the ENVID")
    like(text, r"\nOriginal-Recipient: rfc822; ?Old\+Name@first.example\r",
         "and the ORCPT")
    like(text, "Content-Type: multipart/report", "as a report")


def downgraded(sink, a, b):
    """RFC 6531 3.3: what a host cannot take comes back, with 5.6.7, and as
    RFC 6533 wants it, since its sender has no other address."""
    def find():
        return [m for m in notices(sink, a.domain, "failed")
                if b"5.6.7" in m.data and b.domain.encode() in m.data]
    if ok(happens(find, 60), "%s has no SMTPUTF8: the notice comes back to %s"
          % (b.name, a.name)):
        ok(" SMTPUTF8" in find()[0].mail, "with SMTPUTF8")
        like(find()[0].data, "message/global-delivery-status",
             "and UTF-8 within")


def through(names):
    sink = Peer(KEYWORDS + ("SMTPUTF8", "CHUNKING"), say={
        "RCPT": lambda _s, to: "550 5.1.1 no such user" if "nobody@" in to
        else "250 2.1.5 fine"})
    sides = [Side(n) for n in names]
    for side in sides:
        if side.why:
            skip("%s: %s" % (side.name, side.why))
    sides = [s for s in sides if not s.why]
    pairs = [(a, b) for a in sides for b in sides if a is not b]
    conf = CONF + "".join(CHANNEL % vars(s) for s in sides)
    try:
        with Server(conf, settings={"pause-first": '"1s"'}) as server:
            for side in sides:
                side.start(sink.port, server.port)
            sent = [(a, b, begin_bodies(a, b), begin_dsn(a, b),
                     begin_utf8(a, b) if a.has("SMTPUTF8") else None)
                    for a, b in pairs]
            for a, b, bodies, dsn, utf8 in sent:
                ended(a, b, sink, bodies, dsn, utf8)
            came_back(sides, sink)
            for side in sides:
                own_notices(side, sink)
            for a, b, _, _, utf8 in sent:
                if utf8 and not b.has("SMTPUTF8"):
                    downgraded(sink, a, b)
            for side in sides:
                side.m.stop()
    finally:
        if failures():
            for side in sides:
                diag(side.name + ":\n" + side.m.words()[-8000:])
            for m in sink.messages:
                diag(m.mail)
        for side in sides:
            side.m.stop()
        sink.close()


def all_of_them():
    through(list(PROGRAMS))


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_smtp")
run(all_of_them, seconds=300)
