#!/bin/bash
# OpenSMTPD, for shapes.py, as postfix.sh.  Accepted mail is only queued.
# It keeps to fixed paths and users: it sees files of its own there.  It
# listens with a backlog of five, with which twenty clients at once wait for
# seconds: a library raises it.  It syncs nothing.
# shellcheck disable=SC2153,SC2154
set -u
dir=${BENCH_DIR:?}
root=
[ -x /usr/libexec/opensmtpd/mail.lmtp ] || root=${INLET_PEERS-}/root
smtpd=$root/usr/sbin/smtpd

# bind FILE: what is in our directory by that name, in place of FILE.
bind()
{
	mount --bind "$dir/$(basename "$1")" "$1"
}

places()
{
	local place
	cp /etc/passwd /etc/group "$dir"
	for user in opensmtpd:64198 opensmtpq:64197; do
		echo "${user%:*}:x:${user#*:}:${user#*:}::/:/usr/sbin/nologin" \
		    >>"$dir/passwd"
		echo "${user%:*}:x:${user#*:}:" >>"$dir/group"
	done
	printf 'lookup file\nnameserver 127.0.0.1\n' >"$dir/resolv.conf"
	for place in /etc/passwd /etc/group /etc/resolv.conf; do
		bind "$place"
	done
	# Memory for what is fixed and need not outlive it.
	mount -t tmpfs none /var/lib
	mkdir -p /var/lib/opensmtpd/empty "$dir/smtpd"
	chmod 755 /var/lib /var/lib/opensmtpd /var/lib/opensmtpd/empty
	chmod 711 "$dir/smtpd"
	mount -t tmpfs none /var/spool
	mkdir /var/spool/smtpd
	bind /var/spool/smtpd
	mount -t tmpfs none /run
}

backlog()
{
	printf '%s\n' '#include <sys/syscall.h>' '#include <unistd.h>' \
	    'int listen(int fd, int n)' \
	    '{ return syscall(SYS_listen, fd, n < 1024 ? 1024 : n); }' |
	    "${CC:-cc}" -shared -fPIC -x c -o "$dir/backlog.so" -
}

configuration()
{
	cat <<-END
	smtp max-message-size "35M"
	smtp limit max-mails 1000000
	listen on 127.0.0.1 port $BENCH_PORT hostname mx.test.example
	action "hold" relay host "smtp://127.0.0.1:9"
	match from any for domain "test.example" action "hold"
	END
}

case ${1-} in
info)
	# Debian's 6.8 fails in every handshake since OpenSSL is 3.
	[ "$(id -u)" = 0 ] && [ "${BENCH_DELIVER-}${BENCH_CERT-}" = "" ] &&
	    [ -x "$root/usr/libexec/opensmtpd/mail.lmtp" ] && [ -x "$smtpd" ]
	;;
start)
	[ "${2-}" = within ] || exec unshare --mount "$0" start within
	places
	backlog
	configuration >"$dir/smtpd.conf"
	ulimit -n 20000
	[ -z "$root" ] || export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
	LD_PRELOAD=$dir/backlog.so setsid "$smtpd" -F -f "$dir/smtpd.conf" \
	    -P mda -P mta >"$dir/out" 2>&1 </dev/null &
	;;
stop)
	# What is left in the cgroup is told to end.
	;;
clean)
	rm -rf "$dir/smtpd"
	;;
count)
	find "$dir/smtpd/queue" -name message -type f | wc -l
	;;
esac
