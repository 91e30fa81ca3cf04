# chans
