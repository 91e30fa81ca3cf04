#!/usr/bin/env python3
"""Certificates of clients: who is asked for one, who is known by it, and where
that shows; that it is only worth what somebody stands for."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from secured import *


class Clients:
    """Two of one authority, and one that signed its own."""

    def __init__(self):
        self.certs = certificates()
        for name in ("ca", "self"):
            self.certs.make(name, "ec", name + ".example")
        for name in ("printer", "fax"):
            openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-subj",
                    "/O=Us/CN=%s (3)" % name, "-keyout", self.certs.key(name),
                    "-out", self.certs.chain(name) + ".csr")
            openssl("x509", "-req", "-in", self.certs.chain(name) + ".csr",
                    "-CA", self.certs.chain("ca"), "-CAkey",
                    self.certs.key("ca"), "-CAcreateserial", "-days", "30",
                    "-out", self.certs.chain(name))

    def digest(self, name):
        return hashlib.sha256(self.certs.digest(name)).hexdigest()

    def key(self, name):
        der = openssl("pkey", "-in", self.certs.key(name), "-pubout",
                      "-outform", "DER").stdout
        return hashlib.sha256(der).hexdigest()

    def context(self, name=None, **more):
        found = context(**more)
        if name is not None:
            found.load_cert_chain(self.certs.chain(name),
                                  self.certs.key(name))
        return found

    def ca(self):
        return '"%s"' % self.certs.chain("ca")


theirs = []


def clients():
    if not theirs:
        theirs.append(Clients())
    return theirs[0]


def mail(s, ctx):
    """The reply to MAIL."""
    with over_tls(s, "mx.example.org", ctx) as c:
        c.hello()
        return c.cmd("MAIL FROM:<a@b.example>")


def shown():
    """In log, queue and Received; resumption is nothing for who has one."""
    k = clients()
    with server(tls_client='"asked"', tls_client_ca=k.ca(),
                tls_tickets="yes") as s:
        ctx = k.context("printer")
        with over_tls(s, "mx.example.org", ctx) as c:
            c.hello()
            id_ = s.queue_id(c.message("Subject: x\n\ntext\n"))
            ticket = c.sock.session.has_ticket
        logged(s, "tls ip=.* cert=%s subject=\"CN=printer \\(3\\),O=Us\" "
               "verified=yes" % k.digest("printer"))
        logged(s, 'accept ip=.* tls="TLSv1.3 TLS_\\w+ mx.example.org '
               'client=CN=printer__3_,O=Us"')
        ok(re.search(rb"\n\ttls TLS_\w+ \(client CN=printer__3_,O=Us\);",
                     s.scratch.entry(id_)), "Received has its name")
        ok("client=CN=printer__3_,O=Us" in
           s.inlet(*s.where(), "queue", "show", id_).stdout, "so has the queue")
        ok(not ticket, "and it gets no ticket")
        eq(mail(s, k.context("self")).code, 250, "one that nobody stands for")
        logged(s, "cert=%s subject=.* verified=no" % k.digest("self"))
        eq(mail(s, k.context()).code, 250, "and none: it was only asked")


def required():
    k = clients()
    with server(tls_client='"required"', tls_client_ca=k.ca()) as s:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name, code in (("printer", 250), ("self", 530), (None, 530)):
                eq(mail(s, k.context(name, maximum_version=version)).code,
                   code, "%s in %s" % (name, version.name))
        with s.client() as c:
            c.hello()
            r = c.cmd("MAIL FROM:<a@b.example>")
            says(r, "NEED_CLIENT", "nobody in the clear")
        logged(s, "refuse ip=.* reason=tls_client")
    for place in range(3):
        values = ['"off"' if i < place else '"required"' if i == place else
                  None for i in range(3)]
        conf = sectioned("tls-client", values)
        with server(conf, tls_client_ca=k.ca()) as s:
            eq((mail(s, k.context("fax")).code, mail(s, k.context()).code),
               (250, 530), "tls-client of the " + SECTIONS[place])


def explained(s, *words):
    return s.inlet(*s.where(), "explain", *words, "127.0.0.1", "a@b.example",
                   "user@example.org").stdout


def listed():
    """tls-clients: fingerprints, keys, subjects."""
    k = clients()
    rows = ', '.join('"%s"' % r for r in (
        k.digest("self") + ": scanner", k.key("fax") + ": fax"))
    for place in range(3):
        values = ['"nobody"' if i < place else '"known"' if i == place else
                  None for i in range(3)]
        conf = 'table "known" { type = "list"  rows = {%s} }\n' \
            'table "nobody" { type = "list"  rows = {"x"} }\n' % rows + \
            sectioned("tls-clients", values)
        with server(conf, tls_client='"required"',
                    tls_client_ca=k.ca()) as s:
            eq([mail(s, k.context(n)).code for n in
                ("self", "fax", "printer", None)], [250, 250, 530, 530],
               "tls-clients of the " + SECTIONS[place])
            if place > 0:
                continue
            with over_tls(s, ctx=k.context("self")) as c:
                c.hello()
                s.queue_id(c.message("Subject: x\n\ntext\n"))
            logged(s, "accept ip=.* client=scanner")
            for words, code in (((), "530"), (("--tls",), "530"), (
                    ("--certificate", k.digest("self")), "250"), (
                    ("--certificate", "CN=printer (3)\\,O=Us"), "530"), (
                    ("--certificate", k.key("fax").upper()), "250")):
                found = explained(s, *words)
                ok("tls_client" in found and
                   ("530 5.7.0" in found) == (code == "530"),
                   "inlet explain %s: %s" % (" ".join(words), code))


def relayed():
    """tls-client-relay: for who is known, and submit agrees."""
    k = clients()
    rows = '"%s: scanner"' % k.digest("self")
    for place in range(3):
        values = ["no" if i < place else "yes" if i == place else None
                  for i in range(3)]
        conf = 'table "known" {{ type = "list"  rows = {{{}}} }}\n' \
            'table "far" {{ type = "list"  rows = {{"far.example"}} }}\n' \
            'channel "far" {{ table = "far"  program = "smtp" }}\n' \
            .format(rows) + sectioned("tls-client-relay", values)
        with server(conf, tls_client='"asked"', tls_client_ca=k.ca(),
                    tls_clients='"known"') as s:
            for name, code in (("self", 250), ("fax", 550), (None, 550)):
                with over_tls(s, ctx=k.context(name)) as c:
                    c.hello()
                    c.cmd("MAIL FROM:<a@b.example>")
                    r = c.cmd("RCPT TO:<x@far.example>")
                    eq(r.code, code, "tls-client-relay of the %s: %s" % (
                        SECTIONS[place], name))
                    if code == 250:
                        c.cmd("DATA")
                        c.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
                        s.queue_id(c.reply())
            found = s.inlet(*s.where(), "explain", "--certificate",
                            k.digest("self"), "127.0.0.1", "a@b.example",
                            "x@far.example")
            eq(found.returncode, 0, "inlet explain agrees")


def mistakes():
    k = clients()
    with server(tls_client='"asked"', tls_client_ca=k.ca()) as s:
        for setting, said in (
                ({"tls-client-ca": '"ca.pem"'}, "is no absolute path"),
                ({"tls-client-ca": '"/nowhere.pem"'}, "tls-client-ca: "),
                ({"tls-client": '"required"', "tls-client-ca": '""'},
                 "neither tls-clients nor tls-client-ca"),
                ({"tls-clients": '"who"'}, "tls-clients: ")):
            before = len(s.scratch.log_text())
            s.reload(settings=dict(
                {"tls-client": '"asked"', "tls-client-ca": k.ca(),
                 "certificates": k.certs.setting("ec")}, **setting))
            wait_for(lambda b=before, t=said: t in s.scratch.log_text()[b:],
                     20, said)
            ok(mail(s, k.context("fax")).code == 250,
               "%s: the old settings stay" % said)


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(shown, required, listed, relayed, mistakes)
