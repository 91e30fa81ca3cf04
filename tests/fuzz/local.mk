# tests/fuzz: each target is a corpus replay in `make check`; libFuzzer programs
# are built besides with --enable-fuzzers:
#	tests/fuzz/fuzz_path -dict=.../tests/fuzz/dict/path.dict scratch/ \
#	    .../tests/fuzz/corpus/path
noinst_HEADERS += tests/fuzz/fuzz.h
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/dict
fuzz_cppflags = $(AM_CPPFLAGS) -DFUZZ_SOURCE='"$(abs_top_srcdir)"'

check_PROGRAMS += tests/fuzz/fuzz_path.t
tests_fuzz_fuzz_path_t_SOURCES = tests/fuzz/fuzz_path.c tests/fuzz/replay.c
tests_fuzz_fuzz_path_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"path"'
tests_fuzz_fuzz_path_t_LDADD = lib/libbase.a
TESTS += tests/fuzz/fuzz_path.t

check_PROGRAMS += tests/fuzz/fuzz_params.t
tests_fuzz_fuzz_params_t_SOURCES = tests/fuzz/fuzz_params.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_params_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"params"'
tests_fuzz_fuzz_params_t_LDADD = $(smtpsrvr_smtpsrvr_LDADD)
TESTS += tests/fuzz/fuzz_params.t

check_PROGRAMS += tests/fuzz/fuzz_qfile.t
tests_fuzz_fuzz_qfile_t_SOURCES = tests/fuzz/fuzz_qfile.c tests/fuzz/replay.c
tests_fuzz_fuzz_qfile_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"qfile"'
tests_fuzz_fuzz_qfile_t_LDADD = lib/libbase.a
TESTS += tests/fuzz/fuzz_qfile.t

check_PROGRAMS += tests/fuzz/fuzz_subproto.t
tests_fuzz_fuzz_subproto_t_SOURCES = tests/fuzz/fuzz_subproto.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_subproto_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"subproto"'
tests_fuzz_fuzz_subproto_t_LDADD = lib/libbase.a
TESTS += tests/fuzz/fuzz_subproto.t

check_PROGRAMS += tests/fuzz/fuzz_conf.t
tests_fuzz_fuzz_conf_t_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/replay.c
tests_fuzz_fuzz_conf_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"conf"'
tests_fuzz_fuzz_conf_t_LDADD = lib/libbase.a
TESTS += tests/fuzz/fuzz_conf.t

check_PROGRAMS += tests/fuzz/fuzz_scan.t
tests_fuzz_fuzz_scan_t_SOURCES = tests/fuzz/fuzz_scan.c tests/fuzz/replay.c
tests_fuzz_fuzz_scan_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"scan"'
tests_fuzz_fuzz_scan_t_LDADD = tools/libtailor.a lib/libbase.a
TESTS += tests/fuzz/fuzz_scan.t

check_PROGRAMS += tests/fuzz/fuzz_session.t
tests_fuzz_fuzz_session_t_SOURCES = tests/fuzz/fuzz_session.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_session_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"session"'
tests_fuzz_fuzz_session_t_LDADD = $(SESSION_LIBS)
TESTS += tests/fuzz/fuzz_session.t

check_PROGRAMS += tests/fuzz/fuzz_chunks.t
tests_fuzz_fuzz_chunks_t_SOURCES = tests/fuzz/fuzz_chunks.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_chunks_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"chunks"'
tests_fuzz_fuzz_chunks_t_LDADD = $(smtpsrvr_smtpsrvr_LDADD)
TESTS += tests/fuzz/fuzz_chunks.t

check_PROGRAMS += tests/fuzz/fuzz_spf.t
tests_fuzz_fuzz_spf_t_SOURCES = tests/fuzz/fuzz_spf.c tests/fuzz/replay.c
tests_fuzz_fuzz_spf_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"spf"'
tests_fuzz_fuzz_spf_t_LDADD = tables/libtables.a lib/libbase.a
TESTS += tests/fuzz/fuzz_spf.t

