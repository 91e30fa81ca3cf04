#!/usr/bin/env python3
"""deliver and ch_local: what comes out of the queue.

Entries are made by tests/chans/mkentry, submit is played by this test where
a notice is sent to it; so nothing else of the server is needed."""

import email
import email.policy
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *

need_built("deliver", "ch_local", "tailor")


def basics():
    d = Delivery().start()
    before = time.monotonic()
    ident = d.local("user", "other")
    wait_for(lambda: d.box("user") and d.box("other"), what="delivery")
    # The next time that it looks by itself is an hour away.
    ok(time.monotonic() - before < slow(120), "a new entry is noticed at once")
    d.wait_empty()
    wait_for(lambda: not d.s.queue("marks"), what="no marks")
    ok(True, "queue and marks are empty")
    want = (b"Return-Path: <sender@example.net>\n"
            b"Delivered-To: other@example.org\n"
            b"Received: by inlet.example; Thu, 1 Jan 1970 00:00:00 +0000\n")
    eq(d.box("other")[0], want + TEXT, "two lines on top, the rest unchanged")
    name = os.listdir(os.path.join(d.s.mail, "example.org", "other", "new"))
    like(name[0], r"^\d+\.%sr1\.inlet\.example$" % ident, "the file's name")
    eq(os.listdir(os.path.join(d.s.mail, "example.org", "user", "tmp")), [],
       "nothing is left in tmp")
    like(d.s.log_text, r'delivered qid=%s rcpt=1 chan=local delay=\d+\.\ds '
         r'to="<other@example.org>"' % ident, "the log line")
    eq(subprocess.run(d.args(), stdin=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, **d.popen()).returncode, 75,
       "a second deliver ends with 75")
    for role, pid in [("deliver", d.p.pid)] + [
            (p.name, p.pid) for p in descendants(d.p.pid)]:
        if ROOT:
            eq(uid_of(pid), (SUBMIT, SUBMIT, []), role + " is the mail user")
        with open("/proc/%d/status" % pid) as f:
            like(f.read(), r"^NoNewPrivs:\s+1$", role + " has no_new_privs")
        eq(os.getpriority(os.PRIO_PROCESS, pid),
           max(10, os.getpriority(os.PRIO_PROCESS, 0)), role + " is nice")
    eq(d.stop(), 0, "SIGTERM: exit 0")


def as_nice_as_told():
    here = os.getpriority(os.PRIO_PROCESS, 0)
    d = Delivery(settings={"delivery-nice": str(min(19, here + 3))}).start()
    eq(os.getpriority(os.PRIO_PROCESS, d.p.pid), min(19, here + 3),
       "delivery-nice")
    d.stop()


def as_ordinary_user():
    if not ROOT:
        skip("the other tests run as an ordinary user")
        return
    d = Delivery(user=64199).start()
    d.local("user")
    wait_for(lambda: d.box("user"), what="delivery")
    eq(uid_of(d.p.pid)[0], 64199, "an ordinary user stays what he is")
    eq(d.stop(), 0, "exit 0")


def bad_entries():
    d = Delivery()
    damaged = d.local("user", options=["-x"])
    marks = os.path.join(d.s.spool, "marks")
    os.mkdir(marks)
    orphan = os.path.join(marks, "0123456789ABCDEFGHJK")
    open(orphan, "wb").close()
    for path in (marks, orphan):
        if d.user is not None and ROOT:
            os.chown(path, d.user, d.user)
    d.start()
    wait_for(lambda: d.s.queue("bad") == [damaged], what="bad/")
    eq(d.s.queue(), [], "a damaged entry is moved out of the queue")
    ok(not d.box("user"), "and not delivered")
    ok(d.logged("damaged qid=" + damaged), "and reported")
    ok(happens(lambda: not d.s.queue("marks")), "marks without an entry are removed")
    d.stop()


def locked():
    d = Delivery().start()
    d.journal = False           # an entry there has no lock of its own
    os.rename(d.s.spool + "/queue", d.s.spool + "/elsewhere")
    os.mkdir(d.s.spool + "/queue", 0o700)
    if ROOT:
        os.chown(d.s.spool + "/queue", d.user, d.user)
    ident = d.local("user")
    os.rename(d.s.spool + "/queue/" + ident, d.s.spool + "/tmp/" + ident)
    os.rmdir(d.s.spool + "/queue")
    os.rename(d.s.spool + "/elsewhere", d.s.spool + "/queue")
    with open(d.s.spool + "/tmp/" + ident, "r+b") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        os.rename(d.s.spool + "/tmp/" + ident, d.s.spool + "/queue/" + ident)
        other = d.local("other")
        wait_for(lambda: d.box("other"), what="delivery of " + other)
        ok(not d.box("user"), "a locked entry is left alone")
    wait_for(lambda: d.box("user"), what="delivery")
    ok(True, "unlocked it is delivered")
    d.stop()


