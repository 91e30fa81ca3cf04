"""behind - what back ends ask, for the tests of them: OpenLDAP, PAM, saslauthd
and Dovecot, real ones, with accounts of the test."""
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


# ------------------------------------------------------------------------ PAM

PENCIL = ("$6$rounds=1000$saltsalt$"
          "bbY.T.ZpN43KapLdmlSbP6MmxBlkMSbhrh.Y1rmY0fY"
          "aRO/t.4sKqUiU.Z8byKf8Oa1yagMn/0fncuHSYrb9h.")


def shadow(name, expires=""):
    return "%s:%s:19000:0:99999:7::%s:\n" % (name, PENCIL, expires)


class Pam:
    """The machine's own modules, with services and accounts of the test:
    jane, whose password is pencil, and gone, whose account has ended.

    before: what a command is started with to see them; null where there is
    no mount namespace."""

    def __init__(self, scratch):
        services = scratch.make("pam.d")
        for name, text in (
                ("smtp", "auth required pam_unix.so nodelay\n"
                 "account required pam_unix.so\n"),
                ("broken", "auth required pam_no_such_module.so\n"
                 "account required pam_permit.so\n"),
                ("twice", "auth required pam_permit.so\n"
                 "account required pam_deny.so\n")):
            scratch.write(os.path.join(services, name), text)
        passwd = scratch.write(
            "passwd", "root:x:0:0::/:/bin/sh\n"
            "nobody:x:65534:65534::/:/bin/sh\n" + "".join(
                "%s:x:%d:64300::/:/bin/sh\n" % (name, 64300 + n)
                for n, name in enumerate(("jane", "gone"))))
        hashes = scratch.write("shadow", "root:!:19000:0:99999:7:::\n" +
                               shadow("jane") + shadow("gone", "19001"), 0o600)
        script = ("mount --bind %s /etc/pam.d && "
                  "mount --bind %s /etc/passwd && "
                  "mount --bind %s /etc/shadow && exec \"$@\"" % (
                      services, passwd, hashes))
        self.services = services
        self.before = ["unshare", "-m" if ROOT else "-rm", "--propagation",
                       "private", "sh", "-c", script, "sh"]
        if subprocess.run(self.before + ["true"], capture_output=True,
                          check=False).returncode:
            self.before = None


# ------------------------------------------------------------------ saslauthd

class Saslauthd:
    """One that asks a Slapd."""

    def __init__(self, slapd):
        self.run = slapd.scratch.make("sasl")
        self.path = os.path.join(self.run, "mux")
        conf = slapd.write(
            "saslauthd.conf", "ldap_servers: %s\n"
            "ldap_search_base: dc=example,dc=org\n"
            "ldap_bind_dn: cn=reader,dc=example,dc=org\n"
            "ldap_password: read\nldap_filter: uid=%%u\n" % slapd.uri)
        # At its end it signals its process group: that is not to be ours.
        self.process = spawn(
            [tool("saslauthd"), "-a", "ldap", "-O", conf, "-m", self.run,
             "-n", "1", "-d"], stderr=subprocess.DEVNULL,
            start_new_session=True)
        wait_for(listens(self.path), 20, "saslauthd")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


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


class Dovecot:
    """Its authentication service, with jane, joe@example.org and late, who
    may not log in; tokens as token() makes them, or of whom oauth2 says."""

    def __init__(self, scratch, oauth2=None):
        base = self.base = scratch.make("dovecot")
        me = pwd.getpwnam("dovecot") if ROOT else pwd.getpwuid(os.getuid())
        scratch.write(os.path.join(base, "users"), "jane:pencil\n"
                      "joe@example.org:a\\:b\nlate:x::::::nologin=y\n")
        scratch.write(os.path.join(base, "oauth2"),
                      oauth2 or OAUTH2 % base)
        keys = os.path.join(base, "keys", "default", "HS256")
        os.makedirs(keys)
        scratch.write(os.path.join(keys, "default"),
                      base64.b64encode(b"key").decode())
        conf = scratch.write(os.path.join(base, "dovecot.conf"), DOVECOT % {
            "base": base, "user": me.pw_name,
            "group": grp.getgrgid(me.pw_gid).gr_name})
        self.path = os.path.join(base, "auth-inlet")
        self.process = spawn([tool("dovecot"), "-F", "-c", conf],
                             stderr=subprocess.DEVNULL)
        wait_for(listens(self.path), 20, "Dovecot")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
