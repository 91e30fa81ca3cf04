#!/usr/bin/env python3
"""Back ends that are programs, and the order in which back ends are asked."""

import os
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403
import backends         # noqa: E402

need_built("authworker")
ASKER = backends.need_asker()

# As its interface wants it; what it was given goes into a file.
CHECKPASSWORD = """\
#!/usr/bin/env python3
import os, sys
with open(3, "rb") as f:
    data = f.read()
with open(sys.argv[0] + ".seen", "wb") as f:
    f.write(data)
with open(sys.argv[0] + ".fds", "w") as f:
    f.write(" ".join(sorted(os.listdir("/proc/self/fd"))))
with open(sys.argv[0] + ".env", "w") as f:
    f.write("\\n".join(sorted(
        "%s=%s" % p for p in os.environ.items() if p[0] != "LC_CTYPE")))
login, password, stamp, rest = data.split(b"\\0")
if login == b"later":
    sys.exit(111)
if login == b"misuse":
    sys.exit(2)
if login == b"killed":
    os.kill(os.getpid(), 9)
if password != b"good" + login:
    sys.exit(1)
os.execv(sys.argv[1], sys.argv[1:])
"""

PIPE = """\
#!/bin/sh
IFS= read -r password
printf '%s' "$*" >"$0.args"
[ "$2" = jane ] && [ "$password" = ' a "pass\\word$x' ]
"""

QMAIL_LDAP = """\
#!/usr/bin/env python3
import base64, sys
kind, login, password, rest = sys.stdin.buffer.read().split(b"\\0")
login = base64.b64decode(login)
password = base64.b64decode(password)
if kind != b"login" or rest:
    sys.exit(3)
if login == b"later":
    sys.stdout.write("Zcannot reach it")
elif login == b"disabled":
    sys.exit(111)
elif password == b"good":
    sys.stdout.write("K" + login.decode() + "@example.org")
else:
    sys.stdout.write("Dno such luck")
"""


class Scripts:
    def __init__(self):
        self.scratch = Scratch()

    def script(self, name, text):
        return self.scratch.write(name, text, 0o755)

    def seen(self, name):
        with open(self.scratch.at(name), "rb") as f:
            return f.read()


def checkpassword():
    s = Scripts()
    path = s.script("checkpassword", CHECKPASSWORD)
    true = "auth-checkpassword=/bin/true"
    a = backends.ask("checkpassword", "auth-checkpassword=" + path, true)
    eq(a(("jane", "goodjane"), ("jane", "bad"), ("later", "x"),
         ("misuse", "x"), ("killed", "x"), ("jane", "g" * 510)),
       ["YES checkpassword jane", "NO", "LATER exit 111", "LATER exit 2",
        "LATER signal 9", "NO"], "yes, no and later")
    eq(s.seen("checkpassword.seen"), b"killed\0x\0Y1\0",
       "login, password, timestamp, and nothing for one too long")
    eq(s.seen("checkpassword.fds").split()[:4], [b"0", b"1", b"2", b"3"],
       "no other descriptor of ours")
    eq(s.seen("checkpassword.env").split(b"\n"),
       [b"LANG=C", b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
        b"/sbin:/bin", b"PROTO=TCP", b"SERVICE=smtp",
        b"TCPREMOTEIP=192.0.2.7"], "a small environment")
    a = backends.ask("checkpassword", "auth-checkpassword=" + path)
    eq(a(("jane", "goodjane")), ["YES checkpassword jane"],
       "without arguments it is given something to run")
    false = "auth-checkpassword=/bin/false"
    a = backends.ask("checkpassword", "auth-checkpassword=" + path, false)
    eq(a(("jane", "goodjane")), ["NO"],
       "what it runs at the end has the last word")
    a = backends.ask("checkpassword", "auth-checkpassword=" + path + ".none")
    eq(a(("jane", "goodjane")), ["LATER exit 71"],
       "a program that is not there")


def pipe():
    s = Scripts()
    path = s.script("pipe", PIPE)
    a = backends.ask("pipe", "auth-pipe=" + path, "auth-pipe=-q")
    eq(a(("jane", ' a "pass\\word$x'), ("jane", "x"), ("joe", "x"),
         ("-jane", "x"), ("jane;reboot", "x")),
       ["YES pipe jane", "NO", "NO", "NO", "NO"], "yes and no")
    eq(s.seen("pipe.args"), b"-q jane;reboot", "the login is one argument")


def qmail_ldap():
    s = Scripts()
    path = s.script("auth_smtp", QMAIL_LDAP)
    a = backends.ask("qmail-ldap", "auth-qmail-ldap=" + path)
    eq(a(("jane", "good"), ("jane", "bad"), ("later", "good"),
         ("disabled", "good")),
       ["YES qmail-ldap jane@example.org", "NO", "LATER exit 0",
        "LATER exit 111"], "yes, as whom it says, no and later")


def order():
    s = Scripts()
    passwords = s.scratch.write("passwords", "jane:{PLAIN}one\n", 0o600)
    path = s.script("pipe", "#!/bin/sh\nread -r p\n"
                    "[ $1 != later ] || exit 75\n[ $p = two ]\n")
    a = backends.ask("file", "auth-backends=pipe", "auth-file=" + passwords,
                     "auth-pipe=" + path)
    eq(a(("jane", "one"), ("jane", "two"), ("joe", "two"), ("joe", "one"),
         ("later", "one")),
       ["YES file jane", "NO", "YES pipe joe", "NO", "LATER exit 75"],
       "who knows the login says no for all")
    a = backends.ask("pipe", "auth-backends=file", "auth-file=" + passwords,
                     "auth-pipe=" + path)
    eq(a(("jane", "one"), ("jane", "two")),
       ["YES file jane", "YES pipe jane"],
       "a program that says no cannot know the login")
    os.chmod(passwords, 0o644)
    eq(a(("jane", "one"), ("jane", "two")),
       ["LATER its owner alone may write", "YES pipe jane"],
       "no is not what one says that cannot be asked; another's yes is yes")


def memory():
    """What authworker has in its memory after a password."""
    if not ROOT:
        skip("only root may look")
        return
    if sanitized():
        skip("a sanitizer has more memory than can be read")
        return
    s = Scripts()
    path = s.script("pipe", "#!/bin/sh\nread -r p\n[ $p = hairy-apes ]\n")
    p = spawn([ASKER, "program-directory=" + program_directory(),
               "auth-backends=pipe", "auth-pipe=" + path],
              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"jane\thairy-apes\njane\thairy-dogs\n")
    p.stdin.flush()
    eq([p.stdout.readline().split()[0] for _ in range(2)], [b"YES", b"NO"],
       "two passwords")

    def workers():
        return [q.pid for q in descendants(p.pid) if "authworker" in q.name]
    wait_for(lambda: len(workers()) == 1, 20, "one authworker to remain")
    pid = workers()[0]
    found = size = 0
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            first, last = (int(n, 16) for n in line.split()[0].split("-"))
            if "rw" not in line.split()[1]:
                continue
            mem.seek(first)
            data = mem.read(last - first)
            size += len(data)
            found += data.count(b"hairy")
    ok(size > 100000, "its memory was read")
    eq(found, 0, "no password is in it")


run(checkpassword, pipe, qmail_ldap, order, memory)
