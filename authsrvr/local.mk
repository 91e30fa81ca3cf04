# authsrvr: who may log in
noinst_HEADERS += authsrvr/worker.h

# The pool, and what is between it and its workers
noinst_LIBRARIES += authsrvr/libworkers.a
authsrvr_libworkers_a_SOURCES = \
	authsrvr/authworker.h \
	authsrvr/question.c \
	authsrvr/worker.c

# The password file: authsrvr, authworker and inlet read it
noinst_LIBRARIES += authsrvr/libpasswords.a
authsrvr_libpasswords_a_SOURCES = \
	authsrvr/login.c authsrvr/login.h \
	authsrvr/passrow.c authsrvr/passrow.h \
	authsrvr/passwords.c authsrvr/passwords.h
passwords_LIBS = authsrvr/libpasswords.a lib/libbase.a $(GSASL_LIBS) \
	$(CRYPT_LIBS)

# The back ends
noinst_LIBRARIES += authsrvr/libbackends.a
authsrvr_libbackends_a_SOURCES = \
	authsrvr/backend.c authsrvr/backend.h \
	authsrvr/by_checkpassword.c \
	authsrvr/by_dovecot.c \
	authsrvr/by_file.c \
	authsrvr/by_ldap.c \
	authsrvr/by_pam.c \
	authsrvr/by_pipe.c \
	authsrvr/by_qmail_ldap.c \
	authsrvr/by_saslauthd.c \
	authsrvr/cram.c authsrvr/cram.h \
	authsrvr/ldapname.c authsrvr/ldapname.h \
	authsrvr/program.c authsrvr/program.h \
	authsrvr/secretfile.c authsrvr/secretfile.h \
	authsrvr/strays.c authsrvr/strays.h \
	authsrvr/verify.c authsrvr/verify.h
inlet_PROGRAMS += authsrvr/authworker
authsrvr_authworker_SOURCES = authsrvr/authworker.c
authsrvr_authworker_LDADD = authsrvr/libbackends.a authsrvr/libworkers.a \
	$(passwords_LIBS) $(NETTLE_LIBS) $(PAM_LIBS) $(LDAP_LIBS) $(LBER_LIBS)

check_PROGRAMS += tests/authsrvr/t_cram.t
tests_authsrvr_t_cram_t_SOURCES = tests/authsrvr/t_cram.c tests/tap.h
tests_authsrvr_t_cram_t_LDADD = authsrvr/libbackends.a lib/libbase.a \
	$(NETTLE_LIBS)
TESTS += tests/authsrvr/t_cram.t

check_PROGRAMS += tests/authsrvr/t_strays.t
tests_authsrvr_t_strays_t_SOURCES = tests/authsrvr/t_strays.c tests/tap.h
tests_authsrvr_t_strays_t_LDADD = authsrvr/libbackends.a lib/libbase.a
TESTS += tests/authsrvr/t_strays.t

# Notes what is asked of crypt(3) and GNU SASL
check_PROGRAMS += tests/authsrvr/t_alike.t
tests_authsrvr_t_alike_t_SOURCES = tests/authsrvr/t_alike.c tests/tap.h
tests_authsrvr_t_alike_t_LDADD = $(authsrvr_authworker_LDADD)
tests_authsrvr_t_alike_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=crypt_r \
	-Wl,--wrap=gsasl_scram_secrets_from_password
TESTS += tests/authsrvr/t_alike.t

check_PROGRAMS += tests/authsrvr/t_login.t tests/authsrvr/t_ldapname.t \
	tests/authsrvr/t_passwords.t tests/authsrvr/t_worker.t
tests_authsrvr_t_login_t_SOURCES = tests/authsrvr/t_login.c tests/tap.h
tests_authsrvr_t_login_t_LDADD = $(passwords_LIBS)
tests_authsrvr_t_ldapname_t_SOURCES = tests/authsrvr/t_ldapname.c tests/tap.h
tests_authsrvr_t_ldapname_t_LDADD = authsrvr/libbackends.a lib/libbase.a
tests_authsrvr_t_passwords_t_SOURCES = tests/authsrvr/t_passwords.c tests/tap.h
tests_authsrvr_t_passwords_t_LDADD = $(passwords_LIBS)
tests_authsrvr_t_worker_t_SOURCES = tests/authsrvr/t_worker.c tests/tap.h
tests_authsrvr_t_worker_t_LDADD = authsrvr/libworkers.a lib/libbase.a
check_PROGRAMS += tests/authsrvr/t_question.t
tests_authsrvr_t_question_t_SOURCES = tests/authsrvr/t_question.c tests/tap.h
tests_authsrvr_t_question_t_LDADD = authsrvr/libworkers.a lib/libbase.a
TESTS += tests/authsrvr/t_question.t
TESTS += tests/authsrvr/t_login.t tests/authsrvr/t_ldapname.t \
	tests/authsrvr/t_passwords.t tests/authsrvr/t_worker.t

# Asks the pool what a test says
check_PROGRAMS += tests/authsrvr/asker
tests_authsrvr_asker_SOURCES = tests/authsrvr/asker.c
tests_authsrvr_asker_LDADD = authsrvr/libworkers.a lib/libbase.a
noinst_LIBRARIES += authsrvr/libauthsrvr.a
authsrvr_libauthsrvr_a_SOURCES = \
	authsrvr/clients.c authsrvr/clients.h \
	authsrvr/exchange.c authsrvr/exchange.h \
	authsrvr/guard.c authsrvr/guard.h \
	authsrvr/scram.c authsrvr/scram.h
inlet_PROGRAMS += authsrvr/authsrvr
authsrvr_authsrvr_SOURCES = authsrvr/authsrvr.c
authsrvr_authsrvr_LDADD = authsrvr/libauthsrvr.a authsrvr/libworkers.a \
	tables/libtables.a $(passwords_LIBS) $(NETTLE_LIBS) $(GDBM_LIBS)

check_PROGRAMS += tests/authsrvr/t_exchange.t
tests_authsrvr_t_exchange_t_SOURCES = tests/authsrvr/t_exchange.c tests/tap.h
tests_authsrvr_t_exchange_t_LDADD = authsrvr/libauthsrvr.a \
	$(passwords_LIBS) $(NETTLE_LIBS)
TESTS += tests/authsrvr/t_exchange.t

check_PROGRAMS += tests/authsrvr/t_guard.t
tests_authsrvr_t_guard_t_SOURCES = tests/authsrvr/t_guard.c tests/tap.h
tests_authsrvr_t_guard_t_LDADD = authsrvr/libauthsrvr.a lib/libbase.a
TESTS += tests/authsrvr/t_guard.t
