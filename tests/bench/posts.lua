-- Has wrk post updates as Telegram does: rising ids, the secret header, private chats that take turns.
--
-- wrk alone knows neither a window nor an end at a number. So, at every request: while as many updates as the window
-- holds wait for their sendMessage, which are the lines of nginx's log, wrk waits; once the time is over a connection
-- gets nothing more to send, and when all that was posted is acknowledged the counts are written.
local ffi = require("ffi")
ffi.cdef([[
  struct moment { long s; long ns; };
  int clock_gettime(int clock, struct moment *now);
  int usleep(unsigned int us);
]])

local BODY = '{"update_id":%d,"message":{"message_id":%d,"date":1764000000,'
  .. '"chat":{"id":%d,"type":"private","first_name":"Ada","last_name":"L","username":"ada_%d"},'
  .. '"from":{"id":%d,"is_bot":false,"first_name":"Ada","last_name":"L","username":"ada_%d","language_code":"en"},'
  .. '"text":"hello"}}'
local FIRST_UPDATE_ID, FIRST_CHAT_ID = 100000000, 1000000
local LOOK_EVERY_US = 200
local now = ffi.new("struct moment")

local told = {}
local head, log, began_at, until_s
local posted, answered, refused, completed = 0, 0, 0, 0
local finished = false
-- wrk asks for one request that it does not send.
local tried = false

local function clock_s()
  ffi.C.clock_gettime(0, now)
  return tonumber(now.s) + tonumber(now.ns) / 1e9
end

local function look()
  if log then completed = (log:seek("end") - began_at) / told.line end
end

local function finish()
  finished = true
  local out = io.open(told.out .. ".part", "w")
  out:write(string.format('{"posted":%d,"refused":%d,"first_s":%.6f}', posted, refused, told.first_s))
  out:close()
  os.rename(told.out .. ".part", told.out)
end

function init(given)
  for _, argument in ipairs(given) do
    local name, value = argument:match("^(%w+)=(.*)$")
    told[name] = tonumber(value) or value
  end
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    .. "X-Telegram-Bot-Api-Secret-Token: " .. told.secret .. "\r\nContent-Length: "
  if told.log ~= "" then
    log = assert(io.open(told.log, "r"))
    began_at = log:seek("end")
  end
end

function request()
  if tried then
    local at_s = clock_s()
    if not until_s then
      told.first_s, until_s = at_s, at_s + told.seconds
    end
    while log and posted - refused - completed >= told.window and clock_s() < until_s do
      look()
      if posted - refused - completed >= told.window then ffi.C.usleep(LOOK_EVERY_US) end
    end
    if clock_s() >= until_s or posted >= told.most then
      if answered == posted and not finished then finish() end
      return ""
    end
    posted = posted + 1
  end
  tried = true
  local number = told.first + math.max(posted, 1) - 1
  local chat = FIRST_CHAT_ID + number % told.chats
  local body = string.format(BODY, FIRST_UPDATE_ID + number, 10 + number % 1000000, chat, chat, chat, chat)
  return head .. #body .. "\r\n\r\n" .. body
end

function response(status)
  answered = answered + 1
  if status ~= 200 then refused = refused + 1 end
end
