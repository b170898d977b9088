-- Wireshark's view of the lottery: a dissector of all that PROTOCOL.md describes.
--
--   wireshark -X lua_script:scripts/lottery.lua
--
-- or put this file into the folder of personal Lua plugins (Help, About, Folders). For Wireshark
-- 4.0 and later. All names for filters begin with `lottery.`.

local lottery = Proto("lottery", "National lottery")

local HEADER_SIZE = 4
local LONGEST = 7996

local TYPES = {
  [0x01] = "HELLO", [0x02] = "BET", [0x03] = "BATCH", [0x04] = "FINISHED", [0x05] = "WINNERS?",
  [0x10] = "STATUS?", [0x81] = "WELCOME", [0x82] = "STORED",
  [0x83] = "REJECTED", [0x84] = "CONFIRMED", [0x85] = "WINNERS", [0x8F] = "ERROR",
  [0x90] = "STATUS",
}
local STATES = { [0] = "bets are taken", [1] = "has finished", [2] = "the draw has been held" }
local REJECTIONS = {
  [1] = "a field breaks its rule", [2] = "could not be stored", [3] = "out of sequence",
  [4] = "the agency has finished",
}
local ERRORS = {
  [1] = "malformed message", [2] = "version not spoken here", [3] = "no such agency",
  [4] = "wrong key", [5] = "not now", [6] = "the totals differ",
  [7] = "a newer connection took over", [8] = "the server is shutting down", [9] = "too slow",
}

local fields = {
  length = ProtoField.uint32("lottery.length", "Length"),
  type = ProtoField.uint8("lottery.type", "Type", base.HEX, TYPES),
  version = ProtoField.uint8("lottery.version", "Version"),
  agency = ProtoField.uint32("lottery.agency", "Agency"),
  key = ProtoField.string("lottery.key", "Key"),
  offset = ProtoField.uint64("lottery.offset", "Offset"),
  count = ProtoField.uint16("lottery.count", "Count"),
  total = ProtoField.uint64("lottery.total", "Total"),
  state = ProtoField.uint8("lottery.state", "State", base.DEC, STATES),
  stored = ProtoField.uint64("lottery.stored", "Stored"),
  index = ProtoField.uint16("lottery.index", "Index"),
  rejected_code = ProtoField.uint8("lottery.rejected.code", "Code", base.DEC, REJECTIONS),
  error_code = ProtoField.uint8("lottery.error.code", "Code", base.DEC, ERRORS),
  reason = ProtoField.string("lottery.reason", "Reason"),
  more = ProtoField.uint8("lottery.more", "More frames follow"),
  winner = ProtoField.string("lottery.winner", "Winner's document"),
  bet = ProtoField.none("lottery.bet", "Bet"),
  position = ProtoField.uint64("lottery.bet.position", "Position among the agency's bets"),
  first_name = ProtoField.string("lottery.bet.first_name", "First name"),
  last_name = ProtoField.string("lottery.bet.last_name", "Last name"),
  document = ProtoField.string("lottery.bet.document", "Document"),
  birthdate = ProtoField.string("lottery.bet.birthdate", "Birthdate"),
  year = ProtoField.uint16("lottery.bet.birthdate.year", "Year"),
  month = ProtoField.uint8("lottery.bet.birthdate.month", "Month"),
  day = ProtoField.uint8("lottery.bet.birthdate.day", "Day"),
  number = ProtoField.uint32("lottery.bet.number", "Number"),
  drawn = ProtoField.uint8("lottery.status.drawn", "The draw has been held"),
  agencies = ProtoField.uint32("lottery.status.agencies", "Agencies that take part"),
  connections = ProtoField.uint32("lottery.status.connections", "Connections"),
  syncs = ProtoField.uint64("lottery.status.syncs", "Syncs"),
  sync_time = ProtoField.uint64("lottery.status.sync_time", "Time of all syncs (ns)"),
  longest_sync = ProtoField.uint64("lottery.status.longest_sync", "The longest sync (ns)"),
  standing = ProtoField.none("lottery.status.entry", "Entry"),
  standing_agency = ProtoField.uint32("lottery.status.agency", "Agency"),
  standing_stored = ProtoField.uint64("lottery.status.stored", "Stored"),
  finished = ProtoField.uint8("lottery.status.finished", "Finished"),
  connected = ProtoField.uint8("lottery.status.connected", "Connected"),
  echo = ProtoField.string("lottery.echo", "Echo line"),
}
lottery.fields = fields

local experts = {}
for name, row in pairs({
  rejected = { "Batch rejected", "RESPONSE_CODE", "WARN" },
  error = { "Connection refused", "RESPONSE_CODE", "ERROR" },
  malformed = { "Malformed message", "MALFORMED", "ERROR" },
  truncated = { "Cut short by the capture", "UNDECODED", "NOTE" },
}) do
  experts[name] = ProtoExpert.new(
    "lottery." .. name, row[1], expert.group[row[2]], expert.severity[row[3]])
