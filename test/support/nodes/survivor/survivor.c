/* Programs that are built to outlive the revocation of their user: survivor MODE FILE. Each touches FILE while it lives. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* A child that its parent traces, so that the parent is told of each signal first. */
static void traced(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    stay(NULL);
  }
  for (int status; waitpid(child, &status, 0) > 0 || 1;) ptrace(PTRACE_CONT, child, NULL, NULL);
}

/* The parent of a vfork waits uninterruptibly until its child has ended. */
static void waiting(void) {
  if (vfork() == 0) stay(NULL);
}

static void put(const char *file, const char *text) {
  int descriptor = open(file, O_WRONLY);
  if (write(descriptor, text, strlen(text)) < 0) _exit(77);
  close(descriptor);
}

/* The first process of a pid namespace, in two user namespaces. */
static void nested(void) {
  char uids[32], gids[32];
  snprintf(uids, sizeof uids, "0 %d 1", getuid());
  snprintf(gids, sizeof gids, "0 %d 1", getgid());
  if (unshare(CLONE_NEWUSER) != 0) _exit(77);
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", uids);
  put("/proc/self/gid_map", gids);
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(77);
  if (fork() > 0) _exit(0);
  /* All others there end with the first one. */
  if (fork() > 0) stay(NULL);
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
  if (strcmp(mode, "brackets") == 0) prctl(PR_SET_NAME, "a) Z 1\n(b) ");
  if (strcmp(mode, "traced") == 0) traced();
  if (strcmp(mode, "waiting") == 0) waiting();
  if (strcmp(mode, "nested") == 0) nested();
  if (strcmp(mode, "chain") == 0 || strcmp(mode, "nested") == 0) chain(0);
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
