/* config.c - read config.json: how big the model is, and of which kind
 *
 *   config.json                                  Config
 *   ┌────────────────────────────────────┐
 *   │ "architectures": ["LlamaFor…"]     │──► norm, gated: the kind
 *   │ "hidden_size": 192                 │──► E ┐
 *   │ "num_hidden_layers": 6             │──► L │ each a whole number above
 *   │ "num_attention_heads": 6           │──► H │ zero and below a bound, so
 *   │ "num_key_value_heads": 2           │──► K │ that no product of them
 *   │ "intermediate_size": 512           │──► F │ leaves size_t
 *   │ "vocab_size": 2048                 │──► V ┘
 *   │ "rope_parameters": {…}             │──► rope: how much turns, how fast
 *   │ "eos_token_id": 0 or [1, 8, 9]     │──► eos, eos_count
 *   │ "torch_dtype": "bfloat16"          │    not read: the tensors know
 *   └────────────────────────────────────┘
 *
 * The weights are bare numbers; this file says how to fold them into matrices.
 * All that distinguishes one model from another of its family stands in Config,
 * and everything above reads fields, never names: a new architecture is a line
 * in a table here and a table of tensor names in weights.c.
 *
 * A wrong value here does not crash, it makes the model talk nonsense. So
 * nothing is guessed: what this engine cannot do is refused by its name.
 *
 * Format notes:
 *
 * - Two generations of spelling exist. Until 2025 files have "rope_theta" beside
 *   "rope_scaling", later ones put both into "rope_parameters"; inside, the kind
 *   is called "type" in old files and "rope_type" in newer ones. The inner
 *   rope_theta wins over the outer one, rope_scaling over rope_parameters. Old
 *   NeoX files call theta "rotary_emb_base" and the share that turns "rotary_pct".
 * - null means absent. Absent num_key_value_heads: one per query head. Absent
 *   head_dim: E / H. Absent tie_word_embeddings: false. Absent rope_theta: 10000.
 *   Absent bos_token_id or eos_token_id: none. Absent share that turns: a quarter
 *   in StableLM and NeoX, all in Llama.
 * - H · D need not be E: nothing but habit makes them equal.
 * - A bias is used when the weights hold one, whatever stands here; one that is
 *   promised here must be there (weights.c).
 *
 * Source: the Llama, StableLM, GPT-NeoX and rope sections of Hugging Face's
 * transformers.
 * Read next: model/weights.c.  Lesson: chapters/chapter02_weights.c.
 */
#include "model/config.h"

#include <stdio.h>          /* snprintf                                     */

#define WIDEST (1 << 18)    /* of E, F and H · D: 5 × any model so far; and
                               4096 rows of it are still an int             */
#define LONGEST (1 << 24)   /* of V and context                             */

typedef struct {            /* what all models of one architecture share    */
    const char *name;       /* as architectures[0] spells it                */
    Architecture architecture;
    NormKind norm;
    const char *epsilon;    /* the field that holds it                      */
    bool gated, fused_qkv;
    const char *hidden_act; /* what goes with it; any other is refused      */
    double rotary;          /* partial_rotary_factor when it is absent      */
    const char *bias;       /* the field that says: q, k and v have biases  */
    bool biased;            /* … when it is absent                          */
    bool o_too;             /* … and that the output matrix has one         */
} Family;

static const Family families[] = {
    [ARCHITECTURE_LLAMA] =
        { "LlamaForCausalLM", ARCHITECTURE_LLAMA, NORM_RMS, "rms_norm_eps",
          true, false, "silu", 1, "attention_bias", false, true },
    [ARCHITECTURE_STABLELM] =
        { "StableLmForCausalLM", ARCHITECTURE_STABLELM, NORM_LAYER,
          "layer_norm_eps", true, false, "silu", 0.25, "use_qkv_bias", false,
          false },
    [ARCHITECTURE_NEOX] =
        { "GPTNeoXForCausalLM", ARCHITECTURE_NEOX, NORM_LAYER, "layer_norm_eps",
          false, true, "gelu", 0.25, "attention_bias", true, true },
};

#define SUPPORTED "LlamaForCausalLM (TinyLlama, Llama 3.2, SmolLM2, storyteller), " \
    "StableLmForCausalLM (StableLM 2 1.6B) and GPTNeoXForCausalLM (Pythia), in "    \
    "F32, F16 or BF16"

typedef struct {            /* one field that is a count                    */
    const char *name;
    size_t field;           /* offset of an int in Config                   */
    int64_t most;
    bool needed;            /* false: stays 0 when absent                   */
} Count;

