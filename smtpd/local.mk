# smtpd: accepts, counts, hands on.
noinst_LIBRARIES += smtpd/libsmtpd.a
smtpd_libsmtpd_a_SOURCES = \
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
