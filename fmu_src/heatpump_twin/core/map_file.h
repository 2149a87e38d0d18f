/* Reads a map file that heatpump_twin.core.map_file has written. */
#ifndef HEATPUMP_TWIN_MAP_FILE_H
#define HEATPUMP_TWIN_MAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "sha256.h"

/* False, and why in words, if the bytes are no map file of this version; then there is nothing to
   free. The hash tells one map from another. */
bool map_read(Map *map, const void *bytes, size_t size, uint8_t hash[SHA256_SIZE], char *why,
              size_t why_size);
void map_free(Map *map);

#endif
