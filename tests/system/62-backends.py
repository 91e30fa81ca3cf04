#!/usr/bin/env python3
"""Back ends with the real thing behind each: OpenLDAP, PAM, saslauthd and
Dovecot, good, bad and not there."""

import base64
import grp
import hashlib
import hmac
import json
import os
import pwd
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403
import backends         # noqa: E402

need_built("authworker")
backends.need_asker()


def built(what):
    with open(os.path.join(BUILD, "config.h")) as f:
        return "#define HAVE_%s 1" % what in f.read()


def listens(path):
    def there():
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
            try:
                s.connect(path)
            except OSError:
                return False
        return True
    return there


# ------------------------------------------------------------------- OpenLDAP

SLAPD = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %(base)s/pid
TLSCertificateFile %(base)s/cert
TLSCertificateKeyFile %(base)s/key
database mdb
maxsize 10485760
suffix "dc=example,dc=org"
directory %(base)s/db
access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=reader,dc=example,dc=org" read
  by anonymous auth
"""
PERSON = """\
dn: uid=%s,ou=%s,dc=example,dc=org
objectClass: inetOrgPerson
uid: %s
cn: x
sn: x
userPassword: %s

"""
ENTRIES = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: x

dn: cn=reader,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: read

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=more,dc=example,dc=org
objectClass: organizationalUnit
ou: more

""" + PERSON % ("jane", "people", "jane", "pencil") \
    + PERSON % ("two", "people", "two", "x") \
    + PERSON % ("two", "more", "two", "x") \
    + PERSON % ("o\\2Cdd", "people", "o,dd", "odd")


class Slapd:
    def __init__(self):
        self.scratch = Scratch()
        self.base = self.scratch.make("ldap")
        os.mkdir(os.path.join(self.base, "db"))
        subprocess.run(
            [tool("openssl"), "req", "-x509", "-nodes", "-newkey", "ec",
             "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out",
             "cert"], cwd=self.base, check=True, capture_output=True)
        self.conf = self.write("slapd.conf", SLAPD % {"base": self.base})
        entries = self.write("entries", ENTRIES)
        added = subprocess.run(
            [tool("slapadd"), "-f", self.conf, "-l", entries],
            capture_output=True, text=True, check=False)
        if added.returncode:
            raise Late("slapadd: " + added.stderr)
        self.port = free_port()
        self.uri = "ldap://127.0.0.1:%d" % self.port
        self.process = spawn([tool("slapd"), "-f", self.conf, "-h",
                              self.uri, "-d", "0"],
                             stderr=subprocess.DEVNULL)
        wait_for(self.ready, 20, "slapd")

    def write(self, name, text, mode=0o644):
        return self.scratch.write(os.path.join(self.base, name), text, mode)

    def ready(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 5).close()
            return True
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def ldap_ready():
    for name in ("slapd", "slapadd", "openssl"):
        if not tool(name):
            skip("no " + name)
            return False
    if not built("LDAP"):
        skip("built without LDAP")
    return built("LDAP")


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


# ------------------------------------------------------------------------ PAM

PENCIL = ("$6$rounds=1000$saltsalt$"
          "bbY.T.ZpN43KapLdmlSbP6MmxBlkMSbhrh.Y1rmY0fY"
          "aRO/t.4sKqUiU.Z8byKf8Oa1yagMn/0fncuHSYrb9h.")


def shadow(name, expires=""):
    return "%s:%s:19000:0:99999:7::%s:\n" % (name, PENCIL, expires)


