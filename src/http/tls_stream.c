// SPDX-License-Identifier: Apache-2.0
// A stream from its first byte to its end, but for the way out, which is tls_output.c's. While a step of the
// handshake is away at a thread, the link is that thread's, and the loop neither reads nor writes. Nothing is
// kept of a connection that is idle but OpenSSL's own state.
#include "http/tls_stream.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/stream_socket.h"
#include "http/tls.h"
#include "http/tls_link.h"
#include "http/tls_output.h"

enum {
    MAX_SOCKET_READS = 2, // of a stream in a turn, of 16 KiB each: some thousand records without data, 10 ms
    HELLO_READ_BYTES = 4096,    // most come whole with it
    RECORD_HEAD_BYTES = 5,      // RFC 8446 section 5.1: type, version, length
    RECORD_HANDSHAKE = 22,      // that type
    MAX_DROPPED_BYTES = 262144, // of a client that is refused and sends on
};

enum state {
    STATE_HELLO,     // the first record has not come whole
    STATE_AWAY,      // a thread works on a step of the handshake
    STATE_HANDSHAKE, // the handshake needs more of the client's bytes
    STATE_OPEN,      // data goes both ways
    STATE_REFUSED,   // it failed, and the client was told: what still comes is dropped
};

struct tls_stream {
    struct stream *stream; // borrowed
    struct loop *loop;     // borrowed
    struct tls *tls;       // borrowed
    struct tls_link link;  //
    struct tls_output output;
    enum state state;     //
    struct task task;     // the step's way to a thread …
    struct mail mail;     // … and back
    enum tls_step step;   // what became of it
    atomic_bool is_gone;  // nobody waits for it any more
    uv_idle_t more;       // runs when bytes wait in the link, of which the loop cannot know
    unsigned open_parts;  // handles of libuv, and a step that is away, until on_closed may be called
    size_t dropped_bytes; // while it is refused
};

enum stream_written tls_stream_write(struct stream *stream, uv_buf_t *parts, unsigned part_count)
{
    return tls_output_write(&stream->tls->output, parts, part_count);
}

size_t tls_stream_unsent(struct stream *stream)
{
    return tls_output_unsent(&stream->tls->output);
}

uint64_t tls_stream_taken(struct stream *stream)
{
    return tls_output_taken(&stream->tls->output);
}

// --- refusing

// Tells the client what is in the pipe, or `words` outside of TLS, and that nothing more follows. Then its
// bytes are dropped: to close while some wait to be read would reset the connection, and the words be lost.
static void refuse(struct tls_stream *tls, struct span words)
{
    const struct buf *out = &tls->link.pipe.out;
    struct span told = words.len > 0 ? words : buf_span(out);
    tls_count(tls->tls, TLS_FAILED);
    tls->state = STATE_REFUSED;
    if (told.len > 0)
        (void)!send(tls->stream->fd, told.at, told.len, MSG_NOSIGNAL); // once, to who can take it
    shutdown(tls->stream->fd, SHUT_WR);
    tls_link_fini(&tls->link);
}

