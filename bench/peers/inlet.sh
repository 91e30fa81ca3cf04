#!/bin/bash
# Inlet, for shapes.py: info, start, stop, clean, count.
#   BENCH_DIR      a directory of its own, on the file system to measure
#   BENCH_PORT     the port to listen at
#   BENCH_DELIVER  "yes": deliver runs, into Maildirs; else nothing leaves
#   BENCH_CERT     a certificate, for STARTTLS without resumption, and
#   BENCH_KEY      its key
#   BENCH_PROCS    connections to allow
#   INLET_BIN      a folder with all our programs
#   INLET_SETTINGS more lines for the configuration file
# shellcheck disable=SC2153,SC2154
set -u
dir=${BENCH_DIR:?}
bin=${INLET_BIN:?a folder with the programs}

configure()
{
	local tls=
	[ -z "${BENCH_CERT-}" ] ||
	    tls="certificates = {\"$BENCH_CERT $BENCH_KEY\"}  tls-tickets = no"
	mkdir -p "$dir/run" "$dir/spool" "$dir/mail"
	chown 64101 "$dir/spool" "$dir/mail" 2>/dev/null
	cat >"$dir/inlet.conf" <<-END
	hostname = "mx.test.example"
	spool-directory = "$dir/spool"
	run-directory = "$dir/run"
	mail-directory = "$dir/mail"
	log = "$dir/log"
	submit-user = "64101"
	session-user = "64102"
	lookup-user = "64103"
	logger-user = "64104"
	key-user = "64105"
	auth-user = "64106"
	lookup-names = "never"
	max-connections = ${BENCH_PROCS:-500}
	max-connections-per-address = 16000
	max-connections-per-prefix = 16000
	listen "smtp" { address = {"127.0.0.1"} port = $BENCH_PORT
	    channels = {"world"} }
	$tls
	${INLET_SETTINGS-}
	table "hosts" { type = "list" rows = {"test.example"} }
	table "boxes" { type = "list" rows = {"@test.example"} }
	channel "local" { table = "hosts" program = "local" mailboxes = "boxes" }
	channel "world" { }
	END
	touch "$dir/log"
	chown 64104 "$dir/log" 2>/dev/null
}

case ${1-} in
info)
	[ -x "$bin/smtpd" ] || exit 1
	;;
start)
	configure
	ulimit -n 20000
	setsid "$bin/smtpd" -C "$dir/inlet.conf" -L "$bin" \
	    >"$dir/out" 2>&1 </dev/null &
	if [ "${BENCH_DELIVER-}" = yes ]; then
		setsid "$bin/deliver" -C "$dir/inlet.conf" -L "$bin" \
		    >"$dir/out.deliver" 2>&1 </dev/null &
	fi
	;;
stop)
	[ ! -f "$dir/run/smtpd.pid" ] || kill "$(cat "$dir/run/smtpd.pid")"
	;;
clean)
	# The driver has stopped it; the next start makes what is missing.
	rm -rf "$dir/spool" "$dir/mail"
	;;
count)
	if [ "${BENCH_DELIVER-}" = yes ]; then
		find "$dir/mail" -path '*/new/*' -type f | wc -l
	else
		"$bin/inlet" -C "$dir/inlet.conf" -L "$bin" queue list |
		    grep -cE '^[0-9A-Z]{20} '
	fi
	;;
*)
	echo "usage: $0 info|start|stop|clean|count" >&2
	exit 64
	;;
esac
