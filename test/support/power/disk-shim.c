/*
 * Loaded before a process (LD_PRELOAD), it writes down what the process does to the files of one directory, in the
 * order in which it happens, and fails operations on demand. What was fsynced by a moment, and so what a power cut at
 * that moment leaves, can be told from the log alone. Linux, 64 bit.
 *
 *   DISK_SHIM_DIR      the directory; only absolute paths that begin with it count
 *   DISK_SHIM_LOG      where operations are appended; several processes may share it
 *   DISK_SHIM_CONTROL  a file of a `struct control`, read at each operation; may be left out
 *   DISK_SHIM_NETWORK  set: what goes out on sockets is logged too, so that an answer has its place among the fsyncs
 *
 * One lock is held over an operation and its record: the order of records is the order of operations.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8 && sizeof(long) == 8, "64 bit only");

enum { WRITE = 1, SYNC = 2, OPEN = 4, TRUNCATE = 8, NAME = 16 };

/* Of the operations of these kinds on files whose path ends so, from the `first` on (1 is the next) `count` fail. */
struct control {
  int32_t kinds, error, first, count;
  int32_t seen;    /* matched so far; counted here */
  int32_t partial; /* of the first write that fails, half is written and told so */
  char suffix[104];
};

struct record {
  char operation[4];
  int32_t error;
  uint32_t path_bytes, data_bytes;
  uint64_t file; /* inode */
  int64_t at;    /* where it writes, or the new length */
};

struct watched {
  uint64_t file;
  char path[];
};

enum { most_files = 65536 };
static struct watched *watched[most_files];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *directory;
static struct control *control;
static int log_fd = -1, logs_network;

__attribute__((constructor)) static void begin(void) {
  const char *log = getenv("DISK_SHIM_LOG"), *controls = getenv("DISK_SHIM_CONTROL");
  directory = getenv("DISK_SHIM_DIR");
  logs_network = getenv("DISK_SHIM_NETWORK") != NULL;
  if (directory == NULL || log == NULL) return;
  log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  int fd = controls ? (int)syscall(SYS_openat, AT_FDCWD, controls, O_RDWR | O_CLOEXEC, 0) : -1;
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
}

static int is_watched(const char *path) {
  return log_fd >= 0 && strncmp(path, directory, strlen(directory)) == 0;
}

/* libuv closes descriptors without libc, so that one may be another file, or a socket, by now. */
static struct watched *watched_fd(int fd) {
  struct stat found;
  if (fd < 0 || fd >= most_files || !watched[fd] || fstat(fd, &found)) return NULL;
  return found.st_ino == watched[fd]->file && !S_ISSOCK(found.st_mode) ? watched[fd] : NULL;
}

static void enter(void) {
  pthread_mutex_lock(&lock);
  syscall(SYS_flock, log_fd, LOCK_EX);
}

static void leave(void) {
  int error = errno;
  syscall(SYS_flock, log_fd, LOCK_UN);
  pthread_mutex_unlock(&lock);
  errno = error;
}

/* The error with which this operation is to fail, or 0. */
static int fault(int kind, const char *path) {
  if (control == NULL || !(control->kinds & kind)) return 0;
  size_t ending = strnlen(control->suffix, sizeof control->suffix), length = strlen(path);
  if (ending > length || memcmp(path + length - ending, control->suffix, ending) != 0) return 0;
  int32_t nth = ++control->seen;
  return nth >= control->first && nth - control->first < control->count ? control->error : 0;
}

static void append(const char *operation, int error, uint64_t file, const char *path, int64_t at, const void *data,
                   size_t bytes) {
  struct record record = {"", error, strlen(path), bytes, file, at};
  memcpy(record.operation, operation, sizeof record.operation);
  struct iovec parts[] = {{&record, sizeof record}, {(void *)path, record.path_bytes}, {(void *)data, bytes}};
  /* A log with a hole would prove anything. */
  if (syscall(SYS_writev, log_fd, parts, 3) != (long)(sizeof record + record.path_bytes + bytes)) abort();
}

static int fails(int error) {
  errno = error;
  return -1;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!is_watched(path)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  enter();
  struct stat found;
  int is_new = flags & O_CREAT && stat(path, &found) != 0;
  int error = (flags & O_ACCMODE) == O_RDONLY ? 0 : fault(OPEN, path);
  int fd = error ? fails(error) : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (fd >= 0 && fd < most_files && fstat(fd, &found) == 0) {
    free(watched[fd]);
    watched[fd] = malloc(sizeof **watched + strlen(path) + 1);
    watched[fd]->file = found.st_ino;
    strcpy(watched[fd]->path, path);
    if (is_new) append("make", 0, found.st_ino, path, 0, NULL, 0);
    if (flags & O_TRUNC && !is_new) append("trun", 0, found.st_ino, path, 0, NULL, 0);
  }
  leave();
  return fd;
}