end
lottery.experts = experts

-- What is known of each connection from its packets so far, and each packet's agency: Wireshark
-- reads a capture once from its beginning and then again in any order. A dissector does not see
-- tcp.stream in the first pass.
local connections, agencies = {}, {}

function lottery.init() connections, agencies = {}, {} end

local function connection_of(pinfo)
  local source = tostring(pinfo.src) .. " " .. pinfo.src_port
  local target = tostring(pinfo.dst) .. " " .. pinfo.dst_port
  local key = source < target and source .. " " .. target or target .. " " .. source
  connections[key] = connections[key] or {}
  return connections[key]
end

local function agency_of(pinfo)
  if not pinfo.visited then agencies[pinfo.number] = connection_of(pinfo).agency end
  return agencies[pinfo.number]
end

-- A message's bytes, read from front to back. A read past their end raises one line of text.
local Body = {}
Body.__index = Body

function Body:take(size)
  if size > self.tvb:len() - self.at then error("the body ends inside a field", 0) end
  local range = self.tvb(self.at, size)
  self.at = self.at + size
  return range
end

function Body:integer(tree, field, size)
  local range = self:take(size)
  tree:add(field, range)
  return size == 8 and range:uint64() or range:uint()
end

function Body:text(tree, field)
  local range = self:take(self:take(1):uint())
  tree:add_packet_field(field, range, ENC_UTF_8)
  return range:string(ENC_UTF_8)
end

-- Reads pairs of a field and its size in bytes, 0 for a text. Returns their values.
function Body:all(tree, field, size, ...)
  if field == nil then return end
  local value = size == 0 and self:text(tree, field) or self:integer(tree, field, size)
  return value, self:all(tree, ...)
end

-- Adds an item of `field` that covers what `read` reads, and shows the text that `read` returns.
function Body:group(tree, field, read)
  local start = self.at
  local item = tree:add(field, self.tvb(start))
  local text = read(item)
  item:set_len(self.at - start)
  item:set_text(text)
end

function Body:finish()
  local left = self.tvb:len() - self.at
  if left > 0 then error(left .. " bytes left over after the last field", 0) end
end

local function read_bet(body, tree, position)
  body:group(tree, fields.bet, function(bet)
    bet:add(fields.position, position):set_generated()
    local first, last, document =
      body:all(bet, fields.first_name, 0, fields.last_name, 0, fields.document, 0)
    local date = body:take(4)
    local year, month, day = date(0, 2), date(2, 1), date(3, 1)
    local birthdate = string.format("%04d-%02d-%02d", year:uint(), month:uint(), day:uint())
    local item = bet:add(fields.birthdate, date, birthdate)
    item:add(fields.year, year)
    item:add(fields.month, month)
    item:add(fields.day, day)
    return string.format("Bet %s: %s %s, document %s, born %s, number %d", position, first, last,
      document, birthdate, body:integer(bet, fields.number, 4))
  end)
end

local function read_entry(body, tree)
  body:group(tree, fields.standing, function(entry)
    return string.format("Agency %d: stored %s, finished %d, connected %d", body:all(
      entry, fields.standing_agency, 4, fields.standing_stored, 8, fields.finished, 1,
      fields.connected, 1))
  end)
end

-- One function for each type with a body: adds the body's fields to the tree and returns what the
-- list of packets says about it.
local readers = {}

function readers.HELLO(body, tree, pinfo)
  local _, agency = body:all(tree, fields.version, 1, fields.agency, 4, fields.key, 0)
  connection_of(pinfo).agency = agency
  return "agency " .. agency
end

function readers.BET(body, tree)
  local offset = body:integer(tree, fields.offset, 8)
  read_bet(body, tree, offset)
  return "offset " .. tostring(offset)
end

function readers.BATCH(body, tree)
  local offset, count = body:all(tree, fields.offset, 8, fields.count, 2)
  if count == 0 then error("a batch has one bet at least", 0) end
  for index = 0, count - 1 do read_bet(body, tree, offset + index) end
  return string.format("offset %s, count %d", offset, count)
end

function readers.FINISHED(body, tree) return "total " .. tostring(body:integer(tree, fields.total, 8)) end

function readers.WELCOME(body, tree)
  local _, state, stored = body:all(tree, fields.version, 1, fields.state, 1, fields.stored, 8)
  if stored > UInt64(0) then read_bet(body, tree, stored - 1) end
  return string.format("state %d, stored %s", state, stored)
end

function readers.STORED(body, tree) return tostring(body:integer(tree, fields.stored, 8)) end

