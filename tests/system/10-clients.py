#!/usr/bin/env python3
"""Real clients deliver through it, and what arrives is what they sent, byte
for byte but for our trace fields.  A recorder between client and server says
what that was."""
import os
import pwd
import smtplib
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

MIB = 1 << 20
HEAD = b"From: s@elsewhere.test\nTo: u@example.org\nSubject: %s\n"
TEXTS = {
    "7-bit": HEAD + b"\nplain text\n\nof three lines\n",
    "8-bit": HEAD + b"\ncaf\xc3\xa9 \xe2\x82\xac and \xff\xfe\x80 too\n",
    "dots": HEAD + b"\n.\n..\n...\n.text\n. \n" + b"." * 998 + b"\n.\n",
    "empty": b"",
    "header only": HEAD,
    "25 MiB": HEAD + b"\n" + b"".join(
        b"%07d: %s\n" % (i, b"0123456789abcdef" * 4)
        for i in range(25 * MIB // 74 + 1)),
    "10,000-character lines": HEAD + b"\n" + (b"x" * 10000 + b"\n") * 5
    + b".\n" + b"." * 10000 + b"\n",
}
for _name in TEXTS:
    TEXTS[_name] = TEXTS[_name].replace(b"%s", _name.encode())


def run_client(args, stdin=b"", **more):
    """Runs one; its exit status, with its words shown if that is not 0."""
    done = subprocess.run(args, input=stdin, capture_output=True,
                          timeout=slow(120), **more)
    if done.returncode:
        for line in (done.stdout + done.stderr)[-2000:].splitlines():
            diag(line.decode("latin-1"))
    return done.returncode


def with_swaks(port, to, text, scratch):
    # An @ at the beginning names a file.
    path = scratch.write("message", text or b"\n")
    return run_client(["swaks", "--server", "127.0.0.1", "--port", str(port),
                       "--helo", "client.test", "--from", "s@elsewhere.test",
                       "--to", to, "--data", "@" + path, "--silent", "2"])


def with_curl(port, to, text, scratch):
    path = scratch.write("message", text.replace(b"\n", CRLF))
    return run_client(["curl", "-sS", "--mail-from", "s@elsewhere.test",
                       "--mail-rcpt", to, "--upload-file", path,
                       "smtp://127.0.0.1:%d/client.test" % port])


def with_msmtp(port, to, text, scratch):
    path = scratch.write("msmtprc", """\
account default
host 127.0.0.1
port %d
from s@elsewhere.test
domain client.test
auth off
tls off
set_from_header off
set_date_header off
set_msgid_header off
""" % port, 0o600)
    return run_client(["msmtp", "-C", path, to], text)


def with_snail(port, to, text, _scratch):
    # s-nail makes header and encoding itself: it gets the body alone.
    body = text.split(b"\n\n", 1)[1] if b"\n\n" in text else b""
    body = body.replace(b"\xff\xfe\x80", b"")     # it takes UTF-8 only
    return run_client(
        ["s-nail", "-:/", "-r", "s@elsewhere.test", "-s", "a subject",
         "-S", "v15-compat", "-S", "ttycharset=utf-8", "-S", "hostname=c.test",
         "-S", "smtp-auth=none", "-S", "mime-encoding=8b", "-S", "sendwait",
         "-S", "mta=smtp://127.0.0.1:%d" % port, to], body,
        env={"PATH": os.environ["PATH"], "HOME": _scratch.path,
             "LC_ALL": "C.UTF-8"})


def with_smtplib(port, to, text, _scratch):
    with smtplib.SMTP("127.0.0.1", port, "client.test",
                      timeout=slow(60)) as s:
        # smtplib leaves the ends of lines in bytes to its caller.
        refused = s.sendmail("s@elsewhere.test", [to],
                             text.replace(b"\n", CRLF), ["BODY=8BITMIME"])
    return len(refused)


CLIENTS = {"swaks": with_swaks, "curl": with_curl, "msmtp": with_msmtp,
           "s-nail": with_snail, "smtplib": with_smtplib}


def one(server, client, name, user):
    address = "u%d@example.org" % user
    label = "%s, %s" % (client, name)
    with Recorder(server.port) as recorder:
        status = CLIENTS[client](recorder.port, address, TEXTS[name],
                                 server.scratch)
        if not eq(status, 0, label + ": the client is content"):
            return
        stored = server.deliveries(address, 1, 60)[0]
        sent = recorder.messages()
    if not eq(len(sent), 1, label + ": one message was sent"):
        return
    head = added(stored, sent[0])
    ok(head is not None and only_trace(head),
       label + ": it arrived unchanged (%d bytes)" % len(sent[0]))
    if head is None:
        diag("sent   " + repr(sent[0][:300]))
        diag("stored " + repr(stored[:600]))
    # swaks and s-nail edit what they are given, at least its end; smtplib
    # cannot send nothing.  All others send what they were given.
    if client not in ("swaks", "s-nail") and (client, name) != (
            "smtplib", "empty"):
        eq(hashlib.sha256(sent[0]).hexdigest(),
           hashlib.sha256(TEXTS[name]).hexdigest(),
           label + ": and is what the client was given")


def named():
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        return None


def clients():
    users = ", ".join('"u%d"' % i for i in range(len(CLIENTS) * len(TEXTS)))
    conf = DEFAULT_CONF.replace('"postmaster"', '"postmaster", ' + users)
    with Server(conf) as server:
        user = 0
        for client in CLIENTS:
            for name in TEXTS:
                if client != "smtplib" and not tool(client):
                    skip("%s is not here" % client)
                elif client == "s-nail" and not named():
                    skip("s-nail wants a user with a name")
                elif client == "s-nail" and name == "25 MiB":
                    skip("s-nail would encode it for minutes")
                else:
                    one(server, client, name, user)
                user += 1
        wait_for(server.scratch.empty, 20, "an empty queue")
        ok(server.scratch.empty(), "nothing is left in the queue")


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local")
run(clients, seconds=300)
