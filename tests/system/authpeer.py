"""authpeer - what the tests of AUTH share: rows of the password file, made
here and not by our programs, and a client's side of the mechanisms."""

import base64
import hashlib
import hmac
import os

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