static const Count counts[] = {
    { "vocab_size",              offsetof(Config, V), LONGEST, true },
    { "hidden_size",             offsetof(Config, E), WIDEST, true },
    { "num_hidden_layers",       offsetof(Config, L), 1 << 10, true },
    { "num_attention_heads",     offsetof(Config, H), 1 << 12, true },
    { "num_key_value_heads",     offsetof(Config, K), 1 << 12, false },
    { "head_dim",                offsetof(Config, D), 1 << 12, false },
    { "intermediate_size",       offsetof(Config, F), WIDEST, true },
    { "max_position_embeddings", offsetof(Config, context), LONGEST, true },
};

#define LENGTH(table) (sizeof (table) / sizeof (table)[0])

static bool missing(const char *name, Error *error)
{
    return error_set(error, "config.json: the field %s is missing; take the "
                     "config.json that came with the weights", name);
}

static bool wrong(const Json *node, const char *name, const char *what,
                  Error *error)
{
    return error_set(error, "config.json: the field %s at byte %zu must be %s",
                     name, node->offset, what);
}

/* A word that means something this engine does not do. */
static bool unsupported(const Json *node, const char *name,
                        const char *supported, Error *error)
{
    char shown[JSON_SHOWN] = "true";

    if (node->text != NULL)
        json_show(shown, node->text, node->length);
    else if (!json_is(node, JSON_TRUE))
        snprintf(shown, sizeof shown, "(not a word)");
    return error_set(error, "config.json: %s %s at byte %zu is not supported; "
                     "supported so far: %s", name, shown, node->offset,
                     supported);
}

/* A number above 0 and at most most.
 *
 *   out      untouched when the field is absent and not needed
 *   Errors:  absent though needed, not a number, out of range              */
static bool read_real(float *out, const Json *object, const char *name,
                      double most, bool needed, Error *error)
{
    const Json *node = json_given(object, name);
    double value;

    if (node == NULL)
        return needed ? missing(name, error) : true;
    if (!json_number(&value, node) || !(value > 0 && value <= most)
        || !((float)value > 0))
        return error_set(error, "config.json: the field %s at byte %zu must be "
                         "a number above 0 and at most %g", name, node->offset,
                         most);
    *out = (float)value;
    return true;
}

/* A whole number from 1 to most; absent and not needed: *out stays. */
static bool read_count(int *out, const Json *object, const char *name,
                       int64_t most, bool needed, Error *error)
{
    const Json *node = json_given(object, name);
    int64_t value;

    if (node == NULL)
        return needed ? missing(name, error) : true;
    if (!json_integer(&value, node) || value < 1 || value > most)
        return error_set(error, "config.json: the field %s at byte %zu must be "
                         "a whole number from 1 to %lld", name, node->offset,
                         (long long)most);
    *out = (int)value;
    return true;
}

/* Which family of models? Everything that the family fixes is filled in here. */
static bool read_family(Config *c, const Json *root, Error *error)
{
    const Json *list = json_given(root, "architectures");
    const Json *activation = json_given(root, "hidden_act");
    const Family *family = NULL;

    if (list == NULL)
        return missing("architectures", error);
    if (!json_is(list, JSON_ARRAY) || !json_is(list->child, JSON_STRING))
        return wrong(list, "architectures", "a list of names", error);
    for (size_t i = 0; i < LENGTH(families); i++)
        if (json_equals(list->child, families[i].name))
            family = &families[i];
    if (family == NULL)
        return unsupported(list->child, "the architecture", SUPPORTED, error);
    if (activation != NULL && !json_equals(activation, family->hidden_act))
        return unsupported(activation, "hidden_act", family->hidden_act, error);
    c->architecture = family->architecture;
    c->norm = family->norm;
    c->gated = family->gated;
    c->fused_qkv = family->fused_qkv;
    return read_real(&c->epsilon, root, family->epsilon, 1, true, error);
}

/* true or false; absent: *out stays. */
static bool read_switch(bool *out, const Json *root, const char *name, Error *error)
{
    const Json *node = json_given(root, name);

    if (node == NULL)
        return true;
    *out = json_is(node, JSON_TRUE);
    return *out || json_is(node, JSON_FALSE)
        || wrong(node, name, "true or false", error);
}

/* What is on or off. NeoX halves are parallel unless the file says no; StableLM has
 * a parallel kind too (the 12B), with one norm for both halves: refused. */
