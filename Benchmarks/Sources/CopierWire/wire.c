#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static uint64_t get_integer(const unsigned char *bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) value = value << 8 | bytes[i];
  return value;
}

static void put_integer(unsigned char *bytes, size_t size, uint64_t value) {
  for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(value >> (8 * (size - 1 - i)));
}

void put_header(unsigned char *frame, uint8_t type, size_t payload) {
  put_integer(frame, 4, payload + 1);
  frame[4] = type;
}

long whole_payload(const unsigned char *bytes, size_t count) {
  if (count < HEADER_SIZE) return -1;
  uint64_t length = get_integer(bytes, 4);
  if (length < 1 || length > FRAME_SIZE - 4) {
    errno = EPROTO;
    fail("frame length");
  }
  if (count < 4 + length) return -1;
  return (long)length - 1;
}

void send_ack(int socket, uint64_t frames) {
  unsigned char ack[ACK_SIZE];
  put_header(ack, STORED, ACK_SIZE - HEADER_SIZE);
  put_integer(ack + HEADER_SIZE, 8, frames);
  send_all(socket, ack, ACK_SIZE);
}

uint64_t acked_frames(const unsigned char *ack) {
  return get_integer(ack + HEADER_SIZE, 8);
}

uint64_t receive_ack(int socket) {
  unsigned char ack[ACK_SIZE];
  for (size_t count = 0; count < ACK_SIZE;) {
    size_t received = receive_some(socket, ack + count, ACK_SIZE - count);
    if (received == 0) {
      errno = ECONNRESET;
      fail("acknowledgement");
    }
    count += received;
  }
  return acked_frames(ack);
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

_Noreturn void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}
