# tables: from a key to its row, and what follows from it
noinst_LIBRARIES += tables/libtables.a
tables_libtables_a_SOURCES = \
	tables/authorise.c \
	tables/authorise.h \
	tables/authvalue.c \
	tables/authvalue.h \
	tables/etrn.c \
	tables/etrn.h \
	tables/envelope.c \
	tables/envelope.h \
	tables/glob.c \
	tables/glob.h \
	tables/forhost.c \
	tables/forhost.h \
	tables/clients.c \
	tables/clients.h \
	tables/logins.c \
	tables/logins.h \
	tables/maketable.c \
	tables/maketable.h \
	tables/patrow.c \
	tables/patrow.h \
	tables/prefix.c \
	tables/prefix.h \
	tables/rehearse.c \
	tables/rehearse.h \
	tables/resolver.c \
	tables/resolver.h \
	tables/route.c \
	tables/route.h \
	tables/sidecar.c \
	tables/sidecar.h \
	tables/site.c \
	tables/site.h \
	tables/snap.c \
	tables/snap.h \
	tables/source.c \
	tables/source.h \
	tables/spf.c \
	tables/spf.h \
	tables/spfmacro.c \
	tables/spfmacro.h \
	tables/spfterm.c \
	tables/spfterm.h \
	tables/tb.c \
	tables/tb.h \
	tables/tb_cdb.c \
	tables/tb_cidr.c \
	tables/tb_gdbm.c \
	tables/tb_glob.c \
	tables/tb_list.c \
	tables/tb_ns.c \
	tables/tb_pcre.c \
	tables/tb_text.c \
	tables/tbrow.c \
	tables/tbrow.h \
	tables/watch.h \
	tables/wraprules.c \
	tables/wraprules.h \
	tables/wrapwatch.c \
	tables/wrapwatch.h

EXTRA_DIST += tables/authorise.def
# libtables.a needs GDBM for the kind of that name
tables_LDADD = tables/libtables.a lib/libbase.a $(GDBM_LIBS)

sbin_PROGRAMS += tables/dbmbuild tables/dbmlist
tables_dbmbuild_SOURCES = tables/dbmbuild.c
tables_dbmbuild_LDADD = $(tables_LDADD)
tables_dbmlist_SOURCES = tables/dbmlist.c
tables_dbmlist_LDADD = $(tables_LDADD)

tables_tests = \
	tests/tables/t_authorise.t \
	tests/tables/t_authvalue.t \
	tests/tables/t_dbmbuild.t \
	tests/tables/t_envelope.t \
	tests/tables/t_glob.t \
	tests/tables/t_clients.t \
	tests/tables/t_rehearse.t \
	tests/tables/t_logins.t \
	tests/tables/t_forhost.t \
	tests/tables/t_maketable.t \
	tests/tables/t_patrow.t \
	tests/tables/t_route.t \
	tests/tables/t_sidecar.t \
	tests/tables/t_site.t \
	tests/tables/t_source.t \
	tests/tables/t_tb_cdb.t \
	tests/tables/t_tb_cidr.t \
	tests/tables/t_tb_gdbm.t \
	tests/tables/t_tb_glob.t \
	tests/tables/t_tb_list.t \
	tests/tables/t_tb_ns.t \
	tests/tables/t_tb_pcre.t \
	tests/tables/t_tb_text.t \
	tests/tables/t_tbrow.t \
	tests/tables/t_wraprules.t \
	tests/tables/t_wrapwatch.t
check_PROGRAMS += $(tables_tests)
TESTS += $(tables_tests)

tests_tables_t_authorise_t_SOURCES = tests/tables/t_authorise.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_authorise_t_LDADD = $(tables_LDADD)
tests_tables_t_authvalue_t_SOURCES = tests/tables/t_authvalue.c \
	tests/tap.h
