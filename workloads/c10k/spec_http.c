/* spec_http.c - requests in, answers out; the bytes may come in any pieces. Parsing is http_parser's. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "spec.h"

enum { HEAD_ROOM = 512, TOO_LONG = 255, BODY_BYTES_A_SECOND = 16384 };
enum { LINGER_NS = 1000000000, SPIN_NS = 1000000000, LINGER_BYTES = 4 << 20 };
enum route { NOWHERE, GREETING, NUMBER, ECHO, FAULT };

/* A request is begun only where its whole answer has room, as far as it comes from one piece of input. */
_Static_assert(C10K_OUT_BYTES >= 2 * HEAD_ROOM + C10K_IN_BYTES, "an echo does not fit");

/* ---- answers -------------------------------------------------------------- */

static void put(c10k_out *o, const char *text, size_t bytes)
{
    FW_MUST(bytes <= sizeof o->data - o->bytes);
    memcpy(o->data + o->bytes, text, bytes);
    o->bytes += bytes;
}

static void put_text(c10k_out *o, const char *text)
{
    put(o, text, strlen(text));
}

static void put_number(c10k_out *o, uint64_t x, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[x % base];
    } while (x /= base);
    put(o, digits + at, sizeof digits - at);
}

/* "Date: …\r\n", made once a second and OS thread. */
static const char *date(void)
{
    static _Thread_local char text[64];
    static _Thread_local time_t of;
    time_t now = time(NULL);
    struct tm utc;

    if (now != of && gmtime_r(&now, &utc)) {
        strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
        of = now;
    }
    return text;
}

static const char *reason(unsigned status)
{
    switch (status) {
#define CASE(number, name, string)                                                                                     \
    case number:                                                                                                       \
        return #string;
        HTTP_STATUS_MAP(CASE)
#undef CASE
    default:
        return "";
    }
}

static void begin_head(c10k_http *h, unsigned status)
{
    if (status == 200) {
        put_text(h->out, "HTTP/1.1 200 OK\r\n");
    } else {
        put_text(h->out, "HTTP/1.1 ");
        put_number(h->out, status, 10);
        put_text(h->out, " ");
        put_text(h->out, reason(status));
        put_text(h->out, "\r\n");
    }
    put_text(h->out, date());
}

static void end_head(c10k_http *h)
{
    if (h->last || h->refused)
        put_text(h->out, "Connection: close\r\n");
    else if (h->parser.http_minor == 0)
        put_text(h->out, "Connection: keep-alive\r\n");
    put_text(h->out, "\r\n");
}