def later():
    d = Delivery()
    for name in ("example.org", "example.org/link"):
        os.mkdir(d.s.mail + "/" + name)
        if d.user is not None and ROOT:
            os.chown(d.s.mail + "/" + name, d.user, d.user)
    os.symlink("/tmp", d.s.mail + "/example.org/link/user")
    blocked = d.s.write(d.s.mail + "/example.org/full", "in the way")
    d.start()
    ident = d.local("full", "user")
    d.entry("local:l@example.org:example.org/link/user")
    ok(d.logged(r'later qid=%s rcpt=0 .*tries=1 next=1s enh=4.3.5 why='
                % ident), "what fails for now is later")
    ok(d.logged(r'later .*to="<l@example.org>"'), "so is a symbolic link")
    ok(not os.path.exists("/tmp/new"), "which is not followed")
    os.unlink(d.s.mail + "/example.org/link/user")
    ok(d.logged(r"later qid=%s rcpt=0 .*tries=2 next=2s" % ident),
       "the next wait is half as long again")
    os.unlink(blocked)
    wait_for(lambda: d.box("full"), 15, "delivery")
    d.wait_empty()
    eq(len(d.box("user")), 1, "the other recipient got it once")
    ok(happens(lambda: not d.s.queue("marks")), "no marks are left")
    d.stop()


def check_report(text, ident, d):
    m = email.message_from_bytes(text, policy=email.policy.default)
    eq(m.get_content_type(), "multipart/report", "it is a report")
    eq(m.get_param("report-type"), "delivery-status", "on delivery status")
    eq(m["From"], "Mail Delivery System <MAILER-DAEMON@inlet.example>",
       "its sender")
    eq(m["To"].addresses[0].addr_spec, "sender@example.net", "its recipient")
    eq(m["Auto-Submitted"], "auto-replied", "automatic")
    ok(m["Message-ID"] and m["Date"] and m["MIME-Version"], "its header")
    eq(m.defects, [], "no defects")
    human, status, original = m.get_payload()
    like(human.get_content(), "<bad@example.org>", "people's part")
    message, first, second = status.get_payload()
    eq(message["Reporting-MTA"], "dns; inlet.example", "Reporting-MTA")
    eq(message["Original-Envelope-Id"], "env+id", "Original-Envelope-Id")
    ok(message["Arrival-Date"], "Arrival-Date")
    eq(first["Original-Recipient"], "rfc822;a+b@example.org",
       "Original-Recipient, decoded")
    eq(first["Final-Recipient"], "rfc822; bad@example.org",
       "Final-Recipient")
    eq(first["Action"], "failed", "Action")
    eq(first["Status"], "5.3.5", "Status")
    like(first["Diagnostic-Code"], "impossible path", "Diagnostic-Code")
    eq(second["Final-Recipient"], "rfc822; worse@example.org",
       "a second recipient in the same report")
    return original


def bounce():
    d = Delivery()
    submit = FakeSubmit(d.s)
    d.start()
    ident = d.entry(*BAD, options=DSN)
    d.wait_empty()
    eq(len(submit.got), 1, "one notice for two failures")
    notice, to, text = submit.got[0]
    eq(to, "sender@example.net", "to the sender")
    ok(notice[:8] == ident[:8] and notice != ident, "of a related name")
    original = check_report(text, ident, d)
    eq(original.get_content_type(), "text/rfc822-headers",
       "the header is returned")
    ok(d.logged("bounced qid=%s rcpt=2 .*enh=5.3.5" % ident), "logged")
    submit.got.clear()
    d.entry(*BAD, options=[*DSN, "-R", "FULL"])
    d.wait_empty()
    original = check_report(submit.got[0][2], ident, d)
    eq(original.get_content_type(), "message/rfc822", "RET=FULL: all of it")
    ok(submit.got[0][2].find(TEXT) > 0, "unchanged")
    submit.got.clear()
    d.entry(BAD[0], options=["-s", ""])
    d.entry(BAD[0], options=["-N", "NEVER"])
    d.entry(BAD[0], options=["-N", "SUCCESS,DELAY"])
    d.wait_empty()
    eq(submit.got, [], "none for the null sender, none where not asked for")
    d.entry(BAD[0], options=["-N", "SUCCESS,FAILURE"])
    d.wait_empty()
    eq(len(submit.got), 1, "NOTIFY=FAILURE asks for one")
    submit.code = 550
    d.entry(BAD[0])
    d.wait_empty()
    ok(d.logged("notice-refused qid="), "submit refuses it: reported")
    submit.close()
    d.stop()


