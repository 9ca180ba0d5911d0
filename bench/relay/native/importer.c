// Imports a device by USB/IP, as vhci-hcd would, and measures it. Prints one line of JSON for each test.
// usage: importer [-p NAME=PID]... [-i ENDPOINT] [-o ENDPOINT] PORT BUSID TEST...
//   -p: tells the processor time of the process too.   -i, -o: the stick's bulk endpoints, default 1 and 2.
//   BUSID `raw`: no import, the peer takes USBIP_CMD_SUBMIT at once.
//   TEST: read:BYTES:COUNT write:BYTES:COUNT   SCSI commands of three transfers, one command at a time
//         in:ENDPOINT:BYTES:DEPTH:COUNT out:ENDPOINT:BYTES:DEPTH:COUNT   so many bulk transfers under way
//         interrupt:ENDPOINT:BYTES:COUNT control:COUNT   one at a time
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 48, LARGEST = 16 << 20, DISK_BLOCKS = 1 << 16, BLOCK = 512, COMMAND = 31, STATUS = 13, PROCESSES = 8 };

static int fd;
static uint32_t seqnum = 1, devid = 0x10002;
static int stickIn = 1, stickOut = 2;
static unsigned char *buffer;

static void fail(const char *what) {
  fprintf(stderr, "importer: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void take(void *to, size_t size) {
  for (size_t got = 0; got < size;) {
    ssize_t more = read(fd, (char *)to + got, size - got);
    if (more <= 0) fail("read");
    got += more;
  }
}

static void submit(int endpoint, int isIn, uint32_t length, const void *data, const void *setup) {
  uint32_t head[HEAD / 4] = {htonl(1), htonl(seqnum++), htonl(devid), htonl(isIn), htonl(endpoint),
                             htonl(isIn ? 0x200 : 0), htonl(length), 0, 0, htonl(8)};
  if (setup) memcpy(head + 10, setup, 8);
  struct iovec parts[2] = {{head, HEAD}, {(void *)data, isIn ? 0 : length}};
  for (size_t left = HEAD + parts[1].iov_len; left > 0;) {
    ssize_t sent = writev(fd, parts, 2);
    if (sent < 0) fail("write");
    left -= sent;
    for (int i = 0; i < 2; i++) {
      size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + part;
      parts[i].iov_len -= part;
      sent -= part;
    }
  }
}

static void reply(int isIn, uint32_t expected) {
  uint32_t head[HEAD / 4];
  take(head, HEAD);
  if (ntohl(head[0]) != 3 || head[5] || ntohl(head[6]) != expected) {
    fprintf(stderr, "importer: command %u, status %d, %u bytes where %u were due\n", ntohl(head[0]),
            (int)ntohl(head[5]), ntohl(head[6]), expected);
    exit(1);
  }
  if (isIn) take(buffer, expected);
}

static void scsi(int isRead, uint32_t block, uint32_t bytes) {
  static uint32_t tag = 1;
  unsigned char command[COMMAND] = {'U', 'S', 'B', 'C'};
  uint32_t address = htonl(block);
  uint16_t blocks = htons(bytes / BLOCK);
  memcpy(command + 4, &tag, 4);
  memcpy(command + 8, &bytes, 4);
  command[12] = isRead ? 0x80 : 0;
  command[14] = 10;
  command[15] = isRead ? 0x28 : 0x2a;
  memcpy(command + 17, &address, 4);
  memcpy(command + 22, &blocks, 2);
  submit(stickOut, 0, COMMAND, command, 0);
  reply(0, COMMAND);
  submit(isRead ? stickIn : stickOut, isRead, bytes, buffer, 0);
  reply(isRead, bytes);
  submit(stickIn, 1, STATUS, 0, 0);
  reply(1, STATUS);
  if (memcmp(buffer + 4, &tag, 4) || buffer[12]) fail("the status of a command");
  tag++;
}

struct usage {
  char name[32];
  int pid;
  double microseconds;
  long switches;
};

/** What all threads of a process have used so far. */
static void measure(struct usage *process) {
  char path[300], line[300];
  process->microseconds = process->switches = 0;
  snprintf(path, sizeof path, "/proc/%d/task", process->pid);
  DIR *tasks = opendir(path);
  if (!tasks) fail(path);
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    unsigned long long nanoseconds;
    long switches;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", process->pid, task->d_name);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%llu", &nanoseconds) == 1) process->microseconds += nanoseconds / 1e3;
    if (file) fclose(file);
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/status", process->pid, task->d_name);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
      if (sscanf(line, "voluntary_ctxt_switches: %ld", &switches) == 1) process->switches += switches;
    if (file) fclose(file);
  }
  closedir(tasks);
}

