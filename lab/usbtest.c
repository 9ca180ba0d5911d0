/*
 * usbtest: runs cases of the Linux kernel's driver usbtest on one device, and prints a line for each.
 *
 *   usbtest /dev/bus/usb/BBB/DDD INTERFACE ITERATIONS LENGTH VARY QUEUED CASE...
 *
 * ITERATIONS transfers of LENGTH bytes, which VARY changes by so many from one to the next where a case does so, QUEUED at
 * a time where a case queues them. The driver (module usbtest) must have the interface; it takes 0525:a4a0 by itself.
 * The exit status is 1 when a case failed. What a device has no endpoints for is no failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* The driver's own: no header has it. */
struct usbtest_parameters {
  uint32_t test_case, iterations, length, vary, queued;
  int64_t seconds, microseconds;
};
#define USBTEST_REQUEST _IOWR('U', 100, struct usbtest_parameters)

int main(int count, char **words) {
  if (count < 8) {
    fprintf(stderr, "usage: usbtest DEVICE INTERFACE ITERATIONS LENGTH VARY QUEUED CASE...\n");
    return 2;
  }
  int device = open(words[1], O_RDWR);
  if (device < 0) {
    perror(words[1]);
    return 2;
  }
  int failed = 0;
  for (int i = 7; i < count; i++) {
    struct usbtest_parameters run = {
      .test_case = atoi(words[i]), .iterations = atoi(words[3]), .length = atoi(words[4]),
      .vary = atoi(words[5]), .queued = atoi(words[6]),
    };
    struct usbdevfs_ioctl request = { .ifno = atoi(words[2]), .ioctl_code = (int)USBTEST_REQUEST, .data = &run };
    if (ioctl(device, USBDEVFS_IOCTL, &request) >= 0) {
      printf("case %u: passed in %ld.%06ld s\n", run.test_case, (long)run.seconds, (long)run.microseconds);
    } else {
      int is_unsupported = errno == EOPNOTSUPP;
      printf("case %u: %s\n", run.test_case, is_unsupported ? "not supported" : strerror(errno));
      if (!is_unsupported) failed++;
    }
    fflush(stdout);
  }
  return failed > 0;
}
