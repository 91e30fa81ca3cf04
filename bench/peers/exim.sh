#!/bin/bash
# Exim, for shapes.py, as postfix.sh.  Accepted mail is only queued.
# shellcheck disable=SC2153,SC2154
set -u
dir=${BENCH_DIR:?}
root=
[ -x /usr/sbin/exim4 ] || root=${INLET_PEERS-}/root
owner=Debian-exim uid=64199

# It wants the user that it was built for: where the machine has none, it
# sees files of its own that have.
users()
{
	getent passwd $owner >/dev/null && return
	cp /etc/passwd /etc/group "$dir"
	echo "$owner:x:$uid:$uid::/:/usr/sbin/nologin" >>"$dir/passwd"
	echo "$owner:x:$uid:" >>"$dir/group"
	mount --bind "$dir/passwd" /etc/passwd
	mount --bind "$dir/group" /etc/group
}

configuration()
{
	cat <<-END
	primary_hostname = mx.test.example
	qualify_domain = test.example
	domainlist ours = test.example
	daemon_smtp_ports = $BENCH_PORT
	local_interfaces = 127.0.0.1
	spool_directory = $dir/spool
	log_file_path = $dir/log/%slog
	pid_file_path = $dir/exim.pid
	exim_path = $root/usr/sbin/exim4
	host_lookup =
	rfc1413_hosts =
	queue_only = true
	keep_environment =
	smtp_accept_max = 0
	smtp_accept_max_per_connection = 0
	smtp_connect_backlog = 1024
	smtp_load_reserve = 1000
	message_size_limit = 50M
	tls_advertise_hosts = ${BENCH_CERT:+*}
	${BENCH_CERT:+tls_certificate = $dir/cert.pem}
	${BENCH_CERT:+tls_privatekey = $dir/cert.key}
	acl_smtp_rcpt = rcpt
	never_users = root
	begin acl
	rcpt:
	  accept domains = +ours
	  deny message = relay not permitted
	begin routers
	all:
	  driver = manualroute
	  domains = +ours
	  route_list = * 127.0.0.1
	  self = send
	  transport = out
	begin transports
	out:
	  driver = smtp
	begin retry
	* * F,2h,15m
	END
}

case ${1-} in
info)
	[ "$(id -u)" = 0 ] && [ "${BENCH_DELIVER-}" != yes ] && [ -x "$root/usr/sbin/exim4" ]
	;;
start)
	[ "${2-}" = within ] || exec unshare --mount "$0" start within
	users
	mkdir -p "$dir/spool" "$dir/log"
	chown "$owner" "$dir/spool" "$dir/log"
	# It reads them as its own user, for each connection.
	if [ -n "${BENCH_CERT-}" ]; then
		cp "$BENCH_CERT" "$dir/cert.pem"
		cp "$BENCH_KEY" "$dir/cert.key"
		chown "$owner" "$dir/cert.key"
	fi
	# It starts itself again by that name for each message.
	configuration >"$dir/exim.conf"
	chmod 644 "$dir/exim.conf"
	ulimit -n 20000
	[ -z "$root" ] || export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
	setsid "$root/usr/sbin/exim4" -C "$dir/exim.conf" -bdf \
	    >"$dir/out" 2>&1 </dev/null &
	;;
stop)
	kill "$(cat "$dir/exim.pid")"
	;;
clean)
	rm -rf "$dir/spool"
	;;
count)
	find "$dir/spool/input" -name '*-H' | wc -l
	;;
esac