static int ascending(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

static void import(const char *busid) {
  unsigned char request[40] = {0x01, 0x11, 0x80, 0x03}, answer[8], device[312];
  strncpy((char *)request + 8, busid, 31);
  if (write(fd, request, sizeof request) != sizeof request) fail("import");
  take(answer, sizeof answer);
  if (answer[7]) fail("the import was refused");
  take(device, sizeof device);
  uint32_t numbers[2];
  memcpy(numbers, device + 288, sizeof numbers);
  devid = ntohl(numbers[0]) << 16 | ntohl(numbers[1]);
}

static void run(const char *test, struct usage *processes, int count) {
  char kind[16];
  int a[4] = {0}, total;
  if (sscanf(test, "%15[^:]:%d:%d:%d:%d", kind, a, a + 1, a + 2, a + 3) < 2) fail(test);
  int isScsi = !strcmp(kind, "read") || !strcmp(kind, "write"), isRead = kind[0] == 'r', isIn = kind[0] == 'i';
  int isDeep = !strcmp(kind, "in") || !strcmp(kind, "out"), isControl = !strcmp(kind, "control");
  if (!isScsi && !isDeep && !isControl && strcmp(kind, "interrupt")) fail(test);
  total = isScsi ? a[1] : isDeep ? a[3] : isControl ? a[0] : a[2];
  if (total < 1 || a[isDeep || (!isScsi && !isControl) ? 1 : 0] > LARGEST) fail(test);
  double *times = calloc(total, sizeof *times), *starts = calloc(total, sizeof *starts);
  struct usage before[PROCESSES];
  for (int i = 0; i < count; i++) measure(&processes[i]);
  memcpy(before, processes, sizeof before);
  static const unsigned char getDescriptor[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};
  double begin = now();
  for (int i = 0, sent = 0; i < total; i++) {
    if (isDeep) {
      for (; sent < total && sent - i < a[2]; sent++) {
        starts[sent] = now();
        submit(a[0], isIn, a[1], buffer, 0);
      }
      reply(isIn, a[1]);
    } else {
      starts[i] = now();
      if (isScsi) scsi(isRead, (uint32_t)((uint64_t)i * (a[0] / BLOCK) % DISK_BLOCKS), a[0]);
      else {
        submit(isControl ? 0 : a[0], 1, isControl ? 18 : a[1], 0, isControl ? getDescriptor : 0);
        reply(1, isControl ? 18 : a[1]);
      }
    }
    times[i] = now() - starts[i];
  }
  double all = now() - begin;
  qsort(times, total, sizeof *times, ascending);
  printf("{\"test\":\"%s\",\"mean\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"processes\":{", test, all / total, times[total / 2],
         times[(int)(total * 0.99)]);
  for (int i = 0; i < count; i++) {
    measure(&processes[i]);
    printf("%s\"%s\":{\"processor\":%.1f,\"wakeUps\":%.2f}", i ? "," : "", processes[i].name,
           (processes[i].microseconds - before[i].microseconds) / total,
           (double)(processes[i].switches - before[i].switches) / total);
  }
  printf("}}\n");
  fflush(stdout);
  free(times);
  free(starts);
}

int main(int count, char **arguments) {
  static struct usage processes[PROCESSES];
  int measured = 0;
  for (int option; (option = getopt(count, arguments, "p:i:o:")) != -1;) {
    if (option == 'i') stickIn = atoi(optarg);
    else if (option == 'o') stickOut = atoi(optarg);
    else if (option != 'p' || measured == PROCESSES) return 2;
    else if (sscanf(optarg, "%31[^=]=%d", processes[measured].name, &processes[measured].pid) == 2) measured++;
  }
  if (count - optind < 2) return 2;
  buffer = calloc(1, LARGEST);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[optind]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (void *)&address, sizeof address)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (strcmp(arguments[optind + 1], "raw")) import(arguments[optind + 1]);
  static const unsigned char setConfiguration[8] = {0, 9, 1};
  submit(0, 0, 0, 0, setConfiguration);
  reply(0, 0);
  for (int i = optind + 2; i < count; i++) run(arguments[i], processes, measured);
  return 0;
}
