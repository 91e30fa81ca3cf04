/*
 * starter - what a session may ask of deliver, by submit: to try now what
 * waits for a domain (lib/control.h).  One request at a time.
 */
#ifndef SUBMIT_STARTER_H
#define SUBMIT_STARTER_H

#include "lib/control.h"
#include "lib/mm.h"

/* Sends the request to the socket at path; its descriptor, or -1. */
MM_MUST_USE int starter_ask(const char *path,
    const struct control_request *r);
/* 1 with the answer, 0 not yet, -1 there will be none. */
int starter_take(int fd, struct control_answer *a_r);

#endif
