#include "instance.h"

#include <stdint.h>
#include <stdlib.h>

#include "platform.h"

/* Known instances, in lists by address, so that each is found soon. Under `instances_lock`. */
enum { LISTS = 64 };
static Instance *lists[LISTS];

/* The link to a known instance, or to the end of its list. */
static Instance **link_to(const Instance *instance) {
    Instance **link = &lists[((uintptr_t)instance >> 6) % LISTS];
    while (*link && *link != instance) link = &(*link)->next;
    return link;
}

Instance *instance_make(fmi2String name, const fmi2CallbackFunctions *functions, bool logging) {
    Instance *instance = calloc(1, sizeof *instance);
    if (!instance) return NULL;
    if (functions) instance->log.host = *functions;
    instance->name = text("%s", name ? name : "");
    instance->log.name = instance->name;
    instance->log.enabled = logging;
    instance->frame.phase = INSTANTIATED;
    instance->is_busy = true;
    lock(&instances_lock);
    *link_to(instance) = instance;
    unlock(&instances_lock);
    return instance;
}

static void destroy(Instance *instance) {
    for (FmuState *state = instance->states, *next; state; state = next) {
        next = state->next;
        free(state);
    }
    free(instance->start);
    live_free(instance->live);
    heat_pump_free(instance->heat_pump);
    log_forget(&instance->log);
    free(instance->resources);
    free(instance->guid);
    free(instance->name);
    free(instance);
}

Entry instance_enter(Instance *instance) {
    lock(&instances_lock);
    const Instance *known = *link_to(instance);
    Entry entry = !known ? UNKNOWN : known->is_busy ? BUSY : ENTERED;
    if (entry == ENTERED) instance->is_busy = true;
    unlock(&instances_lock);
    return entry;
}

static void forget_and_unlock(Instance **link) {
    Instance *instance = *link;
    *link = instance->next;
    unlock(&instances_lock);
    destroy(instance);
}

void instance_leave(Instance *instance) {
    lock(&instances_lock);
    instance->is_busy = false;
    if (instance->is_to_be_freed) forget_and_unlock(link_to(instance));
    else unlock(&instances_lock);
}

bool instance_free(Instance *instance) {
    lock(&instances_lock);
    Instance **link = link_to(instance);
    bool is_known = *link != NULL;
    if (is_known && (*link)->is_busy) (*link)->is_to_be_freed = true;
    if (is_known && !(*link)->is_busy) forget_and_unlock(link);
    else unlock(&instances_lock);
    return is_known;
}
