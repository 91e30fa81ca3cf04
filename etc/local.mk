# etc: an example to begin with
exampledir = $(docdir)/examples
dist_example_DATA = etc/inlet.conf etc/submission.conf etc/networks \
	etc/mailboxes etc/aliases etc/certbot-deploy

# As a service of systemd, which looks into these folders below /usr/local, too.
units = etc/inlet.service etc/inlet-unprivileged.service
EXTRA_DIST += etc/inlet.service.in etc/inlet-unprivileged.service.in
CLEANFILES += $(units)
noinst_DATA += $(units)
$(units): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && sed -e 's,@sbindir\@,$(sbindir),g' \
		-e 's,@sysconfdir\@,$(sysconfdir),g' \
		$(srcdir)/$@.in >$@.new && mv $@.new $@
if SYSTEMD
systemdsystemunit_DATA = $(units)
dist_systemdsystemunit_DATA = etc/inlet.socket
dist_sysusers_DATA = etc/sysusers.d/inlet.conf
dist_tmpfiles_DATA = etc/tmpfiles.d/inlet.conf
else
EXTRA_DIST += etc/inlet.socket etc/sysusers.d/inlet.conf \
	etc/tmpfiles.d/inlet.conf
endif
