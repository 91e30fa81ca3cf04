#!/bin/bash
# Inlet as a peer of an SMTP acceptance benchmark: info, start, stop, clean,
# count.  The queue is on the file system that the benchmark gives all peers
# ($BENCH_ROOT/q); no deliver runs, so nothing leaves it.
#   INLET_BIN   a folder with all our programs
set -u
B=${BENCH_ROOT:-/tmp/bench}
N=inlet
Q=$B/q/$N
BIN=${INLET_BIN:?a folder with the programs}
PORT=${INLET_PORT:-2620}

configure()
{
	mkdir -p "$B/run" "$Q/spool" "$B/$N/mail"
	chown 64101 "$Q/spool" "$B/$N/mail"
	cat >"$B/$N/inlet.conf" <<-END
	hostname = "mx.test.example"
	spool-directory = "$Q/spool"
	run-directory = "$B/$N/run"
	mail-directory = "$B/$N/mail"
	log = "$B/$N/log"
	submit-user = "64101"
	session-user = "64102"
	lookup-user = "64103"
	logger-user = "64104"
	lookup-names = "never"
	max-connections = ${PROCS:-500}
	max-connections-per-address = 16000
	max-connections-per-prefix = 16000
	listen "smtp" { address = {"127.0.0.1"} port = $PORT channels = {"world"} }
	table "hosts" { type = "list" rows = {"test.example"} }
	table "boxes" { type = "list" rows = {"@test.example"} }
	channel "local" { table = "hosts" program = "local" mailboxes = "boxes" }
	channel "world" { }
	END
	touch "$B/$N/log"
	chown 64104 "$B/$N/log"
}

case ${1:-} in
info)
	echo "HOST=127.0.0.1 PORT=$PORT TLS=no"
	;;
start)
	mkdir -p "$B/$N"
	configure
	ulimit -n 20000
	setsid "$BIN/smtpd" -C "$B/$N/inlet.conf" -L "$BIN" \
		>"$B/$N/out" 2>&1 </dev/null &
	;;
stop)
	kill "$(cat "$B/$N/run/smtpd.pid" 2>/dev/null)" 2>/dev/null
	;;
clean)
	find "$Q/spool/queue" "$Q/spool/tmp" -type f -delete 2>/dev/null
	true
	;;
count)
	find "$Q/spool/queue" -type f | wc -l
	;;
*)
	echo "usage: $0 info|start|stop|clean|count" >&2
	exit 64
	;;
esac
