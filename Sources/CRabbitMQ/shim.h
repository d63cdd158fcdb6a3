#ifndef SOJOURN_CRABBITMQ_SHIM_H
#define SOJOURN_CRABBITMQ_SHIM_H

// The headers and nothing else: Swift 6.3 imports all that is used of rabbitmq-c 0.11 as it is, the unions of
// amqp_field_value_t and the cast macros of the method numbers included.

#include <amqp.h>
#include <amqp_framing.h>

#endif
