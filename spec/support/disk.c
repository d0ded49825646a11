/* SPDX-License-Identifier: MIT
 *
 * For LD_PRELOAD: a disk that takes nothing. While the file DISK_FILE holds the number of an error
 * (of errno), whatever is written to or synced in a file whose name has ".db" in it fails so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int wanted_error(int fd)
{
    char link[64], name[512] = "", text[16] = "";
    const char *path = getenv("DISK_FILE");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (path == NULL || readlink(link, name, sizeof name - 1) < 0 || !strstr(name, ".db")) return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
    return atoi(text);
}

#define FAILS(fd)                     \
    do {                              \
        int error = wanted_error(fd); \
        if (error) {                  \
            errno = error;            \
            return -1;                \
        }                             \
    } while (0)

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    FAILS(fd);
    return ((ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes,
                                                                                          len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}

int fdatasync(int fd)
{
    FAILS(fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}

int fsync(int fd)
{
    FAILS(fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
