# smtpd: accepts, counts, hands on.
noinst_LIBRARIES += smtpd/libsmtpd.a
smtpd_libsmtpd_a_SOURCES = \
	smtpd/admission.c smtpd/admission.h \
	smtpd/children.c smtpd/children.h \
	smtpd/connections.c \
	smtpd/daemon.h \
	smtpd/limits.c smtpd/limits.h \
	smtpd/listener.c smtpd/listener.h \
	smtpd/one.c smtpd/one.h \
	smtpd/options.c smtpd/options.h \
	smtpd/reload.c \
	smtpd/serve.c smtpd/serve.h \
	smtpd/slots.c smtpd/slots.h

sbin_PROGRAMS += smtpd/smtpd
smtpd_smtpd_SOURCES = smtpd/main.c
smtpd_smtpd_LDADD = smtpd/libsmtpd.a lib/libbase.a

check_PROGRAMS += tests/smtpd/t_limits.t
tests_smtpd_t_limits_t_SOURCES = tests/smtpd/t_limits.c tests/tap.h
tests_smtpd_t_limits_t_LDADD = smtpd/libsmtpd.a lib/libbase.a
TESTS += tests/smtpd/t_limits.t

check_PROGRAMS += tests/smtpd/t_options.t
tests_smtpd_t_options_t_SOURCES = tests/smtpd/t_options.c tests/tap.h
tests_smtpd_t_options_t_LDADD = smtpd/libsmtpd.a lib/libbase.a
TESTS += tests/smtpd/t_options.t

check_PROGRAMS += tests/smtpd/t_slots.t
tests_smtpd_t_slots_t_SOURCES = tests/smtpd/t_slots.c tests/tap.h
tests_smtpd_t_slots_t_LDADD = smtpd/libsmtpd.a lib/libbase.a
TESTS += tests/smtpd/t_slots.t

check_PROGRAMS += tests/smtpd/t_admission.t
tests_smtpd_t_admission_t_SOURCES = tests/smtpd/t_admission.c tests/tap.h
tests_smtpd_t_admission_t_LDADD = smtpd/libsmtpd.a lib/libbase.a
TESTS += tests/smtpd/t_admission.t

EXTRA_DIST += tests/crash/failing.c