static bool read_switches(Config *c, const Json *root, Error *error)
{
    const Family *family = &families[c->architecture];
    bool neox = c->architecture == ARCHITECTURE_NEOX;
    bool normed_heads = false, parallel = neox;

    c->qkv_bias = family->biased, c->mlp_bias = neox;
    if (!read_switch(&c->tied, root, "tie_word_embeddings", error)
        || !read_switch(&c->qkv_bias, root, family->bias, error)
        || !read_switch(&c->mlp_bias, root, "mlp_bias", error)
        || !read_switch(&parallel, root, "use_parallel_residual", error)
        || !read_switch(&normed_heads, root, "qk_layernorm", error))
        return false;
    if (normed_heads)
        return unsupported(json_given(root, "qk_layernorm"), "qk_layernorm", SUPPORTED
                           ", without norms of queries and keys", error);
    if (parallel && !neox)
        return unsupported(json_given(root, "use_parallel_residual"),
                           "use_parallel_residual", SUPPORTED
                           "; parallel halves only in GPTNeoXForCausalLM", error);
    c->parallel_residual = parallel;
    c->o_bias = c->qkv_bias && family->o_too;
    return true;
}

/* What would change the arithmetic without changing a single shape, and so
 * would pass every later check and only make the text worse. */
static bool refuse_unsupported(const Json *root, Error *error)
{
    static const struct { const char *name, *why; } fields[] = {
        { "sliding_window", "attention over a window of the text is not "
          "supported: every token here sees all before it; supported: " SUPPORTED },
    };

    for (size_t i = 0; i < LENGTH(fields); i++) {
        const Json *node = json_given(root, fields[i].name);

        if (node != NULL)
            return error_set(error, "config.json: %s at byte %zu: %s",
                             fields[i].name, node->offset, fields[i].why);
    }
    return true;
}

/* Our own blocks, as weights-tools/quantize stores them, tell by their shapes what they
 * are. The formats of others are their own. */
static bool refuse_quantized(const Json *root, Error *error)
{
    const Json *node = json_given(root, "quantization_config");
    const Json *method = json_get(node, "quant_method");
    char shown[JSON_SHOWN];
    int64_t version;

    if (node == NULL)
        return true;
    if (!json_equals(method, CONFIG_QUANTIZED))
        return error_set(error, "config.json: quantization_config at byte %zu: weights "
                         "quantized by %s are not supported: take the model's F32, F16 or "
                         "BF16 files (--quantize and build/weights-tools/quantize make "
                         "blocks of them)", node->offset, json_is(method, JSON_STRING)
                         ? json_show(shown, method->text, method->length) : "others");
    return (json_integer(&version, json_get(node, "version"))
            && version == CONFIG_QUANTIZED_VERSION)
        || error_set(error, "config.json: quantization_config at byte %zu: its version is "
                     "not %d, the one that this program knows: quantize the model again "
                     "with build/weights-tools/quantize", node->offset,
                     CONFIG_QUANTIZED_VERSION);
}

/* All counts, and what must hold between them.
 *
 *   Errors: heads that do not share evenly, a width beyond bounds; H · D is
 *   bounded by itself, because both factors may be large and the product is an
 *   int everywhere.                                                        */
static bool read_shape(Config *c, const Json *root, Error *error)
{
    for (size_t i = 0; i < LENGTH(counts); i++) {
        int *field = (int *)(void *)((char *)c + counts[i].field);

        if (!read_count(field, root, counts[i].name, counts[i].most,
                        counts[i].needed, error))
            return false;
    }
    if (c->K == 0)
        c->K = c->H;
    if (c->H % c->K != 0 || (c->fused_qkv && c->K != c->H))
        return error_set(error, "config.json: num_attention_heads %d is not %s "
                         "num_key_value_heads %d", c->H,
                         c->fused_qkv ? "equal to" : "a multiple of", c->K);
    if (c->D == 0 && c->E % c->H != 0)
        return error_set(error, "config.json: hidden_size %d is not a multiple "
                         "of num_attention_heads %d, and there is no head_dim",
                         c->E, c->H);
    if (c->D == 0)
        c->D = c->E / c->H;
    if (c->H * c->D > WIDEST)
        return error_set(error, "config.json: num_attention_heads %d times "
                         "head_dim %d is more than %d", c->H, c->D, WIDEST);
    return true;
}

/* How many numbers of a head turn: R = the whole part of factor · D, in double as
 * the models' authors computed it.
 *
 *   table    rope_parameters, where new files have the factor; or NULL
 *   Errors:  outside 0 … 1; a part of a Llama's head; R odd or none           */
