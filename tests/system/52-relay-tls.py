#!/usr/bin/env python3
"""ch_smtp and STARTTLS: used where it is offered, required, verified; and what
a man in the middle puts behind the answer to it."""

import atexit
import os
import shutil
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *
from peer import Peer, KEYWORDS

TO = "out:user@example.com:"
BODY = b"Subject: x\n\n.\nx\n"
CONF = """\
channel "out" { program = "smtp"  relay-hosts = {"%s"}  retry-first = "1h"
%s}
"""


class Certificates:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="inlet-tls-")
        os.chmod(self.dir, 0o755)
        atexit.register(shutil.rmtree, self.dir, True)
        self.make("right", "DNS:mail.peer.test,IP:127.0.0.1")
        self.make("other", "DNS:other.test")

    def make(self, name, names):
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj",
             "/CN=x", "-addext", "subjectAltName=" + names, "-newkey", "ec",
             "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout",
             self.at(name + ".key"), "-out", self.at(name + ".pem")],
            check=True, capture_output=True, timeout=slow(30))

    def at(self, name):
        return os.path.join(self.dir, name)

    def context(self, name):
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.load_cert_chain(self.at(name + ".pem"), self.at(name + ".key"))
        return found


made = []


def peer_with(name="right", keywords=KEYWORDS, **more):
    if not made:
        made.append(Certificates())
    peer = Peer(keywords + ("STARTTLS",), **more)
    peer.context = made[0].context(name)
    return peer


def relay(peer, *settings, host=None):
    text = CONF % (host or peer.at, "".join("    %s = %s\n" % s
                                            for s in settings))
    return Delivery(conf=text, settings={"pause-first": '"100ms"',
                                         "pause-most": '"100ms"'}).start()


def sent(d, peer, what, tls=True, text=BODY):
    n = len(peer.messages)
    d.entry(TO, text=text, options=("-s", ""))
    if ok(happens(lambda: len(peer.messages) > n), what):
        eq(peer.messages[-1].tls, tls, "under TLS" if tls else "in the clear")
        ok(peer.messages[-1].data.endswith(text.replace(b"\n", b"\r\n")),
           "byte for byte")
    d.stop()


def waits(d, peer, code, why, what):
    d.entry(TO, text=BODY, options=("-s", ""))
    ok(d.logged("later .*enh=%s why=.*%s" % (code, why)), what)
    eq(peer.messages, [], "nothing is sent")
    d.stop()


def opportunistic():
    peer = peer_with("other")
    sent(relay(peer), peer, "where it is offered")
    eq(peer.verbs()[:3], ["EHLO", "STARTTLS", "EHLO"], "and EHLO again")
    sent(relay(peer, ("relay-tls", '"off"')), peer, "off", False)
    peer = Peer()
    sent(relay(peer), peer, "where it is not offered", False)
    peer = peer_with(say={"STARTTLS": "454 4.7.0 not now"})
    sent(relay(peer), peer, "where it is refused", False)
    eq(peer.connections, 1, "over the same connection")
    peer = peer_with(say={"STARTTLS": b"220 go\r\nthis is no TLS\r\n"})
    peer.context = None
    sent(relay(peer), peer, "where the handshake fails", False)
    eq(peer.connections, 2, "over another one")
    big = b"Subject: x\n\n" + b"".join(b".%d\n" % i for i in range(200000))
    for extra in ((), ("CHUNKING",)):
        peer = peer_with(keywords=KEYWORDS + extra)
        sent(relay(peer), peer, "a large message", True, big)


def required():
    must = ("relay-tls", '"required"')
    peer = peer_with("other")
    sent(relay(peer, must), peer, "required: whoever it is")
    peer = Peer()
    waits(relay(peer, must), peer, "4.7.4", "no STARTTLS", "not offered")
    peer = peer_with(say={"STARTTLS": "454 4.7.0 not now"})
    waits(relay(peer, must), peer, "4.7.4", "454", "refused")
    peer = peer_with(say={"STARTTLS": b"220 go\r\nthis is no TLS\r\n"})
    peer.context = None
    waits(relay(peer, must), peer, "4.7.5", "TLS", "no handshake")


