/* The interface of the registry to the handles. */
#ifndef OMNI_BROKER_H
#define OMNI_BROKER_H

#include "channel.h"

/* One of its handles is closed: unregisters the channel with the last, and counts what it sent. */
void broker_handle_closed(omni_channel *channel);

#endif
