-- Wireshark's view of the lottery: a dissector of all that PROTOCOL.md describes.
--
--   wireshark -X lua_script:scripts/lottery.lua
--
-- or put this file into the folder of personal Lua plugins (Help, About, Folders). For Wireshark
-- 4.0 and later. All names for filters begin with `lottery.`.

local lottery = Proto("lottery", "National lottery")

local HEADER_SIZE = 4
local LONGEST = 7996

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

-- Each type: its name, the fields with which its body begins, and what the list of packets says.
local MESSAGES = {
  [0x01] = { "HELLO", "version agency key", "agency {agency}" },
  [0x02] = { "BET", "offset", "offset {offset}" },
  [0x03] = { "BATCH", "offset count", "offset {offset}, count {count}" },
  [0x04] = { "FINISHED", "total", "total {total}" },
  [0x05] = { "WINNERS?" },
  [0x10] = { "STATUS?" },
  [0x81] = { "WELCOME", "version state stored", "state {state}, stored {stored}" },
  [0x82] = { "STORED", "stored", "{stored}" },
  [0x83] = { "REJECTED", "offset index rejected.code reason",
    "offset {offset}, index {index}, code {rejected.code}: {reason}" },
  [0x84] = { "CONFIRMED" },
  [0x85] = { "WINNERS", "more count", "more {more}, count {count}" },
  [0x8F] = { "ERROR", "error.code reason", "code {error.code}: {reason}" },
  [0x90] = { "STATUS", "more status.drawn status.agencies status.connections status.syncs "
    .. "status.sync_time status.longest_sync count",
    "more {more}, drawn {status.drawn}, count {count}" },
}
local TYPES = {}
for type, message in pairs(MESSAGES) do TYPES[type] = message[1] end

-- The fields: the name for filters, the size on the wire in bytes (0 for a text, nil for what is
-- made of others), the label, and the names of values.
local fields, sizes = {}, {}
for _, row in ipairs({
  { "length", 4, "Length" }, { "type", 1, "Type", TYPES }, { "version", 1, "Version" },
  { "agency", 4, "Agency" }, { "key", 0, "Key" }, { "offset", 8, "Offset" },
  { "count", 2, "Count" }, { "total", 8, "Total" }, { "state", 1, "State", STATES },
  { "stored", 8, "Stored" }, { "index", 2, "Index" }, { "rejected.code", 1, "Code", REJECTIONS },
  { "error.code", 1, "Code", ERRORS }, { "reason", 0, "Reason" },
  { "more", 1, "More frames follow" }, { "winner", 0, "Winner's document" }, { "bet", nil, "Bet" },
  { "bet.position", 8, "Position among the agency's bets" }, { "bet.first_name", 0, "First name" },
  { "bet.last_name", 0, "Last name" }, { "bet.document", 0, "Document" },
  { "bet.birthdate", 0, "Birthdate" }, { "bet.birthdate.year", 2, "Year" },
  { "bet.birthdate.month", 1, "Month" }, { "bet.birthdate.day", 1, "Day" },
  { "bet.number", 4, "Number" }, { "status.drawn", 1, "The draw has been held" },
  { "status.agencies", 4, "Agencies that take part" }, { "status.connections", 4, "Connections" },
  { "status.syncs", 8, "Syncs" }, { "status.sync_time", 8, "Time of all syncs (ns)" },
  { "status.longest_sync", 8, "The longest sync (ns)" }, { "status.entry", nil, "Entry" },
  { "status.agency", 4, "Agency" }, { "status.stored", 8, "Stored" },
  { "status.finished", 1, "Finished" }, { "status.connected", 1, "Connected" },
  { "echo", 0, "Echo line" },
}) do
  local name, size, label, values = row[1], row[2], row[3], row[4]
  local kind = size == nil and "none" or size == 0 and "string" or "uint" .. 8 * size
  local shown = values and (values == TYPES and base.HEX or base.DEC)
  fields[name] = ProtoField[kind]("lottery." .. name, label, shown, values)
  sizes[name] = size
end
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

