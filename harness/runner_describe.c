/* runner_describe.c - what a runner can run, from its table of cells and their specs. */
#include "runner.h"

#include <stdlib.h>
#include <string.h>

/* "a,b,c" as an array of strings. */
static json_t *split(const char *text)
{
    json_t *array = json_array();
    for (;;) {
        size_t length = strcspn(text, ",");
        json_array_append_new(array, json_stringn(text, length));
        if (text[length] == '\0')
            return array;
        text += length + 1;
    }
}

/* "a=1,b=2" as an object of strings. */
static json_t *pairs(const char *text)
{
    json_t *object = json_object();
    while (*text) {
        size_t length = strcspn(text, ",;"), name = strcspn(text, "=");
        if (name < length)
            json_object_setn_new(object, text, name, json_stringn(text + name + 1, length - name - 1));
        text += length + (text[length] != '\0');
    }
    return object;
}

static json_t *params_of(const fw_spec *spec)
{
    static const char *const types[] = {"int", "path", "choice"};
    json_t *array = json_array();
    for (const fw_param *p = spec->params; p && p->name; p++) {
        json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", p->name, "type", types[p->type], "smoke", p->smoke,
                              "quick", p->quick, "standard", p->standard, "help", p->help ? p->help : "");
        if (p->type == FW_PARAM_INT) {
            json_object_set_new(o, "min", json_integer(p->min));
            json_object_set_new(o, "max", json_integer(p->max));
        }
        if (p->type == FW_PARAM_CHOICE)
            json_object_set_new(o, "choices", json_string(p->choices));
        json_array_append_new(array, o);
    }
    return array;
}

static void declare(json_t *workload, const fw_spec *spec)
{
    json_t *blocks = json_array(), *axes = json_array();

    for (const fw_block *b = spec->blocks; b && b->label; b++)
        json_array_append_new(blocks, json_pack("{s:s,s:i,s:o}", "label", b->label, "workers", (int)b->workers,
                                                "params", pairs(b->params ? b->params : "")));
    for (const fw_axis *a = spec->axes; a && a->param; a++)
        json_array_append_new(axes, json_pack("{s:s,s:o,s:i}", "param", a->param, "values", split(a->values), "workers",
                                              (int)a->workers));
    json_object_set_new(workload, "title", json_string(spec->title));
    json_object_set_new(workload, "op", json_string(spec->op));
    json_object_set_new(workload, "mode", json_string(fw_mode_name(spec->mode)));
    json_object_set_new(workload, "core", json_boolean(spec->core));
    json_object_set_new(workload, "seq_none", spec->seq_none ? json_string(spec->seq_none) : json_null());
    json_object_set_new(workload, "params", params_of(spec));
    json_object_set_new(workload, "blocks", blocks);
    json_object_set_new(workload, "axes", axes);
}

static json_t *find(const json_t *workloads, const char *name)
{
    for (size_t i = 0; i < json_array_size(workloads); i++) {
        json_t *w = json_array_get(workloads, i);
        if (strcmp(json_string_value(json_object_get(w, "name")), name) == 0)
            return w;
    }
    return NULL;
}

json_t *fw_describe(void)
{
    const fw_about *a = &fw_about_runtime;
    json_t *workloads = json_array();

    for (size_t i = 0; i < fw_cell_count; i++) {
        const fw_cell *cell = &fw_cells[i];
        json_t *w = find(workloads, cell->spec->name);
        if (!w) {
            w = json_pack("{s:s,s:[]}", "name", cell->spec->name, "variants");
            declare(w, cell->spec);
            json_array_append_new(workloads, w);
        }
        json_array_append_new(json_object_get(w, "variants"),
                              json_pack("{s:s,s:b}", "name", cell->variant, "headline", (int)cell->headline));
    }
    json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "protocol", FW_PROTOCOL, "runtime", a->runtime, "model",
                          a->model, "kind", a->kind, "version", FW_VERSION, "spins", a->spins, "threads", a->threads,
                          "workloads", workloads);
    FW_MUST(o);
    if (a->instrument)
        json_object_set_new(o, "instruments", json_true());
#ifdef FW_SANITIZE
    json_object_set_new(o, "build", json_string(FW_SANITIZE));
#endif
    return o;
}
