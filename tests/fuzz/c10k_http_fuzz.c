/* c10k_http_fuzz - any bytes, in any pieces, at any times: c10k_feed takes them, stays within its buffers, and answers
 * the same whether they come in one piece or byte by byte. The first bytes choose the pieces. */
#include <string.h>

#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

typedef struct seen {
    uint64_t answers, answered;
    bool refused, over;
    unsigned status;
} seen;

static seen feed(c10k_server *s, const char *in, size_t bytes, size_t piece)
{
    static c10k_out out;
    c10k_http h;
    size_t at = 0;

    c10k_http_init(&h, s, 1);
    while (at < bytes && !h.close && !h.refused) {
        size_t n = bytes - at < piece ? bytes - at : piece;
        size_t taken = c10k_feed(&h, in + at, n, &out, 2);
        FW_MUST(taken <= n && out.bytes <= sizeof out.data);
        FW_MUST(taken == n || out.bytes > 0 || h.close || h.refused);
        at += taken;
    }
    seen all = {h.answers, h.answered, h.refused, h.close, h.refused ? h.status : 0};
    if (!h.close && !h.refused) {
        c10k_late(&h, &out);
        FW_MUST(h.close && out.bytes <= sizeof out.data);
    }
    FW_MUST(c10k_feed(&h, in, 0, &out, 3) == 0 && h.close);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    c10k_server s = {.seed = 1, .request_ns = 1000, .idle_ns = 1000};

    if (bytes == 0)
        return 0;
    const char *in = (const char *)data + 1;
    seen whole = feed(&s, in, bytes - 1, C10K_IN_BYTES), pieces = feed(&s, in, bytes - 1, 1 + data[0] % 64);
    FW_MUST(whole.answers == pieces.answers && whole.answered == pieces.answered && whole.refused == pieces.refused);
    FW_MUST(whole.over == pieces.over && whole.status == pieces.status);
    return 0;
}
