#!/usr/bin/env python3
"""AUTH with what the password file knows: what it answers
(RFC 4954 3, RFC 4954 4, RFC 4954 6), what a login opens, and what is written
of it."""
import hmac
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *
from secured import certificates, secure

CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
auth-delay = "10ms"
auth-failures = {"address 1000/10m", "login-prefix 3/10m"}
table "here" { type = "list"  rows = {"example.org"} }
table "far" { type = "list"  rows = {"far.example"} }
table "users" { type = "list"  rows = {"user"} }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes }
listen "strict" { address = {"127.0.0.1"}  port = @port2@
  auth = "required"  auth-clear = yes }
listen "never" { address = {"127.0.0.1"}  port = @port3@ }
listen "tls" { address = {"127.0.0.1"}  port = @port4@  auth = "offered"
  helo-required = no }
listen "here" { address = {"127.0.0.1"}  port = @port5@
  auth = "offered"  auth-clear = yes  auth-relay = no
  auth-mechanisms = {"LOGIN", "CRAM-MD5"} }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "away" { table = "far"  program = "pipe"
  pipe-command = {"/bin/true"} }
channel "outside" { }
"""
PASSWORDS = {"anna": "secret of anna", "otto": "secret of otto"}
ANNA = "AUTH PLAIN " + plain("anna", PASSWORDS["anna"])


def started(more="", **settings):
    s = Server(CONF + more, settings=settings, deliver=False)
    write_passwords(s.scratch.at("passwords"), [
        row(*pair, clear=pair[0] == "anna")
        for pair in PASSWORDS.items()], AUTH if ROOT else None)
    return s


def greeted(s, port="1"):
    c = s.client(port=s.ports[port])
    c.hello()
    return c


def line_of(s, **fields):
    wait_for(lambda: s.scratch.log_lines("auth", **fields), 10,
             "a line of the login")
    return s.scratch.log_lines("auth", **fields)[-1]


def offers(s):
    with s.client() as c:
        says(c.cmd(ANNA), "NEED_HELLO", "not before EHLO")
        c.cmd("HELO client.test")
        says(c.cmd(ANNA), "NEED_EHLO", "nor after HELO")
        like(c.hello(), "^250[ -]AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN$",
             "the keyword")
        says(c.cmd("AUTH"), "SYNTAX", "a mechanism is needed")
        says(c.cmd("AUTH GSSAPI"), "AUTH_UNABLE", "one that we have")
        says(c.cmd("AUTH " + "X" * 100), "AUTH_UNABLE", "no such name")
        c.cmd("MAIL FROM:<a@b.example>")
        says(c.cmd(ANNA), "IN_TRANSACTION", "not in a transaction")
    with greeted(s, "3") as c:
        ok("AUTH" not in c.hello().text, "nowhere where it is off")
        says(c.cmd(ANNA), "VERB_OFF", "nor taken")
    with greeted(s, "5") as c:
        like(c.hello(), "^250[ -]AUTH LOGIN CRAM-MD5$", "only what is set there")
        says(c.cmd(ANNA), "AUTH_UNABLE", "PLAIN is not")
    with greeted(s, "4") as c:
        like(c.hello(), "^250[ -]AUTH SCRAM-SHA-256 SCRAM-SHA-1$",
             "in the clear only what sends no secret")
        says(c.cmd(ANNA), "AUTH_NEEDS_TLS", "nor taken, but with a reason")


def mechanisms(s):
    for words in ([ANNA], ["AUTH PLAIN", plain("anna", PASSWORDS["anna"])],
                  ["auth plain", plain("anna", PASSWORDS["anna"], "anna")],
                  ["AUTH LOGIN", b64("anna"), b64(PASSWORDS["anna"])],
                  ["AUTH LOGIN " + b64("ANNA"), b64(PASSWORDS["anna"])]):
        with greeted(s) as c:
            for word in words[:-1]:
                eq(c.cmd(word).code, 334, "asked for more")
            says(c.cmd(words[-1]), "AUTH_OK", words[0][:10])
            ok("AUTH" not in c.hello().text, "and not offered again")
            says(c.cmd(ANNA), "AUTH_ALREADY", "one login a session")
            c.cmd("MAIL FROM:<a@b.example>")
            c.cmd("RSET")
            says(c.cmd(ANNA), "AUTH_ALREADY", "also after a RSET")
    with greeted(s) as c:
        eq(c.cmd("AUTH LOGIN").raw, b"334 VXNlcm5hbWU6\r\n", "the prompts")
        eq(c.cmd(b64("anna")).raw, b"334 UGFzc3dvcmQ6\r\n", "of LOGIN")
        says(c.cmd("*"), "AUTH_CANCELLED", "given up")
        eq(c.cmd("AUTH PLAIN").raw, b"334 \r\n", "and begun again")
        says(c.cmd("*"), "AUTH_CANCELLED", "and given up")
        says(c.cmd(ANNA), "AUTH_OK", "in the end")


def proofs(s):
    """Mechanisms that send no password (RFC 5802 5, RFC 7677,
    RFC 2195)."""
    for name in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
        with greeted(s) as c:
            r, good = scram_login(c, name, "anna", "wrong")
            says(r, "AUTH_FAILED", name + " with a wrong password")
            r, good = scram_login(c, name, "nobody", "wrong")
            says(r, "AUTH_FAILED", "and who nobody is")
            r, good = scram_login(c, name, "Anna", PASSWORDS["anna"])
            says(r, "AUTH_OK", "and with the right one")
            ok(good, "and the server proves itself")
            eq(c.message("Subject: x\n\ntext\n", ["x@far.example"],
                         hello=False).code, 250, "it is a login")
    with greeted(s) as c:
        says(c.cmd("AUTH SCRAM-SHA-256 " + b64("rubbish")), "AUTH_GARBLED",
             "what is no SCRAM")
        says(scram_login(c, "SCRAM-SHA-256-PLUS", "anna", PASSWORDS["anna"],
                         b"x" * 32)[0], "AUTH_UNABLE", "no PLUS without TLS")
        c.cmd("AUTH SCRAM-SHA-1 " + Scram("SHA-1", "anna", "x").first())
        says(c.cmd("*"), "AUTH_CANCELLED", "given up")
        says(c.cmd("AUTH CRAM-MD5"), "AUTH_UNABLE", "CRAM-MD5 is off")
    with greeted(s, "5") as c:
        for login, password, want in (("anna", "wrong", "AUTH_FAILED"),
                                      ("nobody", "x", "AUTH_FAILED"),
                                      ("anna", PASSWORDS["anna"], "AUTH_OK")):
            r = c.cmd("AUTH CRAM-MD5")
            eq(r.code, 334, "where it is on")
            digest = hmac.new(password.encode(), unb64(r.text[4:]), "md5")
            says(c.cmd(b64("%s %s" % (login, digest.hexdigest()))), want,
                 "by the password that the file has")


def garbled(s):
    bad = ["a", "ab", "abc", "ab=", "====", "ab=c", "YQ==YQ==", "YR==",
           "anna secret", b"\xc3\xa4", b"YQ=\0", b64("no NUL"), b64("\0one"),
           b64("\0a\0b\0c"), b64(b"\0" * 5000)]
    with greeted(s) as c:
        for word in bad:
            eq(c.cmd("AUTH PLAIN").code, 334, "a challenge")
            says(c.cmd(word), "AUTH_GARBLED", "is garbled")
            if len(c.cmd("NOOP").text) and bad.index(word) % 5 == 4:
                c.close()
                c = greeted(s)
        c.cmd("AUTH PLAIN")
        says(c.cmd("A" * 12289), "AUTH_TOO_LONG", "12,289 bytes")
        c.cmd("AUTH PLAIN")
        says(c.cmd(b64("\0anna\0" + "x" * 9210)), "AUTH_FAILED",
             "12,288 bytes are good, though nobody's password")
        says(c.cmd("AUTH PLAIN ="), "AUTH_GARBLED", "an empty response")
        says(c.cmd("AUTH PLAIN !"), "AUTH_GARBLED", "none")
        says(c.cmd(ANNA), "AUTH_OK", "and the session is as good as ever")
        c.close()
    with greeted(s) as c:
        c.cmd("AUTH PLAIN")
        c.send(b"YQ==\n")
        says(c.reply(), "BARE_LF_COMMAND", "lines end as ever")
    with greeted(s) as c:
        c.cmd("AUTH LOGIN")
        c.reset()
    with greeted(s) as c:
        says(c.cmd(ANNA), "AUTH_OK", "who is cut off is no trouble")


def failures(s):
    with greeted(s) as c:
        first = c.cmd("AUTH PLAIN " + plain("anna", "wrong"))
        says(first, "AUTH_FAILED", "a wrong password")
        eq(str(c.cmd("AUTH PLAIN " + plain("stranger", "wrong"))), str(first),
           "nobody's is the same")
        eq(str(c.cmd("AUTH PLAIN " + plain("anna", PASSWORDS["anna"],
                                           "otto"))), str(first),
           "nobody is somebody else")
    like(line_of(s, outcome="failed", login="stranger"),
         r"ip=127.0.0.1 sid=\w+ outcome=failed mechanism=PLAIN tls=no ",
         "a line of the failure")
    with greeted(s) as c:
        for _ in range(2):
            c.cmd("AUTH PLAIN " + plain("otto", "wrong"))
        says(c.cmd("AUTH PLAIN " + plain("OTTO", "wrong")), "AUTH_FAILED",
             "the third failure")
    with greeted(s) as c:
        says(c.cmd("AUTH PLAIN " + plain("otto", PASSWORDS["otto"])),
             "AUTH_BARRED", "too many: the right password is not tried")
        ok(c.closed(), "and that was all")
    like(line_of(s, outcome="barred"), "limit=login-prefix", "and why")
    with greeted(s) as c:
        says(c.cmd(ANNA), "AUTH_OK", "others log in")
    ok(not any(p in s.scratch.log_text() for p in PASSWORDS.values())
       and plain("anna", PASSWORDS["anna"]) not in s.scratch.log_text(),
       "no password is in the log")


def mail(s):
    """What a login opens, and where it is written."""
    with greeted(s) as c:
        c.cmd("MAIL FROM:<s@elsewhere.test>")
        says(c.cmd("RCPT TO:<x@far.example>"), "RELAY_DENIED", "not for all")
    with greeted(s, "2") as c:
        says(c.cmd("MAIL FROM:<s@elsewhere.test>"), "NEED_AUTH",
             "where it is required, no mail before it")
        says(c.cmd(ANNA), "AUTH_OK", "a login")
        r = c.message("Subject: x\n\ntext\n", ["x@far.example"], hello=False)
        eq(r.code, 250, "its mail may go anywhere")
        found = s.scratch.entry(s.queue_id(r))
        like(found, r" with ESMTPA id ", "with ESMTPA (RFC 3848)")
        like(s.inlet(*s.where(), "queue", "show", s.queue_id(r)).stdout,
             "anna", "the queue has the login")
        eq(c.message("Subject: y\n\ntext\n", hello=False).code, 250,
           "a second message")
    wait_for(lambda: len(s.scratch.log_lines("accept", login="anna")) == 4,
             10, "its lines")
    with greeted(s, "5") as c:
        c.cmd("AUTH LOGIN " + b64("anna"))
        says(c.cmd(b64(PASSWORDS["anna"])), "AUTH_OK", "where auth-relay is no")
        c.cmd("MAIL FROM:<s@elsewhere.test>")
        says(c.cmd("RCPT TO:<x@far.example>"), "RELAY_DENIED",
             "a login opens nothing")
        eq(c.cmd("RCPT TO:<user@example.org>").code, 250, "nor does it shut")


def gsasl(s, mechanism, password):
    return subprocess.run(
        ["gsasl", "--client", "--smtp", "--starttls", "--connect=localhost:%s"
         % s.ports["4"], "--mechanism=" + mechanism, "--hostname=x",
         "--authentication-id=anna", "--password=" + password,
         "--x509-ca-file=" + certificates().chain("here"), "--verbose"],
        input="", capture_output=True, text=True, timeout=slow(60))


def bound(s):
    """SCRAM-SHA-256-PLUS with tls-exporter (RFC 9266 2), by another's client."""
    with greeted(s, "4") as c:
        secure(c)
        c.hello()
        says(scram_login(c, "SCRAM-SHA-256-PLUS", "anna", PASSWORDS["anna"],
                         bytes(32))[0], "AUTH_FAILED",
             "bound to another connection")
        says(scram_login(c, "SCRAM-SHA-256", "anna", PASSWORDS["anna"],
                         gs2="y,,")[0], "AUTH_FAILED",
             "a client that was told that there is no PLUS")
        says(scram_login(c, "SCRAM-SHA-256", "anna", PASSWORDS["anna"])[0],
             "AUTH_OK", "one that cannot bind")
    if shutil.which("gsasl") is None:
        skip("no gsasl here")
        return
    for password, want in (("wrong", "535 5.7.8"),
                           (PASSWORDS["anna"], "235 2.7.0")):
        p = gsasl(s, "SCRAM-SHA-256-PLUS", password)
        like(p.stdout + p.stderr, want, "gsasl, with tls-exporter")


