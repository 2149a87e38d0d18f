/* What the processor can do that a compiler must not take for granted. */
#ifndef HEATPUMP_TWIN_PROCESSOR_H
#define HEATPUMP_TWIN_PROCESSOR_H

#include <stdbool.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(HEAT_PUMP_BY_TWO)
#define MAY_HAVE_REGISTERS_FOR_FOUR
#include <cpuid.h>

/* Whether processor and operating system know registers for four doubles (AVX). Asked directly:
   the function that zig puts behind __builtin_cpu_supports says no to everything. It takes long in a
   virtual machine, so it is not for each step. */
static inline bool has_registers_for_four(void) {
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX)) return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}
#else
static inline bool has_registers_for_four(void) { return false; }
#endif

#endif
