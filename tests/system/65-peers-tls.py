#!/usr/bin/env python3
"""TLS with real servers on the other end: Postfix, Exim and OpenSMTPD, which
prove who we are before they send, and ch_smtp to each of them with relay-tls
in all its values; a certificate that is not the right one defers the mail, and
says why.  machine.py has them."""
import os
import smtplib
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine
from harness import *
from machine import Authority, Machine, NAME, OTHER
from peer import Peer, KEYWORDS

CONF = """\
certificates = {"%(ours)s.pem %(ours)s.key"}
table "here" { type = "list"  rows = {"inlet.example", "good.example",
    "named.example", "badname.example", "badca.example"} }
table "boxes" { type = "list"  rows = {"@inlet.example", "@good.example",
    "@named.example", "@badname.example", "@badca.example"} }
table "inside" { type = "list"  rows = {"127.0.0.1"} }
channel "local" { table = "here"  program = "local"  mailboxes = "boxes" }
channel "inside" { table = "inside"  relay = yes }
"""
CHANNEL = """\
table "%(name)s" { type = "list"  rows = {"%(name)s.example"} }
channel "%(name)s" { table = "%(name)s"  program = "smtp"
    relay-hosts = {"127.0.0.1:%(port)d"}  retry-first = "1h"  %(more)s }
"""
# What relay-tls says, who is trusted, and which name is wanted.
MODES = {
    "off": ("off", None, None),
    "opportunistic": ("opportunistic", None, None),
    "required": ("required", None, None),
    "verified": ("verified", "ca", None),
    "named": ("verified", "ca", NAME),
    "badca": ("verified", "wrong", None),
    "badname": ("verified", "ca", OTHER),
}
GOOD = [m for m in MODES if not m.startswith("bad")]
# How each one says in Received that it came by TLS.
BY_TLS = {"postfix": r"with ESMTPS |using TLSv1\.[23] with cipher",
          "exim": r"with esmtps", "opensmtpd": r"with ESMTPS|TLSv1\.[23]:"}
authorities = []


def authority():
    if not authorities:
        names = "DNS:%s,IP:127.0.0.1" % NAME
        right, wrong = Authority(
            ours=names, peer=names, rsa=names), Authority()
        os.rename(wrong.at("ca.pem"), right.at("wrong.pem"))
        wrong.end()
        authorities.append(right)
        atexit.register(right.end)
    return authorities[0]


def postfix(m, port, sink, ours, a):
    trusted, wrong = a.give(m, "ca.pem"), a.give(m, "wrong.pem")
    a.give(m, "peer.pem")
    a.give(m, "peer.key", 0o600)
    secure = "smtp_tls_security_level = secure"
    right = "smtp_tls_CAfile = " + trusted
    machine.postfix(m, port, [
        ("good.example", ours, "smtp_tls_security_level = verify", right),
        ("named.example", (OTHER, ours), secure, right,
         "smtp_tls_secure_cert_match = " + NAME),
        ("badname.example", (OTHER, ours), secure, right),
        ("badca.example", ours, secure, "smtp_tls_CAfile = " + wrong),
        ("*", sink)],
        "smtpd_tls_security_level = may\n"
        "smtpd_tls_chain_files = %s/peer.key, %s/peer.pem\n"
        "smtpd_tls_received_header = yes\n" % (m.base, m.base))
    return r"badca.*not (trusted|verified)", r"badname.*not verified"


def exim(m, port, sink, ours, a):
    def checks(name):
        return ("hosts_require_tls = *", "tls_verify_hosts = *",
                "tls_verify_certificates = " + a.give(m, name))
    for name in ("peer.pem", "peer.key"):
        a.give(m, name)
    machine.exim(m, port, [
        ("good.example", ours, *checks("ca.pem")),
        ("named.example", ours, *checks("ca.pem"),
         "tls_verify_cert_hostnames = *"),
        ("badname.example", (OTHER, ours), *checks("ca.pem")),
        ("badca.example", ours, *checks("wrong.pem")), ("*", sink)],
        "tls_advertise_hosts = *\ntls_certificate = %s/peer.pem\n"
        "tls_privatekey = %s/peer.key\n" % (m.base, m.base))
    return r"badca\.example.*certificate", r"badname\.example.*certificate"


def opensmtpd(m, port, sink, ours, a):
    a.give(m, "rsa.pem")
    a.give(m, "rsa.key", 0o600)
    verify = ("smtp+tls", "tls")
    machine.opensmtpd(m, port, [
        ("good.example", ours, *verify), ("named.example", ours, *verify),
        ("badname.example", (OTHER, ours), *verify), ("*", sink)],
        'pki peer cert "%s/rsa.pem"\npki peer key "%s/rsa.key"\n'
        % (m.base, m.base), "tls pki peer")
    return None, None


PROGRAMS = {"postfix": ("/usr/lib/postfix/sbin/master", postfix),
            "exim": ("/usr/sbin/exim4", exim),
            "opensmtpd": ("/usr/sbin/smtpd", opensmtpd)}


def channels(name, port):
    text = ""
    for mode, (value, ca, wanted) in MODES.items():
        more = 'relay-tls = "%s"' % value
        if ca:
            more += '  relay-tls-ca = "%s"' % authority().at(ca + ".pem")
        if wanted:
            more += '  relay-tls-names = {"%s"}' % wanted
        text += CHANNEL % {"name": "%s-%s" % (mode, name), "port": port,
                           "more": more}
    return text


