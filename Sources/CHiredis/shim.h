#ifndef SOJOURN_CHIREDIS_SHIM_H
#define SOJOURN_CHIREDIS_SHIM_H

// Only the reply reader is used: sockets, timeouts and TLS are SwiftNIO's (see docs/design.md, "Protocol libraries as codecs").
#include <hiredis/read.h>

// hiredis 1.x adds createDouble and createBool to this table. Left unset, they make the reader hand out small integers
// in place of the objects that our callbacks return. Building against it must therefore fail here, and not run there.
_Static_assert(sizeof(redisReplyObjectFunctions) == 5 * sizeof(void (*)(void)),
               "written for hiredis 0.14: hiredis 1.x has more reply constructors, which RedisConnection must then set");

#endif
