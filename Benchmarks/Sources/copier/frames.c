#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "copier.h"

void put_header(unsigned char *frame, uint8_t type, size_t payload) {
  uint32_t length = htobe32((uint32_t)payload + 1);
  memcpy(frame, &length, sizeof length);
  frame[4] = type;
}

long whole_payload(const unsigned char *bytes, size_t count) {
  if (count < HEADER_SIZE) return -1;
  uint32_t length;
  memcpy(&length, bytes, sizeof length);
  length = be32toh(length);
  if (length < 1 || length > FRAME_SIZE - 4) {
    errno = EPROTO;
    fail("frame length");
  }
  return count < 4 + (size_t)length ? -1 : (long)length - 1;
}

void send_ack(int socket, uint64_t frames) {
  unsigned char ack[ACK_SIZE];
  put_header(ack, STORED, ACK_SIZE - HEADER_SIZE);
  frames = htobe64(frames);
  memcpy(ack + HEADER_SIZE, &frames, sizeof frames);
  send_all(socket, ack, ACK_SIZE);
}

uint64_t acked_frames(const unsigned char *ack) {
  uint64_t frames;
  memcpy(&frames, ack + HEADER_SIZE, sizeof frames);
  return be64toh(frames);
}

void send_all(int socket, const unsigned char *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail("send");
    bytes += sent;
    count -= (size_t)sent;
  }
}

size_t receive_some(int socket, unsigned char *bytes, size_t room) {
  while (1) {
    ssize_t received = recv(socket, bytes, room, 0);
    if (received >= 0) return (size_t)received;
    if (errno != EINTR) fail("recv");
  }
}