function readers.REJECTED(body, tree)
  local offset, index, code, reason = body:all(
    tree, fields.offset, 8, fields.index, 2, fields.rejected_code, 1, fields.reason, 0)
  tree:add_proto_expert_info(experts.rejected, string.format(
    "Rejected, code %d (%s): %s", code, REJECTIONS[code] or "unknown", reason))
  return string.format("offset %s, index %d, code %d: %s", offset, index, code, reason)
end

function readers.WINNERS(body, tree)
  local more, count = body:all(tree, fields.more, 1, fields.count, 2)
  for _ = 1, count do body:text(tree, fields.winner) end
  return string.format("more %d, count %d", more, count)
end

function readers.ERROR(body, tree)
  local code, reason = body:all(tree, fields.error_code, 1, fields.reason, 0)
  tree:add_proto_expert_info(experts.error, string.format(
    "Error, code %d (%s): %s", code, ERRORS[code] or "unknown", reason))
  return string.format("code %d: %s", code, reason)
end

function readers.STATUS(body, tree)
  local more, drawn, _, _, _, _, _, count = body:all(
    tree, fields.more, 1, fields.drawn, 1, fields.agencies, 4, fields.connections, 4,
    fields.syncs, 8, fields.sync_time, 8, fields.longest_sync, 8, fields.count, 2)
  for _ = 1, count do read_entry(body, tree) end
  return string.format("more %d, drawn %d, count %d", more, drawn, count)
end

-- Reads what follows the length, and returns a line about it. Raises if that is no message.
local function read_message(body, tree, pinfo)
  local type = body:integer(tree, fields.type, 1)
  local name = TYPES[type]
  if name == nil then error(string.format("unknown type 0x%02x", type), 0) end
  -- Only HELLO has it on the wire. A filter for an agency must find all of its connection.
  local agency = agency_of(pinfo)
  if name ~= "HELLO" and agency then tree:add(fields.agency, agency):set_generated() end
  tree:append_text(", " .. name)
  local reader = readers[name]
  local line = reader and name .. " " .. reader(body, tree, pinfo) or name
  body:finish()
  return line
end

local function is_valid(length) return length >= 1 and length <= LONGEST end

-- Marks a message as malformed, and returns what the list of packets says about it.
local function complain(tree, tvb, why)
  if tvb:len() < tvb:reported_len() then
    tree:add_proto_expert_info(experts.truncated)
    return "cut short by the capture"
  end
  tree:add_proto_expert_info(experts.malformed, why)
  return "malformed: " .. why
end

-- Dissects one frame, as message_size has cut it.
local function dissect_message(tvb, pinfo, root)
  local tree = root:add(lottery, tvb())
  local body = setmetatable({ tvb = tvb, at = 0 }, Body)
  local length = body:integer(tree, fields.length, HEADER_SIZE)
  local ok, line = false, string.format("length %d: must be 1 to %d", length, LONGEST)
  if is_valid(length) then ok, line = pcall(read_message, body, tree, pinfo) end
  if not ok then line = complain(tree, tvb, line) end
  pinfo.cols.info:append(line .. "  ")
  -- Another part of this packet may be dissected by another call, which begins with clear().
  pinfo.cols.info:fence()
  return tvb:len()
end

-- After an invalid length nothing says where the next message begins: the rest of the segment
-- belongs to it.
local function message_size(tvb, _, offset)
  local length = tvb(offset, HEADER_SIZE):uint()
  return is_valid(length) and HEADER_SIZE + length or tvb:reported_length_remaining(offset)
end

local function dissect_echo(tvb, pinfo, root)
  local tree = root:add(lottery, tvb(), "National lottery, echo service")
  tree:add_packet_field(fields.echo, tvb(), ENC_UTF_8)
  pinfo.cols.info:append("echo: " .. tvb():string(ENC_UTF_8):gsub("%c+$", ""))
end

-- The first byte of a connection decides. A capture may begin in the middle of a connection, which
-- counts as the lottery's from the first packet that begins like a frame.
local function speaks_frames(tvb, pinfo)
  local connection = connection_of(pinfo)
  if connection.since == nil and tvb(0, 1):uint() == 0 then connection.since = pinfo.number end
  return connection.since ~= nil and pinfo.number >= connection.since
end

function lottery.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "Lottery"
  pinfo.cols.info:clear()
  if speaks_frames(tvb, pinfo) then
    dissect_tcp_pdus(tvb, root, HEADER_SIZE, message_size, dissect_message)
  else
    dissect_echo(tvb, pinfo, root)
  end
  return tvb:len()
end

local ports = DissectorTable.get("tcp.port")
local port = 12345
lottery.prefs.port = Pref.uint("TCP port", port, "The port on which the server listens")

function lottery.prefs_changed()
  ports:remove(port, lottery)
  port = lottery.prefs.port
  ports:add(port, lottery)
end

ports:add(port, lottery)
