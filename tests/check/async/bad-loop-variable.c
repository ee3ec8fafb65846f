/* a loop variable over an await: to be found. */
async_fn(bad)
{
    async_begin(bad);
    for (int i = 0; i < 3; i++) { /* wrong */
        self->x = i;
        async_await(&self->io.fut);
    }
    async_end;
}
