/* Python in the host's process: found, loaded and started when the host has none. */
#ifndef HEATPUMP_TWIN_PYTHON_HOST_H
#define HEATPUMP_TWIN_PYTHON_HOST_H

/* Make a running Python available to libraries that are opened after this call.

   Returns NULL, or a text that says what was looked for and how to cure it, which the caller frees.
*/
char *provide_python(void);

#endif