check_PROGRAMS += tests/fuzz/fuzz_dnsmsg.t
tests_fuzz_fuzz_dnsmsg_t_SOURCES = tests/fuzz/fuzz_dnsmsg.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_dnsmsg_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"dnsmsg"'
tests_fuzz_fuzz_dnsmsg_t_LDADD = tables/liblookup.a lib/libbase.a
TESTS += tests/fuzz/fuzz_dnsmsg.t

check_PROGRAMS += tests/fuzz/fuzz_datagram.t
tests_fuzz_fuzz_datagram_t_SOURCES = tests/fuzz/fuzz_datagram.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_datagram_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"datagram"'
tests_fuzz_fuzz_datagram_t_LDADD = tools/liblogger.a lib/libbase.a
TESTS += tests/fuzz/fuzz_datagram.t

check_PROGRAMS += tests/fuzz/fuzz_tbrow.t
tests_fuzz_fuzz_tbrow_t_SOURCES = tests/fuzz/fuzz_tbrow.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_tbrow_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"tbrow"'
tests_fuzz_fuzz_tbrow_t_LDADD = $(tables_LDADD)
TESTS += tests/fuzz/fuzz_tbrow.t

check_PROGRAMS += tests/fuzz/fuzz_proxy.t
tests_fuzz_fuzz_proxy_t_SOURCES = tests/fuzz/fuzz_proxy.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_proxy_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"proxy"'
tests_fuzz_fuzz_proxy_t_LDADD = lib/libbase.a
TESTS += tests/fuzz/fuzz_proxy.t

check_PROGRAMS += tests/fuzz/fuzz_mend.t
tests_fuzz_fuzz_mend_t_SOURCES = tests/fuzz/fuzz_mend.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_mend_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"mend"'
tests_fuzz_fuzz_mend_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/fuzz/fuzz_mend.t

check_PROGRAMS += tests/fuzz/fuzz_mime7.t
tests_fuzz_fuzz_mime7_t_SOURCES = tests/fuzz/fuzz_mime7.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_mime7_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"mime7"'
tests_fuzz_fuzz_mime7_t_LDADD = chans/libchans.a lib/libbase.a
TESTS += tests/fuzz/fuzz_mime7.t

check_PROGRAMS += tests/fuzz/fuzz_attributes.t
tests_fuzz_fuzz_attributes_t_SOURCES = tests/fuzz/fuzz_attributes.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_attributes_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"attributes"'
tests_fuzz_fuzz_attributes_t_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
TESTS += tests/fuzz/fuzz_attributes.t

check_PROGRAMS += tests/fuzz/fuzz_relay.t
tests_fuzz_fuzz_relay_t_SOURCES = tests/fuzz/fuzz_relay.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_relay_t_CPPFLAGS = $(fuzz_cppflags) -DFUZZ_CORPUS='"relay"'
tests_fuzz_fuzz_relay_t_LDADD = $(relay_libs)
TESTS += tests/fuzz/fuzz_relay.t

