# smtpsrvr: one session, unprivileged.
noinst_LIBRARIES += smtpsrvr/libsmtpsrvr.a
smtpsrvr_libsmtpsrvr_a_SOURCES = \
	smtpsrvr/attributes.c smtpsrvr/attributes.h \
	smtpsrvr/check_dnslists.c \
	smtpsrvr/check_early.c \
	smtpsrvr/check_greylist.c \
	smtpsrvr/check_helo.c \
	smtpsrvr/check_libwrap.c \
	smtpsrvr/check_limits.c \
	smtpsrvr/check_mail.c \
	smtpsrvr/check_proxy.c \
	smtpsrvr/check_sender.c \
	smtpsrvr/check_settings.c \
	smtpsrvr/check_source.c \
	smtpsrvr/check_spf.c \
	smtpsrvr/check_tls.c \
	smtpsrvr/checks.c smtpsrvr/checks.h \
	smtpsrvr/chunk_lines.c smtpsrvr/chunk_lines.h \
	smtpsrvr/completion.c smtpsrvr/completion.h \
	smtpsrvr/authors.c smtpsrvr/authors.h \
	smtpsrvr/mend.c smtpsrvr/mend.h \
	smtpsrvr/cmd_auth.c \
	smtpsrvr/cmd_bdat.c \
	smtpsrvr/cmd_data.c \
	smtpsrvr/cmd_etrn.c \
	smtpsrvr/cmd_hello.c \
	smtpsrvr/cmd_idle.c \
	smtpsrvr/cmd_mail.c \
	smtpsrvr/cmd_rcpt.c \
	smtpsrvr/cmd_starttls.c \
	smtpsrvr/cmd_xclient.c \
	smtpsrvr/consult.c smtpsrvr/consult.h \
	smtpsrvr/commands.c smtpsrvr/commands.h \
	smtpsrvr/forged.c smtpsrvr/forged.h \
	smtpsrvr/greet.c smtpsrvr/greet.h \
	smtpsrvr/offer.c smtpsrvr/offer.h \
	smtpsrvr/data_reader.c smtpsrvr/data_reader.h \
	smtpsrvr/pace.c smtpsrvr/pace.h \
	smtpsrvr/params.c smtpsrvr/params.h \
	smtpsrvr/refusal.c smtpsrvr/refusal.h \
	smtpsrvr/rehearsal.c smtpsrvr/rehearsal.h \
	smtpsrvr/sandbox.c smtpsrvr/sandbox.h \
	smtpsrvr/secure.c smtpsrvr/secure.h \
	smtpsrvr/session.c smtpsrvr/session.h \
	smtpsrvr/submitter.c smtpsrvr/submitter.h \
	smtpsrvr/transfer.c smtpsrvr/transfer.h \
	smtpsrvr/told.c smtpsrvr/told.h \
	smtpsrvr/trouble.c smtpsrvr/trouble.h \
	smtpsrvr/wire.c smtpsrvr/wire.h
EXTRA_DIST += smtpsrvr/commands.def smtpsrvr/checks.def smtpsrvr/keywords.def

# What speaks TLS, apart: whoever links the session alone needs no OpenSSL.
noinst_LIBRARIES += smtpsrvr/libtls.a
smtpsrvr_libtls_a_SOURCES = \
	smtpsrvr/certs.c smtpsrvr/certs.h \
	smtpsrvr/expiry.c smtpsrvr/expiry.h \
	smtpsrvr/keys.c smtpsrvr/keys.h \
	smtpsrvr/tls.h \
	smtpsrvr/tls_check.c smtpsrvr/tls_check.h \
	smtpsrvr/tls_key.c smtpsrvr/tls_key.h \
	smtpsrvr/tls_memory.c smtpsrvr/tls_memory.h \
	smtpsrvr/tls_names.c smtpsrvr/tls_names.h \
	smtpsrvr/tls_over.c smtpsrvr/tls_over.h \
	smtpsrvr/tls_random.c smtpsrvr/tls_random.h \
	smtpsrvr/ticket_keys.c smtpsrvr/ticket_keys.h \
	smtpsrvr/tls_service.c smtpsrvr/tls_service.h \
	smtpsrvr/tls_ticket.c smtpsrvr/tls_ticket.h

inlet_PROGRAMS += smtpsrvr/keysrvr
smtpsrvr_keysrvr_SOURCES = smtpsrvr/keysrvr.c
smtpsrvr_keysrvr_LDADD = smtpsrvr/libtls.a lib/libbase.a $(CRYPTO_LIBS)