tests_tables_t_authvalue_t_LDADD = $(tables_LDADD)
tests_tables_t_dbmbuild_t_SOURCES = tests/tables/t_dbmbuild.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_dbmbuild_t_LDADD = $(tables_LDADD)
tests_tables_t_envelope_t_SOURCES = tests/tables/t_envelope.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_envelope_t_LDADD = $(tables_LDADD)
tests_tables_t_rehearse_t_SOURCES = tests/tables/t_rehearse.c tests/tap.h
tests_tables_t_rehearse_t_LDADD = $(tables_LDADD)
tests_tables_t_glob_t_SOURCES = tests/tables/t_glob.c tests/tap.h
tests_tables_t_glob_t_LDADD = $(tables_LDADD)
tests_tables_t_clients_t_SOURCES = tests/tables/t_clients.c tests/tap.h
tests_tables_t_clients_t_LDADD = $(tables_LDADD)
tests_tables_t_logins_t_SOURCES = tests/tables/t_logins.c tests/tap.h
tests_tables_t_logins_t_LDADD = $(tables_LDADD)
tests_tables_t_maketable_t_SOURCES = tests/tables/t_maketable.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_maketable_t_LDADD = $(tables_LDADD)
tests_tables_t_patrow_t_SOURCES = tests/tables/t_patrow.c tests/tap.h
tests_tables_t_patrow_t_LDADD = $(tables_LDADD)
tests_tables_t_forhost_t_SOURCES = tests/tables/t_forhost.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_forhost_t_LDADD = $(tables_LDADD)
tests_tables_t_wrapwatch_t_SOURCES = tests/tables/t_wrapwatch.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_wrapwatch_t_LDADD = $(tables_LDADD)
tests_tables_t_route_t_SOURCES = tests/tables/t_route.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_route_t_LDADD = $(tables_LDADD)
tests_tables_t_sidecar_t_SOURCES = tests/tables/t_sidecar.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_sidecar_t_LDADD = $(tables_LDADD)
tests_tables_t_site_t_SOURCES = tests/tables/t_site.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_site_t_LDADD = $(tables_LDADD)
tests_tables_t_source_t_SOURCES = tests/tables/t_source.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_source_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_cdb_t_SOURCES = tests/tables/t_tb_cdb.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_cdb_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_cidr_t_SOURCES = tests/tables/t_tb_cidr.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_cidr_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_gdbm_t_SOURCES = tests/tables/t_tb_gdbm.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_gdbm_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_glob_t_SOURCES = tests/tables/t_tb_glob.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_glob_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_list_t_SOURCES = tests/tables/t_tb_list.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_list_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_ns_t_SOURCES = tests/tables/t_tb_ns.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_ns_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_pcre_t_SOURCES = tests/tables/t_tb_pcre.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_pcre_t_LDADD = $(tables_LDADD)
tests_tables_t_tb_text_t_SOURCES = tests/tables/t_tb_text.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tb_text_t_LDADD = $(tables_LDADD)
tests_tables_t_tbrow_t_SOURCES = tests/tables/t_tbrow.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_tbrow_t_LDADD = $(tables_LDADD)
tests_tables_t_wraprules_t_SOURCES = tests/tables/t_wraprules.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_wraprules_t_LDADD = $(tables_LDADD)

# lookup: the only program that links c-ares, libidn2 and libwrap.
inlet_PROGRAMS += tables/lookup
noinst_LIBRARIES += tables/liblookup.a
tables_liblookup_a_SOURCES = \
	tables/askers.c tables/askers.h tables/asking.h \
	tables/batches.c tables/question.c tables/question.h \
	tables/questions.c tables/waiting.c \
	tables/cache.c tables/cache.h \
	tables/confirm.c tables/confirm.h \
	tables/dns.c tables/dns.h \
	tables/dnsmsg.c tables/dnsmsg.h \
	tables/greylist.c tables/greylist.h \
	tables/fetch.c tables/fetch.h \
	tables/hosts.c tables/hosts.h \
	tables/idna.c tables/idna.h \
	tables/lister.c tables/lister.h \
	tables/query.c tables/query.h \
	tables/wrap.c tables/wrap.h \
	tables/zones.c tables/zones.h
