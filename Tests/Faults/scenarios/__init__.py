"""All scenarios, by name."""

from dataclasses import dataclass
from typing import Callable

from scenarios import company, draw, kills, network, power, room, syscalls, torn


@dataclass(frozen=True)
class Scenario:
    """A kind of fault."""

    name: str
    # One phrase for the table.
    description: str
    # Plays one round.
    play: Callable


ALL = {scenario.name: scenario for scenario in (
    Scenario("server-killed", "the server is killed and started again, one to three times",
             kills.server_killed),
    Scenario("agencies-killed", "agencies are killed and started again, two to six times",
             kills.agencies_killed),
    Scenario("both-killed", "server and agencies are killed and started again",
             kills.both_killed),
    Scenario("bad-network", "connections are cut, reset, delayed, stalled, sent byte by byte",
             network.bad_network),
    Scenario("no-room", "a full disk or a limit on the size of files, off and on", room.no_room),
    Scenario("torn-rows", "the last rows of `bets.csv` and `finished.csv` are cut at every byte",
             torn.torn_rows),
    Scenario("twins", "a second process of an agency is started", company.twins),
    Scenario("frozen", "an agency is frozen; it thaws, or another takes its place",
             company.frozen),
    Scenario("draw", "the server is killed at the last FINISHED, or before the winners are out",
             draw.killed_at_the_draw),
    Scenario("power-loss", "the machine loses its power, and what was not synced",
             power.power_loss),
    Scenario("sync-fails", "a sync fails, and what it should have brought to the disk is lost",
             power.sync_fails),
    Scenario("syscalls", "a call of the system fails: each, each time, with each error",
             syscalls.syscalls),
)}