def serves_tls(port):
    """Debian's OpenSMTPD 6.8 does not, with OpenSSL 3: its key is where that
    does not look for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Client(("127.0.0.1", port)) as c:
        c.hello()
        c.cmd("STARTTLS")
        try:
            context.wrap_socket(c.sock).close()
        except (ssl.SSLError, OSError):
            return False
    return True


def message(mark):
    return ("From: a@b.example\nSubject: %s\nMessage-Id: <%s@b.example>\n"
            "Date: Fri, 20 Nov 2026 12:00:00 +0000\n\ntext of %s.\n"
            % (mark, mark, mark)).encode()


def into_us(s, name, port, m, reasons):
    """It has proven who we are, or sends nothing."""
    bad = [b for b, why in zip(("badca", "badname"), reasons) if why]
    for mark in ["good", "named"] + bad:
        with Client(("127.0.0.1", port)) as c:
            like(c.message(message(mark), to="%s@%s.example" % (name, mark)),
                 "^250", "%s takes a message" % name)
    for mark in ("good", "named"):
        text = s.deliveries("%s@%s.example" % (name, mark), 1, 60)[0]
        ok(re.search(rb"with ESMTPS id ", text) and
           re.search(rb"\ttls TLS_\w+", text),
           "%s sends by TLS (%s)" % (name, mark))
    for mark, why in zip(("badca", "badname"), reasons):
        if why:
            ok(happens(lambda why=why: re.search(why, m.words()), 30),
               "%s does not trust us: %s" % (name, mark))
            eq(s.scratch.maildir("%s@%s.example" % (name, mark)), [],
               "and sends nothing")


def out_of_us(s, name, sink, tls):
    for mode in MODES:
        with s.client() as c:
            like(c.message(message(mode + "-" + name),
                           to="u@%s-%s.example" % (mode, name)), "^250",
                 "we take it")

    def got(mode):
        end = b"text of %s-%s.\r\n" % (mode.encode(), name.encode())
        return [x.data for x in list(sink.messages) if x.data.endswith(end)]
    good = GOOD if tls else ["off", "opportunistic"]
    ok(happens(lambda: all(got(mode) for mode in good), 60),
       "%s has what it should have" % name)
    for mode in good:
        text = b"".join(got(mode)).decode("latin-1")
        eq(re.search(BY_TLS[name], text) is not None, tls and mode != "off",
           "relay-tls for %s: %s" % (name, mode))
    for mode in sorted(set(MODES) - set(good)):
        line = wait_for(lambda mode=mode: [
            x for x in s.scratch.log_lines("later")
            if "%s-%s" % (mode, name) in x], 30, "a deferral")[0]
        like(line, "enh=4.7.5 .*" + (
            "certificate" if mode.startswith("bad") else "TLS handshake"),
            "%s %s: why" % (name, mode))
        eq(got(mode), [], "and nothing is sent")


def requiretls(s, name):
    """RFC 8689 4.2.1: none of them offers it, so it comes back."""
    context = ssl.create_default_context(cafile=authority().at("ca.pem"))
    with smtplib.SMTP("127.0.0.1", s.port, timeout=slow(20)) as c:
        c.starttls(context=context)
        c.sendmail("back-%s@inlet.example" % name,
                   ["u@verified-%s.example" % name],
                   message("requiretls").decode(),
                   mail_options=["REQUIRETLS"])
    like(s.deliveries("back-%s@inlet.example" % name, 1, 30)[0],
         r"Status: 5\.7\.", "%s has no REQUIRETLS: it comes back" % name)


def with_tls(name):
    program, prepare = PROGRAMS[name]
    a = authority()
    m = Machine(program, trusted=a.at("ca.pem"))
    why = m.missing()
    if why:
        skip("%s: %s" % (name, why))
        return
    sink, port = Peer(KEYWORDS), free_port()
    conf = CONF % {"ours": a.at("ours")} + channels(name, port)
    try:
        with Server(conf, settings={"pause-first": '"1s"'}) as s:
            reasons = prepare(m, port, sink.port, s.port, a)
            into_us(s, name, port, m, reasons)
            tls = serves_tls(port)
            out_of_us(s, name, sink, tls)
            if tls:
                requiretls(s, name)
            else:
                diag("%s cannot serve TLS" % name)
            m.stop()
    except Late as e:
        ok(False, name + " and TLS")
        diag(e)
    finally:
        if failures():
            diag(m.words()[-8000:])
        m.stop()
        sink.close()


def with_postfix():
    with_tls("postfix")


def with_exim():
    with_tls("exim")


def with_opensmtpd():
    with_tls("opensmtpd")


def distrustful_opensmtpd():
    """Its authorities are the system's: another machine."""
    a = authority()
    m = Machine(PROGRAMS["opensmtpd"][0], trusted=a.at("wrong.pem"))
    if m.missing():
        skip("OpenSMTPD: " + m.missing())
        return
    port = free_port()
    with Server(CONF % {"ours": a.at("ours")}) as s:
        try:
            machine.opensmtpd(m, port, [("*", s.port, "smtp+tls", "tls")])
            with Client(("127.0.0.1", port)) as c:
                c.message(message("badca"), to="user@badca.example")
            ok(happens(lambda: re.search("TempFail.*certificate|"
                                         "certificate verif.*fail|"
                                         "SSL certificate", m.words()), 30),
               "OpenSMTPD does not trust us")
            eq(s.scratch.maildir("user@badca.example"), [],
               "and sends nothing")
        finally:
            if failures():
                diag(m.words()[-4000:])
            m.stop()


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_smtp", "keysrvr")
run(with_postfix, with_exim, with_opensmtpd,
    distrustful_opensmtpd, seconds=300)