def verified():
    peer = peer_with()
    ca = ("relay-tls-ca", '"%s"' % made[0].at("right.pem"))
    other_ca = ("relay-tls-ca", '"%s"' % made[0].at("other.pem"))
    must = ("relay-tls", '"verified"')

    def names(*given):
        return ("relay-tls-names", "{%s}" % ", ".join('"%s"' % n
                                                      for n in given))
    sent(relay(peer, must, ca), peer, "verified: its address")
    sent(relay(peer, must, ca, names("no.test", "mail.peer.test")), peer,
         "one of several names")
    sent(relay(peer, must, ca, names(".peer.test")), peer, "any name below")
    peer = peer_with()
    waits(relay(peer, must, ca, names("peer.test")), peer, "4.7.5",
          "certificate", "another name")
    waits(relay(peer, must, ca, host="localhost:%d" % peer.port), peer,
          "4.7.5", "certificate|connect", "the name of relay-hosts")
    waits(relay(peer, must, other_ca), peer, "4.7.5", "certificate",
          "a certificate that is not trusted")
    waits(relay(peer, must), peer, "4.7.5", "certificate",
          "nor by the system")
    peer = peer_with("other")
    waits(relay(peer, must, ca), peer, "4.7.5", "certificate",
          "somebody else's")
    d = relay(peer, must, ("relay-tls-ca", '"/nonexistent"'))
    d.entry(TO, options=("-s", ""))
    ok(d.logged("relay-tls-ca"), "a file that is not there is told")
    ok(d.logged("later "), "and the mail waits")
    d.stop()


def requiretls():
    """RFC 8689 4.2.1 and 5: a message that asks for it goes to a server that
    has proven who it is and offers it, and to no other; a notice goes."""
    plain, right = Peer(), peer_with()
    right.secured = list(KEYWORDS) + ["REQUIRETLS"]
    ca = ("relay-tls-ca", '"%s"' % made[0].at("right.pem"))
    d = relay(right, ca, host='%s", "%s' % (plain.at, right.at))
    for n in range(2):
        d.entry(TO, text=BODY, options=("-s", "a@b.example", "-Q"))
        if ok(happens(lambda: len(right.messages) > n),
              "RFC 8689 4.2.1: on to the next server"):
            ok(" REQUIRETLS" in right.messages[-1].mail, "which is asked")
    eq(plain.messages, [], "nothing in the clear")
    d.stop()
    down = free_port("127.0.0.1")
    d = relay(plain, ca, host='127.0.0.1:%d", "%s' % (down, plain.at))
    d.entry(TO, text=BODY, options=("-s", "a@b.example", "-Q"))
    ok(d.logged("later .*enh=4.4.1"), "the one that is down may have it")
    d.entry(TO, text=BODY, options=("-s", "", "-Q"))
    if ok(happens(lambda: plain.messages),
          "RFC 8689 5: a notice is not lost for it"):
        ok("REQUIRETLS" not in plain.messages[-1].mail, "nor asks")
    d.stop()
    right.secured = None
    for peer, code, what in ((plain, "5.7.10", "no TLS"),
                             (right, "5.7.30", "no REQUIRETLS")):
        d = relay(peer, ca)
        d.entry(TO, text=BODY, options=("-s", "a@b.example", "-Q"))
        ok(d.logged("bounced .*enh=" + code), what)
        d.stop()
    right.secured = list(KEYWORDS) + ["REQUIRETLS"]
    d = relay(right)
    d.entry(TO, text=BODY, options=("-s", "a@b.example", "-Q"))
    ok(d.logged("bounced .*enh=5.7.10 why=.*certificate"), "not proven")
    d.stop()


def optional():
    """RFC 8689 4.2.2: nothing more is asked of a server for a message that
    says TLS-Required: No; what relay-tls asks is this host's own policy."""
    text = b"TLS-Required: No\n" + BODY
    peer = peer_with(say={"STARTTLS": b"220 go\r\nthis is no TLS\r\n"})
    peer.context = None
    sent(relay(peer), peer, "RFC 8689 4.2.2: in the clear", False, text)
    d = relay(peer, ("relay-tls", '"required"'))
    d.entry(TO, text=text, options=("-s", ""))
    ok(d.logged("later .*enh=4.7.5"), "but not past relay-tls")
    d.stop()


def injected():
    """Replies in the clear behind that to STARTTLS are not those to what is
    said under TLS (RFC 3207 4.2, CVE-2011-0411 the other way round)."""
    peer = peer_with()
    peer.say["STARTTLS"] = b"220 go\r\n250-evil\r\n250 SIZE 1\r\n"
    d = relay(peer, ("relay-tls", '"required"'))
    d.entry(TO, text=BODY, options=("-s", ""))
    ok(happens(lambda: peer.messages) or d.logged("later .*enh=4"),
       "it is sent, or waits")
    ok(not re.search("enh=5", d.s.log_text()), "SIZE 1 was never believed")
    d.stop()
    # The capabilities of before are forgotten.
    peer = peer_with(keywords=("PIPELINING", "8BITMIME", "SIZE 10"))
    peer.secured = ["PIPELINING", "8BITMIME"]
    sent(relay(peer), peer, "what was offered before TLS does not count")


need("openssl")
need_built("deliver", "ch_smtp", "tailor")
run(opportunistic, required, verified, requiretls, optional, injected)
