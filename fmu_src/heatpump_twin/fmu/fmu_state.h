/* States of an instance: what a host takes, gives back, and stores as bytes. */
#ifndef HEATPUMP_TWIN_FMU_STATE_H
#define HEATPUMP_TWIN_FMU_STATE_H

#include "instance.h"

/* A copy of what the instance is now; NULL without memory. */
FmuState *state_of(const Instance *instance);

/* Make the instance what it was. */
void state_restore(Instance *instance, const FmuState *state);

/* The link to a state of this instance; NULL where the handle is none. */
FmuState **state_link(Instance *instance, fmi2FMUstate handle);

size_t state_bytes_size(const Instance *instance);
void state_to_bytes(const Instance *instance, const FmuState *state, unsigned char *bytes);

/* A new state of bytes, or NULL and what they are instead. Every value is looked at: bytes may come
   from anywhere. */
FmuState *state_from_bytes(const Instance *instance, const unsigned char *bytes, size_t size,
                           const char **fault);

#endif
