/* a loop variable over an await without braces: to be found. */
async_fn(bad)
{
    async_begin(bad);
    for (size_t i = 0; i < 3; i++) /* wrong */
        async_await(&self->io[i].fut);
    async_end;
}
