/*
 * mm - the few macros allowed everywhere.
 *
 * Compiler extensions stand here and nowhere else.
 */
#ifndef LIB_MM_H
#define LIB_MM_H

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MM_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define MM_MUST_USE __attribute__((warn_unused_result))
#define MM_UNUSED __attribute__((unused))

#endif
