# SPDX-License-Identifier: Apache-2.0
"""An app that watches a folder, and the folder."""
import os
import time

from server import wait_until

APP = {
    'app.ini': '''
[watch]
POST /t = incoming/*.csv
POST /t = incoming/*.csv.gz
POST /t = incoming/*.ndjson
PUT /state = incoming/state/*.csv
''',
    'schema/001_tables.sql': '''
        CREATE TABLE t (id integer NOT NULL, name text, batch bigint NOT NULL);
        CREATE TABLE state (id integer NOT NULL);
    ''',
    'get_t.sql': '''-- @endpoint GET /t
-- @column id integer
-- @column batch integer
-- @answer
SELECT id, name, batch FROM t ORDER BY batch, id;
''',
    'get_state.sql': '''-- @endpoint GET /state
-- @shape values
-- @answer
SELECT id FROM state ORDER BY id;
''',
    'post_t.sql': '''-- @endpoint POST /t
-- @field id integer required min 0
-- @field name text
-- @reject 422 there already
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);
-- @write
INSERT INTO t SELECT id, name, :batch_id FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'put_state.sql': '''-- @endpoint PUT /state
-- @field id integer required
-- @write
DELETE FROM state;
-- @write
INSERT INTO state SELECT id FROM batch;
-- @answer
SELECT count(*) AS rows FROM batch;
''',
}


class Inbox:
    """A watched folder."""

    def __init__(self, folder):
        self.folder = folder
        self.done = folder / 'done'
        self.rejected = folder / 'rejected'
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name, content, age=60):
        """Moves a file in that was written `age` seconds ago. It has settled a second after it has come."""
        hidden = self.folder / f'.{len(name)}.new'
        hidden.write_bytes(content if isinstance(content, bytes) else content.encode())
        then = time.time() - age
        os.utime(hidden, (then, then))
        hidden.rename(self.folder / name)

    def names(self):
        """What is in the folder but for what the server makes there."""
        return sorted(path.name for path in self.folder.iterdir() if path.name not in ('done', 'rejected', 'state'))

    def names_in(self, outlet):
        folder = self.folder / outlet
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def wait_for(self, outlet, *names):
        wait_until(lambda: set(names) <= set(self.names_in(outlet)), pause=0.2)


def ids(server):
    return [row['id'] for row in server.get('/t').json()]
