/*
 * manager - what a service manager gives us, and is told by us: sockets that
 * it listens at (LISTEN_FDS), and whether we serve (NOTIFY_SOCKET).
 *
 * The protocols are systemd's, sd_listen_fds(3) and sd_notify(3); who does not
 * speak them sets no such variables.
 */
#ifndef TOOLS_MANAGER_H
#define TOOLS_MANAGER_H

/* How many sockets are ours, from descriptor 3 on. */
int manager_sockets(void);
/*
 * For a program of ours that shall have n of them at the same place: two
 * entries of its environment, or none.  It believes them of its parent.
 */
int manager_hand_on(int n, char **env_r);
/* "READY=1", "STOPPING=1".  Who is not there hears nothing. */
void manager_tell(const char *what);

#endif
