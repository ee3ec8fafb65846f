/* Everything here is allowed. */
async_fn(good)
{
    async_begin(good);
    for (self->i = 0; self->i < 3; self->i++) {
        int square = 1;
        {
            int own = square; /* a block without an await */
            use(own);
        }
    }
    for (int i = 0; i < 3; i++)
        use(i);
    if (self->flag) {
        unsigned i = self->i;
        use(i);
    }
    async_await(&self->io.fut);
    switch (self->kind) {
    case 1:
        use(1);
        break;
    }
    async_end;
}

static int plain(void)
{
    int x = 1; /* not async */
    return x;
}
