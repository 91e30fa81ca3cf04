# smtpsrvr
