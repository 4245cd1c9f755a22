/* Lets code compiled against a newer glibc load on Debian 11 (2.31): names the old versions of what moved in 2.33/2.34. */
#if defined(__x86_64__)
#define BASE "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define BASE "GLIBC_2.17"
#endif

/* glibc 2.34 moved libpthread and libdl into libc; Node has both loaded, so the old names resolve everywhere. */
#define OLD(name) __asm__(".symver " #name "," #name "@" BASE)
OLD(dlopen);
OLD(dlsym);
OLD(dlclose);
OLD(dlerror);
OLD(pthread_create);
OLD(pthread_join);
OLD(pthread_once);
OLD(pthread_mutex_trylock);
OLD(pthread_mutexattr_init);
OLD(pthread_mutexattr_settype);
OLD(pthread_mutexattr_destroy);