static bool read_width(Config *c, const Json *root, const Json *table, Error *error)
{
    static const char *const names[] = { "rotary_pct", "partial_rotary_factor" };
    double factor = families[c->architecture].rotary;
    const Json *node = json_given(table, names[1]);
    const char *name = names[1];

    for (int i = 0; node == NULL && i < 2; i++)
        node = json_given(root, name = names[i]);
    if (node != NULL && (!json_number(&factor, node) || !(factor > 0 && factor <= 1)))
        return wrong(node, name, "a number above 0 and at most 1", error);
    if (c->architecture == ARCHITECTURE_LLAMA && factor != 1)
        return unsupported(node, name, SUPPORTED "; in a Llama whole heads turn", error);
    c->rope.width = (int)(factor * c->D);
    if (c->rope.width < 2 || c->rope.width % 2 != 0)
        return error_set(error, "config.json: %s %g%s of head_dim %d makes %d numbers "
                         "turn, and pairs are needed (head_dim, where it is not given, is "
                         "hidden_size / num_attention_heads)", name, factor,
                         node == NULL ? ", where none is given," : "", c->D, c->rope.width);
    return true;
}

/* How queries and keys turn (kernels/rope.c), in any spelling.
 *
 *   Errors: a kind of scaling that is not supported, by name; a field of
 *   llama3 scaling that is missing. The ranges are rope_init's to check.    */
static bool read_rope(Config *c, const Json *root, Error *error)
{
    const Json *scaling = json_given(root, "rope_scaling");
    const Json *table = scaling ? scaling : json_given(root, "rope_parameters");
    const Json *kind = json_given(table, "rope_type");
    RopeConfig *r = &c->rope;

    *r = (RopeConfig){ .theta = 1e4f, .factor = 1, .trained = c->context };
    if (table != NULL && !json_is(table, JSON_OBJECT))
        return wrong(table, scaling ? "rope_scaling" : "rope_parameters",
                     "an object or null", error);
    if (kind == NULL)
        kind = json_given(table, "type");
    if (!read_real(&r->theta, root, "rotary_emb_base", 1e30, false, error)
        || !read_real(&r->theta, root, "rope_theta", 1e30, false, error)
        || !read_real(&r->theta, table, "rope_theta", 1e30, false, error)
        || !read_width(c, root, table, error))
        return false;
    if (kind == NULL && json_given(table, "factor") != NULL)
        return missing("rope_type", error);
    if (kind == NULL || json_equals(kind, "default"))
        return true;
    if (!json_equals(kind, "llama3"))
        return unsupported(kind, "rope_type", "default, llama3", error);
    return read_real(&r->factor, table, "factor", 1e6, true, error)
        && read_real(&r->low, table, "low_freq_factor", 1e6, true, error)
        && read_real(&r->high, table, "high_freq_factor", 1e6, true, error)
        && read_count(&r->trained, table, "original_max_position_embeddings",
                      LONGEST, false, error);
}

static bool read_id(int *id, const Json *node, const char *name, int V,
                    Error *error)
{
    int64_t value;

    if (!json_integer(&value, node) || value < 0 || value >= V)
        return wrong(node, name, "null or an id from 0 to vocab_size - 1",
                     error);
    *id = (int)value;
    return true;
}

/* The ids that begin and end a text: a number, a list of them, or null. */
static bool read_ends(Config *c, const Json *root, Error *error)
{
    const Json *bos = json_given(root, "bos_token_id");
    const Json *eos = json_given(root, "eos_token_id");

    c->bos = -1;
    if (bos != NULL && !read_id(&c->bos, bos, "bos_token_id", c->V, error))
        return false;
    if (eos == NULL)
        return true;
    if (!json_is(eos, JSON_ARRAY)) {
        c->eos_count = 1;
        return read_id(&c->eos[0], eos, "eos_token_id", c->V, error);
    }
    if (eos->count > CONFIG_EOS)
        return error_set(error, "config.json: the field eos_token_id at byte %zu "
                         "must be a list of at most %d ids", eos->offset, CONFIG_EOS);
    for (const Json *id = eos->child; id != NULL; id = id->next)
        if (!read_id(&c->eos[c->eos_count++], id, "eos_token_id", c->V, error))
            return false;
    return true;
}

/* Everything that the engine needs to know of config.json.
 *
 *   config   out; plain data, owns nothing
 *   root     the file's root node, read with JSON_UNIQUE
 *   Errors:  exit 3, naming the field; the caller puts the path in front  */
bool config_read(Config *config, const Json *root, Error *error)
{
    *config = (Config){0};
    if (!json_is(root, JSON_OBJECT))
        return error_set(error, "config.json: it must hold one object");
    return read_family(config, root, error) && refuse_unsupported(root, error)
        && refuse_quantized(root, error)
        && read_switches(config, root, error) && read_shape(config, root, error)
        && read_rope(config, root, error) && read_ends(config, root, error);
}
