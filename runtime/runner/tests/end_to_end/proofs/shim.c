/* Between the runner and the C library: lets one system call fail, or turns the wall clock.
 *
 * SHIM_CALL     which: write fsync open rename mkdir unlink
 * SHIM_NUMBER   the how manieth of them that touches the task fails, from 1
 * SHIM_ERROR    with this number; 0 is a short write
 * SHIM_ONCE     made when it happens, so that it happens once; without it all from that one on fail
 * SHIM_HEALED   while this file exists nothing fails
 * SHIM_CLOCK    a file with seconds that are added to the wall clock
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int passed;

static int is_of_task(const char *path) { return path && strstr(path, "/tasks/"); }

static int is_file_of_task(int file) {
  char name[64], path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  long length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_of_task(path);
}

/* Whether this call fails; sets errno. */
static int fails(const char *call) {
  const char *wanted = getenv("SHIM_CALL"), *number = getenv("SHIM_NUMBER");
  if (!wanted || strcmp(wanted, call) || !number) return 0;
  int count = __sync_add_and_fetch(&passed, 1), at = atoi(number);
  const char *healed = getenv("SHIM_HEALED"), *once = getenv("SHIM_ONCE");
  if (healed && syscall(SYS_faccessat, AT_FDCWD, healed, F_OK, 0) == 0) return 0;
  if (once) {
    if (count != at) return 0;
    long file = syscall(SYS_openat, AT_FDCWD, once, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (file < 0) return 0;
    syscall(SYS_close, file);
  } else if (count < at) {
    return 0;
  }
  errno = atoi(getenv("SHIM_ERROR"));
  return 1;
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_file_of_task(file) && fails("write")) {
    if (errno) return -1;
    count = count > 1 ? count / 2 : count;
  }
  return NEXT("write", ssize_t (*)(int, const void *, size_t))(file, bytes, count);
}

int fsync(int file) {
  if (is_file_of_task(file) && fails("fsync")) return -1;
  return NEXT("fsync", int (*)(int))(file);
}

int fdatasync(int file) {
  if (is_file_of_task(file) && fails("fsync")) return -1;
  return NEXT("fdatasync", int (*)(int))(file);
}

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int);
  va_end(list);
  if (is_of_task(path) && fails("open")) return -1;
  return NEXT("open64", int (*)(const char *, int, ...))(path, flags, mode);
}

int rename(const char *from, const char *to) {
  if (is_of_task(to) && fails("rename")) return -1;
  return NEXT("rename", int (*)(const char *, const char *))(from, to);
}

int mkdir(const char *path, mode_t mode) {
  if (is_of_task(path) && fails("mkdir")) return -1;
  return NEXT("mkdir", int (*)(const char *, mode_t))(path, mode);
}

int unlink(const char *path) {
  if (is_of_task(path) && fails("unlink")) return -1;
  return NEXT("unlink", int (*)(const char *))(path);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  const char *path = getenv("SHIM_CLOCK");
  if (result == 0 && clock == CLOCK_REALTIME && path) {
    char text[32] = {0};
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    if (file >= 0) {
      syscall(SYS_read, file, text, sizeof text - 1);
      syscall(SYS_close, file);
      now->tv_sec += atol(text);
    }
  }
  return result;
}
