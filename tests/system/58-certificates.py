#!/usr/bin/env python3
"""What an operator does about certificates: told before they end, OCSP
responses sent along while they are good for something, and the profiles."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from secured import *

NAME = "mx.example.org"
EVENT = r"certificate file="


def told(s):
    return len(re.findall(EVENT, s.scratch.log_text()))


def renewed(s):
    """A new template, after whatever it says."""
    before = s.scratch.log_text().count("new settings are in force")
    s.reload()
    wait_for(lambda: s.scratch.log_text().count("new settings are in force")
             > before, 20, "new settings")


def ends():
    certs = certificates()
    certs.make("soon", "ec", NAME, days=10)
    certs.make("later", "ec", "later.example", days=30)
    certs.make("over", "ec", "over.example")
    certs.end("over")
    with server(names=("soon", "later", "over")) as s:
        logged(s, 'certificate file="%s" days-left=(9|10)\n'
               % certs.chain("soon"))
        logged(s, 'certificate file="%s" days-left=-' % certs.chain("over"))
        eq(told(s), 2, "told of what ends, and of nothing else")
        renewed(s)
        eq(told(s), 2, "not by every template")
        os.utime(os.path.join(s.scratch.run, "certificates-told"), (1, 1))
        renewed(s)
        eq(told(s), 4, "but once a day")
        ok("soon.pem ends in" in s.inlet(*s.where(), "check").stdout,
           "inlet check warns, too")
    for value, count in (("0", 0), ("60d", 2)):
        with server(names=("soon", "later"), tls_warn='"%s"' % value) as s:
            renewed(s)
            eq(told(s), count, "tls-warn = %s" % value)


class Authority:
    """Signs a certificate, and says what has become of it."""

    def __init__(self):
        self.certs = certs = certificates()
        certs.make("ca", "ec", "ca.example")
        for name in ("leaf", "another"):
            openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-subj", "/CN=" + NAME,
                    "-keyout", certs.key(name), "-out",
                    certs.chain(name) + ".csr")
            openssl("x509", "-req", "-in", certs.chain(name) + ".csr", "-CA",
                    certs.chain("ca"), "-CAkey", certs.key("ca"),
                    "-set_serial", "4" if name == "leaf" else "5", "-days",
                    "30", "-out", certs.chain(name))
            self.says(name, "V")
        self.says("leaf", "V")

    def file(self, name):
        return os.path.join(self.certs.dir, name + ".ocsp")

    def says(self, name, status):
        at = os.path.join(self.certs.dir, "index")
        revoked = "260101000000Z" if status == "R" else ""
        with open(at, "w", encoding="ascii") as f:
            for serial in ("04", "05"):
                f.write("%s\t491231235959Z\t%s\t%s\tunknown\t/CN=%s\n"
                        % (status, revoked, serial, serial))
        ca = self.certs.chain("ca")
        openssl("ocsp", "-issuer", ca, "-cert", self.certs.chain(name),
                "-reqout", at + ".req", "-no_nonce")
        openssl("ocsp", "-index", at, "-CA", ca, "-rsigner", ca, "-rkey",
                self.certs.key("ca"), "-reqin", at + ".req", "-respout",
                self.file(name), "-ndays", "1")

    def age(self, name):
        """Until years ago.  That the signature is none then is for clients,
        who do not get it, to find out."""
        with open(self.file(name), "r+b") as f:
            data = f.read()
            f.seek([m.start() + 2 for m in re.finditer(
                rb"\x18\x0f\d{14}Z", data)][-1])
            f.write(b"2020")

    def setting(self, staple):
        return '{"%s %s %s"}' % (self.certs.chain("leaf"),
                                 self.certs.key("leaf"), staple)


def stapled(s, *words):
    p = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect",
         "127.0.0.1:%d" % s.port, "-servername", NAME, "-status", *words],
        input=b"QUIT\r\n", capture_output=True, timeout=slow(20), check=False)
    return p.stdout


def stapling():
    a = Authority()
    with server(names=(), certificates=a.setting(a.file("leaf"))) as s:
        for words in ((), ("-tls1_2",)):
            found = stapled(s, *words)
            ok(b"OCSP Response Status: successful" in found and
               b"Cert Status: good" in found,
               "RFC 6066 8: a response that openssl made %s" % " ".join(words))
        eq(told(s), 0, "about which nothing is to be said")
        a.says("leaf", "R")
        renewed(s)
        ok(b"Cert Status: revoked" in stapled(s), "one that says revoked")
        logged(s, EVENT + '.* ocsp="the certificate is revoked"')
        a.says("leaf", "V")
        a.age("leaf")
        os.utime(os.path.join(s.scratch.run, "certificates-told"), (1, 1))
        renewed(s)
        found = stapled(s)
        ok(b"OCSP response: no response sent" in found,
           "one that is too old is not sent")
        logged(s, EVENT + '.* ocsp="out of date, not sent"')
        ok("out of date" in s.inlet(*s.where(), "check").stdout,
           "inlet check says so")
        for file in (a.file("another"), a.certs.chain("leaf")):
            before = len(s.scratch.log_text())
            s.reload(settings={"certificates": a.setting(file)})
            wait_for(lambda b=before: "no OCSP response about this" in
                     s.scratch.log_text()[b:], 20, "what is wrong")
            ok(b"BEGIN CERTIFICATE" in stapled(s), "one about another, or "
               "none: the old settings stay")


def profiles():
    old = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]
    for place in range(3):
        for value, other, good, bad in (
                ("legacy", "modern", old, None),
                ("modern", "legacy", ["-tls1_3"], ["-tls1_2"]),
                ("default", "legacy", ["-tls1_2"], old)):
            values = ['"%s"' % (other if i < place else value)
                      if i <= place else None for i in range(3)]
            with server(sectioned("tls-profile", values)) as s:
                ok(tried(s, *good) and not (bad and tried(s, *bad)),
                   "tls-profile %s of the %s" % (value, SECTIONS[place]))
                if value == "legacy":
                    ok("TLSv1.3" in tried(s), "and 1.3 for who has it")
    with server() as s:
        s.reload(settings={"tls-profile": '"legacy"', "tls-least": '"1.1"'})
        logged(s, "tls-least: tls-profile has its own")
        ok(True, "not two words about one thing")


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(ends, stapling, profiles)
