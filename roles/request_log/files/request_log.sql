-- One row before and one update after every inference call; fallbacks and rollbacks have rows of their own.
PRAGMA journal_mode = WAL;

CREATE TABLE IF NOT EXISTS request_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT NOT NULL,
  agent_name TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  tokens_in INTEGER,
  tokens_out INTEGER,
  latency_ms INTEGER,
  status TEXT NOT NULL CHECK (status IN ('pending', 'success', 'error', 'timeout', 'fallback')),
  error_message TEXT
);

-- "Did this agent call that provider in the last hour?"
CREATE INDEX IF NOT EXISTS request_log_agent_time ON request_log (agent_name, timestamp);
CREATE INDEX IF NOT EXISTS request_log_provider_time ON request_log (provider, timestamp);
