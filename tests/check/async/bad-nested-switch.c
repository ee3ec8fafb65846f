/* an await inside a switch: to be found. */
async_fn(bad)
{
    async_begin(bad);
    switch (self->kind) {
    case 1:
        async_await(&self->io.fut); /* wrong */
        break;
    }
    async_end;
}
