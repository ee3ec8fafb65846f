/* copy.h - copies an element: the usual sizes in line. */
#ifndef CORE_COPY_H
#define CORE_COPY_H

#include <stddef.h>
#include <string.h>

static inline void copy_element(void *to, const void *from, size_t bytes)
{
    if (bytes == 8)
        memcpy(to, from, 8);
    else if (bytes == 16)
        memcpy(to, from, 16);
    else if (bytes == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, bytes);
}

#endif
