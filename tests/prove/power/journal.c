/* Journals what a process does to the files below POWER_ROOT, in the order in which it does it, to POWER_JOURNAL.

   Loaded by LD_PRELOAD. One record an operation: kind, file, offset, length, data. The file's number is given at its
   first opening and told with its path. Nothing is changed: every call goes through, and returns what it returned. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENED = 'O', WRITTEN = 'W', CUT = 'T', SYNCED = 'S', REMOVED = 'U', RENAMED = 'R', FOLDER_SYNCED = 'D' };
enum { DESCRIPTORS = 4096, FILES = 4096 };

struct record { uint8_t kind; uint8_t pad[3]; uint32_t file; uint64_t offset; uint64_t length; };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char root[PATH_MAX];
static size_t root_length;
static uint32_t file_of[DESCRIPTORS];      /* number of the file behind a descriptor; 0: none of ours */
static uint8_t folder[DESCRIPTORS];        /* the descriptor is of a folder below the root */
static struct { dev_t device; ino_t inode; uint32_t number; } known[FILES];
static uint32_t numbers = 0;

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("POWER_ROOT"), *to = getenv("POWER_JOURNAL");
    if (!where || !to || !realpath(where, root)) return;
    root_length = strlen(root);
    journal = REAL(open)(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD");  /* children are not journalled */
}

static void put(uint8_t kind, uint32_t file, uint64_t offset, const void *data, uint64_t length) {
    struct record head = {kind, {0, 0, 0}, file, offset, length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *) data, length}};
    if (REAL(writev)(journal, parts, 2) != (ssize_t) (sizeof head + length)) abort();
}

static int ours(const char *path, char *whole) {
    if (journal < 0 || !path) return 0;
    char parent[PATH_MAX];
    if (strlen(path) >= sizeof parent) return 0;
    if (realpath(path, whole)) return !strncmp(whole, root, root_length);
    strcpy(parent, path);
    char *slash = strrchr(parent, '/');
    const char *name = slash ? slash + 1 : path;
    if (slash) *slash = 0; else strcpy(parent, ".");
    if (!realpath(*parent ? parent : "/", whole)) return 0;
    strncat(whole, "/", PATH_MAX - strlen(whole) - 1);
    strncat(whole, name, PATH_MAX - strlen(whole) - 1);
    return !strncmp(whole, root, root_length);
}

static uint32_t number(int descriptor, const char *path) {
    struct stat about;
    if (fstat(descriptor, &about)) return 0;
    for (uint32_t at = 0; at < numbers; at++)
        if (known[at].device == about.st_dev && known[at].inode == about.st_ino) return known[at].number;
    if (numbers == FILES) abort();
    known[numbers].device = about.st_dev;
    known[numbers].inode = about.st_ino;
    known[numbers].number = numbers + 1;
    put(OPENED, ++numbers, 0, path + root_length, strlen(path + root_length));
    return numbers;
}

static int opened(int descriptor, const char *path, int flags) {
    char whole[PATH_MAX];
    if (descriptor < 0 || descriptor >= DESCRIPTORS || !ours(path, whole)) return descriptor;
    int before = errno;
    struct stat about;
    pthread_mutex_lock(&turn);
    if (!fstat(descriptor, &about)) {
        if (S_ISDIR(about.st_mode)) folder[descriptor] = 1;
        else if (S_ISREG(about.st_mode)) {
            uint32_t file = number(descriptor, whole);
            if (flags & O_TRUNC) put(CUT, file, 0, "", 0);
            file_of[descriptor] = file;
        }
    }
    pthread_mutex_unlock(&turn);
    errno = before;
    return descriptor;
}

