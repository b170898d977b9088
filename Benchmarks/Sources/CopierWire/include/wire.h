// The frames of the lottery's protocol around bytes that nobody looks at (`PROTOCOL.md`, Framing).

#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { HELLO = 0x01, BATCH = 0x03, FINISHED = 0x04, STORED = 0x82 };

enum {
  HEADER_SIZE = 5,                            // length u32, type u8
  FRAME_SIZE = 8000,                          // the largest BATCH
  PAYLOAD_SIZE = FRAME_SIZE - HEADER_SIZE,
  ACK_SIZE = HEADER_SIZE + 8,                 // STORED: a u64
  BUFFER_SIZE = 64 * 1024,                    // sent or received in one go
};

// Writes the header of a frame with `payload` bytes behind it.
void put_header(unsigned char *frame, uint8_t type, size_t payload);

// How many bytes lie behind the header of the frame at `bytes`, or -1 where the first `count` bytes
// do not hold it whole. Ends the program where the length is out of range.
long whole_payload(const unsigned char *bytes, size_t count);

// Sends an acknowledgement of all frames up to `frames`.
void send_ack(int socket, uint64_t frames);

// How many frames the acknowledgement at `ack` covers.
uint64_t acked_frames(const unsigned char *ack);

// Waits for an acknowledgement and returns how many frames it covers.
uint64_t receive_ack(int socket);

// Sends all of it.
void send_all(int socket, const unsigned char *bytes, size_t count);

// Receives what is there, at least a byte; 0 at the end.
size_t receive_some(int socket, unsigned char *bytes, size_t room);

// Ends the program with what failed and errno's reason.
_Noreturn void fail(const char *what);

#endif
