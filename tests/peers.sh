#!/bin/bash
# peers.sh - unpacks Debian's Postfix, Exim, OpenSMTPD, Dovecot and Cyrus, with
# the libraries that they need and the machine lacks, and npm's nodemailer, into
# a directory: nothing is installed and nothing started.  Needs apt's lists and
# the network, but not root.
set -u
dir=${1:?a directory}
[ ! -e "$dir/complete" ] || exit 0
command -v apt-get >/dev/null || { echo "no apt-get"; exit 1; }
rm -rf "$dir"
mkdir -p "$dir/root" "$dir/packages" && cd "$dir/packages" || exit 1

# What they depend on and is not installed; never what would be a daemon.
wanted="postfix exim4-daemon-light exim4-base opensmtpd
    dovecot-core dovecot-lmtpd cyrus-common cyrus-imapd"
# shellcheck disable=SC2086 # a list of words
libraries=$(apt-cache depends --recurse --no-recommends --no-suggests \
    --no-conflicts --no-breaks --no-replaces --no-enhances $wanted |
    grep -E '^lib[a-z0-9.+-]+$' | grep -vE -- '-perl$|-dev$' | sort -u)
for library in $libraries; do
	dpkg-query -W -f '${db:Status-Status}\n' "$library" 2>/dev/null |
	    grep -qx installed || wanted="$wanted $library"
done
for package in $wanted; do
	apt-get -q download "$package" || case $package in
	postfix|exim4-daemon-light) exit 1;;
	esac
done
for file in *.deb; do
	dpkg-deb -x "$file" "$dir/root" || exit 1
done
cd "$dir" && rm -rf packages && : >complete
