# tools
noinst_LIBRARIES += tools/libtailor.a
tools_libtailor_a_SOURCES = \
	tools/confile.c \
	tools/confile.h \
	tools/makeplan.c \
	tools/makeplan.h \
	tools/scan.c \
	tools/scan.h

inlet_PROGRAMS += tools/tailor
tools_tailor_SOURCES = tools/tailor.c
tools_tailor_LDADD = tools/libtailor.a smtpsrvr/libsmtpsrvr.a \
	smtpsrvr/libtls.a lib/libbase.a $(CONFUSE_LIBS) $(SSL_LIBS)

check_PROGRAMS += tests/tools/dumpconf
tests_tools_dumpconf_SOURCES = tests/tools/dumpconf.c
tests_tools_dumpconf_LDADD = lib/libbase.a

check_PROGRAMS += tests/tools/t_scan.t
tests_tools_t_scan_t_SOURCES = tests/tools/t_scan.c tests/tap.h
tests_tools_t_scan_t_LDADD = tools/libtailor.a lib/libbase.a
TESTS += tests/tools/t_scan.t

TESTS += tests/tools/tailor.sh
dist_check_SCRIPTS += tests/tools/tailor.sh
EXTRA_DIST += tests/tools/conf

# logger
inlet_PROGRAMS += tools/logger
noinst_LIBRARIES += tools/liblogger.a
tools_liblogger_a_SOURCES = \
	tools/datagram.c tools/datagram.h \
	tools/sink.c tools/sink.h
tools_logger_SOURCES = tools/logger.c
tools_logger_LDADD = tools/liblogger.a lib/libbase.a

check_PROGRAMS += tests/tools/t_datagram.t tests/tools/t_sink.t
tests_tools_t_datagram_t_SOURCES = tests/tools/t_datagram.c tests/tap.h
tests_tools_t_datagram_t_LDADD = tools/liblogger.a lib/libbase.a
tests_tools_t_sink_t_SOURCES = tests/tools/t_sink.c tests/tap.h
tests_tools_t_sink_t_LDADD = tools/liblogger.a lib/libbase.a
TESTS += tests/tools/t_datagram.t tests/tools/t_sink.t
TESTS += tests/system/21-logger.py
dist_check_SCRIPTS += tests/system/21-logger.py

# inlet: the operator's command
noinst_LIBRARIES += tools/libtools.a
tools_libtools_a_SOURCES = \
	tools/askbackends.c tools/askbackends.h \
	tools/askpass.c tools/askpass.h \
	tools/asuser.c tools/asuser.h \
	tools/bysmtp.c tools/bysmtp.h \
	tools/check.h \
	tools/check_authorise.c \
	tools/check_channels.c \
	tools/check_hosts.c \
	tools/check_machine.c \
	tools/check_passwords.c \
	tools/check_places.c \
	tools/check_programs.c \
	tools/check_reach.c \
	tools/check_relay.c \
	tools/check_proxies.c \
	tools/check_rehearse.c \
	tools/check_gate.c \
	tools/check_rfc.c \
	tools/check_tables.c \
	tools/check_certificates.c tools/check_outward.c \
	tools/check_users.c \
	tools/check_wrap.c \
	tools/cmd_check.c \
	tools/cmd_explain.c \
	tools/cmd_help.c \
	tools/cmd_limits.c \
	tools/cmd_queue.c \
	tools/cmd_dnslist.c \
	tools/cmd_rehearsal.c \
	tools/cmd_send.c \
	tools/cmd_settings.c \
	tools/cmd_start.c \
	tools/cmd_status.c \
	tools/cmd_table.c \
	tools/cmd_tls.c \
	tools/cmd_user.c \
	tools/command.c tools/command.h \
	tools/configured.c tools/configured.h \
	tools/explain.c tools/explain.h \
	tools/explain_against.c \
	tools/explain_json.c \
	tools/explain_text.c \
	tools/finding.c tools/finding.h \
	tools/hit.c tools/hit.h \
	tools/inforce.c tools/inforce.h \
	tools/keep.c tools/keep.h \
	tools/manager.c tools/manager.h \
	tools/limits.c tools/limits.h \
	tools/limits_json.c \
	tools/limits_text.c \
	tools/outgoing.c tools/outgoing.h \
	tools/ownlookup.c tools/ownlookup.h \
	tools/queued.c tools/queued.h \
	tools/orderly.c tools/orderly.h \
	tools/queue_change.c tools/queue_change.h \
	tools/rehearsed.c tools/rehearsed.h \
	tools/running.c tools/running.h \
	tools/request.c tools/request.h \
	tools/selection.c tools/selection.h \
	tools/show.c tools/show.h \
	tools/userfile.c tools/userfile.h

