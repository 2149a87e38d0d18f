/* SHA-256 as FIPS 180-4 has it. */
#ifndef HEATPUMP_TWIN_SHA256_H
#define HEATPUMP_TWIN_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

void sha256(const uint8_t *bytes, size_t size, uint8_t hash[SHA256_SIZE]);

#endif
