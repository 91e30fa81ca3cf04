# lib
noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	lib/addresses.c \
	lib/addresses.h \
	lib/argtags.c \
	lib/argtags.h \
	lib/ask.c \
	lib/ask.h \
	lib/asked.c \
	lib/asked.h \
	lib/authmode.c \
	lib/authmode.h \
	lib/authproto.h \
	lib/base64.c \
	lib/base64.h \
	lib/buf.c \
	lib/buf.h \
	lib/clock.c \
	lib/clock.h \
	lib/conf.c \
	lib/conf.h \
	lib/conf_backends.c \
	lib/conf_auth.c \
	lib/conf_check.c \
	lib/conf_check.h \
	lib/conf_complete.c \
	lib/conf_gate.c \
	lib/conf_pack.c \
	lib/conf_pipe.c \
	lib/conf_relay.c \
	lib/counts.c \
	lib/counts.h \
	lib/datetime.c \
	lib/datetime.h \
	lib/crc32c.c \
	lib/crc32c.h \
	lib/digest.c \
	lib/digest.h \
	lib/control.h \
	lib/durable.c \
	lib/durable.h \
	lib/failures.c \
	lib/failures.h \
	lib/descriptors.c \
	lib/fdio.c \
	lib/fdio.h \
	lib/header.c \
	lib/header.h \
	lib/keyproto.c \
	lib/keyproto.h \
	lib/mendmode.c \
	lib/mendmode.h \
	lib/layered.c \
	lib/layered.h \
	lib/life.c \
	lib/life.h \
	lib/jfile.c \
	lib/jfile.h \
	lib/le.h \
	lib/log.c \
	lib/log.h \
	lib/mechanism.c \
	lib/mechanism.h \
	lib/mm.h \
	lib/net.c \
	lib/net.h \
	lib/networks.c \
	lib/networks.h \
	lib/path.c \
	lib/path.h \
	lib/penalty.c \
	lib/penalty.h \
	lib/plan.c \
	lib/plan.h \
	lib/priv.c \
	lib/priv.h \
	lib/priv_filter.c \
	lib/proc.c \
	lib/proc.h \
	lib/proxy.c \
	lib/proxy.h \
	lib/qfile.c \
	lib/qfile.h \
	lib/quota.c \
	lib/quota.h \
	lib/rate.c \
	lib/rate.h \
	lib/records.c \
	lib/records.h \
	lib/relayhost.c \
	lib/relayhost.h \
	lib/receipt.c \
	lib/receipt.h \
	lib/receipt_key.c \
	lib/reply.c \
	lib/reply.h \
	lib/rows.c \
	lib/rows.h \
	lib/dnslist.c \
	lib/dnslist.h \
	lib/spfresult.c \
	lib/spfresult.h \
	lib/settings.c \
	lib/settings.h \
	lib/settings_mdoc.c \
	lib/shown.h \
	lib/sid.c \
	lib/sid.h \
	lib/space.c \
	lib/space.h \
	lib/stress.c \
	lib/stress.h \
	lib/poster.c \
	lib/poster.h \
	lib/subproto.c \
	lib/subproto.h \
	lib/syncers.c \
	lib/syncers.h \
	lib/tailored.c \
	lib/tailored.h \
	lib/tags.c \
	lib/tags.h \
	lib/text.c \
	lib/text.h \
	lib/trace.c \
	lib/trace.h \
	lib/utf8.c \
	lib/utf8.h \
	lib/variables.c \
	lib/variables.h \
	lib/xalloc.c \
	lib/xalloc.h \
	lib/xtext.c \
	lib/xtext.h
nodist_lib_libbase_a_SOURCES = lib/filters.h

# The filters are compiled while we build: no program links libseccomp.
noinst_PROGRAMS += lib/mkfilter
lib_mkfilter_SOURCES = lib/mkfilter.c lib/mm.h
lib_mkfilter_LDADD = $(SECCOMP_LIBS)
EXTRA_DIST += lib/filters.def
BUILT_SOURCES += lib/filters.h
CLEANFILES += lib/filters.h
lib/filters.h: lib/mkfilter$(EXEEXT)
	$(AM_V_GEN)lib/mkfilter > $@.new && mv $@.new $@
