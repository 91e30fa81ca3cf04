#!/usr/bin/env python3
"""nodemailer, which most of Node's programs send with: attachments, SMTPUTF8,
DSN, STARTTLS and TLS from the start with our certificate verified, a pool of
connections, and what it makes of a refusal.  tests/peers.sh has fetched it."""
import base64
import email
import email.policy
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from machine import Authority, NAME

PLACE = os.path.join(os.environ.get("INLET_PEERS", "/nonexistent"),
                     "node_modules")
CONF = """\
certificates = {"%(cert)s.pem %(cert)s.key"}
table "here" { type = "list"  rows = {"inlet.example", "u.example"} }
table "boxes" { type = "list"  rows = {"@u.example", %(boxes)s} }
channel "local" { table = "here"  program = "local"  mailboxes = "boxes" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "smtps" { address = {"127.0.0.1"}  port = @port2@
    tls-implicit = yes }
"""
BOXES = ["sender", "files", "raw", "told", "tls", "pool", "one"] + \
    ["p%d" % n for n in range(30)]
# Reads transport and messages, sends them all, prints what became of each.
SCRIPT = """\
const {transport, messages} = JSON.parse(require('fs').readFileSync(0));
const sender = require('nodemailer').createTransport(transport);
Promise.all(messages.map(m => sender.sendMail(m).then(
    r => ({response: r.response, accepted: r.accepted, rejected: r.rejected}),
    e => ({error: e.code, response: e.response, code: e.responseCode})
))).then(done => { sender.close(); console.log(JSON.stringify(done)); });
"""


def send(port, *messages, **transport):
    """What became of each message."""
    options = dict({"host": "127.0.0.1", "port": port, "name": "node.test",
                    "ignoreTLS": True}, **transport)
    done = subprocess.run(
        ["node", "-e", SCRIPT], capture_output=True, timeout=slow(60),
        input=json.dumps({"transport": options, "messages": [
            dict({"from": "sender@inlet.example"}, **m)
            for m in messages]}).encode(),
        env=dict(os.environ, NODE_PATH=PLACE), check=False)
    if done.returncode:
        diag(done.stderr.decode())
    return json.loads(done.stdout)


def parsed(server, box):
    return email.message_from_bytes(
        server.deliveries(box + "@inlet.example", 1)[0],
        policy=email.policy.default)


def attachments(s):
    blob = bytes(range(256)) * 3000
    r = send(s.port, {
        "to": "files@inlet.example", "subject": "gr\u00fc\u00dfe",
        "text": ".\n..\ntext \u20ac\n" + "x" * 3000 + "\n", "html": "<p>h",
        "attachments": [{"filename": "b\u00fccher.bin", "encoding": "base64",
                         "content": base64.b64encode(blob).decode()}]})[0]
    like(r["response"], "^250 2.0.0 Queued as ", "attachments")
    m = parsed(s, "files")
    eq(m["Subject"], "gr\u00fc\u00dfe", "the subject")
    files = list(m.iter_attachments())
    eq([(f.get_filename(), f.get_content()) for f in files],
       [("b\u00fccher.bin", blob)], "the file, its name and bytes")
    eq(m.get_body(("plain",)).get_content(),
       ".\n..\ntext \u20ac\n" + "x" * 3000 + "\n", "the text and its dots")


def raw(s):
    text = ("Subject: x\nMessage-Id: <1@x.test>\nDate: Fri, 20 Nov 2026 "
            "12:00:00 +0000\n\n.\n..\nblanks \t\n" + "\u20ac" * 300 + "\n"
            "no end")
    r = send(s.port, {"raw": text, "envelope": {
        "from": "a@b.example", "to": ["raw@inlet.example"],
        "use8BitMime": True}})[0]
    like(r["response"], "^250", "a raw message")
    stored = s.deliveries("raw@inlet.example", 1)[0]
    ok(stored.endswith(b"\n" + text.encode() + b"\n"), "byte for byte")


def utf8(s):
    r = send(s.port, {"from": "\u00e4@u.example",
                      "to": "\u00fc@u.example", "subject": "u",
                      "text": "t"})[0]
    eq(r.get("accepted"), ["\u00fc@u.example"], "SMTPUTF8: an address")
    # ch_local names the folder so.
    entry = s.deliveries("%C3%BC@u.example", 1)[0]
    like(entry, "with UTF8SMTP id", "and the protocol's name (RFC 6531 4.3)")


def dsn(s):
    r = send(s.port, {"to": "told@inlet.example", "text": "t", "dsn": {
        "id": "a+b=c d", "return": "headers", "notify": ["success"],
        "recipient": "sender@inlet.example"}})[0]
    like(r["response"], "^250", "DSN")
    text = s.deliveries("sender@inlet.example", 1)[0]
    like(text, r"Original-Envelope-Id: a\+b=c d\n", "the notice has its id")
    like(text, r"Original-Recipient: rfc822; ?sender@inlet\.example\n",
         "and its recipient")


def over_tls(s, a):
    tls = {"ca": text_of(a.at("ca.pem")), "servername": NAME}
    mail = {"to": "tls@inlet.example", "text": "t"}
    r = send(s.port, mail, ignoreTLS=False, requireTLS=True, tls=tls)[0]
    like(r.get("response"), "^250", "STARTTLS, verified")
    r = send(s.ports["2"], mail, ignoreTLS=False, secure=True, tls=tls)[0]
    like(r.get("response"), "^250", "TLS from the start, verified")
    for text in s.deliveries("tls@inlet.example", 2):
        like(text, r"with ESMTPS id (?s:.*?)\ttls TLS_", "said in Received")
    r = send(s.port, mail, ignoreTLS=False, requireTLS=True)[0]
    ok("response" not in r and r.get("error"), "not trusted: nothing is sent")


def pool(s):
    mails = [{"to": ["p%d@inlet.example" % n, "pool@inlet.example"],
              "text": "%d" % n} for n in range(30)]
    done = send(s.port, *mails, pool=True, maxConnections=3)
    eq([len(r.get("accepted", ())) for r in done], [2] * 30,
       "thirty messages over three connections")
    s.deliveries("pool@inlet.example", 30)


def refused(s):
    r = send(s.port, {"to": ["one@inlet.example", "no.such@inlet.example"],
                      "text": "t"})[0]
    eq((r.get("accepted"), r.get("rejected")),
       (["one@inlet.example"], ["no.such@inlet.example"]),
       "one of two is refused")
    r = send(s.port, {"to": "x@elsewhere.example", "text": "t"})[0]
    eq((r.get("error"), r.get("code")), ("EENVELOPE", 550), "all are")


def nodemailer():
    a = Authority(ours="DNS:" + NAME)
    try:
        with Server(CONF % {"cert": a.at("ours"), "boxes": ", ".join(
                '"%s"' % b for b in BOXES)}) as s:
            for test in (attachments, raw, utf8, dsn, pool, refused):
                test(s)
            over_tls(s, a)
    finally:
        a.end()


need("node", "openssl")
if not os.path.isdir(os.path.join(PLACE, "nodemailer")):
    skip_all("tests/peers.sh has fetched no nodemailer")
need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local", "keysrvr")
run(nodemailer)