int close(int fd) {
  if (!watched_fd(fd)) return syscall(SYS_close, fd);
  enter();
  free(watched[fd]);
  watched[fd] = NULL;
  int result = syscall(SYS_close, fd);
  leave();
  return result;
}

/* `at` is -1 for a write at the descriptor's own place. */
static ssize_t write_watched(int fd, const struct watched *entry, const struct iovec *parts, int count, off_t at) {
  size_t bytes = 0, filled = 0;
  for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
  char *data = malloc(bytes + 1);
  for (int i = 0; i < count; filled += parts[i++].iov_len) memcpy(data + filled, parts[i].iov_base, parts[i].iov_len);
  enter();
  int error = fault(WRITE, entry->path);
  /* A disk that is full takes what fits; the rest fails when it is tried. */
  if (error && control->partial && control->seen == control->first && bytes > 1) {
    bytes /= 2;
    error = 0;
  }
  off_t place = at >= 0 ? at : lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
  ssize_t result = error ? fails(error) : at < 0 ? syscall(SYS_write, fd, data, bytes)
                                                 : syscall(SYS_pwrite64, fd, data, bytes, at);
  append("writ", error, entry->file, entry->path, place, data, result > 0 ? result : 0);
  leave();
  free(data);
  return result;
}

/* What a peer is told: in its place among the fsyncs, before it can act on it. */
static void log_network(int fd, const struct iovec *parts, int count) {
  struct stat found;
  if (!logs_network || log_fd < 0 || fstat(fd, &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  enter();
  for (int i = 0; i < count; i++) append("tell", 0, fd, "", 0, parts[i].iov_base, parts[i].iov_len);
  leave();
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct watched *entry = watched_fd(fd);
  if (entry) return write_watched(fd, entry, parts, count, -1);
  log_network(fd, parts, count);
  return syscall(SYS_writev, fd, parts, count);
}

ssize_t write(int fd, const void *data, size_t bytes) {
  struct iovec part = {(void *)data, bytes};
  return writev(fd, &part, 1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  struct watched *entry = watched_fd(fd);
  return entry ? write_watched(fd, entry, parts, count, at) : syscall(SYS_pwritev, fd, parts, count, at, 0L);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) {
  struct iovec part = {(void *)data, bytes};
  return pwritev(fd, &part, 1, at);
}

int ftruncate(int fd, off_t length) {
  struct watched *entry = watched_fd(fd);
  if (!entry) return syscall(SYS_ftruncate, fd, length);
  enter();
  int error = fault(TRUNCATE, entry->path);
  int result = error ? fails(error) : (int)syscall(SYS_ftruncate, fd, length);
  append("trun", result ? errno : 0, entry->file, entry->path, length, NULL, 0);
  leave();
  return result;
}

static int sync_fd(int fd, long call) {
  struct watched *entry = watched_fd(fd);
  if (!entry) return syscall(call, fd);
  enter();
  int error = fault(SYNC, entry->path);
  int result = error ? fails(error) : (int)syscall(call, fd);
  append("sync", result ? errno : 0, entry->file, entry->path, 0, NULL, 0);
  leave();
  return result;
}

int fsync(int fd) { return sync_fd(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_fd(fd, SYS_fdatasync); }

/* `to` is NULL for operations on one name. */
static int change_name(const char *operation, const char *path, const char *to, mode_t mode) {
  int is_make = operation[0] == 'm', is_ours = is_watched(path);
  if (is_ours) enter();
  int error = is_ours ? fault(NAME, path) : 0;
  int result = error     ? fails(error)
               : to      ? (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0)
               : is_make ? (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode)
                         : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (is_ours && result == 0) append(operation, 0, 0, path, 0, to, to ? strlen(to) : 0);
  if (is_ours) leave();
  return result;
}

int rename(const char *from, const char *to) { return change_name("rena", from, to, 0); }
int unlink(const char *path) { return change_name("unli", path, NULL, 0); }
int mkdir(const char *path, mode_t mode) { return change_name("mkdi", path, NULL, mode); }

/* Node and SQLite call these; on 64 bit they are the same. */
int open64(const char *, int, ...) __attribute__((alias("open")));
ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
ssize_t pwritev64(int, const struct iovec *, int, off_t) __attribute__((alias("pwritev")));
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