lib/mkfilter.$(OBJEXT): lib/filters.def
lib/priv_filter.$(OBJEXT): lib/filters.h

EXTRA_DIST += lib/replies.def

check_PROGRAMS += tests/lib/t_relayhost.t
tests_lib_t_relayhost_t_SOURCES = tests/lib/t_relayhost.c tests/tap.h
tests_lib_t_relayhost_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_relayhost.t

check_PROGRAMS += tests/lib/t_asked.t
tests_lib_t_asked_t_SOURCES = tests/lib/t_asked.c tests/tap.h
tests_lib_t_asked_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_asked.t

check_PROGRAMS += tests/lib/t_datetime.t
tests_lib_t_datetime_t_SOURCES = tests/lib/t_datetime.c tests/tap.h
tests_lib_t_datetime_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_datetime.t

check_PROGRAMS += tests/lib/t_utf8.t
tests_lib_t_utf8_t_SOURCES = tests/lib/t_utf8.c tests/tap.h
tests_lib_t_utf8_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_utf8.t

check_PROGRAMS += tests/lib/t_xtext.t
tests_lib_t_xtext_t_SOURCES = tests/lib/t_xtext.c tests/tap.h
tests_lib_t_xtext_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_xtext.t

check_PROGRAMS += tests/lib/t_authmode.t
tests_lib_t_authmode_t_SOURCES = tests/lib/t_authmode.c tests/tap.h
tests_lib_t_authmode_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_authmode.t
check_PROGRAMS += tests/lib/t_buf.t
tests_lib_t_buf_t_SOURCES = tests/lib/t_buf.c tests/tap.h
tests_lib_t_buf_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_buf.t

check_PROGRAMS += tests/lib/t_addresses.t
tests_lib_t_addresses_t_SOURCES = tests/lib/t_addresses.c tests/tap.h
tests_lib_t_addresses_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_addresses.t

check_PROGRAMS += tests/lib/t_mendmode.t
tests_lib_t_mendmode_t_SOURCES = tests/lib/t_mendmode.c tests/tap.h
tests_lib_t_mendmode_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_mendmode.t

check_PROGRAMS += tests/lib/t_header.t
tests_lib_t_header_t_SOURCES = tests/lib/t_header.c tests/tap.h
tests_lib_t_header_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_header.t

check_PROGRAMS += tests/lib/t_argtags.t
tests_lib_t_argtags_t_SOURCES = tests/lib/t_argtags.c tests/tap.h
tests_lib_t_argtags_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_argtags.t

check_PROGRAMS += tests/lib/t_tags.t
tests_lib_t_tags_t_SOURCES = tests/lib/t_tags.c tests/tap.h
tests_lib_t_tags_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_tags.t

check_PROGRAMS += tests/lib/t_text.t
tests_lib_t_text_t_SOURCES = tests/lib/t_text.c tests/tap.h
tests_lib_t_text_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_text.t

check_PROGRAMS += tests/lib/t_settings.t
tests_lib_t_settings_t_SOURCES = tests/lib/t_settings.c tests/lib/equal.h \
	tests/tap.h
tests_lib_t_settings_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_settings.t

check_PROGRAMS += tests/lib/t_plan.t
tests_lib_t_plan_t_SOURCES = tests/lib/t_plan.c tests/tap.h
tests_lib_t_plan_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_plan.t

EXTRA_DIST += lib/settings.def

check_PROGRAMS += tests/lib/t_ask.t
tests_lib_t_ask_t_SOURCES = tests/lib/t_ask.c tests/tap.h
tests_lib_t_ask_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_ask.t

check_PROGRAMS += tests/lib/t_path.t
tests_lib_t_path_t_SOURCES = tests/lib/t_path.c tests/tap.h
tests_lib_t_path_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_path.t

