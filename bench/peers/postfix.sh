#!/bin/bash
# Postfix, for shapes.py: the machine's, or what tests/peers.sh has unpacked
# into $INLET_PEERS.  A configuration and a queue of its own; as inlet.sh
# otherwise.  Accepted mail is held, or delivered into Maildirs.
# shellcheck disable=SC2153,SC2154
set -u
dir=${BENCH_DIR:?}
root=
[ -x /usr/lib/postfix/sbin/master ] || root=${INLET_PEERS-}/root
libs=$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/postfix
# Any two that are not root's will do.
owner=mail drop=lp
if getent passwd postfix >/dev/null && getent group postdrop >/dev/null; then
	owner=postfix drop=postdrop
fi

main_cf()
{
	cat <<-END
	compatibility_level = 3.6
	import_environment = MAIL_CONFIG LD_LIBRARY_PATH TZ LANG=C
	    POSTLOG_SERVICE POSTLOG_HOSTNAME
	queue_directory = $dir/queue
	data_directory = $dir/data
	command_directory = $root/usr/sbin
	daemon_directory = $root/usr/lib/postfix/sbin
	shlib_directory = $root/usr/lib/postfix
	meta_directory = $dir/conf
	mail_owner = $owner
	setgid_group = $drop
	default_privs = nobody
	myhostname = mx.test.example
	mydestination =
	mynetworks = 192.0.2.1/32
	local_recipient_maps =
	alias_maps =
	alias_database =
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	smtpd_peername_lookup = no
	disable_dns_lookups = yes
	smtpd_relay_restrictions = reject_unauth_destination
	smtpd_recipient_restrictions =
	smtpd_client_connection_count_limit = 0
	smtpd_client_connection_rate_limit = 0
	in_flow_delay = 0
	default_process_limit = ${BENCH_PROCS:-100}
	maillog_file_prefixes = $dir
	maillog_file = $dir/log
	message_size_limit = 50000000
	END
	if [ -n "${BENCH_CERT-}" ]; then
		cat <<-END
		smtpd_tls_security_level = may
		smtpd_tls_chain_files = $BENCH_KEY, $BENCH_CERT
		smtpd_tls_session_cache_database =
		tls_ssl_options = NO_TICKET
		smtpd_client_new_tls_session_rate_limit = 0
		END
	fi
	if [ "${BENCH_DELIVER-}" = yes ]; then
		cat <<-END
		virtual_mailbox_domains = test.example
		virtual_mailbox_base = $dir/mail
		virtual_mailbox_maps = static:test.example/u/
		virtual_uid_maps = static:64101
		virtual_gid_maps = static:64101
		END
	else
		cat <<-END
		relay_domains = test.example
		relay_recipient_maps =
		smtpd_data_restrictions = check_client_access static:HOLD
		END
	fi
}

services()
{
	cat <<-END
	127.0.0.1:$BENCH_PORT inet n - n - - smtpd
	pickup unix n - n 60 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	flush unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	smtp unix - - n - - smtp
	relay unix - - n - - smtp
	virtual unix - n n - - virtual
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	anvil unix - - n - 1 anvil
	scache unix - - n - 1 scache
	postlog unix-dgram n - n - 1 postlogd
	END
}

# What the package's own script would make, for a queue of ours.
queue()
{
	mkdir -p "$dir/queue/pid" "$dir/data" "$dir/mail"
	chown "$owner" "$dir/data"
	chown 64101 "$dir/mail"
	for d in active bounce corrupt defer deferred flush hold incoming \
	    private saved trace; do
		mkdir -p "$dir/queue/$d"
		chmod 700 "$dir/queue/$d"
		chown "$owner" "$dir/queue/$d"
	done
	mkdir -p "$dir/queue/maildrop" "$dir/queue/public"
	chmod 730 "$dir/queue/maildrop"
	chmod 710 "$dir/queue/public"
	chown "$owner:$drop" "$dir/queue/maildrop" "$dir/queue/public"
}

case ${1-} in
info)
	[ "$(id -u)" = 0 ] && [ -x "$root/usr/lib/postfix/sbin/master" ]
	;;
start)
	mkdir -p "$dir/conf"
	main_cf >"$dir/conf/main.cf"
	services >"$dir/conf/master.cf"
	queue
	ulimit -n 20000
	cd "$dir/queue" || exit 1
	[ -z "$root" ] || export LD_LIBRARY_PATH=$libs
	MAIL_CONFIG=$dir/conf setsid "$root/usr/lib/postfix/sbin/master" \
	    -c "$dir/conf" -d >"$dir/out" 2>&1 </dev/null &
	;;
stop)
	kill "$(tr -dc 0-9 <"$dir/queue/pid/master.pid")"
	;;
clean)
	rm -rf "$dir/queue" "$dir/mail"
	;;
count)
	if [ "${BENCH_DELIVER-}" = yes ]; then
		find "$dir/mail" -path '*/new/*' -type f | wc -l
	else
		find "$dir/queue/hold" -type f | wc -l
	fi
	;;
esac
