/* a local declared before, assigned between awaits: to be found. */
async_fn(bad)
{
    struct thing *t; /* wrong */
    async_begin(bad);
    t = find(self);
    async_await(&self->io.fut);
    use(t);
    async_end;
}