check_PROGRAMS += tests/lib/t_qfile.t
tests_lib_t_qfile_t_SOURCES = tests/lib/t_qfile.c tests/tap.h
tests_lib_t_qfile_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_qfile.t

check_PROGRAMS += tests/lib/t_reply.t
tests_lib_t_reply_t_SOURCES = tests/lib/t_reply.c tests/tap.h
tests_lib_t_reply_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_reply.t

check_PROGRAMS += tests/lib/t_rows.t
tests_lib_t_rows_t_SOURCES = tests/lib/t_rows.c tests/tap.h
tests_lib_t_rows_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_rows.t

check_PROGRAMS += tests/lib/t_quota.t
tests_lib_t_quota_t_SOURCES = tests/lib/t_quota.c tests/tap.h
tests_lib_t_quota_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_quota.t

check_PROGRAMS += tests/lib/t_space.t
tests_lib_t_space_t_SOURCES = tests/lib/t_space.c tests/tap.h
tests_lib_t_space_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_space.t

check_PROGRAMS += tests/lib/t_subproto.t
tests_lib_t_subproto_t_SOURCES = tests/lib/t_subproto.c tests/tap.h
tests_lib_t_subproto_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_subproto.t

check_PROGRAMS += tests/lib/t_trace.t
tests_lib_t_trace_t_SOURCES = tests/lib/t_trace.c tests/tap.h
tests_lib_t_trace_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_trace.t

check_PROGRAMS += tests/lib/t_conf.t
tests_lib_t_conf_t_SOURCES = tests/lib/t_conf.c tests/lib/equal.h \
	tests/tap.h
tests_lib_t_conf_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_conf.t

check_PROGRAMS += tests/lib/t_priv.t
tests_lib_t_priv_t_SOURCES = tests/lib/t_priv.c tests/tap.h
tests_lib_t_priv_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_priv.t

check_PROGRAMS += tests/lib/t_clock.t
tests_lib_t_clock_t_SOURCES = tests/lib/t_clock.c tests/tap.h
tests_lib_t_clock_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_clock.t

check_PROGRAMS += tests/lib/t_digest.t
tests_lib_t_digest_t_SOURCES = tests/lib/t_digest.c tests/tap.h
tests_lib_t_digest_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_digest.t

check_PROGRAMS += tests/lib/t_durable.t
tests_lib_t_durable_t_SOURCES = tests/lib/t_durable.c tests/tap.h
tests_lib_t_durable_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_durable.t

check_PROGRAMS += tests/lib/t_jfile.t
tests_lib_t_jfile_t_SOURCES = tests/lib/t_jfile.c tests/tap.h
tests_lib_t_jfile_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_jfile.t

check_PROGRAMS += tests/lib/t_fdio.t
tests_lib_t_fdio_t_SOURCES = tests/lib/t_fdio.c tests/tap.h
tests_lib_t_fdio_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_fdio.t

check_PROGRAMS += tests/lib/t_layered.t
tests_lib_t_layered_t_SOURCES = tests/lib/t_layered.c tests/lib/equal.h \
	tests/tap.h
tests_lib_t_layered_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_layered.t

check_PROGRAMS += tests/lib/t_variables.t
tests_lib_t_variables_t_SOURCES = tests/lib/t_variables.c tests/tap.h
tests_lib_t_variables_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_variables.t

check_PROGRAMS += tests/lib/t_log.t
tests_lib_t_log_t_SOURCES = tests/lib/t_log.c tests/tap.h
tests_lib_t_log_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_log.t

check_PROGRAMS += tests/lib/t_net.t
tests_lib_t_net_t_SOURCES = tests/lib/t_net.c tests/tap.h
tests_lib_t_net_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_net.t

check_PROGRAMS += tests/lib/t_proc.t
tests_lib_t_proc_t_SOURCES = tests/lib/t_proc.c tests/tap.h
tests_lib_t_proc_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_proc.t

