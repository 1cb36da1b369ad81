/* The interface of the registry to the handles. */
#ifndef OMNI_BROKER_H
#define OMNI_BROKER_H

#include "channel.h"

/* One of its handles is closed: unregisters the channel with the last, and counts what it sent. */
void broker_handle_closed(omni_channel *channel);

/* Whether this thread has closed the consumer inside a pop, so that the close is complete only when that leaves. */
bool consumer_defers_close(const omni_consumer *consumer);

#endif