STRICT = """\
listen "strict-tls" { address = {"127.0.0.1"}  port = @port6@
  auth = "offered"  auth-clear = yes  tls = required }
"""


def secured():
    certificates().make("here", "ec", "localhost")
    s = started(STRICT, certificates=certificates().setting("here"))
    with s:
        with greeted(s, "6") as c:
            ok("AUTH" not in c.hello().text,
               "where TLS is required, nothing is offered without it")
            says(c.cmd(ANNA), "AUTH_NEEDS_TLS", "nor taken")
            says(c.cmd("AUTH SCRAM-SHA-256"), "AUTH_NEEDS_TLS",
                 "not even what sends no secret")
            secure(c)
            c.hello()
            says(c.cmd(ANNA), "AUTH_OK", "over TLS it is")
        with greeted(s, "4") as c:
            secure(c)
            like(c.hello(), "^250[ -]AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 "
                 "SCRAM-SHA-1 PLAIN LOGIN$", "offered over TLS")
            says(c.cmd(ANNA), "AUTH_OK", "and taken")
            r = c.message("Subject: x\n\ntext\n", ["x@far.example"],
                          hello=False)
            like(s.scratch.entry(s.queue_id(r)), r" with ESMTPSA id ",
                 "with ESMTPSA")
        like(line_of(s, outcome="ok"), "tls=yes", "the log says so")
        bound(s)
        with greeted(s) as c:
            c.cmd(ANNA)
            secure(c)
            c.hello()
            c.cmd("MAIL FROM:<s@elsewhere.test>")
            says(c.cmd("RCPT TO:<x@far.example>"), "RELAY_DENIED",
                 "a login before TLS is forgotten (RFC 3207 4.2)")


