#ifndef SOJOURN_CRABBITMQ_SHIM_H
#define SOJOURN_CRABBITMQ_SHIM_H

// What Swift cannot import from rabbitmq-c, and no more.

#include <amqp.h>
#include <amqp_framing.h>

#endif