static void refuse_plain(struct tls_stream *tls)
{
    static const char ANSWER[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 43\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "this port speaks TLS: ask it with https://\n";
    refuse(tls, span_of(ANSWER));
}

// --- the handshake

static void on_readable(uv_stream_t *tcp, ssize_t no_room, const uv_buf_t *buf);

static void end_reading(struct stream *stream, bool is_broken)
{
    tls_stream_stop_reading(stream);
    stream->owner->on_end(stream, is_broken);
}

static void on_broken(struct stream *stream)
{
    end_reading(stream, true);
}

static void run_step(struct task *task, void *worker)
{
    (void)worker;
    struct tls_stream *tls = CONTAINER_OF(task, struct tls_stream, task);
    tls_yield();
    bool is_gone = atomic_load_explicit(&tls->is_gone, memory_order_relaxed);
    tls->step = is_gone ? TLS_STEP_FAILED : tls_link_step(&tls->link);
    if (tls->step == TLS_STEP_DONE)
        tls_count(tls->tls, tls_link_is_resumed(&tls->link) ? TLS_RESUMED : TLS_DONE);
    loop_post(tls->loop, &tls->mail);
}

static void on_more(uv_idle_t *more)
{
    struct tls_stream *tls = CONTAINER_OF(more, struct tls_stream, more);
    uv_idle_stop(more);
    on_readable((uv_stream_t *)&tls->stream->tcp, 0, NULL);
}

// Bytes that the loop cannot see are worked on in its next turn.
static void read_soon(struct tls_stream *tls)
{
    if (tls_link_has_bytes(&tls->link))
        uv_idle_start(&tls->more, on_more);
}

// One of what has to be over before the stream is.
static void on_part_closed(struct tls_stream *tls)
{
    if (--tls->open_parts == 0)
        tls->stream->owner->on_closed(tls->stream);
}

// The link is the loop's from here on.
static void open_link(struct tls_stream *tls)
{
    tls->state = STATE_OPEN;
    tls->link.pipe.fd = tls->stream->fd;
    bool is_broken = tls_output_flush(&tls->output) == STREAM_BROKEN;
    if (is_broken || (tls->stream->is_reading && !stream_watch(tls->stream, on_readable)))
        end_reading(tls->stream, true);
    else if (tls->stream->is_reading)
        read_soon(tls);
}

// A connection whose socket takes no more of a handshake at once has not read what it asked for: that is none
// that would go on.
static void go_on(struct tls_stream *tls)
{
    tls->state = STATE_HANDSHAKE;
    bool is_fine = tls_output_flush(&tls->output) == STREAM_WRITTEN;
    if (!is_fine || (tls->stream->is_reading && !stream_watch(tls->stream, on_readable)))
        end_reading(tls->stream, true);
}

static void on_step_done(struct mail *mail)
{
    struct tls_stream *tls = CONTAINER_OF(mail, struct tls_stream, mail);
    if (stream_is_closed(tls->stream)) {
        tls->state = STATE_REFUSED;
        on_part_closed(tls);
        return;
    }
    switch (tls->step) {
    case TLS_STEP_MORE:
        go_on(tls);
        break;
    case TLS_STEP_DONE:
        open_link(tls);
        break;
    case TLS_STEP_FAILED:
        refuse(tls, (struct span){0});
        if (!stream_watch(tls->stream, on_readable))
            end_reading(tls->stream, true);
        break;
    }
}

static void hand_over(struct tls_stream *tls)
{
    stream_unwatch(tls->stream);
    tls->state = STATE_AWAY;
    if (tls_submit(tls->tls, &tls->task))
        return;
    tls->state = STATE_HANDSHAKE;
    tls_count(tls->tls, TLS_REFUSED);
    end_reading(tls->stream, true);
}

// Of a client's first record, as far as it has come.
static bool is_whole(struct span hello)
{
    const unsigned char *head = (const unsigned char *)hello.at;
    return hello.len >= RECORD_HEAD_BYTES &&
           hello.len >= RECORD_HEAD_BYTES + ((size_t)head[3] << 8 | head[4]);
}

// Methods are of capital letters; of other bytes that are no record OpenSSL says something in TLS.
static bool is_http(struct span hello)
{
    return ascii_is_letter(hello.at[0]);
}

static void take_handshake(struct tls_stream *tls)
{
    struct stream *stream = tls->stream;
    struct buf *in = &tls->link.pipe.in;
    if (buf_reserve(in, HELLO_READ_BYTES) != ERR_NONE) { // a first record is less than there may be of them
        end_reading(stream, true);
        return;
    }
    ssize_t len = recv(stream->fd, in->data + in->len, HELLO_READ_BYTES, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        if (tls->state == STATE_HANDSHAKE || in->len > 0) // others have only looked whether somebody is here
            tls_count(tls->tls, TLS_FAILED);
        end_reading(stream, true);
        return;
    }
    in->len += (size_t)len;
    if (tls->state == STATE_HELLO && is_http(buf_span(in)))
        refuse_plain(tls);
    else if (tls->state == STATE_HANDSHAKE || is_whole(buf_span(in)))
        hand_over(tls);
}

// --- reading

// One read; true when there may be more.
static bool read_once(struct tls_stream *tls)
{
    struct stream *stream = tls->stream;
    uv_buf_t room = stream->owner->room(stream);
    size_t len = 0;
    enum tls_read read = tls_link_read(&tls->link, room.base, room.len, &len);
    bool is_broken = tls_output_flush(&tls->output) == STREAM_BROKEN; // what OpenSSL has to say about it
    switch (read) {
    case TLS_READ_DATA:
        stream->owner->on_bytes(stream, (struct span){.at = room.base, .len = len});
        return !stream_is_closed(stream) && (!tls->link.pipe.is_drained || tls_link_has_bytes(&tls->link));
    case TLS_READ_NOTHING:
        if (is_broken)
            end_reading(stream, true);
        return false;
    case TLS_READ_END:
        end_reading(stream, is_broken || stream_client(stream) == STREAM_CLIENT_GONE);
        return false;
    case TLS_READ_BROKEN:
        end_reading(stream, true);
        return false;
    }
    return false;
}

static void take_data(struct tls_stream *tls)
{
    struct stream *stream = tls->stream;
    bool may_have_more = true;
    tls->link.pipe.is_drained = false;
    tls->link.pipe.left_reads = MAX_SOCKET_READS;
    for (int i = 0; i < STREAM_MAX_READS && may_have_more && stream->is_reading && !stream_is_closed(stream);
         i++)
        may_have_more = read_once(tls);
    if (may_have_more && stream->is_reading && !stream_is_closed(stream))
        read_soon(tls);
}

static void drop(struct tls_stream *tls)
{
    char bytes[HELLO_READ_BYTES];
    ssize_t len = recv(tls->stream->fd, bytes, sizeof(bytes), 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    tls->dropped_bytes += len > 0 ? (size_t)len : 0;
    if (len <= 0 || tls->dropped_bytes > MAX_DROPPED_BYTES)
        end_reading(tls->stream, true);
}

static void on_readable(uv_stream_t *tcp, ssize_t no_room, const uv_buf_t *buf)
{
    (void)no_room;
    (void)buf;
    struct stream *stream = stream_of_tcp(tcp);
    struct tls_stream *tls = stream->tls;
    if (stream->has_preface && !stream->owner->on_preface(stream)) // which comes before the handshake
        return;
    switch (tls->state) {
    case STATE_HELLO:
    case STATE_HANDSHAKE:
        take_handshake(tls);
        break;
    case STATE_OPEN:
        take_data(tls);
        break;
    case STATE_REFUSED:
        drop(tls);
        break;
    case STATE_AWAY: // it does not read
        break;
    }
}

bool tls_stream_start_reading(struct stream *stream)
{
    struct tls_stream *tls = stream->tls;
    if (stream->is_reading)
        return true;
    stream->is_reading = tls->state == STATE_AWAY || stream_watch(stream, on_readable);
    if (stream->is_reading && tls->state == STATE_OPEN)
        read_soon(tls);
    return stream->is_reading;
}

void tls_stream_stop_reading(struct stream *stream)
{
    if (stream->is_reading)
        stream_unwatch(stream);
    uv_idle_stop(&stream->tls->more);
    stream->is_reading = false;
}

bool tls_stream_has_bytes(const struct stream *stream)
{
    const struct tls_stream *tls = stream->tls;
    char byte;
    if (tls->state == STATE_AWAY || (tls->state == STATE_OPEN && tls_link_has_bytes(&tls->link)))
        return true;
    return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

const struct tls_peer *tls_stream_peer(const struct stream *stream)
{
    return stream->tls->state == STATE_OPEN ? stream->tls->link.peer : NULL;
}

// --- life

struct tls_stream *tls_stream_new(struct stream *stream, struct loop *loop, struct tls *tls)
{
    struct tls_stream *made = mem_zalloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    made->stream = stream;
    made->task.run = run_step;
    made->mail.deliver = on_step_done;
    made->loop = loop;
    made->tls = tls;
    tls_link_init(&made->link, tls_take_context(tls));
    tls_output_init(&made->output, stream, &made->link, on_broken);
    uv_idle_init(loop_uv(loop), &made->more); // cannot fail
    return made;
}

// Says that nothing more follows, if the socket takes it at once and nothing is under way before it.
static bool say_end(struct tls_stream *tls)
{
    return tls->state == STATE_OPEN && tls_output_is_idle(&tls->output) && tls_link_shut(&tls->link) &&
           tls_output_flush(&tls->output) == STREAM_WRITTEN;
}

bool tls_stream_shut(struct stream *stream)
{
    return say_end(stream->tls) && shutdown(stream->fd, SHUT_WR) == 0;
}

static void on_idle_closed(uv_handle_t *more)
{
    on_part_closed(CONTAINER_OF((uv_idle_t *)more, struct tls_stream, more));
}

static void on_tcp_closed(uv_handle_t *tcp)
{
    on_part_closed(stream_of_tcp((uv_stream_t *)tcp)->tls);
}

void tls_stream_close(struct stream *stream)
{
    struct tls_stream *tls = stream->tls;
    tls_output_abandon(&tls->output);
    atomic_store_explicit(&tls->is_gone, true, memory_order_relaxed);
    (void)say_end(tls);
    tls->open_parts = tls->state == STATE_AWAY ? 3 : 2;
    uv_close((uv_handle_t *)&stream->tcp, on_tcp_closed);
    uv_close((uv_handle_t *)&tls->more, on_idle_closed);
}

void tls_stream_free(struct tls_stream *tls)
{
    if (tls == NULL)
        return;
    assert(tls->state != STATE_AWAY); // tls_end has seen to its step, and loop_free has brought it back
    tls_link_fini(&tls->link);
    tls_output_fini(&tls->output);
    mem_free(tls);
}
