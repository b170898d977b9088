// One file that many threads append to.

#ifndef STORAGE_H
#define STORAGE_H

#include <stddef.h>

#include "copier.h"

// Makes the file, empty.
void open_storage(const struct server_options *options);

// Appends `count` bytes, at most BUFFER_SIZE, and returns once they are stored as the options say.
void store(const unsigned char *bytes, size_t count);

#endif
