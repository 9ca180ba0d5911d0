// The least relay: the bytes of each connection to the first port go to the second port of the loopback, and back.
// usage: relay PORT PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  static char bytes[1 << 18];
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in here = loopback(arguments[1]), there = loopback(arguments[2]);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&here, sizeof here) || listen(listener, 4)) return 1;
  if (write(2, "listening\n", 10) != 10) return 1;
  for (;;) {
    int ends[2] = {accept(listener, 0, 0), socket(AF_INET, SOCK_STREAM, 0)};
    int isOpen = connect(ends[1], (void *)&there, sizeof there) == 0;
    struct pollfd polled[2] = {{ends[0], POLLIN}, {ends[1], POLLIN}};
    for (int i = 0; i < 2; i++) setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (isOpen) {
      poll(polled, 2, -1);
      for (int i = 0; i < 2; i++) {
        if (!polled[i].revents) continue;
        ssize_t got = read(ends[i], bytes, sizeof bytes);
        if (got <= 0) isOpen = 0;
        for (ssize_t sent = 0; sent < got;) {
          ssize_t more = write(ends[1 - i], bytes + sent, got - sent);
          if (more <= 0) {
            isOpen = 0;
            break;
          }
          sent += more;
        }
      }
    }
    for (int i = 0; i < 2; i++) close(ends[i]);
  }
}
