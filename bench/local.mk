# bench

# not built by default: make bench/load bench/tables
EXTRA_PROGRAMS = bench/load bench/tables

# a client that keeps any server busy
bench_load_SOURCES = bench/load.c
bench_load_LDADD = lib/libbase.a $(SSL_LIBS)

# what tables cost
bench_tables_SOURCES = bench/tables.c
bench_tables_LDADD = $(tables_LDADD)

# the shapes, against the servers that are found: see bench/README.md
EXTRA_DIST += bench/README.md bench/shapes.py bench/growth.py bench/gate.py \
	bench/servers.py bench/peers/exim.sh bench/peers/inlet.sh \
	bench/peers/opensmtpd.sh bench/peers/postfix.sh