def owed():
    d = Delivery()
    submit = FakeSubmit(d.s, None)
    d.start()
    ident = d.entry(*BAD, options=DSN)
    wait_for(lambda: submit.got, what="a notice")
    ok(d.logged("notice-later qid=" + ident), "no verdict: it stays owed")
    notice = submit.got[0][0]
    d.p.kill()
    d.p.wait()
    submit.close()
    # Had submit taken it before it died, it would be in the queue now.
    d.entry("local:sender@example.net:example.net/sender",
            options=["-i", notice])
    d.start()
    before = d.local("user")
    wait_for(lambda: d.box("user"), what="delivery of " + before)
    ok(happens(lambda: d.s.queue() == sorted([ident, notice])),
       "without submit: owed, and an entry of its name is held back")
    d.p.kill()
    d.p.wait()
    submit = FakeSubmit(d.s)
    d.start()
    d.wait_empty()
    eq([x[0] for x in submit.got], [notice], "told again by the same name")
    eq(len(d.s.maildir("sender@example.net")), 1, "then delivered")
    eq(len(d.s.maildir("good@good")), 1, "the good recipient got it once")
    ok(happens(lambda: not d.s.queue("marks")), "no marks are left")
    submit.close()
    d.stop()


def expired():
    d = Delivery()
    submit = FakeSubmit(d.s)
    d.start()
    ident = d.entry("world:x@example.com:",
                    options=["-t", str(int(time.time()) - 6 * 86400)])
    d.wait_empty()
    ok(d.logged("expired qid=%s .*enh=5.4.7" % ident), "expired")
    like(submit.got[0][2], r"Status: 5\.4\.7", "and reported as that")
    like(submit.got[0][2], "delivery time expired; the last try: this channel "
         "has no program", "with the last failure")
    submit.close()
    d.stop()


ODD = """
import os, signal, socket, struct, sys, time
s = socket.socket(fileno=0)
def answer(index, outcome, code, text):
    s.send(struct.pack("=IIB3x12s200s", serial, index, outcome, code, text))
while True:
    m, fds, _, _ = socket.recv_fds(s, 4096, 4)
    if not m:
        sys.exit(0)
    version, flags, serial, at, length, n = struct.unpack_from("=HHIQQI", m)
    index = struct.unpack_from("=%%dI" %% n, m, 28)
    %s
    for fd in fds:
        os.close(fd)
"""


def odd_programs():
    d = Delivery().start()
    case = [("answer(index[0], 1, b'2.0.0', b'done'); os.kill(os.getpid(), 9)",
             "signal 9", [0], "one that dies after its first answer"),
            ("time.sleep(60)", "delivery-timeout passed", [],
             "one that hangs"),
            ("s.send(b'nonsense')", "it answers nonsense", [],
             "one that talks nonsense"),
            ("answer(77, 1, b'2.0.0', b'')", "it answers what nobody asked",
             [], "one that answers for others"),
            ("sys.exit(3)", "exit 3", [], "one that gives up")]
    for code, why, good, what in case:
        channel = "late" if "hangs" in what else "odd"
        d.program("odd", ODD % code)
        seen = d.s.log_text().count("new configuration")
        d.p.send_signal(signal.SIGHUP)
        wait_for(lambda: d.s.log_text().count("new configuration") > seen,
                 what="new configuration")
        ident = d.entry(channel + ":a@example.com:",
                        channel + ":b@example.com:",
                        "local:user@example.org:example.org/user")
        ok(d.logged(r"later qid=%s rcpt=1 .*channel program ended: %s"
                    % (ident, why)), what + ": later")
        for i in (0, 1):
            eq(lambda: len(d.s.log_lines("delivered", qid=ident, rcpt=i)),
               1 if i in good else 0, what + ": answer %d" % i)
        wait_for(lambda: len(d.s.log_lines("delivered", qid=ident, rcpt=2))
                 == 1, what="the other channel")
        d.program("odd", ODD % "[answer(i, 1, b'2.0.0', b'') for i in index]")
        d.p.send_signal(signal.SIGHUP)
        d.wait_empty(20)
        for i in (0, 1):
            eq(lambda: len(d.s.log_lines("delivered", qid=ident, rcpt=i)), 1,
               what + ": %d delivered once in the end" % i)
    d.stop()