inlet_PROGRAMS += smtpsrvr/smtpsrvr
program_sources = smtpsrvr/main.c smtpsrvr/once.c smtpsrvr/once.h \
	smtpsrvr/template.c smtpsrvr/template.h smtpsrvr/securing.h
smtpsrvr_smtpsrvr_SOURCES = $(program_sources) smtpsrvr/securing_not.c
smtpsrvr_smtpsrvr_LDFLAGS = $(SESSION_LDFLAGS)
SESSION_LIBS = smtpsrvr/libsmtpsrvr.a tables/libtables.a lib/libbase.a \
	$(GDBM_LIBS)
smtpsrvr_smtpsrvr_LDADD = $(SESSION_LIBS)

# Never static: a new OpenSSL must not wait for a build of ours.
inlet_PROGRAMS += smtpsrvr/smtpsrvr-tls
smtpsrvr_smtpsrvr_tls_SOURCES = $(program_sources) smtpsrvr/securing.c
smtpsrvr_smtpsrvr_tls_LDADD = smtpsrvr/libtls.a $(SESSION_LIBS) $(SSL_LIBS)

check_PROGRAMS += tests/smtpsrvr/t_data_reader.t
tests_smtpsrvr_t_data_reader_t_SOURCES = tests/smtpsrvr/t_data_reader.c \
	tests/tap.h
tests_smtpsrvr_t_data_reader_t_LDADD = smtpsrvr/libsmtpsrvr.a
TESTS += tests/smtpsrvr/t_data_reader.t

check_PROGRAMS += tests/smtpsrvr/t_authors.t
tests_smtpsrvr_t_authors_t_SOURCES = tests/smtpsrvr/t_authors.c tests/tap.h
tests_smtpsrvr_t_authors_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_authors.t

check_PROGRAMS += tests/smtpsrvr/t_mend.t
tests_smtpsrvr_t_mend_t_SOURCES = tests/smtpsrvr/t_mend.c tests/tap.h
tests_smtpsrvr_t_mend_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_mend.t

check_PROGRAMS += tests/smtpsrvr/t_chunk_lines.t
tests_smtpsrvr_t_chunk_lines_t_SOURCES = tests/smtpsrvr/t_chunk_lines.c \
	tests/tap.h
tests_smtpsrvr_t_chunk_lines_t_LDADD = smtpsrvr/libsmtpsrvr.a
TESTS += tests/smtpsrvr/t_chunk_lines.t

check_PROGRAMS += tests/smtpsrvr/t_params.t
tests_smtpsrvr_t_params_t_SOURCES = tests/smtpsrvr/t_params.c tests/tap.h
tests_smtpsrvr_t_params_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_params.t

noinst_HEADERS += tests/smtpsrvr/fixture.h
check_PROGRAMS += tests/smtpsrvr/t_commands.t
tests_smtpsrvr_t_commands_t_SOURCES = tests/smtpsrvr/t_commands.c tests/tap.h
tests_smtpsrvr_t_commands_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_commands.t

check_PROGRAMS += tests/smtpsrvr/t_attributes.t
tests_smtpsrvr_t_attributes_t_SOURCES = tests/smtpsrvr/t_attributes.c \
	tests/tap.h
tests_smtpsrvr_t_attributes_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_attributes.t

check_PROGRAMS += tests/smtpsrvr/t_offer.t
tests_smtpsrvr_t_offer_t_SOURCES = tests/smtpsrvr/t_offer.c tests/tap.h
tests_smtpsrvr_t_offer_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_offer.t

check_PROGRAMS += tests/smtpsrvr/t_greet.t
tests_smtpsrvr_t_greet_t_SOURCES = tests/smtpsrvr/t_greet.c tests/tap.h
tests_smtpsrvr_t_greet_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_greet.t

check_PROGRAMS += tests/smtpsrvr/t_session.t
tests_smtpsrvr_t_session_t_SOURCES = tests/smtpsrvr/t_session.c tests/tap.h
tests_smtpsrvr_t_session_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_session.t

check_PROGRAMS += tests/smtpsrvr/t_times.t
tests_smtpsrvr_t_times_t_SOURCES = tests/smtpsrvr/t_times.c tests/tap.h
tests_smtpsrvr_t_times_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_times.t

# A session that somebody has taken over: never installed.
check_PROGRAMS += tests/smtpsrvr/owned
tests_smtpsrvr_owned_SOURCES = $(program_sources) smtpsrvr/securing_not.c \
	tests/smtpsrvr/owned.c
