"""authpeer - what the tests of AUTH share: rows of the password file, made
here and not by our programs, and a client's side of the mechanisms."""

import base64
import hashlib
import hmac
import os
import re

ITERATIONS = 4096


def b64(p):
    return base64.b64encode(p.encode() if isinstance(p, str) else p).decode()


def unb64(text):
    return base64.b64decode(text, validate=True)


def plain(login, password, zid=""):
    return b64("%s\0%s\0%s" % (zid, login, password))


def scram_secret(name, password, salt=None, iterations=ITERATIONS):
    """RFC 5802 3: "{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey"."""
    kind = name.replace("-", "").lower()
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac(kind, password.encode(), salt, iterations)
    client = hmac.new(salted, b"Client Key", kind).digest()
    server = hmac.new(salted, b"Server Key", kind).digest()
    return "{SCRAM-%s}%d,%s,%s,%s" % (name, iterations, b64(salt), b64(
        hashlib.new(kind, client).digest()), b64(server))


def row(login, password, clear=False):
    """One row of the password file."""
    words = [login, scram_secret("SHA-256", password),
             scram_secret("SHA-1", password)]
    if clear:
        words.append("{PLAIN}" + password)
    return ":".join(words) + "\n"


def write_passwords(path, rows, owner=None):
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(rows))
    os.chmod(path, 0o600)
    if owner is not None:
        os.chown(path, owner, owner)


class Scram:
    """A client's side (RFC 5802 5), written after the RFC alone."""

    def __init__(self, name, login, password, binding=b"", gs2=None):
        self.kind = name.replace("-", "").lower()
        self.gs2 = gs2 or ("p=tls-exporter,," if binding else "n,,")
        self.binding, self.password = binding, password
        self.bare = "n=%s,r=%s" % (login.replace("=", "=3D").replace(
            ",", "=2C"), b64(os.urandom(18)))

    def first(self):
        return b64(self.gs2 + self.bare)

    def final(self, challenge):
        """The answer to the server's first message."""
        text = unb64(challenge).decode()
        part = dict(word.split("=", 1) for word in text.split(","))
        assert part["r"].startswith(self.bare.partition("r=")[2])
        salted = hashlib.pbkdf2_hmac(self.kind, self.password.encode(),
                                     unb64(part["s"]), int(part["i"]))
        key = hmac.new(salted, b"Client Key", self.kind).digest()
        without = "c=%s,r=%s" % (b64(self.gs2.encode() + self.binding),
                                 part["r"])
        message = ",".join((self.bare, text, without)).encode()
        sign = hmac.new(hashlib.new(self.kind, key).digest(), message,
                        self.kind).digest()
        proof = bytes(a ^ b for a, b in zip(key, sign))
        self.expect = hmac.new(hmac.new(
            salted, b"Server Key", self.kind).digest(), message,
            self.kind).digest()
        return b64("%s,p=%s" % (without, b64(proof)))

    def good(self, challenge):
        """Has the server proved that it knows the secret, too?"""
        return unb64(challenge) == b"v=" + b64(self.expect).encode()


def scram_login(c, mechanism, login, password, binding=b"", gs2=None):
    """The reply to the whole exchange; and whether the server is the one."""
    x = Scram(re.match(r"SCRAM-(SHA-\d+)", mechanism).group(1), login,
              password, binding, gs2)
    r = c.cmd("AUTH %s %s" % (mechanism, x.first()))
    if r.code != 334:
        return r, False
    r = c.cmd(x.final(r.text[4:]))
    if r.code != 334:
        return r, False
    good = x.good(r.text[4:])
    return c.cmd(""), good
