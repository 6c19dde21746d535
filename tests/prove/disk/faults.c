/* Fails what a process writes below FAULTS_ROOT with the error whose number stands in the file FAULTS_SWITCH.

   Loaded by LD_PRELOAD. While the switch is not there, every call goes through. With it, whatever would change the disk
   fails as it does on a disk that is full (ENOSPC), read-only (EROFS) or broken (EIO). The switch is `<error> <bytes>`:
   of so many bytes the disk still takes part, so that a write is cut in the middle. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int switch_is(long *left) {
    const char *path = getenv("FAULTS_SWITCH");
    static int (*real_open)(const char *, int, ...);
    static ssize_t (*real_read)(int, void *, size_t);
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
    if (!real_read) real_read = dlsym(RTLD_NEXT, "read");
    int saved = errno, fd = path ? real_open(path, O_RDONLY | O_CLOEXEC) : -1, error = 0;
    if (fd >= 0) {
        char text[64] = "";
        ssize_t got = real_read(fd, text, sizeof text - 1);
        if (got > 0) sscanf(text, "%d %ld", &error, left);
        close(fd);
    }
    errno = saved;
    return error;
}

static int below_root(const char *path) {
    const char *root = getenv("FAULTS_ROOT");
    size_t length = root ? strlen(root) : 0;
    return length && strncmp(path, root, length) == 0;
}

static int of_root(int fd) {
    char link[64], path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return below_root(path);
}

static long taken; /* bytes that the failing disk has taken since the switch was seen on */

/* The error for a write of so many bytes; 0: it goes through. `*part`: how many of them the disk takes. */
static int failing(int fd, size_t size, size_t *part) {
    long left = 0;
    int error = switch_is(&left);
    *part = size;
    if (!error) { taken = 0; return 0; }
    if (!of_root(fd)) return 0;
    long room = left - taken;
    if (room >= (long) size) { taken += size; return 0; }
    *part = room > 0 ? (size_t) room : 0;
    taken += *part;
    return error;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *) dlsym(RTLD_NEXT, #name)

#define WRITES(name, parameters, whole, some)                 \
    ssize_t name parameters {                                 \
        REAL(name);                                           \
        size_t part;                                          \
        int error = failing(fd, size, &part);                 \
        if (!error) return real whole;                        \
        if (part) return real some;                           \
        errno = error;                                        \
        return -1;                                            \
    }

WRITES(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, part))
WRITES(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), (fd, data, part, at))
WRITES(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), (fd, data, part, at))

#define FAILS(name, parameters, arguments, concerned)         \
    int name parameters {                                     \
        REAL(name);                                           \
        long left = 0;                                        \
        int error = switch_is(&left);                         \
        if (error && left <= taken && (concerned)) {          \
            errno = error;                                    \
            return -1;                                        \
        }                                                     \
        return real arguments;                                \
    }

/* A full disk syncs and removes; a read-only or a broken one does not. */
FAILS(fsync, (int fd), (fd), error != ENOSPC && of_root(fd))
FAILS(fdatasync, (int fd), (fd), error != ENOSPC && of_root(fd))
FAILS(ftruncate, (int fd, off_t size), (fd, size), error != ENOSPC && of_root(fd))
FAILS(ftruncate64, (int fd, off64_t size), (fd, size), error != ENOSPC && of_root(fd))
FAILS(unlink, (const char *path), (path), error == EROFS && below_root(path))
FAILS(rename, (const char *from, const char *to), (from, to), error == EROFS && below_root(to))
