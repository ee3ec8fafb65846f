/* the await stands in an inner block, the local in the outer one: to be found. */
async_fn(bad)
{
    async_begin(bad);
    if (self->flag) {
        char *name = self->name; /* wrong */
        while (self->more) {
            async_await(&self->io.fut);
        }
        use(name);
    }
    async_end;
}
