/* weightsfile.h - a model's weights seen from outside: which tensor lies where
 *
 * Rules of use: looks at what files/safetensors.h has opened, and reads the headers
 * once more by itself, so that a lesson can hold the two against each other.
 */
#ifndef WEIGHTSFILE_H
#define WEIGHTSFILE_H

#include "chapters/lesson/pictures.h"
#include "files/json.h"
#include "files/safetensors.h"

enum { KIND_HEADER, KIND_EMBEDDING, KIND_ATTENTION, KIND_MLP, KIND_NORM, KIND_OUTPUT,
       KIND_REST, KIND_COUNT };
extern const char *const tensor_kinds[KIND_COUNT];      /* "header", "embedding" … */

int tensor_kind(const char *name);      /* what it is for, by its name       */

typedef struct {
    const Tensor *tensor;
    int file;                           /* which of st->files                */
    size_t from;                        /* its first byte in that file       */
} Place;

typedef struct {
    const Safetensors *st;              /* borrowed                          */
    Place *place;                       /* [st->count] in order of file, byte */
    JsonDocument *header;               /* [st->file_count]                  */
    char length[32];                    /* "N = 6008"                        */
    const Place *largest;               /* of F32, F16, BF16, not empty; or NULL */
} WeightsFile;

/* Owner: the caller, weightsfile_close, also after a failure. */
bool weightsfile_look(WeightsFile *w, const Safetensors *st, Error *error);
void weightsfile_close(WeightsFile *w);

size_t header_length(const MapFile *file);              /* N, of JSON        */

/* For pictures: part [file_count + count], each file's header before its tensors,
 * and what the first file's first bytes are, until its first tensor is described:
 * N, name, dtype, shape, data_offsets, ascending. Returns how many; >= 1. */
#define WEIGHTSFILE_BRACKETS 5
void weightsfile_parts(const WeightsFile *w, MapPart *part);
int weightsfile_brackets(Bracket bracket[WEIGHTSFILE_BRACKETS], WeightsFile *w);

/* Is each view where the header says, and as long as shape times size? */
bool weightsfile_agrees(const WeightsFile *w);

#endif
