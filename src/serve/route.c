// SPDX-License-Identifier: Apache-2.0
// Builds the tree of routes and looks paths up in it. What a route leads to is told by request_head.c. The
// tree is made by one thread, then any thread may look a path up.
//
// There is a node for each part of a path that an endpoint, a file or a page has. The children of a node are
// a hash table of literals, and one node for a parameter. "/" has one empty part, as a raw path that is split
// has, and an empty part is never a parameter. A look-up walks literals before parameters and goes back where
// that leads nowhere, so it visits no node twice.
#include "serve/route.h"

#include <stdio.h>

#include "base/mem.h"
#include "serve/own_pages.h"
#include "text/url.h"

// The keys are few, short, and the apps' own.
#define HASH_FUNCTION(key, len, hash) HASH_FNV(key, len, hash)
#define HASH_NONFATAL_OOM             1
#define uthash_malloc(size)           mem_alloc(size)
#define uthash_free(memory, size)     mem_free(memory)
#define uthash_nonfatal_oom(entry)    ((entry)->part.at = NULL)
#include <uthash.h>

#define INDEX "/index.html"

struct node {
    struct span part;                   // the literal, borrowed; the key among its siblings
    struct node *literals;              // uthash table of children; owned
    struct node *param;                 // the child that is a parameter; owned, NULL: none
    struct route *routes[HTTP_METHODS]; // owned; NULL where there is none
    UT_hash_handle hh;                  // uthash's own
};

struct routes {
    struct node root; // above the first part
    size_t depth;     // parts of the longest path
};

// --- building

static struct node *literal_child(const struct node *node, struct span part)
{
    struct node *child;
    HASH_FIND(hh, node->literals, part.at, part.len, child);
    return child;
}

static struct node *add_literal(struct node *node, struct span part)
{
    struct node *child = literal_child(node, part);
    if (child != NULL)
        return child;
    child = mem_zalloc(1, sizeof(*child));
    if (child == NULL)
        return NULL;
    child->part = part;
    HASH_ADD_KEYPTR(hh, node->literals, part.at, part.len, child);
    if (child->part.at == NULL) { // uthash had no memory for it
        mem_free(child);
        return NULL;
    }
    return child;
}

static struct node *add_param(struct node *node)
{
    if (node->param == NULL)
        node->param = mem_zalloc(1, sizeof(*node->param));
    return node->param;
}

// The node of an endpoint's path; NULL without memory.
static struct node *endpoint_node(struct routes *routes, const struct endpoint *endpoint)
{
    struct node *node = &routes->root;
    size_t depth = endpoint->part_count > 0 ? endpoint->part_count : 1;
    if (endpoint->part_count == 0)
        node = add_literal(node, span_of(""));
    for (size_t i = 0; node != NULL && i < endpoint->part_count; i++) {
        const struct path_part *part = &endpoint->parts[i];
        node = part->param < 0 ? add_literal(node, part->text) : add_param(node);
    }
    if (depth > routes->depth)
        routes->depth = depth;
    return node;
}

// The node of a path of literals, decoded; where `has_params`, a part in braces is a parameter. NULL without
// memory.
static struct node *path_node(struct routes *routes, struct span path, bool has_params)
{
    struct node *node = &routes->root;
    size_t depth = 0;
    struct span rest = {.at = path.at + 1, .len = path.len - 1};
    for (bool more = true; more && node != NULL; depth++) {
        more = rest.len > 0 && memchr(rest.at, '/', rest.len) != NULL;
        struct span part = span_split(&rest, '/');
        bool is_param = has_params && span_starts_with(part, "{");
        node = is_param ? add_param(node) : add_literal(node, part);
    }
    if (depth > routes->depth)
        routes->depth = depth;
    return node;
}

static struct node *literal_node(struct routes *routes, struct span path)
{
    return path_node(routes, path, false);
}

static const char *file_of(const struct route *route)
{
    if (route->endpoint != NULL)
        return route->endpoint->file;
    return route->file != NULL ? route->file->file : "the server";
}

