/* companions.c - what lies beside a model's weights, copied into a new folder
 *
 *      source/                             new folder/
 *        model.safetensors                   model.safetensors    made anew
 *        config.json                         config.json          made anew
 *        tokenizer.json         ───────►     tokenizer.json       byte for byte
 *        chat_template.jinja    ───────►     chat_template.jinja
 *        LICENSE                ───────►     LICENSE
 *        training_args.bin                                        left behind
 *
 * A program that writes weights anew has nothing to say about words: what turns text
 * into ids and back, what ends a text, and how a conversation is laid out belongs to
 * the model and is taken along. So is its licence, which wants that. Files that this
 * list does not name are left: nobody knows whether they would still be true.
 *
 * Read next: weights-tools/synthesize.c, weights-tools/quantize.c.
 */
#include "weights-tools/common/companions.h"

#include "base/atomicfile.h"        /* small files, whole                   */
#include "base/mapfile.h"           /* what is copied                       */

/* The tokenizer comes first. */
static const char *const companions[] = {
    "tokenizer.json", "tokenizer_config.json", "generation_config.json",
    "chat_template.jinja", "special_tokens_map.json", "LICENSE", "LICENSE.txt",
};

static bool copy(const char *to, const char *from, Error *error)
{
    MapFile file;
    bool fine;

    if (!mapfile_open(&file, from, error))
        return false;
    fine = atomicfile_save(to, file.bytes, file.size, error);
    mapfile_close(&file);
    return fine;
}

bool companions_copy(NewFolder *to, const char *from, bool *tokenizer, Error *error)
{
    *tokenizer = false;
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        const char *path = arena_print(&to->arena, "%s/%s", from, companions[i]);

        if (!path_is_file(path))
            continue;
        if (!copy(newfolder_path(to, companions[i]), path, error))
            return false;
        *tokenizer = *tokenizer || i == 0;
    }
    return true;
}