sbin_PROGRAMS += tools/inlet
tools_inlet_SOURCES = tools/inlet.c
tools_inlet_LDADD = $(inlet_objects)

# sendmail: its usual names may be another mail system's
inlet_PROGRAMS += tools/sendmail
install-sendmail: install
	$(MKDIR_P) '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(bindir)'
	ln -sf '$(inletdir)/sendmail' '$(DESTDIR)$(sbindir)/sendmail'
	ln -sf '$(inletdir)/sendmail' '$(DESTDIR)$(bindir)/mailq'
	ln -sf '$(inletdir)/sendmail' '$(DESTDIR)$(bindir)/newaliases'
	for p in sendmail mailq newaliases; do \
		ln -sf inlet-sendmail.1 '$(DESTDIR)$(man1dir)'/$$p.1; \
	done
.PHONY: install-sendmail
tools_sendmail_SOURCES = tools/sendmail.c
tools_sendmail_LDADD = tools/libtools.a lib/libbase.a

check_PROGRAMS += tests/tools/t_outgoing.t
tests_tools_t_outgoing_t_SOURCES = tests/tools/t_outgoing.c tests/tap.h
tests_tools_t_outgoing_t_LDADD = tools/libtools.a lib/libbase.a
TESTS += tests/tools/t_outgoing.t
TESTS += tests/system/47-queue.py
dist_check_SCRIPTS += tests/system/47-queue.py
TESTS += tests/system/48-sendmail.py
dist_check_SCRIPTS += tests/system/48-sendmail.py

inlet_objects = tools/libtools.a smtpsrvr/libsmtpsrvr.a \
	smtpsrvr/libtls.a submit/libsubmit.a chans/libchans.a \
	tables/libtables.a authsrvr/libworkers.a $(passwords_LIBS) \
	$(GDBM_LIBS) $(NETTLE_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/tools/t_command.t tests/tools/t_explain.t \
	tests/tools/t_keep.t tests/tools/t_limits.t \
	tests/tools/t_manager.t \
	tests/tools/t_rehearsed.t tests/tools/t_request.t tests/tools/t_show.t
tests_tools_t_command_t_SOURCES = tests/tools/t_command.c tests/tap.h
tests_tools_t_command_t_LDADD = $(inlet_objects)
tests_tools_t_explain_t_SOURCES = tests/tools/t_explain.c \
	tests/smtpsrvr/fixture.h tests/tap.h
tests_tools_t_explain_t_LDADD = $(inlet_objects)
tests_tools_t_keep_t_SOURCES = tests/tools/t_keep.c tests/tap.h
tests_tools_t_keep_t_LDADD = $(inlet_objects)
tests_tools_t_manager_t_SOURCES = tests/tools/t_manager.c tests/tap.h
tests_tools_t_manager_t_LDADD = $(inlet_objects)
tests_tools_t_limits_t_SOURCES = tests/tools/t_limits.c tests/tap.h
tests_tools_t_limits_t_LDADD = $(inlet_objects)
tests_tools_t_rehearsed_t_SOURCES = tests/tools/t_rehearsed.c tests/tap.h
tests_tools_t_rehearsed_t_LDADD = $(inlet_objects)
tests_tools_t_request_t_SOURCES = tests/tools/t_request.c tests/tap.h
tests_tools_t_request_t_LDADD = $(inlet_objects)
tests_tools_t_show_t_SOURCES = tests/tools/t_show.c tests/tap.h
tests_tools_t_show_t_LDADD = $(inlet_objects)
TESTS += tests/tools/t_command.t tests/tools/t_explain.t tests/tools/t_keep.t \
	tests/tools/t_limits.t tests/tools/t_manager.t \
	tests/tools/t_rehearsed.t tests/tools/t_request.t tests/tools/t_show.t
TESTS += tests/system/30-inlet.py
dist_check_SCRIPTS += tests/system/30-inlet.py
TESTS += tests/system/34-explain.py
dist_check_SCRIPTS += tests/system/34-explain.py
EXTRA_DIST += tests/system/names.py
