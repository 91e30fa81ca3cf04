#!/bin/bash
# peers.sh - unpacks Debian's Postfix, Exim, OpenSMTPD, Dovecot, Cyrus and
# sendmail, with the libraries that they need and the machine lacks, and npm's
# nodemailer, into a directory: nothing is installed and nothing started.
# Needs apt's lists and the network, but not root.
set -u
dir=${1:?a directory}
[ ! -e "$dir/complete" ] || exit 0
command -v apt-get >/dev/null || { echo "no apt-get"; exit 1; }
rm -rf "$dir"
mkdir -p "$dir/root" "$dir/packages" && cd "$dir/packages" || exit 1

# What they depend on and is not installed; never what would be a daemon.
wanted="postfix exim4-daemon-light exim4-base opensmtpd
    dovecot-core dovecot-lmtpd cyrus-common cyrus-imapd
    sendmail-bin sendmail-cf"
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
cd "$dir" || exit 1

# npm's, by its own digest, as package-lock.json would have it; without it one
# test is skipped.
version=9.1.1
digest=izw9mVKFix6YSnC9eLgV6g1opl9DUlRio9ZNcq+Wu9Ujn2UwF+8Nl0B8nz22kEC+
digest=${digest}CTZCvinkxwJ0DeFbb6NwcQ==
tarball=packages/nodemailer-$version.tgz
if command -v npm >/dev/null &&
    npm pack --silent --pack-destination packages "nodemailer@$version" &&
    [ "$(openssl dgst -sha512 -binary "$tarball" | base64 -w 0)" = "$digest" ]
then
	mkdir -p node_modules/nodemailer
	tar xzf "$tarball" -C node_modules/nodemailer --strip-components 1 \
	    --no-same-owner || rm -rf node_modules
else
	echo "no nodemailer $version, or not the one that is wanted"
fi
rm -rf packages && : >complete