tables_lookup_SOURCES = tables/lookup.c
tables_lookup_LDADD = tables/liblookup.a tables/libtables.a \
	lib/libbase.a $(CARES_LIBS) $(IDN2_LIBS) $(LMDB_LIBS) $(WRAP_LIBS)

check_PROGRAMS += tests/tables/t_cache.t tests/tables/t_dnsmsg.t \
	tests/tables/t_idna.t
tests_tables_t_idna_t_SOURCES = tests/tables/t_idna.c tests/tap.h
tests_tables_t_idna_t_LDADD = tables/liblookup.a lib/libbase.a $(IDN2_LIBS)
tests_tables_t_cache_t_SOURCES = tests/tables/t_cache.c tests/tap.h
tests_tables_t_cache_t_LDADD = tables/liblookup.a lib/libbase.a
tests_tables_t_dnsmsg_t_SOURCES = tests/tables/t_dnsmsg.c tests/tap.h
tests_tables_t_dnsmsg_t_LDADD = tables/liblookup.a lib/libbase.a
TESTS += tests/tables/t_cache.t tests/tables/t_dnsmsg.t

check_PROGRAMS += tests/tables/t_greylist.t
tests_tables_t_greylist_t_SOURCES = tests/tables/t_greylist.c tests/tap.h
tests_tables_t_greylist_t_LDADD = tables/liblookup.a lib/libbase.a $(LMDB_LIBS)
TESTS += tests/tables/t_greylist.t

check_PROGRAMS += tests/tables/t_wrap.t
tests_tables_t_wrap_t_SOURCES = tests/tables/t_wrap.c \
	tests/tables/fixture.h tests/tap.h
tests_tables_t_wrap_t_LDADD = $(tables_lookup_LDADD)
TESTS += tests/tables/t_wrap.t

# Starts one helper by itself; 21-logger.py uses it too.
check_PROGRAMS += tests/system/record
tests_system_record_SOURCES = tests/system/record.c
tests_system_record_LDADD = lib/libbase.a
EXTRA_DIST += tests/system/nsd.py tests/system/between.py
TESTS += tests/system/20-lookup.py
dist_check_SCRIPTS += tests/system/20-lookup.py

TESTS += tests/system/25-kinds.py
dist_check_SCRIPTS += tests/system/25-kinds.py

TESTS += tests/system/27-nameserver.py
dist_check_SCRIPTS += tests/system/27-nameserver.py

TESTS += tests/system/28-outcomes.py
dist_check_SCRIPTS += tests/system/28-outcomes.py

TESTS += tests/system/26-libwrap.py
dist_check_SCRIPTS += tests/system/26-libwrap.py

check_PROGRAMS += tests/tables/t_etrn.t
tests_tables_t_etrn_t_SOURCES = tests/tables/t_etrn.c tests/tap.h
tests_tables_t_etrn_t_LDADD = $(tables_LDADD)
TESTS += tests/tables/t_etrn.t

check_PROGRAMS += tests/tables/t_spf.t
tests_tables_t_spf_t_SOURCES = tests/tables/t_spf.c tests/tap.h
tests_tables_t_spf_t_LDADD = $(tables_LDADD)
TESTS += tests/tables/t_spf.t
EXTRA_DIST += tests/tables/spf.cases

check_PROGRAMS += tests/tables/t_zones.t
tests_tables_t_zones_t_SOURCES = tests/tables/t_zones.c tests/tap.h
tests_tables_t_zones_t_LDADD = tables/liblookup.a lib/libbase.a
TESTS += tests/tables/t_zones.t

check_PROGRAMS += tests/tables/t_question.t
tests_tables_t_question_t_SOURCES = tests/tables/t_question.c tests/tap.h
tests_tables_t_question_t_LDADD = tables/liblookup.a lib/libbase.a
TESTS += tests/tables/t_question.t