#define MODE(flags) mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open)(path, flags, mode), path, flags); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open64)(path, flags, mode), path, flags); }
int openat(int at, const char *path, int flags, ...) {
    MODE(flags)
    int descriptor = REAL(openat)(at, path, flags, mode);
    return at == AT_FDCWD || path[0] == '/' ? opened(descriptor, path, flags) : descriptor;
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    int descriptor = REAL(openat64)(at, path, flags, mode);
    return at == AT_FDCWD || path[0] == '/' ? opened(descriptor, path, flags) : descriptor;
}

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) file_of[descriptor] = 0, folder[descriptor] = 0;
    return REAL(close)(descriptor);
}

static uint32_t mine(int descriptor) {
    return journal >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS ? file_of[descriptor] : 0;
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) {
    uint32_t file = mine(descriptor);
    if (!file) return REAL(pwrite64)(descriptor, data, length, offset);
    pthread_mutex_lock(&turn);
    ssize_t done = REAL(pwrite64)(descriptor, data, length, offset);
    if (done > 0) put(WRITTEN, file, (uint64_t) offset, data, (uint64_t) done);
    pthread_mutex_unlock(&turn);
    return done;
}
ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    return pwrite64(descriptor, data, length, offset);
}

ssize_t write(int descriptor, const void *data, size_t length) {
    uint32_t file = mine(descriptor);
    if (!file) return REAL(write)(descriptor, data, length);
    pthread_mutex_lock(&turn);
    ssize_t done = REAL(write)(descriptor, data, length);
    if (done > 0) {
        off64_t end = lseek64(descriptor, 0, SEEK_CUR);
        put(WRITTEN, file, (uint64_t) (end - done), data, (uint64_t) done);
    }
    pthread_mutex_unlock(&turn);
    return done;
}

int ftruncate64(int descriptor, off64_t length) {
    uint32_t file = mine(descriptor);
    if (!file) return REAL(ftruncate64)(descriptor, length);
    pthread_mutex_lock(&turn);
    int done = REAL(ftruncate64)(descriptor, length);
    if (!done) put(CUT, file, (uint64_t) length, "", 0);
    pthread_mutex_unlock(&turn);
    return done;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

static int synced(int descriptor, int done) {
    if (done || journal < 0 || descriptor < 0 || descriptor >= DESCRIPTORS) return done;
    pthread_mutex_lock(&turn);
    if (folder[descriptor]) put(FOLDER_SYNCED, 0, 0, "", 0);
    else if (file_of[descriptor]) put(SYNCED, file_of[descriptor], 0, "", 0);
    pthread_mutex_unlock(&turn);
    return done;
}
int fsync(int descriptor) { return synced(descriptor, REAL(fsync)(descriptor)); }
int fdatasync(int descriptor) { return synced(descriptor, REAL(fdatasync)(descriptor)); }

/* The file behind a name goes: its inode may be given to another. */
static void forget(const char *path) {
    struct stat about;
    if (stat(path, &about)) return;
    pthread_mutex_lock(&turn);
    for (uint32_t at = 0; at < numbers; at++)
        if (known[at].device == about.st_dev && known[at].inode == about.st_ino) known[at].inode = 0;
    pthread_mutex_unlock(&turn);
}

static void moved(uint8_t kind, const char *from, const char *to) {
    /* "/from\0/to": names below the root */
    char both[2 * PATH_MAX];
    size_t first = strlen(from + root_length) + 1, second = to ? strlen(to + root_length) + 1 : 0;
    memcpy(both, from + root_length, first);
    if (to) memcpy(both + first, to + root_length, second);
    pthread_mutex_lock(&turn);
    put(kind, 0, 0, both, first + second);
    pthread_mutex_unlock(&turn);
}

int unlink(const char *path) {
    char whole[PATH_MAX];
    int below = ours(path, whole);
    if (below) forget(path);
    int done = REAL(unlink)(path);
    if (below && !done) moved(REMOVED, whole, NULL);
    return done;
}
int rename(const char *from, const char *to) {
    char source[PATH_MAX], target[PATH_MAX];
    int below = ours(from, source) && ours(to, target);
    if (below) forget(to);
    int done = REAL(rename)(from, to);
    if (below && !done) moved(RENAMED, source, target);
    return done;
}
