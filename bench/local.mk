# bench

# what tables cost; not built by default: make bench/tables
EXTRA_PROGRAMS = bench/tables
bench_tables_SOURCES = bench/tables.c
bench_tables_LDADD = $(tables_LDADD)
