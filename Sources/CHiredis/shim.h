#ifndef SOJOURN_CHIREDIS_SHIM_H
#define SOJOURN_CHIREDIS_SHIM_H

// Only the reply reader is used; SwiftNIO provides sockets, timeouts and TLS (see docs/design.md, "Protocol libraries
// as codecs").
#include <hiredis/read.h>

// hiredis 1.x adds createDouble and createBool to this table. If they are left unset, the reader substitutes small
// integers for the objects that our callbacks return. So building against it must fail here instead of misbehaving at
// run time.
_Static_assert(sizeof(redisReplyObjectFunctions) == 5 * sizeof(void (*)(void)),
               "written for hiredis 0.14: hiredis 1.x has more reply constructors, which RedisNIO must then set");

#endif