exchange_libs = authsrvr/libauthsrvr.a authsrvr/libworkers.a \
	$(passwords_LIBS) $(NETTLE_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_exchange.t
tests_fuzz_fuzz_exchange_t_SOURCES = tests/fuzz/fuzz_exchange.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_exchange_t_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS='"exchange"'
tests_fuzz_fuzz_exchange_t_LDADD = $(exchange_libs)
TESTS += tests/fuzz/fuzz_exchange.t

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_exchange
tests_fuzz_fuzz_exchange_SOURCES = tests/fuzz/fuzz_exchange.c
tests_fuzz_fuzz_exchange_LDADD = $(exchange_libs)
tests_fuzz_fuzz_exchange_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_relay
tests_fuzz_fuzz_relay_SOURCES = tests/fuzz/fuzz_relay.c
tests_fuzz_fuzz_relay_LDADD = $(relay_libs)
tests_fuzz_fuzz_relay_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_attributes
tests_fuzz_fuzz_attributes_SOURCES = tests/fuzz/fuzz_attributes.c
tests_fuzz_fuzz_attributes_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
tests_fuzz_fuzz_attributes_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_params
tests_fuzz_fuzz_params_SOURCES = tests/fuzz/fuzz_params.c
tests_fuzz_fuzz_params_LDADD = $(smtpsrvr_smtpsrvr_LDADD)
tests_fuzz_fuzz_params_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_proxy
tests_fuzz_fuzz_proxy_SOURCES = tests/fuzz/fuzz_proxy.c
tests_fuzz_fuzz_proxy_LDADD = lib/libbase.a
tests_fuzz_fuzz_proxy_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_mend
tests_fuzz_fuzz_mend_SOURCES = tests/fuzz/fuzz_mend.c
tests_fuzz_fuzz_mend_LDADD = smtpsrvr/libsmtpsrvr.a lib/libbase.a
tests_fuzz_fuzz_mend_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_mime7
tests_fuzz_fuzz_mime7_SOURCES = tests/fuzz/fuzz_mime7.c
tests_fuzz_fuzz_mime7_LDADD = chans/libchans.a lib/libbase.a
tests_fuzz_fuzz_mime7_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_tbrow
tests_fuzz_fuzz_tbrow_SOURCES = tests/fuzz/fuzz_tbrow.c
tests_fuzz_fuzz_tbrow_LDADD = $(tables_LDADD)
tests_fuzz_fuzz_tbrow_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_session
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c
tests_fuzz_fuzz_session_LDADD = $(SESSION_LIBS)
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_chunks
tests_fuzz_fuzz_chunks_SOURCES = tests/fuzz/fuzz_chunks.c
tests_fuzz_fuzz_chunks_LDADD = $(smtpsrvr_smtpsrvr_LDADD)
tests_fuzz_fuzz_chunks_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_fuzz_conf_LDADD = lib/libbase.a
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_scan
tests_fuzz_fuzz_scan_SOURCES = tests/fuzz/fuzz_scan.c
tests_fuzz_fuzz_scan_LDADD = tools/libtailor.a lib/libbase.a
tests_fuzz_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += tests/fuzz/fuzz_path
tests_fuzz_fuzz_path_SOURCES = tests/fuzz/fuzz_path.c
tests_fuzz_fuzz_path_LDADD = lib/libbase.a
tests_fuzz_fuzz_path_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_qfile
tests_fuzz_fuzz_qfile_SOURCES = tests/fuzz/fuzz_qfile.c
tests_fuzz_fuzz_qfile_LDADD = lib/libbase.a
tests_fuzz_fuzz_qfile_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_subproto
tests_fuzz_fuzz_subproto_SOURCES = tests/fuzz/fuzz_subproto.c
tests_fuzz_fuzz_subproto_LDADD = lib/libbase.a
tests_fuzz_fuzz_subproto_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_spf
tests_fuzz_fuzz_spf_SOURCES = tests/fuzz/fuzz_spf.c
tests_fuzz_fuzz_spf_LDADD = tables/libtables.a lib/libbase.a
tests_fuzz_fuzz_spf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_dnsmsg
tests_fuzz_fuzz_dnsmsg_SOURCES = tests/fuzz/fuzz_dnsmsg.c
tests_fuzz_fuzz_dnsmsg_LDADD = tables/liblookup.a lib/libbase.a
tests_fuzz_fuzz_dnsmsg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += tests/fuzz/fuzz_datagram
tests_fuzz_fuzz_datagram_SOURCES = tests/fuzz/fuzz_datagram.c
tests_fuzz_fuzz_datagram_LDADD = tools/liblogger.a lib/libbase.a
tests_fuzz_fuzz_datagram_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
