# chans: deliver, the frame of channel programs, and ch_local
noinst_LIBRARIES += chans/libchans.a
chans_libchans_a_SOURCES = chans/agenda.c chans/agenda.h \
	chans/chan.c chans/chan.h chans/channel.c chans/channel.h \
	chans/chanproto.c chans/chanproto.h chans/deliver.c chans/deliver.h \
	chans/depot.c chans/depot.h chans/dest.c chans/dest.h \
	chans/dsn.c chans/dsn.h chans/ear.c chans/ear.h \
	chans/errand.c chans/errand.h \
	chans/feed.c chans/feed.h chans/guard.c chans/guard.h \
	chans/jmarks.c chans/jmarks.h chans/job.c chans/job.h \
	chans/maildir.c chans/maildir.h chans/marks.c chans/marks.h \
	chans/mime7.c chans/mime7.h chans/mimecode.c chans/mimecode.h \
	chans/mimehead.c chans/mimehead.h \
	chans/notice.c chans/notice.h chans/orders.c chans/orders.h \
	chans/outcome.c chans/outcome.h chans/pass.c chans/pass.h \
	chans/programs.c chans/programs.h \
	chans/qread.c chans/qread.h chans/retry.c chans/retry.h \
	chans/runner.c chans/runner.h \
	chans/schedule.c chans/schedule.h \
	chans/spawn_serve.c chans/spawn_serve.h \
	chans/spawner.c chans/spawner.h chans/spill.c chans/spill.h \
	chans/tell.c chans/tell.h chans/trash.c chans/trash.h \
	chans/worker.c chans/worker.h

sbin_PROGRAMS += chans/deliver
chans_deliver_SOURCES = chans/deliver_main.c
chans_deliver_LDADD = chans/libchans.a lib/libbase.a

inlet_PROGRAMS += chans/ch_local
chans_ch_local_SOURCES = chans/ch_local.c
chans_ch_local_LDADD = chans/libchans.a lib/libbase.a

inlet_PROGRAMS += chans/ch_pipe
chans_ch_pipe_SOURCES = chans/ch_pipe.c
chans_ch_pipe_LDADD = chans/libchans.a lib/libbase.a

# Those that speak to other mail systems.
noinst_LIBRARIES += chans/librelay.a
chans_librelay_a_SOURCES = chans/relay.c chans/relay.h \
	chans/relay_body.c chans/relay_body.h chans/relay_caps.c \
	chans/relay_caps.h chans/relay_dead.c chans/relay_dead.h \
	chans/relay_hosts.c chans/relay_hosts.h chans/relay_mail.c \
	chans/relay_mail.h chans/relay_params.c chans/relay_params.h \
	chans/relay_reply.c chans/relay_reply.h chans/relay_talk.c \
	chans/relay_talk.h chans/relay_wire.c chans/relay_wire.h
relay_libs = chans/librelay.a chans/libchans.a tables/libtables.a \
	lib/libbase.a

inlet_PROGRAMS += chans/ch_smtp
chans_ch_smtp_SOURCES = chans/ch_smtp.c chans/relay_auth.c chans/relay_auth.h \
	chans/relay_tls.c chans/relay_tls.h
chans_ch_smtp_LDADD = $(relay_libs) $(SSL_LIBS) $(GSASL_LIBS)

inlet_PROGRAMS += chans/ch_lmtp
chans_ch_lmtp_SOURCES = chans/ch_lmtp.c
chans_ch_lmtp_LDADD = $(relay_libs)

check_PROGRAMS += tests/chans/mkentry
tests_chans_mkentry_SOURCES = tests/chans/mkentry.c
tests_chans_mkentry_LDADD = submit/libsubmit.a lib/libbase.a

check_PROGRAMS += tests/chans/t_agenda.t
tests_chans_t_agenda_t_SOURCES = tests/chans/t_agenda.c tests/tap.h
tests_chans_t_agenda_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_agenda.t

check_PROGRAMS += tests/chans/t_chanproto.t
tests_chans_t_chanproto_t_SOURCES = tests/chans/t_chanproto.c tests/tap.h
tests_chans_t_chanproto_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_chanproto.t

check_PROGRAMS += tests/chans/t_marks.t
tests_chans_t_marks_t_SOURCES = tests/chans/t_marks.c tests/chans/scratch.h \
	tests/tap.h
tests_chans_t_marks_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_marks.t

check_PROGRAMS += tests/chans/t_retry.t
tests_chans_t_retry_t_SOURCES = tests/chans/t_retry.c tests/tap.h
tests_chans_t_retry_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_retry.t

check_PROGRAMS += tests/chans/ch_spool
tests_chans_ch_spool_SOURCES = tests/chans/ch_spool.c
tests_chans_ch_spool_LDADD = chans/libchans.a lib/libbase.a

EXTRA_DIST += tests/system/delivery.py
dist_check_SCRIPTS += tests/system/30-deliver.py \
	tests/system/31-deliver-kill.py tests/system/32-deliver-notice.py \
	tests/system/30-deliver-journal.py \
	tests/system/31-deliver-kill-journal.py \
	tests/system/32-deliver-notice-journal.py
TESTS += tests/system/30-deliver.py tests/system/31-deliver-kill.py \
	tests/system/32-deliver-notice.py \
	tests/system/30-deliver-journal.py \
	tests/system/31-deliver-kill-journal.py \
	tests/system/32-deliver-notice-journal.py

check_PROGRAMS += tests/chans/t_dsn.t
tests_chans_t_dsn_t_SOURCES = tests/chans/t_dsn.c tests/tap.h
tests_chans_t_dsn_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_dsn.t

