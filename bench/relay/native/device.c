// The least device: answers USBIP_CMD_SUBMIT on each connection to a port of the loopback, without an import and without
// checks. A stick of memory at OUT 2 and IN 1, a source at IN 3, a sink at OUT 4. usage: device PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEAD = 48, DISK = 64 << 20, LARGEST = 16 << 20, BLOCK = 512, STATUS = 13 };

static int fd;
static unsigned char input[1 << 17];
static size_t position, filled;

// A head and its data come in one read where both are there.
static int take(unsigned char *to, size_t size) {
  while (size > 0) {
    if (position == filled) {
      int direct = size >= sizeof input;
      ssize_t got = read(fd, direct ? to : input, direct ? size : sizeof input);
      if (got <= 0) return 0;
      if (direct) {
        to += got;
        size -= got;
        continue;
      }
      position = 0;
      filled = got;
    }
    size_t part = filled - position < size ? filled - position : size;
    memcpy(to, input + position, part);
    position += part;
    to += part;
    size -= part;
  }
  return 1;
}

static void put(struct iovec *part, int count) {
  while (count > 0) {
    ssize_t sent = writev(fd, part, count);
    if (sent < 0) exit(1);
    while (count > 0 && (size_t)sent >= part->iov_len) {
      sent -= part->iov_len;
      part++;
      count--;
    }
    if (count > 0) {
      part->iov_base = (char *)part->iov_base + sent;
      part->iov_len -= sent;
    }
  }
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4)) return 1;
  if (write(2, "listening\n", 10) != 10) return 1;
  unsigned char *disk = calloc(1, DISK), *buffer = calloc(1, LARGEST);
  static unsigned char descriptor[18] = {18, 1, 0, 2}, status[STATUS] = {'U', 'S', 'B', 'S'};
  for (;;) {
    fd = accept(listener, 0, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    position = filled = 0;
    enum { COMMAND, DATA, DONE } phase = COMMAND;
    unsigned char *place = disk;
    uint32_t head[HEAD / 4];
    while (take((unsigned char *)head, HEAD)) {
      int isIn = ntohl(head[3]), endpoint = ntohl(head[4]);
      uint32_t length = ntohl(head[6]), transferred = length;
      unsigned char *data = buffer;
      if (!isIn && !take(endpoint == 2 && phase == DATA ? place : buffer, length)) break;
      if (endpoint == 0) {
        data = descriptor;
        transferred = isIn ? sizeof descriptor : 0;
      } else if (endpoint == 2 && phase == COMMAND) {
        uint32_t block;
        memcpy(status + 4, buffer + 4, 4);
        memcpy(&block, buffer + 17, 4);
        place = disk + (size_t)ntohl(block) * BLOCK;
        phase = DATA;
      } else if (endpoint == 2) {
        phase = DONE;
      } else if (endpoint == 1 && phase == DATA) {
        data = place;
        phase = DONE;
      } else if (endpoint == 1) {
        data = status;
        transferred = STATUS;
        phase = COMMAND;
      }
      uint32_t reply[HEAD / 4] = {htonl(3), head[1], 0, 0, 0, 0, htonl(transferred)};
      struct iovec parts[2] = {{reply, HEAD}, {data, transferred}};
      put(parts, isIn && transferred > 0 ? 2 : 1);
    }
    close(fd);
  }
}