def trouble():
    """Without an authsrvr, or with one that cannot check."""
    with started(**{"auth-time": '"2s"'}) as s:
        with greeted(s) as c:
            c.cmd("AUTH LOGIN")
            says(c.reply(), "TIMEOUT", "too slow a client")
        os.unlink(s.scratch.at("passwords"))
        with greeted(s) as c:
            says(c.cmd(ANNA), "AUTH_LATER", "no password file: later")
        write_passwords(s.scratch.at("passwords"), [
            row("anna", PASSWORDS["anna"])], AUTH if ROOT else None)
        s.kill("authsrvr")
        with greeted(s) as c:
            says(c.cmd(ANNA), "AUTH_OK", "the next authsrvr answers")
        s.reload(settings={"auth-time": '"20s"'})
        wait_for(lambda: "new settings" in s.scratch.log_text(), 20, "reload")
        with greeted(s) as c:
            says(c.cmd(ANNA), "AUTH_OK", "and the one after a reload")


def remembered():
    """What has failed counts on when authsrvr is another one."""
    wrong = "AUTH PLAIN " + plain("otto", "wrong")
    right = "AUTH PLAIN " + plain("otto", PASSWORDS["otto"])
    limits = '{"address 1000/10m", "login-prefix 3/10m"}'

    def failed():
        p = s.inlet(*s.where(), "limits", "--json", "127.0.0.1")
        return {row["rule"]: row["value"]
                for row in json.loads(p.stdout)["failed-logins"]}
    with started(**{"auth-failures": limits}) as s:
        with greeted(s) as c:
            says(c.cmd(wrong), "AUTH_FAILED", "a failure")
        eq(failed(), {"failed logins per address 1000/10m": 1,
                      "failed logins per login-prefix 3/10m": 1},
           "inlet limits shows it")
        old = s.kill("authsrvr")
        wait_for(lambda: [p.pid for p in s.role("authsrvr")] not in
                 ([], [old]), what="another authsrvr")
        with greeted(s) as c:
            says(c.cmd(wrong), "AUTH_FAILED", "a failure, after a crash")
        eq(failed()["failed logins per login-prefix 3/10m"], 2,
           "both are counted")
        old = {p.pid for p in s.role("authsrvr")}
        s.reload(settings={"auth-time": '"20s"', "auth-failures": limits})
        wait_for(lambda: {p.pid for p in s.role("authsrvr")} - old,
                 what="the authsrvr of the new settings")
        with greeted(s) as c:
            says(c.cmd(wrong), "AUTH_FAILED", "a third one")
        with greeted(s) as c:
            says(c.cmd(right), "AUTH_BARRED", "and that was the last")
        with greeted(s) as c:
            says(c.cmd(ANNA), "AUTH_OK", "others log in")
        like(s.inlet(*s.where(), "limits").stdout,
             r"^failed logins per login-prefix 3/10m\n"
             r"  127\.0\.0\.0/24 otto +3 of 3, free in ",
             "inlet limits says until when")


