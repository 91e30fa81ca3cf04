#!/usr/bin/env python3
"""ch_smtp logs in at a smarthost: each mechanism, against a server that checks
what it gets; and passwords that are not shown to strangers."""

import base64
import hashlib
import hmac
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *
from peer import Peer, KEYWORDS

TO = "out:user@example.com:"
USER, PASSWORD = "me", "secret word"
CONF = """\
channel "out" { program = "smtp"  relay-hosts = {"%s"}  retry-first = "1h"
    relay-login = "%s" }
"""


def b64(data):
    return base64.b64encode(data).decode()


def asked(session, text):
    session.s.sendall(b"334 " + b64(text).encode() + b"\r\n")
    return base64.b64decode(session.line())


def plain(_session, argument):
    return base64.b64decode(argument.split()[1]) == \
        ("\0%s\0%s" % (USER, PASSWORD)).encode()


def login(session, _argument):
    return asked(session, b"User Name") == USER.encode() and \
        asked(session, b"Password") == PASSWORD.encode()


def scram(session, argument, honest=True):
    """The server's side of RFC 5802, with SHA-256."""
    first = base64.b64decode(argument.split()[1]).decode()
    bare = first.split(",", 2)[2]
    nonce = re.search("r=(.*)", bare).group(1) + "more"
    salt, count = b"salt", 4096
    challenge = "r=%s,s=%s,i=%d" % (nonce, b64(salt), count)
    final = asked(session, challenge.encode()).decode()
    without, proof = final.rsplit(",p=", 1)

    def mac(key, text):
        return hmac.new(key, text, hashlib.sha256).digest()
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, count)
    message = ",".join((bare, challenge, without)).encode()
    stored = hashlib.sha256(mac(salted, b"Client Key")).digest()
    key = bytes(a ^ b for a, b in zip(base64.b64decode(proof),
                                      mac(stored, message)))
    good = hashlib.sha256(key).digest() == stored
    signature = mac(mac(salted, b"Server Key"), message)
    if not honest:
        signature = bytes(32)
    asked(session, b"v=" + b64(signature).encode())
    return good


class Smarthost(Peer):
    def __init__(self, offered, honest=True, **more):
        super().__init__(KEYWORDS + ("AUTH " + offered,), **more)
        self.good = []
        self.say["AUTH"] = lambda s, a: self.check(s, a, honest)

    def check(self, session, argument, honest):
        mechanism = argument.split()[0]
        if mechanism == "SCRAM-SHA-256":
            good = scram(session, argument, honest)
        else:
            good = {"PLAIN": plain, "LOGIN": login}[mechanism](session,
                                                               argument)
        self.good.append((mechanism, good))
        return "235 2.7.0 in" if good else "535 5.7.8 no"


def relay(peer, line="* %s %s" % (USER, PASSWORD), mode=0o600):
    d = Delivery(settings={"pause-first": '"100ms"'}, conf="")
    path = d.s.write(d.s.at("login"), "# where\nother x y\n\n%s\n" % line,
                     mode)
    if ROOT:
        os.chown(path, SUBMIT, SUBMIT)
    d.text = CONF % (peer.at, path)
    d.write({"pause-first": '"100ms"'})
    d.start()
    d.entry(TO, text=b"Subject: x\n\nx\n", options=("-s", ""))
    return d


def mechanisms():
    for offered, want in (("PLAIN", "PLAIN"), ("LOGIN", "LOGIN"),
                          ("CRAM-MD5 SCRAM-SHA-256", "SCRAM-SHA-256"),
                          ("LOGIN PLAIN", "PLAIN"),
                          ("PLAIN LOGIN SCRAM-SHA-256", "SCRAM-SHA-256")):
        peer = Smarthost(offered)
        d = relay(peer)
        ok(happens(lambda: peer.messages), offered + ": it is sent")
        eq(peer.good, [(want, True)], "after " + want)
        d.stop()


def failures():
    peer = Smarthost("PLAIN")
    d = relay(peer, "* me wrong")
    ok(d.logged("later .*enh=4.7.8 why=.*535"), "a wrong password: it waits")
    ok("wrong" not in d.s.log_text(), "and is in no log")
    d.stop()
    peer = Smarthost("SCRAM-SHA-256", honest=False)
    d = relay(peer)
    ok(d.logged("later .*enh=4.7.8"), "a server that does not know it")
    d.stop()
    for offered in ("CRAM-MD5", "PLAINER"):
        peer = Smarthost(offered)
        d = relay(peer)
        ok(d.logged("later .*enh=4.7.0"), "no mechanism of ours")
        eq(peer.messages, [], "nothing is sent without")
        d.stop()
    peer = Smarthost("PLAIN")
    d = relay(peer, "somebody.else me x")
    ok(happens(lambda: peer.messages), "a host without a line: no login")
    eq(peer.good, [], "at all")
    d.stop()
    peer = Smarthost("PLAIN")
    d = relay(peer, mode=0o644)
    ok(d.logged("relay-login: .*nobody else's"), "a file that others read")
    eq(peer.connections, 0, "is not used, and nothing is sent")
    d.stop()


def check(d):
    p = subprocess.run([os.path.join(d.bin, "inlet"), "-C", d.s.conf, "-L",
                        d.bin, "check"], capture_output=True, text=True,
                       timeout=slow(60))
    return p.stdout + p.stderr


def checked():
    """inlet check finds what ch_smtp could not use: file, line and word."""
    d = Delivery(conf="")
    login, ca = d.s.at("login"), d.s.at("ca.pem")
    d.text = CONF.replace("relay-login", 'relay-tls-ca = "%s"  relay-login'
                          % ca) % ("127.0.0.1", login)
    d.write({})

    def write(path, text, mode=0o600, owner=SUBMIT):
        d.s.write(path, text, mode)
        if ROOT:
            os.chown(path, owner, owner)
    said = check(d)
    for name, path in (("tls-ca", ca), ("login", login)):
        ok(re.search(r"inlet\.conf:\d+: relay-%s: %s: No such file"
                     % (name, path), said), name + ": none")
    write(ca, "no certificate\n")
    write(login, "# x\n\nhost.test\n* me\n/sock me hidden-word\n")
    said = check(d)
    ok("relay-tls-ca: %s has no certificate" % ca in said, "no certificate")
    for line, what in ((3, '"host.test" has no user'),
                       (4, r'"\*" has no password'),
                       (5, '"/sock" is no host')):
        ok(re.search("%s:%d: relay-login: the line of %s" % (login, line, what),
                     said), "line %d" % line)
    ok("has no login" in said and "hidden-word" not in said,
       "and shows no password")
    write(login, "* me hidden-word\n", 0o644)
    ok("others may use" in check(d), "others may read it")
    if ROOT:
        write(login, "* me hidden-word\n", 0o600, 0)
        ok("must belong to user %d" % SUBMIT in check(d), "another's file")
    write(login, "* me hidden-word\n")
    ok("1 login in " + login in check(d), "a good one")
    if not tool("openssl"):
        return
    made = [subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=x",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout",
         os.devnull], check=True, capture_output=True, text=True,
        timeout=slow(30)).stdout for _ in range(2)]
    write(ca, "".join(made))
    ok("trusts 2 certificates of " + ca in check(d), "authorities")
    write(ca, made[0] + made[1].replace("M", "?", 1))
    ok("follows certificate 1 in %s is damaged" % ca in check(d), "damage")


need_built("deliver", "ch_smtp", "tailor", "inlet")
run(mechanisms, failures, checked)