static enum err_code claim(
    struct node *node, enum http_method method, const struct route *route, struct span path, struct err *err)
{
    if (node == NULL)
        return err_no_memory(err);
    if (node->routes[method] != NULL)
        return err_set(err, ERR_CONFIG,
            "%s %.*s is claimed by both %s and %s: serve these apps apart, or rename one",
            http_method_name(method), (int)path.len, path.at, file_of(node->routes[method]), file_of(route));
    node->routes[method] = mem_alloc(sizeof(*route));
    if (node->routes[method] == NULL)
        return err_no_memory(err);
    *node->routes[method] = *route;
    return ERR_NONE;
}

// A file answers at its own path, and an index.html for its folder as well, with and without the slash.
static enum err_code add_file(
    struct routes *routes, const struct public_file *file, size_t service, struct err *err)
{
    struct route route = {.file = file, .service = service};
    enum err_code code = claim(literal_node(routes, file->path), HTTP_GET, &route, file->path, err);
    if (code != ERR_NONE || !span_ends_with(file->path, INDEX))
        return code;
    struct span folder = {.at = file->path.at, .len = file->path.len - strlen(INDEX)};
    struct span with_slash = {.at = folder.at, .len = folder.len + 1};
    code = claim(literal_node(routes, with_slash), HTTP_GET, &route, with_slash, err);
    if (code != ERR_NONE || folder.len == 0)
        return code;
    route.is_folder = true;
    return claim(literal_node(routes, folder), HTTP_GET, &route, folder, err);
}

static enum err_code add_app(struct routes *routes, const struct app *app, size_t service, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        struct route route = {.endpoint = endpoint, .service = service};
        if (!endpoint->is_private)
            code = claim(endpoint_node(routes, endpoint), endpoint->method, &route, endpoint->path, err);
    }
    for (size_t i = 0; code == ERR_NONE && i < app->public_count; i++)
        code = add_file(routes, &app->public_files[i], service, err);
    return code;
}

static enum err_code add_own_pages(struct routes *routes, const struct own_page *pages, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (const struct own_page *page = pages; code == ERR_NONE && page->path != NULL; page++) {
        struct route route = {.page = page};
        struct span path = span_of(page->path);
        code = claim(path_node(routes, path, true), page->method, &route, path, err);
    }
    return code;
}

