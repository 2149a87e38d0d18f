/* Two heat pumps of one map on two threads, and the answers that they have to give alike.

   usage: threads <map file> <steps>
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heat_pump.h"

typedef struct {
    const char *path;
    long steps;
    double sum[RESULTS];
    int notes;
} Task;

static void *run(void *argument) {
    Task *task = argument;
    FILE *file = fopen(task->path, "rb");
    if (!file) exit(2);
    enum { LARGEST = 1 << 20 };
    void *bytes = malloc(LARGEST);
    size_t size = fread(bytes, 1, LARGEST, file);
    fclose(file);
    char why[NOTE_SIZE];
    HeatPump *heat_pump = heat_pump_make(bytes, size, why, sizeof why);
    free(bytes);
    if (!heat_pump) exit(3);
    void *state = malloc(heat_pump_state_size(heat_pump));
    double design[INPUTS], inputs[INPUTS], results[RESULTS];
    Notes *notes = malloc(sizeof *notes);
    heat_pump_design(heat_pump, design);
    for (long k = 0; k < task->steps; k++) {
        for (int i = 0; i < INPUTS; i++)
            inputs[i] = design[i] * (0.9 + 0.01 * (double)((k * (i + 3)) % 21));
        heat_pump_step(heat_pump, inputs, 1.0, notes);
        heat_pump_results(heat_pump, results);
        heat_pump_get_state(heat_pump, state);
        if (!heat_pump_set_state(heat_pump, state, heat_pump_state_size(heat_pump))) exit(4);
        task->notes += notes->count;
        for (int i = 0; i < RESULTS; i++) task->sum[i] += results[i];
    }
    free(state), free(notes);
    heat_pump_free(heat_pump);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 3) return 1;
    Task tasks[2];
    pthread_t threads[2];
    memset(tasks, 0, sizeof tasks);
    for (int i = 0; i < 2; i++) {
        tasks[i].path = arguments[1], tasks[i].steps = atol(arguments[2]);
        if (pthread_create(&threads[i], NULL, run, &tasks[i])) return 1;
    }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    if (memcmp(tasks[0].sum, tasks[1].sum, sizeof tasks[0].sum)) return 5;
    printf("%d notes\n", tasks[0].notes);
    return 0;
}
