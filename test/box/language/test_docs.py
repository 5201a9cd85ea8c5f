# SPDX-License-Identifier: Apache-2.0
"""The page /-/docs as a browser and its reader meet it: well formed, whole, nothing fetched, every link leads somewhere."""
import html.parser
import re
import shlex

import pytest

from server import run, write_app

VOID = {'meta', 'br', 'link', 'img', 'input'}
APPS = ['apps/people', 'apps/genes']


class Page(html.parser.HTMLParser):
    """Elements, ids, links and headings; fails on a tag that is not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.names, self.code, self.levels = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        attributes = dict(attributes)
        if 'id' in attributes:
            self.ids.append(attributes['id'])
        if 'href' in attributes:
            self.links.append(attributes['href'])
        assert not any(name.startswith('on') for name in attributes)
        if re.fullmatch('h[1-6]', tag):
            self.levels.append(int(tag[1]))
        if tag == 'code':
            self.code.append('')
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == 'code':
            self.code[-1] += data


@pytest.fixture
def docs(start):
    server = start(*APPS, '--quiet')
    answer = server.get('/-/docs')
    assert (answer.status, answer.headers['Content-Type']) == (200, 'text/html; charset=utf-8')
    return server, Page(answer.body.decode())


def test_the_page_is_well_formed_and_fetches_nothing(docs):
    _, page = docs
    assert len(page.ids) == len(set(page.ids))
    assert not {'script', 'link', 'img', 'iframe', 'form', 'object'} & set(page.names)
    assert page.levels[0] == 1 and page.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.levels, page.levels[1:]))


def test_every_public_endpoint_is_there_and_no_private_one(docs):
    _, page = docs
    routes = run('routes', *APPS).stdout
    public = set(re.findall(r'(?m)^(?:\S+\s+)?(GET|POST|PATCH)\s+(/\S+)', routes)) - {('POST', '/people/load')}
    assert len(public) >= 7, routes
    assert {name for name in page.ids if re.match('[A-Z]', name)} == {method + path for method, path in public}


def test_every_link_leads_somewhere(docs):
    server, page = docs
    inside = [link[1:] for link in page.links if link.startswith('#')]
    outside = [link for link in page.links if not link.startswith('#')]
    assert set(inside) <= set(page.ids)
    assert len(outside) >= 6
    for link in outside:
        assert server.get(link).status == 200, link


def test_every_command_does_what_it_says(docs):
    server, page = docs
    commands = [shlex.split(code) for code in page.code if code.startswith('curl ')]
    commands = [words for words in commands if '-d' in words]
    assert len(commands) >= 3
    for words in commands:
        url, data = next(word for word in words if word.startswith('localhost:8080/')), words[words.index('-d') + 1]
        method = words[words.index('-X') + 1] if '-X' in words else 'POST'
        answer = server.request(method, url.removeprefix('localhost:8080'), data.encode(), {'Content-Type': 'application/json'})
        assert answer.status == (201 if method == 'POST' else 200), words


def test_texts_of_an_app_are_texts(start, tmp_path):
    app = write_app(tmp_path / 'odd', {'app.ini': 'title = <b>Odd & "quoted"</b>\n', 'get.sql': '''
-- @endpoint GET /odd
-- </p><script>alert(1)</script>
-- @param name text default "<i>'&amp;" maxlength 50 -- "><img src=x onerror=alert(1)>
-- @reject 400 <u>no</u>
SELECT 'name' AS parameter WHERE :name = 'x';
-- @answer
SELECT 1 AS one;
'''.lstrip()})
    body = start(app, '--quiet').get('/-/docs').body.decode()
    Page(body)
    for tag in ('<b>', '<script', '<img', '<i>', '<u>'):
        assert tag not in body
    assert '&lt;script&gt;alert(1)&lt;/script&gt;' in body
