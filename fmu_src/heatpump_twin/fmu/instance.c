#include "instance.h"

#include <stdint.h>
#include <stdlib.h>

#include "platform.h"

/* Known instances, in lists by address, so that each is found soon. Under `instances_lock`. */
enum { LISTS = 64 };
static Instance *lists[LISTS];

/* What becomes of an instance. It is entered and freed under the lock. */
enum { IDLE, IN_A_CALL, TO_BE_FREED };

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
    atomic_init(&instance->use, IN_A_CALL);
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
    Instance *known = *link_to(instance);
    int idle = IDLE;
    Entry entry = !known                                                         ? UNKNOWN
                  : atomic_compare_exchange_strong(&known->use, &idle, IN_A_CALL) ? ENTERED
                                                                                 : BUSY;
    unlock(&instances_lock);
    return entry;
}

/* Nobody else is in it. */
static void forget(Instance *instance) {
    lock(&instances_lock);
    Instance **link = link_to(instance);
    *link = instance->next;
    unlock(&instances_lock);
    destroy(instance);
}

void instance_leave(Instance *instance) {
    int in_a_call = IN_A_CALL;
    if (!atomic_compare_exchange_strong(&instance->use, &in_a_call, IDLE)) forget(instance);
}

bool instance_free(Instance *instance) {
    lock(&instances_lock);
    Instance *known = *link_to(instance);
    /* Whoever is in it frees it when it leaves; an idle one may be entered by nobody from now on. */
    int before = known ? atomic_exchange(&known->use, TO_BE_FREED) : TO_BE_FREED;
    unlock(&instances_lock);
    if (before == IDLE) forget(instance);
    return known != NULL;
}

void instance_take_results(Instance *instance) {
    heat_pump_results(instance->heat_pump, instance->results);
    heat_pump_operation(instance->heat_pump, instance->operation);
}
