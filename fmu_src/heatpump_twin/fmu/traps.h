/* Floating-point traps of the host are held off while we compute: a NaN that a host sets must not end
   its process. Flags that we raise are forgotten with them. */
#ifndef HEATPUMP_TWIN_TRAPS_H
#define HEATPUMP_TWIN_TRAPS_H

#if defined(__x86_64__) || defined(_M_X64)
/* Numbers are computed by SSE alone there, whose control word is cheaper than the whole of fenv.h. */
#include <xmmintrin.h>

typedef unsigned Traps;

static inline Traps hold_traps_off(void) {
    Traps of_the_host = _mm_getcsr();
    _mm_setcsr((of_the_host & ~_MM_EXCEPT_MASK) | _MM_MASK_MASK);
    return of_the_host;
}

static inline void give_traps_back(Traps of_the_host) { _mm_setcsr(of_the_host); }
#else
#include <fenv.h>

typedef fenv_t Traps;

static inline Traps hold_traps_off(void) {
    Traps of_the_host;
    feholdexcept(&of_the_host);
    return of_the_host;
}

static inline void give_traps_back(Traps of_the_host) { fesetenv(&of_the_host); }
#endif

#endif