def pam():
    """The machine's own pam_unix, on accounts of the test."""
    if not built("PAM"):
        skip("built without PAM")
        return
    s = Scratch()
    services = s.make("pam.d")
    for name, text in (
            ("smtp", "auth required pam_unix.so nodelay\n"
             "account required pam_unix.so\n"),
            ("broken", "auth required pam_no_such_module.so\n"
             "account required pam_permit.so\n"),
            ("twice", "auth required pam_permit.so\n"
             "account required pam_deny.so\n")):
        s.write(os.path.join(services, name), text)
    passwd = s.write("passwd", "root:x:0:0::/:/bin/sh\n" + "".join(
        "%s:x:%d:64300::/:/bin/sh\n" % (name, 64300 + n)
        for n, name in enumerate(("jane", "gone"))))
    hashes = s.write("shadow", "root:!:19000:0:99999:7:::\n" +
                     shadow("jane") + shadow("gone", "19001"), 0o600)
    script = ("mount --bind %s /etc/pam.d && mount --bind %s /etc/passwd && "
              "mount --bind %s /etc/shadow && exec \"$@\"" % (
                  services, passwd, hashes))
    apart = ["unshare", "-m" if ROOT else "-rm", "--propagation", "private",
             "sh", "-c", script, "sh"]
    if subprocess.run(apart + ["true"], capture_output=True,
                      check=False).returncode:
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
    run = s.scratch.make("sasl")
    conf = s.write("saslauthd.conf", "ldap_servers: %s\n"
                   "ldap_search_base: dc=example,dc=org\n"
                   "ldap_bind_dn: cn=reader,dc=example,dc=org\n"
                   "ldap_password: read\nldap_filter: uid=%%u\n" % s.uri)
    spawn([tool("saslauthd"), "-a", "ldap", "-O", conf, "-m", run, "-n", "1",
           "-d"], stderr=subprocess.DEVNULL)
    mux = os.path.join(run, "mux")
    wait_for(listens(mux), 20, "saslauthd")
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


# -------------------------------------------------------------------- Dovecot

DOVECOT = """\
protocols =
base_dir = %(base)s/run
state_dir = %(base)s/state
default_internal_user = %(user)s
default_internal_group = %(group)s
default_login_user = %(user)s
log_path = %(base)s/log
ssl = no
auth_mechanisms = plain xoauth2 oauthbearer
auth_failure_delay = 0
passdb {
  driver = passwd-file
  mechanisms = plain
  args = scheme=PLAIN %(base)s/users
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %(base)s/oauth2
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service auth {
  user = %(user)s
  unix_listener %(base)s/auth-inlet {
    mode = 0666
  }
}
"""
OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=%s/keys/
username_attribute = sub
"""


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(who, key=b"key", until=3600):
    """A JSON web token (RFC 7519)."""
    now = int(time.time())
    text = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." \
        + part(json.dumps({"sub": who, "iat": now - 10, "nbf": now - 10,
                           "exp": now + until}).encode())
    return (text + b"." + part(hmac.new(
        key, text, hashlib.sha256).digest())).decode()


def start_dovecot(s, base):
    me = pwd.getpwnam("dovecot") if ROOT else pwd.getpwuid(os.getuid())
    s.write(os.path.join(base, "users"), "jane:pencil\n"
            "joe@example.org:a\\:b\nlate:x::::::nologin=y\n")
    s.write(os.path.join(base, "oauth2"), OAUTH2 % base)
    keys = os.path.join(base, "keys", "default", "HS256")
    os.makedirs(keys)
    s.write(os.path.join(keys, "default"),
            base64.b64encode(b"key").decode())
    conf = s.write(os.path.join(base, "dovecot.conf"), DOVECOT % {
        "base": base, "user": me.pw_name,
        "group": grp.getgrgid(me.pw_gid).gr_name})
    os.chmod(s.path, 0o755)
    process = spawn([tool("dovecot"), "-F", "-c", conf],
                    stderr=subprocess.DEVNULL)
    wait_for(listens(os.path.join(base, "auth-inlet")), 20, "Dovecot")
    return process


def dovecot():
    if not tool("dovecot"):
        skip("no dovecot")
        return
    s = Scratch()
    base = s.make("dovecot")
    process = start_dovecot(s, base)
    path = "auth-dovecot=" + os.path.join(base, "auth-inlet")
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
    process.terminate()
    process.wait(20)
    a = backends.ask("dovecot", path, whole=True)
    like(a(("jane", "pencil"))[0], "^LATER dovecot ", "without Dovecot")


run(ldap, pam, saslauthd, dovecot)