enum err_code routes_new(const struct own_page *pages, struct app *const *apps, size_t count,
    struct routes **ret_routes, struct err *err)
{
    struct routes *routes = mem_zalloc(1, sizeof(*routes));
    if (routes == NULL)
        return err_no_memory(err);
    enum err_code code = add_own_pages(routes, pages, err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = add_app(routes, apps[i], i, err);
    if (code != ERR_NONE) {
        routes_free(routes);
        return code;
    }
    *ret_routes = routes;
    return ERR_NONE;
}

// Frees what the node owns, as deep as the longest path.
static void node_fini(struct node *node)
{
    struct node *child, *next;
    HASH_ITER (hh, node->literals, child, next) {
        HASH_DEL(node->literals, child);
        node_fini(child);
        mem_free(child);
    }
    if (node->param != NULL)
        node_fini(node->param);
    mem_free(node->param);
    for (size_t i = 0; i < HTTP_METHODS; i++)
        mem_free(node->routes[i]);
}

void routes_free(struct routes *routes)
{
    if (routes == NULL)
        return;
    node_fini(&routes->root);
    mem_free(routes);
}

static void visit(struct node *node, void (*on_route)(void *ctx, struct route *route), void *ctx)
{
    for (struct node *child = node->literals; child != NULL; child = child->hh.next)
        visit(child, on_route, ctx);
    if (node->param != NULL)
        visit(node->param, on_route, ctx);
    for (size_t i = 0; i < HTTP_METHODS; i++) {
        if (node->routes[i] != NULL)
            on_route(ctx, node->routes[i]);
    }
}

void routes_each(struct routes *routes, void (*on_route)(void *ctx, struct route *route), void *ctx)
{
    visit(&routes->root, on_route, ctx);
}

// --- looking up

struct search {
    const struct span *parts;  // of the request's path
    size_t count;              //
    enum http_method method;   // wanted; GET for HEAD
    const struct route *found; // NULL: none so far
    unsigned methods;          // that are answered by any of the nodes that match
    size_t service;            // of one of these; ROUTE_NO_SERVICE: none is an app's
};

static void search_leaf(struct search *search, const struct node *node)
{
    search->found = node->routes[search->method];
    for (unsigned i = 0; i < HTTP_METHODS; i++) {
        if (node->routes[i] == NULL)
            continue;
        search->methods |= 1u << i;
        if (search->service == ROUTE_NO_SERVICE && node->routes[i]->page == NULL)
            search->service = node->routes[i]->service;
    }
}

// Looks at all below `node` that match the parts from `depth` on, until the method is found.
static void search_node(struct search *search, const struct node *node, size_t depth)
{
    if (depth == search->count) {
        search_leaf(search, node);
        return;
    }
    struct span part = search->parts[depth];
    const struct node *literal = literal_child(node, part);
    bool is_own = depth == 0 && search->count > 1 && span_is(part, "-"); // the server's, no app's
    if (literal != NULL)
        search_node(search, literal, depth + 1);
    if (search->found == NULL && node->param != NULL && part.len > 0 && !is_own)
        search_node(search, node->param, depth + 1);
}

// Whether each % has its two digits behind it (RFC 3986 section 2.1).
static bool is_encoded(struct span path)
{
    const char *end = path.at + path.len, *code = path.at;
    while ((code = memchr(code, '%', (size_t)(end - code))) != NULL) {
        if (end - code < 3 || ascii_hex(code[1]) < 0 || ascii_hex(code[2]) < 0)
            return false;
        code += 3;
    }
    return true;
}

static size_t count_parts(struct span path)
{
    size_t count = 0;
    for (size_t i = 0; i < path.len; i++)
        count += path.at[i] == '/';
    return count;
}

// Splits the path, and only then decodes, so that an encoded slash stays inside its part.
static bool split(struct span path, size_t count, struct arena *arena, struct span *ret_parts)
{
    struct span rest = {.at = path.at + 1, .len = path.len - 1};
    for (size_t i = 0; i < count; i++) {
        if (!url_decode(span_split(&rest, '/'), false, arena, &ret_parts[i]))
            return false;
    }
    return true;
}

enum route_result routes_find(const struct routes *routes, struct span path, enum http_method method,
    struct arena *arena, struct route_match *ret_match)
{
    if (!is_encoded(path))
        return ROUTE_ENCODING;
    size_t count = count_parts(path);
    if (count == 0 || path.at[0] != '/' || count > routes->depth)
        return ROUTE_NONE;
    struct span *parts = arena_alloc(arena, count * sizeof(*parts));
    if (parts == NULL || !split(path, count, arena, parts))
        return ROUTE_MEMORY;
    struct search search = {.parts = parts,
        .count = count,
        .method = method == HTTP_HEAD ? HTTP_GET : method,
        .service = ROUTE_NO_SERVICE};
    search_node(&search, &routes->root, 0);
    if (search.methods == 0)
        return ROUTE_NONE;
    *ret_match = (struct route_match){
        .route = search.found, .parts = parts, .methods = search.methods, .service = search.service};
    return search.found != NULL ? ROUTE_FOUND : ROUTE_METHOD;
}

void route_allow(unsigned methods, char ret_allow[ALLOW_CHARS])
{
    size_t len = 0;
    methods |= 1u << HTTP_OPTIONS;
    if (methods & 1u << HTTP_GET)
        methods |= 1u << HTTP_HEAD;
    for (int method = 0; method < HTTP_METHODS; method++) {
        if (methods & 1u << method)
            len += (size_t)snprintf(ret_allow + len, ALLOW_CHARS - len, "%s%s", len > 0 ? ", " : "",
                http_method_name((enum http_method)method));
    }
}
