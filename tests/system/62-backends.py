#!/usr/bin/env python3
"""Back ends with the real thing behind each: OpenLDAP, PAM, saslauthd and
Dovecot, good, bad and not there."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403
from behind import *    # noqa: E402,F403
import backends         # noqa: E402

need_built("authworker")
backends.need_asker()


def ldap():
    if not ldap_ready():
        return
    s = Slapd()
    secret = s.write("secret", "read\n", 0o600)
    search = ["auth-ldap-uri=" + s.uri,
              "auth-ldap-base=dc=example,dc=org",
              "auth-ldap-bind-dn=cn=reader,dc=example,dc=org",
              "auth-ldap-password-file=" + secret]
    questions = (("jane", "pencil"), ("Jane", "pencil"), ("jane", "pen"),
                 ("eve", "pencil"), ("*", "pencil"), ("j*", "pencil"),
                 ("x)(uid=jane", "pencil"), ("o,dd", "odd"))
    a = backends.ask("ldap", *search)
    eq(a(*questions), ["YES ldap jane", "YES ldap jane"] + ["NO"] * 5 +
       ["YES ldap o,dd"], "search and bind")
    eq(a(("two", "x")), ["LATER more than one"], "two entries")
    dn = "auth-ldap-dn=uid=%n,ou=people,dc=example,dc=org"
    a = backends.ask("ldap", search[0], dn)
    eq(a(*questions, ("jane@example.org", "pencil"),
         ("jane,ou=people,dc=example,dc=org?", "pencil")),
       ["YES ldap jane", "YES ldap jane"] + ["NO"] * 5 +
       ["YES ldap o,dd", "YES ldap jane@example.org", "NO"],
       "a name made of the login")
    ca = "auth-ldap-ca=" + os.path.join(s.base, "cert")
    a = backends.ask("ldap", "auth-ldap-starttls=yes", ca, *search)
    eq(a(*questions[:3]), ["YES ldap jane", "YES ldap jane", "NO"],
       "with TLS")
    a = backends.ask("ldap", "auth-ldap-starttls=yes", *search)
    eq(a(questions[0]), ["LATER Connect error"],
       "a certificate that nobody vouches for")
    a = backends.ask("ldap", *search[:3],
                     "auth-ldap-password-file=" + s.conf)
    eq(a(questions[0]), ["LATER its owner alone may write"],
       "the reader's password, for all to read")
    wrong = s.write("wrong", "write\n", 0o600)
    a = backends.ask("ldap", *search[:3], "auth-ldap-password-file=" + wrong)
    eq(a(questions[0]), ["LATER Invalid credentials"],
       "a reader's password that is not good is not the client's")
    s.stop()
    a = backends.ask("ldap", *search)
    eq(a(*questions[:2]), ["LATER Can't contact"] * 2,
       "without a server nobody is refused")
    silent = socket.create_server(("127.0.0.1", 0))
    a = backends.ask("ldap", "auth-ldap-uri=ldap://127.0.0.1:%d" %
                     silent.getsockname()[1], dn, "auth-worker-time=1s",
                     whole=True)
    like(a(questions[0])[0], "^LATER ", "nor with one that says nothing")


def pam():
    """The machine's own pam_unix, on accounts of the test."""
    if not built("PAM"):
        skip("built without PAM")
        return
    apart = Pam(Scratch()).before
    if apart is None:
        skip("no mount namespace")
        return
    questions = (("jane", "pencil"), ("jane", "pen"), ("eve", "pencil"),
                 ("gone", "pencil"), ("jane", "x" * 600))

    def ask(service):
        a = backends.ask("pam", "auth-pam-service=" + service, whole=True,
                         before=apart)
        return [line.split(" ", 1) for line in a(*questions)]
    eq([a[0] for a in ask("smtp")], ["YES"] + ["NO"] * 4,
       "good, bad, nobody, expired, too long")
    eq([a[0] for a in ask("twice")], ["NO"] * 5, "an account that is denied")
    got = ask("broken")
    eq([a[0] for a in got][:4], ["LATER"] * 4, "a module that is not there")
    like(got[0][1], "service broken: ", "and which service it is")


# ------------------------------------------------------------------ saslauthd

def saslauthd():
    if not tool("saslauthd"):
        skip("no saslauthd")
        return
    if not ldap_ready():
        return
    s = Slapd()
    one = Saslauthd(s)
    mux, run = one.path, one.run
    a = backends.ask("saslauthd", "auth-saslauthd=" + mux)
    eq(a(("jane", "pencil"), ("jane@example.org", "pencil"), ("jane", "pen"),
         ("eve", "pencil")),
       ["YES saslauthd jane", "YES saslauthd jane@example.org", "NO", "NO"],
       "saslauthd")
    a = backends.ask("saslauthd", "auth-saslauthd=" + mux + ".none")
    eq(a(("jane", "pencil")), ["LATER No such file"], "without saslauthd")
    deaf = socket.socket(socket.AF_UNIX)
    deaf.bind(os.path.join(run, "deaf"))
    a = backends.ask("saslauthd", "auth-saslauthd=" +
                     os.path.join(run, "deaf"))
    eq(a(("jane", "pencil")), ["LATER refused"], "with one that is gone")


def dovecot():
    if not tool("dovecot"):
        skip("no dovecot")
        return
    d = Dovecot(Scratch())
    path = "auth-dovecot=" + d.path
    a = backends.ask("dovecot", path)
    eq(a(("jane", "pencil"), ("Jane", "pencil"), ("jane", "pen"),
         ("eve", "pencil")),
       ["YES dovecot jane", "YES dovecot jane", "NO", "NO"], "passwords")
    a = backends.ask("dovecot", path, whole=True)
    bearer = "n,a=%s,^auth=Bearer %s^^"
    google = "user=%s^auth=Bearer %s^^"
    got = a(("jane", bearer % ("jane", token("jane")), "OAUTHBEARER"),
            ("", google % ("jane", token("jane")), "XOAUTH2"),
            ("jane", bearer % ("jane", token("jane", b"other")),
             "OAUTHBEARER"),
            ("jane", google % ("jane", token("jane", until=-5)), "XOAUTH2"))
    eq(got[:2], ["YES dovecot jane "] * 2, "tokens")
    for line in got[2:]:
        like(line, r'^NO .*\{.*"status"', "one that is not good, and what "
             "the client must be told")
    d.stop()
    a = backends.ask("dovecot", path, whole=True)
    like(a(("jane", "pencil"))[0], "^LATER dovecot ", "without Dovecot")


run(ldap, pam, saslauthd, dovecot)
