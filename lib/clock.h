/*
 * clock - now and deadlines.
 *
 * Monotonic milliseconds for every wait, wall-clock seconds for what people
 * read.  A deadline is a monotonic time; CLOCK_NEVER never comes.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);		/* monotonic */
int64_t clock_us(void);		/* monotonic, microseconds */
int64_t clock_wall_us(void);	/* microseconds since 1970 */
/* Milliseconds left as poll(2) wants them: 0 when past, -1 for never. */
int clock_left(int64_t deadline);

#endif
