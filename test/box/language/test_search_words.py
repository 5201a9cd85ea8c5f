# SPDX-License-Identifier: Apache-2.0
"""The guide's recipe for text search: any text is a question, and is no error."""
import pathlib
import re
import urllib.parse

import pytest

from server import ROOT, STORES, new_store, write_app

RECIPE = dict(re.findall(r'`books/([^`]+)`:\n```sql\n(.*?)```', (pathlib.Path(ROOT) / 'docs/guide.md').read_text(), re.DOTALL))
WRITES = {
    'post_books.sql': '-- @endpoint POST /books\n-- @field id integer required\n-- @field title text required\n-- @write\n'
                      'INSERT INTO books (id, title) SELECT id, title FROM batch WHERE true\n'
                      'ON CONFLICT (id) DO UPDATE SET title = excluded.title;\n-- @answer 201\nSELECT count(*) AS stored FROM batch;\n',
    'delete_book.sql': '-- @endpoint DELETE /books/{id}\n-- @param id integer\n-- @write\nDELETE FROM books WHERE id = :id;\n',
}
TITLES = ['New York', 'York', 'Åkerström', '東京タワー', "O'Hara & Söhne", 'السلام عليكم']
HOSTILE = ['"', "'", '""', "a'b\"c", '*', 'x*', '-york', 'title:york', '^york', 'NEAR(york new)', 'york NOT new', 'AND', '(', ')))', '{york}', '\\', '%', '_',
           'york:*', '!york', 'york & | new', '<->', ';--', '🚢', '–…、', '\x01', 'x' * 200, 'y ' * 100, 'é́', '\u202e', 'null', '$1', ':q']


@pytest.fixture(params=STORES)
def server(start, tmp_path, request):
    assert len(RECIPE) == 4
    server = start(write_app(tmp_path / 'books', RECIPE | WRITES), '--quiet', *new_store(request.param, request))
    assert server.post('/books', [{'id': i, 'title': title} for i, title in enumerate(TITLES)]).status == 201
    return server


def found(server, text):
    answer = server.get('/search?' + urllib.parse.urlencode({'q': text}))
    assert answer.status == 200, (text, answer.body)
    return sorted(book['id'] for book in answer.json())


def test_the_recipe_finds_by_words_and_their_beginnings(server):
    questions = {'york': [0, 1], 'yo': [0, 1], 'NEW york': [0], 'york new': [0], 'ew': [], 'aker': [2], 'ÅKERSTRÖM': [2], '東京': [3], "o'hara": [4],
                 'söhn hara': [], 'hara söh': [4], 'عليكم': [5], 'york nowhere': []}
    assert {text: found(server, text) for text in questions} == questions


def test_no_text_is_an_error(server):
    for text in HOSTILE:
        found(server, text)
    assert found(server, '"york" AND (') == []
    assert found(server, '-york') == [0, 1]
    assert server.get('/search?q=%22').json() == []


def test_what_is_changed_is_found_as_it_is_now_and_answers_are_kept(server):
    for _ in range(2):
        assert found(server, 'york') == [0, 1]
    assert server.get('/search?q=york').headers['Cache-Status'] == 'Reckoner; hit'
    assert server.post('/books', [{'id': 0, 'title': 'Boston'}, {'id': 50, 'title': 'York again'}]).status == 201
    assert (found(server, 'york'), found(server, 'boston')) == ([1, 50], [0])
    assert server.request('DELETE', '/books/1').status == 204
    assert found(server, 'york') == [50]
