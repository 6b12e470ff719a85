/* quantize.h - a loaded model's matrices into blocks, in memory
 *
 * Rules of use: between model_load and the first pass. The Model stops being a view of
 * the file where its matrices were quantized; vectors, and matrices whose width is not a
 * multiple of 32, stay as they were. quantize.c says which matrix becomes what.
 */
#ifndef QUANTIZE_H
#define QUANTIZE_H

#include "base/watch.h"
#include "model/model.h"

/* format: FORMAT_INT8 or FORMAT_INT4. watch: bytes done of bytes in all; may stop.
 * Errors: a model that is quantized already, or weights that are not finite (exit 3);
 * no memory (5); stopped (130). The model is to be freed then. */
bool model_quantize(Model *model, const Safetensors *file, Format format,
                    const Watch *watch, Error *error);

/* Every matrix of the model once, into all [MODEL_MATRICES(L)]: the embedding, the
 * output unless they are one, the layers' in order. Returns how many. */
#define MODEL_MATRICES(L) (2 + 8 * (L))
int model_matrices(Matrix **all, Model *model);

/* The format that model_quantize gives to a matrix of this role. */
typedef enum { ROLE_LAYER, ROLE_EMBEDDING, ROLE_OUTPUT, ROLE_TIED } Role;
Format quantize_format(Format wanted, Role role);

#endif
