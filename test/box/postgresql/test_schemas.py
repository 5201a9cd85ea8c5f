# SPDX-License-Identifier: Apache-2.0
"""What stands beside the app's schema: extensions, settings of the database, and roles."""
import pytest

import postgresql
from server import run, write_app

pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

NEAR_APP = {
    'schema/001_names.sql': 'CREATE TABLE names (name text PRIMARY KEY);\n'
                            "INSERT INTO names VALUES ('Angela Martin'), ('Oscar');\n"
                            'CREATE INDEX names_near ON names USING gin (name gin_trgm_ops);\n',
    'get_near.sql': '''-- @endpoint GET /near
-- @param q text required
-- @shape values
-- @answer
SELECT name FROM names WHERE name % :q ORDER BY similarity(name, :q) DESC;
''',
}


def test_an_extension_in_public_is_found(cluster, start, tmp_path):
    url, app = cluster.create('near'), write_app(tmp_path / 'near', NEAR_APP)
    cluster.sql('CREATE EXTENSION pg_trgm', 'near')
    assert run('check', '--store', url, app).returncode == 0
    assert start(app, '--quiet', '--store', url).get('/near?q=angela').json() == ['Angela Martin']


def test_an_extension_in_a_schema_that_the_search_path_names_is_found(cluster, start, tmp_path):
    url, app = cluster.create('named'), write_app(tmp_path / 'near', NEAR_APP)
    cluster.sql('CREATE SCHEMA "the extensions"; CREATE EXTENSION pg_trgm SCHEMA "the extensions";'
                'ALTER DATABASE named SET search_path = "the extensions"', 'named')
    assert start(app, '--quiet', '--store', url).get('/near?q=angela').json() == ['Angela Martin']


LOWER_APP = {
    'schema/001_names.sql': "CREATE TABLE names (name varchar(20)); INSERT INTO names VALUES ('Oscar');\n",
    'get_lower.sql': '-- @endpoint GET /lower\n-- @shape value\n-- @answer\nSELECT lower(name) AS name FROM names;\n',
}


def test_a_schema_in_which_everybody_may_create_is_left_out(cluster, start, tmp_path):
    """A function there would be called in the place of PostgreSQL's, where it fits its arguments better."""
    url, app = cluster.create('shadow'), write_app(tmp_path / 'lower', LOWER_APP)
    cluster.sql("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;"
                'GRANT CREATE ON SCHEMA public TO PUBLIC', 'shadow')
    assert start(app, '--quiet', '--store', url).get('/lower').body == b'"oscar"'


