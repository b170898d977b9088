"""What goes over the wire, as far as the bench must know it (`PROTOCOL.md`, Framing)."""

FINISHED = 0x04
CONFIRMED = 0x84
WINNERS = 0x85


class FrameTypes:
    """Finds the types of the frames in one direction of a connection."""

    HEADER = 4

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        """The types of the frames that are complete with `data`."""
        self.rest += data
        types = []
        while len(self.rest) > self.HEADER:
            end = self.HEADER + int.from_bytes(self.rest[:self.HEADER], "big")
            if len(self.rest) < end:
                break
            types.append(self.rest[self.HEADER])
            self.rest = self.rest[end:]
        return types
