# bench

# not built by default: make bench/load bench/tables
EXTRA_PROGRAMS = bench/load bench/tables bench/signing bench/keyed

# a client that keeps any server busy
bench_load_SOURCES = bench/load.c
bench_load_LDADD = lib/libbase.a $(SSL_LIBS)

# what tables cost
bench_tables_SOURCES = bench/tables.c
bench_tables_LDADD = $(tables_LDADD)

# what keysrvr costs: its client, and smtpsrvr-tls without it
bench_signing_SOURCES = bench/signing.c
bench_signing_LDADD = smtpsrvr/libtls.a lib/libbase.a $(CRYPTO_LIBS)
bench_keyed_SOURCES = $(program_sources) smtpsrvr/securing.c bench/keyed.c
bench_keyed_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=cert_read,--wrap=tls_key_new,--wrap=tls_keys_reach
bench_keyed_LDADD = smtpsrvr/libtls.a $(SESSION_LIBS) $(SSL_LIBS)

# the shapes, against the servers that are found: see bench/README.md
EXTRA_DIST += bench/README.md bench/shapes.py bench/growth.py bench/gate.py \
	bench/servers.py bench/signing.py bench/peers/exim.sh bench/peers/inlet.sh \
	bench/peers/opensmtpd.sh bench/peers/postfix.sh