# Says that it takes five, and dies of one of them.  It may be quicker than
# deliver, which gives them one after the other: so until it once had several,
# it waits for a second.  Its first one comes before deliver has heard it.
TOGETHER = """
import os, select, socket, struct, sys
sizes, patience = %r, %d
s = socket.socket(fileno=0)
def say(serial, index, outcome, code):
    s.send(struct.pack("=IIB3x12s200s", serial, index, outcome, code, b""))
def several():
    with open(sizes) as f:
        return any(int(n) > 1 for n in f.read().split())
first = True
say(0, 5, 4, b"")
while True:
    batch = []
    while True:
        wait = 0 if first or len(batch) > 1 or several() else patience
        if batch and not select.select([s], [], [], wait)[0]:
            break
        m, fds, _, _ = socket.recv_fds(s, 4096, 4)
        if not m:
            sys.exit(0)
        batch.append((*struct.unpack_from("=HHIQQ", m)[2:], fds[0]))
    first = False
    with open(sizes, "a") as f:
        f.write("%%d\\n" %% len(batch))
    for serial, at, length, fd in batch:
        if b"POISON" in os.pread(fd, length or 100000, at):
            os.kill(os.getpid(), 9)
    for serial, at, length, fd in batch:
        say(serial, 0, 1, b"2.0.0")
        os.close(fd)
"""


def together():
    """Jobs that a program has together do not share its end."""
    d = Delivery(settings={"retry-first": '"1s"', "retry-most": '"1s"'},
                 conf=CONF + 'channel "five" { program = "odd" '
                 ' delivery-processes = 1 }\n')
    sizes = d.s.write("sizes", "")
    os.chmod(sizes, 0o666)
    d.program("odd", TOGETHER % (sizes, slow(10)))
    good = [d.entry("five:a@example.com:") for _ in range(12)]
    bad = d.entry("five:b@example.com:", text=b"Subject: POISON\n\n")
    good += [d.entry("five:a@example.com:") for _ in range(12)]
    d.start()
    wait_for(lambda: len(d.s.log_lines("delivered")) == 24, what="24")
    eq(lambda: {i for i in good if not d.s.log_lines("delivered", qid=i)},
       set(),
       "what is to blame keeps no other from its mailbox")
    wait_for(lambda: d.s.log_lines("later"), what="later")
    eq([l for l in d.s.log_lines("later") if "qid=" + bad not in l], [],
       "and nothing else has failed")
    with open(sizes) as f:
        got = [int(n) for n in f.read().split()]
    ok(1 < max(got) <= 5, "several were given together: %s" % got)
    d.stop()


def late_but_done():
    """The answer is there, but deliver was busy when the time was up."""
    d = Delivery()
    d.program("odd", ODD % "time.sleep(0.3); "
              "answer(index[0], 1, b'2.0.0', b'')")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(d.s.run + "/submit")
    os.chmod(d.s.run + "/submit", 0o666)
    listener.listen()           # and never answers: deliver waits for it
    d.start()
    ident = d.entry("late:a@example.com:")
    wait_for(lambda: [p for p in descendants(d.p.pid)
                      if "ch_odd" in " ".join(p.args)], what="it works")
    d.entry("local:x@example.org:../x")
    ok(d.logged("bounced"), "now deliver waits for submit")
    wait_for(lambda: d.s.log_lines("delivered", qid=ident), 30, "an answer")
    ok(not d.s.log_lines("later", qid=ident), "delivered, and not again")
    listener.close()
    os.unlink(d.s.run + "/submit")
    eq(d.stop(), 0, "exit 0")


