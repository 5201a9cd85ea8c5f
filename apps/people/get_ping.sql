-- @endpoint GET /ping
-- Answers pong.
-- @shape text
-- @example /ping

-- @answer
SELECT 'pong' AS answer;
