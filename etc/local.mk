# etc: an example to begin with
exampledir = $(docdir)/examples
dist_example_DATA = etc/inlet.conf etc/submission.conf etc/networks \
	etc/mailboxes etc/aliases etc/certbot-deploy