-- Reads a field, adds it to the tree, and returns its value.
function Body:field(tree, name)
  local size = sizes[name]
  local range = self:take(size > 0 and size or self:take(1):uint())
  if size > 0 then tree:add(fields[name], range) end
  if size == 0 then tree:add_packet_field(fields[name], range, ENC_UTF_8) end
  return size == 0 and range:string(ENC_UTF_8) or size == 8 and range:uint64() or range:uint()
end

-- Reads the fields that are named with blanks between them. Returns their values by their names.
function Body:all(tree, names)
  local values = {}
  for name in names:gmatch("%S+") do values[name] = self:field(tree, name) end
  return values
end

-- Adds an item of field `name` that covers what `read` reads, and shows the text that it returns.
function Body:group(tree, name, read)
  local start = self.at
  local item = tree:add(fields[name], self.tvb(start))
  local text = read(item)
  item:set_len(self.at - start)
  item:set_text(text)
end

-- Puts values into the places of a text that name them.
local function fill(text, values)
  return (text:gsub("{(.-)}", function(name) return tostring(values[name]) end))
end

local function read_bet(body, tree, position)
  body:group(tree, "bet", function(bet)
    bet:add(fields["bet.position"], position):set_generated()
    local values = body:all(bet, "bet.first_name bet.last_name bet.document")
    local date = body:take(4)
    local year, month, day = date(0, 2), date(2, 1), date(3, 1)
    values.born = string.format("%04d-%02d-%02d", year:uint(), month:uint(), day:uint())
    local item = bet:add(fields["bet.birthdate"], date, values.born)
    item:add(fields["bet.birthdate.year"], year)
    item:add(fields["bet.birthdate.month"], month)
    item:add(fields["bet.birthdate.day"], day)
    values.position, values.number = position, body:field(bet, "bet.number")
    return fill("Bet {position}: {bet.first_name} {bet.last_name}, document {bet.document}, "
      .. "born {born}, number {number}", values)
  end)
end

-- For types that have more: reads the rest of the body, and does what else such a message asks for.
local rest = {}

function rest.HELLO(values, _, _, pinfo) connection_of(pinfo).agency = values.agency end

function rest.BET(values, body, tree) read_bet(body, tree, values.offset) end

function rest.BATCH(values, body, tree)
  if values.count == 0 then error("a batch has one bet at least", 0) end
  for index = 0, values.count - 1 do read_bet(body, tree, values.offset + index) end
end

function rest.WELCOME(values, body, tree)
  if values.stored > UInt64(0) then read_bet(body, tree, values.stored - 1) end
end

function rest.REJECTED(values, _, tree)
  values.meaning = REJECTIONS[values["rejected.code"]] or "unknown"
  tree:add_proto_expert_info(
    experts.rejected, fill("Rejected, code {rejected.code} ({meaning}): {reason}", values))
end

function rest.WINNERS(values, body, tree)
  for _ = 1, values.count do body:field(tree, "winner") end
end

function rest.ERROR(values, _, tree)
  values.meaning = ERRORS[values["error.code"]] or "unknown"
  tree:add_proto_expert_info(
    experts.error, fill("Error, code {error.code} ({meaning}): {reason}", values))
end

function rest.STATUS(values, body, tree)
  for _ = 1, values.count do
    body:group(tree, "status.entry", function(entry)
      return fill("Agency {status.agency}: stored {status.stored}, finished {status.finished}, "
        .. "connected {status.connected}",
        body:all(entry, "status.agency status.stored status.finished status.connected"))
    end)
  end
end

-- Reads what follows the length, and returns a line about it. Raises if that is no message.
local function read_message(body, tree, pinfo)
  local type = body:field(tree, "type")
  if MESSAGES[type] == nil then error(string.format("unknown type 0x%02x", type), 0) end
  local name, names, line = table.unpack(MESSAGES[type])
  -- Only HELLO has it on the wire. A filter for an agency must find all of its connection.
  local agency = agency_of(pinfo)
  if name ~= "HELLO" and agency then tree:add(fields.agency, agency):set_generated() end
  tree:append_text(", " .. name)
  local values = body:all(tree, names or "")
  if rest[name] then rest[name](values, body, tree, pinfo) end
  local left = body.tvb:len() - body.at
  if left > 0 then error(left .. " bytes left over after the last field", 0) end
  return line and name .. " " .. fill(line, values) or name
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
  local length = body:field(tree, "length")
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
