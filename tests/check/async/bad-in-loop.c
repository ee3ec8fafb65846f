/* a local of a loop's block that awaits: to be found. */
async_fn(bad)
{
    async_begin(bad);
    while (self->more) {
        uint64_t start = now(); /* wrong */
        async_await(&self->io.fut);
        record(start, now());
    }
    async_end;
}
