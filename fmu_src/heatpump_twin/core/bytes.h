/* Numbers as bytes, little-endian whatever the processor is. */
#ifndef HEATPUMP_TWIN_BYTES_H
#define HEATPUMP_TWIN_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint64_t integer_at(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

static inline double double_at(const uint8_t *bytes) {
    uint64_t bits = integer_at(bytes);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Both return the place behind what they have written. */
static inline uint8_t *put_integer(uint8_t *bytes, uint64_t value) {
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    return bytes + 8;
}

static inline uint8_t *put_double(uint8_t *bytes, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_integer(bytes, bits);
}

#endif