check_PROGRAMS += tests/lib/t_xalloc.t
tests_lib_t_xalloc_t_SOURCES = tests/lib/t_xalloc.c tests/tap.h
tests_lib_t_xalloc_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_xalloc.t

check_PROGRAMS += tests/lib/t_syncers.t
tests_lib_t_syncers_t_SOURCES = tests/lib/t_syncers.c tests/tap.h
tests_lib_t_syncers_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_syncers.t

check_PROGRAMS += tests/lib/t_tailored.t
tests_lib_t_tailored_t_SOURCES = tests/lib/t_tailored.c tests/tap.h
tests_lib_t_tailored_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_tailored.t

check_PROGRAMS += tests/lib/t_rate.t
tests_lib_t_rate_t_SOURCES = tests/lib/t_rate.c tests/tap.h
tests_lib_t_rate_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_rate.t

check_PROGRAMS += tests/lib/t_counts.t
tests_lib_t_counts_t_SOURCES = tests/lib/t_counts.c tests/tap.h
tests_lib_t_counts_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_counts.t

check_PROGRAMS += tests/lib/t_life.t
tests_lib_t_life_t_SOURCES = tests/lib/t_life.c tests/tap.h
tests_lib_t_life_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_life.t

check_PROGRAMS += tests/lib/t_penalty.t
tests_lib_t_penalty_t_SOURCES = tests/lib/t_penalty.c tests/tap.h
tests_lib_t_penalty_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_penalty.t

check_PROGRAMS += tests/lib/t_crc32c.t
tests_lib_t_crc32c_t_SOURCES = tests/lib/t_crc32c.c tests/tap.h
tests_lib_t_crc32c_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_crc32c.t

check_PROGRAMS += tests/lib/t_networks.t
tests_lib_t_networks_t_SOURCES = tests/lib/t_networks.c tests/tap.h
tests_lib_t_networks_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_networks.t

check_PROGRAMS += tests/lib/t_proxy.t
tests_lib_t_proxy_t_SOURCES = tests/lib/t_proxy.c tests/tap.h
tests_lib_t_proxy_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_proxy.t

check_PROGRAMS += tests/lib/t_receipt.t
tests_lib_t_receipt_t_SOURCES = tests/lib/t_receipt.c tests/tap.h
tests_lib_t_receipt_t_LDADD = lib/libbase.a $(NETTLE_LIBS)
TESTS += tests/lib/t_receipt.t

check_PROGRAMS += tests/lib/t_base64.t
tests_lib_t_base64_t_SOURCES = tests/lib/t_base64.c tests/tap.h
tests_lib_t_base64_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_base64.t

check_PROGRAMS += tests/lib/t_failures.t
tests_lib_t_failures_t_SOURCES = tests/lib/t_failures.c tests/tap.h
tests_lib_t_failures_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_failures.t

check_PROGRAMS += tests/lib/t_mechanism.t
tests_lib_t_mechanism_t_SOURCES = tests/lib/t_mechanism.c tests/tap.h
tests_lib_t_mechanism_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_mechanism.t

check_PROGRAMS += tests/lib/t_sid.t
tests_lib_t_sid_t_SOURCES = tests/lib/t_sid.c tests/tap.h
tests_lib_t_sid_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_sid.t

check_PROGRAMS += tests/lib/t_records.t
tests_lib_t_records_t_SOURCES = tests/lib/t_records.c tests/tap.h
tests_lib_t_records_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_records.t

check_PROGRAMS += tests/lib/t_dnslist.t
tests_lib_t_dnslist_t_SOURCES = tests/lib/t_dnslist.c tests/tap.h
tests_lib_t_dnslist_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_dnslist.t

check_PROGRAMS += tests/lib/t_spfresult.t
tests_lib_t_spfresult_t_SOURCES = tests/lib/t_spfresult.c tests/tap.h
tests_lib_t_spfresult_t_LDADD = lib/libbase.a
TESTS += tests/lib/t_spfresult.t
