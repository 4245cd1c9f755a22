/* What glibc 2.33 and GCC 11 made functions of the library, in the terms of those before. */
struct stat64;

#if defined(__x86_64__)
#define STAT_VERSION 1
__asm__(".symver __xstat64,__xstat64@GLIBC_2.2.5");
__asm__(".symver __lxstat64,__lxstat64@GLIBC_2.2.5");
__asm__(".symver __fxstat64,__fxstat64@GLIBC_2.2.5");
#elif defined(__aarch64__)
#define STAT_VERSION 0
__asm__(".symver __xstat64,__xstat64@GLIBC_2.17");
__asm__(".symver __lxstat64,__lxstat64@GLIBC_2.17");
__asm__(".symver __fxstat64,__fxstat64@GLIBC_2.17");
#endif

extern int __xstat64(int version, const char *path, struct stat64 *buffer);
extern int __lxstat64(int version, const char *path, struct stat64 *buffer);
extern int __fxstat64(int version, int fd, struct stat64 *buffer);
extern void abort(void) __attribute__((noreturn));

#define OWN __attribute__((visibility("hidden")))

OWN int stat64(const char *path, struct stat64 *buffer) { return __xstat64(STAT_VERSION, path, buffer); }
OWN int lstat64(const char *path, struct stat64 *buffer) { return __lxstat64(STAT_VERSION, path, buffer); }
OWN int fstat64(int fd, struct stat64 *buffer) { return __fxstat64(STAT_VERSION, fd, buffer); }

/* On these architectures struct stat is struct stat64. */
OWN int fstat(int fd, struct stat64 *buffer) { return __fxstat64(STAT_VERSION, fd, buffer); }

/* std::__throw_bad_array_new_length() of GCC 11: the addon is compiled without exceptions, so this ends the process. */
OWN void _ZSt28__throw_bad_array_new_lengthv(void) { abort(); }