tests_smtpsrvr_owned_LDFLAGS = $(SESSION_LDFLAGS) \
	-Wl,--wrap=session_run,--wrap=session_init,--wrap=sandbox_template
tests_smtpsrvr_owned_LDADD = $(SESSION_LIBS)

check_PROGRAMS += tests/smtpsrvr/t_sandbox.t
# As sessions are: libc is among those whose calls are filtered.
tests_smtpsrvr_t_sandbox_t_LDFLAGS = $(smtpsrvr_smtpsrvr_LDFLAGS)
tests_smtpsrvr_t_sandbox_t_SOURCES = tests/smtpsrvr/t_sandbox.c tests/tap.h
tests_smtpsrvr_t_sandbox_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_sandbox.t

check_PROGRAMS += tests/smtpsrvr/t_wire.t
tests_smtpsrvr_t_wire_t_SOURCES = tests/smtpsrvr/t_wire.c tests/tap.h
tests_smtpsrvr_t_wire_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_wire.t

check_PROGRAMS += tests/smtpsrvr/t_tls_over.t
tests_smtpsrvr_t_tls_over_t_SOURCES = tests/smtpsrvr/t_tls_over.c tests/tap.h
tests_smtpsrvr_t_tls_over_t_LDADD = smtpsrvr/libtls.a lib/libbase.a \
	$(SSL_LIBS)
TESTS += tests/smtpsrvr/t_tls_over.t

check_PROGRAMS += tests/smtpsrvr/t_tls_memory.t
tests_smtpsrvr_t_tls_memory_t_SOURCES = tests/smtpsrvr/t_tls_memory.c \
	tests/tap.h
tests_smtpsrvr_t_tls_memory_t_LDADD = smtpsrvr/libtls.a lib/libbase.a \
	$(CRYPTO_LIBS)
TESTS += tests/smtpsrvr/t_tls_memory.t

check_PROGRAMS += tests/smtpsrvr/t_ticket_keys.t
tests_smtpsrvr_t_ticket_keys_t_SOURCES = tests/smtpsrvr/t_ticket_keys.c \
	tests/tap.h
tests_smtpsrvr_t_ticket_keys_t_LDADD = smtpsrvr/libtls.a lib/libbase.a \
	$(CRYPTO_LIBS)
TESTS += tests/smtpsrvr/t_ticket_keys.t

check_PROGRAMS += tests/smtpsrvr/t_forged.t
tests_smtpsrvr_t_forged_t_SOURCES = tests/smtpsrvr/t_forged.c tests/tap.h
tests_smtpsrvr_t_forged_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/smtpsrvr/t_forged.t

# Its world is in memory; the automaton knows nothing of ours.
check_PROGRAMS += tests/smtpsrvr/t_sequences.t
tests_smtpsrvr_t_sequences_t_SOURCES = tests/smtpsrvr/t_sequences.c \
	tests/smtpsrvr/automaton.c tests/smtpsrvr/automaton.h tests/tap.h
tests_smtpsrvr_t_sequences_t_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fd_write -Wl,--wrap=fd_writev \
	-Wl,--wrap=net_unix_connect -Wl,--wrap=sub_read_verdict \
	-Wl,--wrap=envelope_recipient_refuse
tests_smtpsrvr_t_sequences_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_sequences.t

check_PROGRAMS += tests/smtpsrvr/t_envelopes.t
tests_smtpsrvr_t_envelopes_t_SOURCES = tests/smtpsrvr/t_envelopes.c \
	tests/tap.h
tests_smtpsrvr_t_envelopes_t_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fd_write -Wl,--wrap=fd_writev \
	-Wl,--wrap=net_unix_connect -Wl,--wrap=sub_read_verdict \
	-Wl,--wrap=route_recipient -Wl,--wrap=consult_domain
tests_smtpsrvr_t_envelopes_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_envelopes.t

dist_check_SCRIPTS += tests/system/70-edges.py tests/system/71-rfc.py
TESTS += tests/system/70-edges.py tests/system/71-rfc.py

check_PROGRAMS += tests/smtpsrvr/t_bodies.t
tests_smtpsrvr_t_bodies_t_SOURCES = tests/smtpsrvr/t_bodies.c tests/tap.h
tests_smtpsrvr_t_bodies_t_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fd_writev -Wl,--wrap=net_unix_connect \
	-Wl,--wrap=sub_read_verdict
tests_smtpsrvr_t_bodies_t_LDADD = $(SESSION_LIBS)
TESTS += tests/smtpsrvr/t_bodies.t