def unlike(s):
    """What a stranger learns before it has proved anything: for who there is
    not the same as for others, also of another authsrvr; and the file of this
    moment counts."""
    path = s.scratch.at("passwords")
    owner = AUTH if ROOT else None
    rows = [row(*pair) for pair in PASSWORDS.items()]

    def first(login):
        with greeted(s) as c:
            r = c.cmd("AUTH SCRAM-SHA-256 " +
                      Scram("SHA-256", login, "x").first())
            part = dict(word.split("=", 1) for word in
                        unb64(r.text[4:]).decode().split(","))
            return unb64(part["s"]), part["i"]

    def answers():
        return {name: first(name) for name in
                ("anna", "otto", "noone", "who", "crypted")}
    write_passwords(path, rows + ["crypted:{CRYPT}$6$rounds=1000$salt$x\n"],
                    owner)
    before = answers()
    eq({(len(salt), i) for salt, i in before.values()},
       {(16, str(ITERATIONS))}, "salts of one length, and the same work")
    eq(len({salt for salt, _ in before.values()}), 5, "to each his own")
    old = s.kill("authsrvr")
    wait_for(lambda: [p.pid for p in s.role("authsrvr")] not in ([], [old]),
             what="another authsrvr")
    eq(answers(), before, "which remain")
    write_passwords(path + ".new", [row("anna", "new")], owner)
    os.rename(path + ".new", path)
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
        with greeted(s) as c:
            says(scram_login(c, mechanism, "anna", PASSWORDS["anna"])[0],
                 "AUTH_FAILED", "in another file the old password is none")
            says(scram_login(c, mechanism, "anna", "new")[0], "AUTH_OK",
                 "and the new one is, at once")
    write_passwords(path, rows, owner)


def everything():
    with started() as s:
        for part in (offers, mechanisms, proofs, unlike, garbled, mail,
                     failures):
            part(s)


def stopped():
    """Who is in the midst of a line when the server stops keeps nobody: not
    itself, nor authsrvr, nor smtpd, once drain-time is over."""
    with started(**{"drain-time": '"1s"'}) as s:
        c = greeted(s)
        c.line("AUTH LOGIN")
        eq(c.reply().code, 334, "a login begins")
        c.send("YW5")
        c.wait_read()
        began = time.monotonic()
        s.smtpd.send_signal(signal.SIGTERM)
        eq(s.smtpd.wait(slow(60)), 0, "smtpd ends")
        ok(time.monotonic() - began < slow(20), "and soon")
        eq(c.reply().code, 421, "the client hears of it")
        c.close()


run(everything, secured, trouble, remembered, stopped)