static void answer(c10k_http *h, const char *body, size_t bytes)
{
    begin_head(h, h->status);
    if (h->status == HTTP_STATUS_METHOD_NOT_ALLOWED)
        put_text(h->out, h->route == ECHO ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
    put_text(h->out, "Content-Type: text/plain\r\nContent-Length: ");
    put_number(h->out, bytes, 10);
    put_text(h->out, "\r\n");
    end_head(h);
    if (h->parser.method != HTTP_HEAD)
        put(h->out, body, bytes);
}

static void answer_error(c10k_http *h)
{
    const char *text = reason(h->status);
    answer(h, text, strlen(text));
}

/* Where the next request begins isn't sure any more. An answer that has begun is cut off: nothing else would tell. -1,
 * as the parser's callbacks return it. */
static int refuse(c10k_http *h, unsigned status)
{
    h->close = h->begun;
    if (h->begun)
        return -1;
    h->status = (uint16_t)status;
    h->refused = true;
    h->parser.method = HTTP_GET; /* it may not be known yet */
    h->deadline_ns = h->now_ns + LINGER_NS;
    answer_error(h);
    return -1;
}

static void answer_number(c10k_http *h)
{
    char text[16];
    uint64_t id = 0;

    for (unsigned i = 3; i < h->target_bytes; i++)
        id = id * 10 + (uint64_t)(h->target[i] - '0');
    uint64_t value = fw_mix64(h->server->seed + id);
    for (unsigned i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    h->answered += value;
    answer(h, text, sizeof text);
}

static void begin_echo(c10k_http *h)
{
    bool chunked = h->parser.flags & F_CHUNKED;

    h->begun = true;
    if (h->expects)
        put_text(h->out, "HTTP/1.1 100 Continue\r\n\r\n");
    begin_head(h, 200);
    put_text(h->out, "Content-Type: application/octet-stream\r\n");
    if (chunked) {
        put_text(h->out, "Transfer-Encoding: chunked\r\n");
    } else {
        put_text(h->out, "Content-Length: ");
        put_number(h->out, h->parser.content_length == UINT64_MAX ? 0 : h->parser.content_length, 10);
        put_text(h->out, "\r\n");
    }
    end_head(h);
}

/* What a bug does to the unit that meets it; who else suffers is the model's answer. */
static void suffer(const c10k_http *h)
{
    static int *volatile nowhere;
    uint64_t end = fw_now_ns() + SPIN_NS;

    if (h->server->fault == C10K_SEGV)
        *nowhere = 1;
    while (fw_now_ns() < end)
        ;
}

/* ---- requests ------------------------------------------------------------- */

static enum route find_route(const c10k_http *h)
{
    if (h->target_bytes == 1 && h->target[0] == '/')
        return GREETING;
    if (h->target_bytes == 5 && memcmp(h->target, "/echo", 5) == 0)
        return ECHO;
    if (h->server->fault && h->target_bytes == 6 && memcmp(h->target, "/fault", 6) == 0)
        return FAULT;
    if (h->target_bytes < 4 || h->target_bytes > 3 + 19 || memcmp(h->target, "/n/", 3) != 0)
        return NOWHERE;
    for (unsigned i = 3; i < h->target_bytes; i++)
        if (!isdigit((unsigned char)h->target[i]))
            return NOWHERE;
    return NUMBER;
}

static int on_begin(http_parser *p)
{
    c10k_http *h = p->data;

    h->target_bytes = h->field_bytes = h->coding_bytes = h->hosts = 0;
    h->in_value = h->expects = h->begun = false;
    h->in_request = true;
    h->deadline_ns = h->now_ns + h->server->request_ns;
    return 0;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
    c10k_http *h = p->data;

    if (h->target_bytes == TOO_LONG || n > sizeof h->target - h->target_bytes) {
        h->target_bytes = TOO_LONG;
        return 0;
    }
    memcpy(h->target + h->target_bytes, at, n);
    h->target_bytes += (uint8_t)n;
    return 0;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
    c10k_http *h = p->data;

    if (h->in_value)
        h->field_bytes = 0;
    h->in_value = false;
    for (; n > 0 && h->field_bytes < sizeof h->field; n--)
        h->field[h->field_bytes++] = (char)tolower((unsigned char)*at++);
    return 0;
}

static bool field_is(const c10k_http *h, const char *name)
{
    return h->field_bytes == strlen(name) && memcmp(h->field, name, h->field_bytes) == 0;
}

/* A value comes in one piece or more, an empty one too. */
static int on_value(http_parser *p, const char *at, size_t n)
{
    static const char chunked[] = "chunked";
    c10k_http *h = p->data;

    if (!h->in_value && field_is(h, "host") && h->hosts < UINT8_MAX)
        h->hosts++;
    if (!h->in_value && field_is(h, "expect"))
        h->expects = true;
    h->in_value = true;
    if (field_is(h, "transfer-encoding"))
        for (; n > 0 && h->coding_bytes != TOO_LONG; n--, at++) /* no other coding is known here */
            h->coding_bytes =
                h->coding_bytes < sizeof chunked - 1 && tolower((unsigned char)*at) == chunked[h->coding_bytes]
                    ? h->coding_bytes + 1
                    : TOO_LONG;
    return 0;
}

/* What is wrong with a request whose head is complete, or 200. */
static unsigned judge(const c10k_http *h)
{
    const http_parser *p = &h->parser;

    if (p->http_major != 1)
        return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
    if (h->hosts > 1 || (p->http_minor > 0 && h->hosts == 0) || (p->http_minor == 0 && p->flags & F_CHUNKED))
        return HTTP_STATUS_BAD_REQUEST;
    if (h->coding_bytes == TOO_LONG)
        return HTTP_STATUS_NOT_IMPLEMENTED;
    if (h->route == NOWHERE)
        return HTTP_STATUS_NOT_FOUND;
    if (h->route == ECHO ? p->method != HTTP_POST : p->method != HTTP_GET && p->method != HTTP_HEAD)
        return HTTP_STATUS_METHOD_NOT_ALLOWED;
    return HTTP_STATUS_OK;
}

static int on_head(http_parser *p)
{
    c10k_http *h = p->data;
    bool body = p->flags & F_CHUNKED || (p->flags & F_CONTENTLENGTH && p->content_length > 0);

    h->last = !http_should_keep_alive(p) || atomic_load_explicit(&h->server->stopping, memory_order_relaxed);
    h->route = (uint8_t)find_route(h);
    h->status = (uint16_t)judge(h);
    if (h->status == HTTP_STATUS_NOT_FOUND || h->status == HTTP_STATUS_METHOD_NOT_ALLOWED)
        return body || p->upgrade ? refuse(h, h->status) : 0; /* what wasn't asked for is not waited for */
    if (h->status != HTTP_STATUS_OK)
        return refuse(h, h->status);
    p->upgrade = 0; /* we speak nothing else */
    if (h->route == ECHO)
        begin_echo(h);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    c10k_http *h = p->data;

    h->deadline_ns += n * (1000000000 / BODY_BYTES_A_SECOND);
    if (h->route != ECHO)
        return 0;
    if (p->flags & F_CHUNKED) {
        put_number(h->out, n, 16);
        put_text(h->out, "\r\n");
    }
    put(h->out, at, n);
    if (p->flags & F_CHUNKED)
        put_text(h->out, "\r\n");
    return 0;
}

static int on_complete(http_parser *p)
{
    static const char greeting[] = "Hello, world!\n";
    c10k_http *h = p->data;

    if (h->status != HTTP_STATUS_OK) {
        answer_error(h);
    } else if (h->route == GREETING || h->route == FAULT) {
        if (h->route == FAULT)
            suffer(h);
        answer(h, greeting, sizeof greeting - 1);
    } else if (h->route == NUMBER) {
        answer_number(h);
    } else if (p->flags & F_CHUNKED) {
        put_text(h->out, "0\r\n\r\n");
    }
    h->close = h->last;
    h->answers++;
    h->in_request = h->begun = false;
    h->deadline_ns = h->now_ns + h->server->idle_ns;
    if (h->close || sizeof h->out->data - h->out->bytes < C10K_IN_BYTES + HEAD_ROOM)
        http_parser_pause(p, 1);
    return 0;
}

/* ---- a connection ---------------------------------------------------------- */

void c10k_http_init(c10k_http *h, c10k_server *s, uint64_t now_ns)
{
    *h = (c10k_http){.server = s, .deadline_ns = now_ns + s->idle_ns};
    http_parser_init(&h->parser, HTTP_REQUEST);
    h->parser.data = h;
}

static size_t drop(c10k_http *h, size_t n)
{
    h->dropped += n;
    h->close = n == 0 || h->dropped > LINGER_BYTES;
    return n;
}

size_t c10k_feed(c10k_http *h, const char *in, size_t n, c10k_out *out, uint64_t now_ns)
{
    static const http_parser_settings settings = {
        .on_message_begin = on_begin,
        .on_url = on_url,
        .on_header_field = on_field,
        .on_header_value = on_value,
        .on_headers_complete = on_head,
        .on_body = on_body,
        .on_message_complete = on_complete,
    };

    out->bytes = 0;
    if (h->refused)
        return drop(h, n);
    h->close |= n == 0;
    if (h->close)
        return 0;
    h->out = out;
    h->now_ns = now_ns;
    if (h->in_request && now_ns >= h->deadline_ns) {
        c10k_late(h, out);
        return 0;
    }
    if (HTTP_PARSER_ERRNO(&h->parser) == HPE_PAUSED)
        http_parser_pause(&h->parser, 0);
    size_t taken = http_parser_execute(&h->parser, &settings, in, n);
    enum http_errno error = HTTP_PARSER_ERRNO(&h->parser);
    if (error == HPE_OK || error == HPE_PAUSED)
        return taken;
    if (!h->refused && !h->close)
        refuse(h, error == HPE_HEADER_OVERFLOW ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE : HTTP_STATUS_BAD_REQUEST);
    h->dropped += n - taken;
    return n;
}

void c10k_late(c10k_http *h, c10k_out *out)
{
    out->bytes = 0;
    h->out = out;
    if (h->in_request && !h->refused) /* else it was asked nothing, or has its answer */
        refuse(h, HTTP_STATUS_REQUEST_TIMEOUT);
    h->close = true;
}