def test_texts_do_not_hang_on_settings_of_the_database(cluster, start, tmp_path):
    app = write_app(tmp_path / 'texts', {'get_texts.sql': '''-- @endpoint GET /texts
-- @answer
SELECT CAST(interval '-1 day 2 hours' AS text) AS i, CAST('\\x00ff'::bytea AS text) AS b, CAST(date '2026-01-02' AS text) AS d,
    CAST(timestamptz '2026-01-02T00:00:00+02' AS text) AS t, CAST(0.1::float8 + 0.2 AS text) AS x, CAST('{"b": 1}'::jsonb AS text) AS j;
'''})
    bodies = set()
    for name, settings in [('plain', {}), ('other', {'intervalstyle': 'sql_standard', 'bytea_output': 'escape', 'extra_float_digits': '-3',
                                                     'datestyle': 'German', 'timezone': 'Asia/Tokyo'})]:
        url = cluster.create(name)
        for setting, value in settings.items():
            cluster.sql(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        bodies.add(start(app, '--quiet', '--store', url).get('/texts').body)
    assert bodies == {b'[{"i":"-1 days +02:00:00","b":"\\\\x00ff","d":"2026-01-02","t":"2026-01-01 22:00:00+00",'
                      b'"x":"0.30000000000000004","j":"{\\"b\\": 1}"}]'}


NOTES_APP = {
    'schema/001_notes.sql': 'CREATE TABLE notes (id bigint PRIMARY KEY, note text);\nCREATE TABLE other (id bigint PRIMARY KEY);\n',
    'app.ini': 'title = Notes\n[load]\nPOST /notes = notes.csv\n',
    'data/notes.csv': 'id,note\n1,first\n',
    'get_notes.sql': '-- @endpoint GET /notes\n-- @answer\nSELECT id, note FROM notes ORDER BY id;\n',
    'get_other.sql': '-- @endpoint GET /other\n-- @answer\nSELECT id FROM other ORDER BY id;\n',
    'post_notes.sql': '''-- @endpoint POST /notes
-- @field id integer required
-- @field note text
-- @write
INSERT INTO notes (id, note) SELECT id, note FROM batch;
-- @answer 201
SELECT count(*) AS stored FROM batch;
''',
}


def test_a_role_that_owns_nothing_serves_what_another_role_has_made(cluster, start, tmp_path):
    url, app = cluster.create('guests'), write_app(tmp_path / 'notes', NOTES_APP)
    cluster.sql('CREATE ROLE guest LOGIN')
    guest = url.replace('reckoner@', 'guest@')
    assert start(app, '--quiet', '--store', url).stop() == 0
    bad = run('serve', '--listen', '127.0.0.1:0', '--store', guest, app)
    assert bad.returncode == 1 and bad.stderr.endswith('reckoner: --store: the role guest lacks rights: ' + '; '.join([
        'GRANT SELECT ON notes.reckoner_loads, notes.reckoner_migrations, notes.reckoner_notes, notes.reckoner_versions TO guest',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON notes.reckoner_batches, notes.reckoner_commits, notes.reckoner_job_bodies,'
        ' notes.reckoner_job_line, notes.reckoner_jobs, notes.reckoner_repeats TO guest',
        'GRANT USAGE ON SCHEMA notes TO guest']) + '\n')
    cluster.sql(bad.stderr.split('rights: ')[1] + '; GRANT SELECT, INSERT ON notes.notes TO guest', 'guests')
    server = start(app, '--quiet', '--store', guest)
    assert server.post('/notes', [{'id': 2, 'note': 'a guest'}]).status == 201
    assert [row['note'] for row in server.get('/notes').json()] == ['first', 'a guest']
    assert server.get('/other').status == 500
    server.stop()
    assert ('permission denied for table other: let its owner grant it, such as GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA'
            ' notes TO guest') in server.stderr
    (tmp_path / 'notes/schema/002_more.sql').write_text('CREATE TABLE more (id bigint);\n')
    bad = run('serve', '--listen', '127.0.0.1:0', '--store', guest, app)
    assert bad.returncode == 1 and '002_more.sql' in bad.stderr and 'permission denied for schema notes' in bad.stderr


FULL_APP = {
    **NOTES_APP,
    'app.ini': ('title = Notes\n[access]\ndefault = key\nplan = small\n[plan small]\nrequests = 3/day\n[watch]\nPOST /notes = incoming/*.csv\n'
                '[reload]\nPOST /notes = data/notes.csv\n[hook]\nPOST /notes = http://127.0.0.1:9/\n[history]\ndays = day older 90d\n'),
    'schema/002_days.sql': 'CREATE TABLE days (day date NOT NULL, id bigint NOT NULL, PRIMARY KEY (day, id));\n',
}
FOR_ALL = ('reckoner_buckets', 'reckoner_changes')  # PUBLIC may read them, and nobody writes to them but by functions of the owner's


def test_a_right_on_any_of_reckoners_own_tables_that_is_lacking_is_told(cluster, start, tmp_path):
    url, app = cluster.create('each'), write_app(tmp_path / 'n', FULL_APP)
    (app / 'incoming').mkdir()
    secrets = tmp_path / 'secrets'
    secrets.write_text('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n')
    secrets.chmod(0o600)
    options = ['--quiet', '--hook-secrets', str(secrets), app, '--store']
    assert start(*options, url).stop() == 0
    tables = [name for name in cluster.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'n' ORDER BY 1", 'each').split()
              if name.startswith('reckoner_') and name not in FOR_ALL]
    assert {'reckoner_files', 'reckoner_reloads', 'reckoner_history', 'reckoner_outbox'} <= set(tables)
    cluster.sql('CREATE ROLE g LOGIN; GRANT USAGE ON SCHEMA n TO g; GRANT ALL ON ALL TABLES IN SCHEMA n TO g', 'each')
    for some in (tables[i:i + 6] for i in range(0, len(tables), 6)):
        named = ', '.join(f'n.{name}' for name in some)
        cluster.sql(f'REVOKE ALL ON {named} FROM g', 'each')
        bad = run('serve', '--listen', '127.0.0.1:0', *options, url.replace('reckoner@', 'g@'))
        assert bad.returncode == 1 and 'the role g lacks rights: GRANT ' in bad.stderr, bad.stderr
        words = bad.stderr.split('rights: ')[1]
        assert [name for name in some if f'n.{name}' not in words.replace(',', ' ').split()] == []
        cluster.sql(words, 'each')
    assert start(*options, url.replace('reckoner@', 'g@')).stop() == 0
    assert start(*options, url).stop() == 0  # a second start of the owner's finds all of them
    raised = cluster.sql("SELECT DISTINCT tgrelid::regclass FROM pg_trigger WHERE tgname = 'reckoner_raise'", 'each').split()
    assert sorted(raised) == ['n.days', 'n.days_archive', 'n.notes', 'n.other']  # none of Reckoner's own


def test_rights_that_are_too_many_to_name_are_one_line_that_does(cluster, start, tmp_path):
    """The app's name is as long as a name may be, and keys are not for the role that serves."""
    name = 'a' * 55
    url, app = cluster.create('many'), write_app(tmp_path / name, {**NOTES_APP, 'app.ini': (
        'title = Notes\n[access]\ndefault = key\nplan = small\n[plan small]\nrequests = 3/day\n')})
    cluster.sql('CREATE ROLE stranger LOGIN')
    stranger = url.replace('reckoner@', 'stranger@')
    assert start(app, '--quiet', '--store', url).stop() == 0
    bad = run('serve', '--listen', '127.0.0.1:0', '--store', stranger, app)
    assert bad.returncode == 1 and bad.stderr.endswith(
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO stranger;'
        f' REVOKE INSERT, UPDATE, DELETE ON {name}.reckoner_audit, {name}.reckoner_keys FROM stranger\n')
    cluster.sql(bad.stderr.split('rights: ')[1], 'many')
    assert start(app, '--quiet', '--store', stranger).get('/notes').status == 401
    assert cluster.sql(f"SELECT has_table_privilege('stranger', '{name}.reckoner_keys', 'INSERT')", 'many').strip() == 'f'
