#ifndef SOJOURN_CRABBITMQ_SHIM_H
#define SOJOURN_CRABBITMQ_SHIM_H

// Headers only: Swift 6.3 imports everything used of rabbitmq-c 0.11 directly, including the unions of
// amqp_field_value_t and the cast macros of the method numbers.

#include <amqp.h>
#include <amqp_framing.h>

#endif