def under_way():
    d = Delivery()
    go = d.s.at("go")
    d.program("odd", ODD % (
        "while not os.path.exists('%s'): time.sleep(0.01)\n"
        "    [answer(i, 1, b'2.0.0', b'') for i in index]" % go))
    for _ in range(6):
        d.entry("odd:a@example.com:")
    d.start()
    wait_for(lambda: len([p for p in descendants(d.p.pid)
                          if "ch_odd" in " ".join(p.args)]) == 2,
             what="two at work")
    d.p.send_signal(signal.SIGTERM)
    wait_for(lambda: "stopping" in d.s.log_text(), what="its stopping")
    d.s.write(go, "")
    eq(d.stop(), 0, "SIGTERM: exit 0")
    eq(lambda: len(d.s.log_lines("delivered")), 2,
       "what was under way is finished")
    eq(len(d.s.queue()), 4, "the rest stays in the queue")
    eq(len(d.s.log_lines("later")), 0, "and has not failed")


def second_program():
    with open(os.path.join(SRC, "man8", "inlet-channel.8")) as f:
        manual = re.search(r"\.Bd -literal\n(.*?)\.Ed", f.read(), re.S)
    with open(os.path.join(SRC, "tests", "chans", "ch_spool.c")) as f:
        source = f.read()
    eq(source[source.index("*/") + 3:], manual.group(1),
       "the manual's example is the one that is built")
    d = Delivery()
    shutil.copy(os.path.join(BUILD, "tests", "chans", "ch_spool"), d.bin)
    d.start()
    ident = d.entry("other:x@example.com:")
    d.wait_empty()
    with open("%s/%s.0" % (d.s.mail, ident), "rb") as f:
        ok(f.read().endswith(TEXT), "and it delivers")
    d.stop()


def many_programs():
    """delivery-processes: so many at once, for each channel its own."""
    d = Delivery(conf=CONF + """\
channel "one" { program = "slow"  delivery-processes = 1 }
channel "three" { program = "slow"  delivery-processes = 3 }
""")
    d.program("slow", "import os\nwhile os.read(0, 65536): pass\n")
    d.start()
    for channel in 4 * ["one", "three"]:
        d.entry("%s:x@example.com:" % channel)

    def running():
        return [p for p in descendants(d.p.pid)
                if any(a.endswith("/ch_slow") for a in p.args)]
    ok(happens(lambda: len(running()) == 4), "one, and three")
    d.local("user")
    wait_for(lambda: d.box("user"), what="what came after them")
    slow = running()
    eq(len(slow), 4, "and no more, while others deliver")
    d.p.send_signal(signal.SIGTERM)     # which lets them end their work
    for program in slow:
        os.kill(program.pid, signal.SIGKILL)
    d.stop()


def settings_again():
    d = Delivery().start()
    d.write({"nonsense": '"1"'})
    d.p.send_signal(signal.SIGHUP)
    ok(d.logged("the old configuration stays"), "an error: the old one stays")
    d.local("user")
    wait_for(lambda: d.box("user"), what="delivery")
    moved = d.s.make("mail2", SUBMIT)
    d.write({"mail-directory": '"%s"' % moved})
    d.p.send_signal(signal.SIGHUP)
    ok(d.logged("new configuration"), "SIGHUP: a new one")
    d.local("user")
    wait_for(lambda: os.path.isdir(moved + "/example.org/user/new") and
             os.listdir(moved + "/example.org/user/new"), what="delivery")
    ok(True, "is in force at once")
    eq(d.stop(), 0, "exit 0")


def one_pass():
    d = Delivery()
    ids = [d.local("user") for _ in range(50)]
    d.entry("world:x@example.com:")
    eq(d.once(), 0, "-o ends with 0")
    eq(len(d.box("user")), len(ids), "every entry had its turn")
    eq(len(d.s.queue()), 1, "what failed for now stays")
    eq(d.once(), 0, "again")
    eq(lambda: len(d.s.log_lines("later", rcpt=0)), 2, "it is tried though not due")


def many_recipients():
    d = Delivery(settings={"retry-first": '"1s"',
                           "log-level": '"warning"'})
    d.entry(*["local:u%d@example.org:example.org/u%d" % (i, i)
              for i in range(600)])
    with open(d.s.log, "ab") as log:
        d.p = spawn(d.args(), stdout=log, stderr=log, cwd="/", **d.popen())
    d.wait_empty(60)
    eq(sum(len(d.box("u%d" % i)) for i in range(600)), 600,
       "600 recipients, one each")
    d.stop()


run(basics, as_nice_as_told, as_ordinary_user, bad_entries, locked, later,
    bounce, owed, expired, odd_programs, together, late_but_done, under_way, second_program,
    many_programs, settings_again, one_pass, many_recipients)
