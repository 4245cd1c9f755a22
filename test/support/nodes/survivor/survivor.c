/* Programs that are built to outlive the revocation of their user: survivor MODE FILE. Each touches FILE while it lives. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int beat;

static void *stay(void *unused) {
  for (;;) {
    futimens(beat, NULL);
    usleep(1000);
  }
  return unused;
}

/* Each process lives for a millisecond. */
static void chain(int kills) {
  for (;;) {
    futimens(beat, NULL);
    pid_t child = fork();
    if (child > 0) _exit(0);
    if (kills) kill(-1, SIGKILL);
    usleep(1000);
  }
}

int main(int count, char **words) {
  if (count < 3) return 64;
  for (int number = 1; number < 65; number += 1) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  beat = open(words[2], O_RDWR | O_CREAT, 0666);
  fchmod(beat, 0666);
  setsid();
  if (fork() > 0) return 0;
  const char *mode = words[1];
  if (strcmp(mode, "name") == 0) prctl(PR_SET_NAME, "\rUid:\t0");
  if (strcmp(mode, "chain") == 0) chain(0);
  if (strcmp(mode, "killer") == 0) chain(1);
  if (strcmp(mode, "leader") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, stay, NULL);
    syscall(SYS_exit, 0);
  }
  if (strcmp(mode, "thousand") == 0) {
    for (int n = 0; n < 1000; n += 1)
      if (fork() == 0) {
        for (;;) {
          futimens(beat, NULL);
          if (fork() > 0) _exit(0);
          usleep(1000000);
        }
      }
  }
  stay(NULL);
}
