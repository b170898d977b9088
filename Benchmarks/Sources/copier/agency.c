#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "copier.h"
#include "wire.h"

static int connect_to(uint16_t port) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0) fail("socket");
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int on = 1;
  if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
  return connection;
}

// Makes the next frame out of the file; its size, or 0 where nothing is left.
static size_t next_frame(int file, unsigned char *frame) {
  ssize_t count = read(file, frame + HEADER_SIZE, PAYLOAD_SIZE);
  if (count < 0) fail("read");
  if (count == 0) return 0;
  put_header(frame, BATCH, (size_t)count);
  return HEADER_SIZE + (size_t)count;
}

void run_agency(uint16_t port, const char *path, uint64_t window) {
  int file = open(path, O_RDONLY);
  if (file < 0) fail(path);
  int connection = connect_to(port);
  unsigned char frames[BUFFER_SIZE];
  uint64_t sent = 0, stored = 0;
  while (1) {
    size_t size = 0;
    while (sent - stored < window && size + FRAME_SIZE <= sizeof frames) {
      size_t added = next_frame(file, frames + size);
      if (added == 0) break;
      size += added;
      sent += 1;
    }
    if (size > 0) {
      send_all(connection, frames, size);
    } else if (stored < sent) {
      stored = receive_ack(connection);
    } else {
      break;
    }
  }
  close(connection);
  close(file);
}
