/* a local read after an await: to be found. */
async_fn(bad)
{
    async_begin(bad);
    int n = self->n; /* wrong */
    async_await(&self->io.fut);
    use(n);
    async_end;
}