check_PROGRAMS += tests/chans/t_maildir.t
tests_chans_t_maildir_t_SOURCES = tests/chans/t_maildir.c tests/chans/scratch.h \
	tests/tap.h
tests_chans_t_maildir_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_maildir.t

check_PROGRAMS += tests/chans/t_jmarks.t
tests_chans_t_jmarks_t_SOURCES = tests/chans/t_jmarks.c \
	tests/chans/scratch.h tests/tap.h
tests_chans_t_jmarks_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_jmarks.t

check_PROGRAMS += tests/chans/t_feed.t
tests_chans_t_feed_t_SOURCES = tests/chans/t_feed.c tests/chans/scratch.h \
	tests/tap.h
tests_chans_t_feed_t_LDADD = chans/libchans.a submit/libsubmit.a \
	lib/libbase.a
TESTS += tests/chans/t_feed.t

dist_check_SCRIPTS += tests/system/39-journal.py
TESTS += tests/system/39-journal.py

check_PROGRAMS += tests/chans/t_mime7.t tests/chans/t_mimecode.t \
	tests/chans/t_mimehead.t tests/chans/convert
tests_chans_t_mime7_t_SOURCES = tests/chans/t_mime7.c tests/tap.h
tests_chans_t_mime7_t_LDADD = chans/libchans.a lib/libbase.a
tests_chans_t_mimecode_t_SOURCES = tests/chans/t_mimecode.c tests/tap.h
tests_chans_t_mimecode_t_LDADD = chans/libchans.a lib/libbase.a
tests_chans_t_mimehead_t_SOURCES = tests/chans/t_mimehead.c tests/tap.h
tests_chans_t_mimehead_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_mime7.t tests/chans/t_mimecode.t \
	tests/chans/t_mimehead.t
tests_chans_convert_SOURCES = tests/chans/convert.c
tests_chans_convert_LDADD = chans/libchans.a lib/libbase.a

dist_check_SCRIPTS += tests/system/45-mime7.py tests/system/46-pipe.py \
	tests/system/46-pipe-user.py
TESTS += tests/system/45-mime7.py tests/system/46-pipe.py \
	tests/system/46-pipe-user.py

check_PROGRAMS += tests/chans/t_dest.t
tests_chans_t_dest_t_SOURCES = tests/chans/t_dest.c tests/tap.h
tests_chans_t_dest_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_dest.t

check_PROGRAMS += tests/chans/t_schedule.t
tests_chans_t_schedule_t_SOURCES = tests/chans/t_schedule.c tests/tap.h
tests_chans_t_schedule_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_schedule.t

check_PROGRAMS += tests/chans/t_spawner.t
tests_chans_t_spawner_t_SOURCES = tests/chans/t_spawner.c \
	tests/chans/scratch.h tests/tap.h
tests_chans_t_spawner_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/chans/t_spawner.t

dist_check_SCRIPTS += tests/system/47-notices.py tests/system/48-orders.py \
	tests/system/48-orders-journal.py tests/system/49-destinations.py
TESTS += tests/system/47-notices.py tests/system/48-orders.py \
	tests/system/48-orders-journal.py tests/system/49-destinations.py
check_PROGRAMS += tests/chans/t_relay_reply.t
tests_chans_t_relay_reply_t_SOURCES = tests/chans/t_relay_reply.c tests/tap.h
tests_chans_t_relay_reply_t_LDADD = $(relay_libs)
TESTS += tests/chans/t_relay_reply.t

check_PROGRAMS += tests/chans/t_relay_caps.t
tests_chans_t_relay_caps_t_SOURCES = tests/chans/t_relay_caps.c tests/tap.h
tests_chans_t_relay_caps_t_LDADD = $(relay_libs)
TESTS += tests/chans/t_relay_caps.t

check_PROGRAMS += tests/chans/t_relay_dead.t
tests_chans_t_relay_dead_t_SOURCES = tests/chans/t_relay_dead.c tests/tap.h
tests_chans_t_relay_dead_t_LDADD = $(relay_libs)
TESTS += tests/chans/t_relay_dead.t

check_PROGRAMS += tests/chans/t_relay_body.t
tests_chans_t_relay_body_t_SOURCES = tests/chans/t_relay_body.c tests/tap.h
tests_chans_t_relay_body_t_LDADD = $(relay_libs)
TESTS += tests/chans/t_relay_body.t

check_PROGRAMS += tests/chans/t_relay_params.t
tests_chans_t_relay_params_t_SOURCES = tests/chans/t_relay_params.c tests/tap.h
tests_chans_t_relay_params_t_LDADD = $(relay_libs)
TESTS += tests/chans/t_relay_params.t

EXTRA_DIST += tests/system/peer.py tests/system/machine.py
dist_check_SCRIPTS += tests/system/50-relay.py tests/system/51-relay-mx.py \
	tests/system/52-relay-tls.py tests/system/53-relay-login.py \
	tests/system/54-relay-peers.py tests/system/64-through-peers.py \
	tests/system/65-peers-tls.py tests/system/66-nodemailer.py \
	tests/system/67-tls-scanners.py
TESTS += tests/system/50-relay.py tests/system/51-relay-mx.py \
	tests/system/52-relay-tls.py tests/system/53-relay-login.py \
	tests/system/54-relay-peers.py tests/system/64-through-peers.py \
	tests/system/65-peers-tls.py tests/system/66-nodemailer.py \
	tests/system/67-tls-scanners.py

# What it costs in a long queue.
dist_check_SCRIPTS += tests/system/50-queued.py
TESTS += tests/system/50-queued.py
