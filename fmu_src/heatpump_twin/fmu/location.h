#ifndef HEATPUMP_TWIN_LOCATION_H
#define HEATPUMP_TWIN_LOCATION_H

/* The resources' folder as a path, or NULL and a problem: it is the folder that holds `file`. */
char *resources_path(const char *location, const char *file, char **problem);

#endif
