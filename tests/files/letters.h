/* letters.h - tensors whose numbers are asked for, and say which they are */
#ifndef LETTERS_H
#define LETTERS_H

#include "test.h"
#include "files/safetensors.h"
#include "files/safetensors_write.h"

typedef struct {            /* what fill_letters was asked                  */
    const Tensor *tensor;   /* the last one                                 */
    size_t next, calls;     /* its first element that was not asked yet     */
    const char *fails;      /* the tensor at which to fail; NULL: none      */
} Asked;

/* Byte i of a tensor: its name's first letter + i, modulo 251. Elements come in
 * order, each once. */
static inline bool fill_letters(void *context, const Tensor *t, size_t first, size_t count,
                         void *out, Error *error)
{
    size_t bits = (size_t)dtype_bits(t->dtype);
    Asked *asked = context;

    if (asked->tensor != t) {
        expect(asked->tensor == NULL
               || asked->next == tensor_count(asked->tensor));
        asked->next = 0;
    }
    expect(first == asked->next && count > 0 && count * bits % 8 == 0);
    asked->tensor = t;
    asked->next = first + count;
    asked->calls++;
    for (size_t i = 0; i < count * bits / 8; i++)
        ((unsigned char *)out)[i] =
            (unsigned char)(((unsigned char)t->name[0] + first * bits / 8 + i) % 251);
    if (asked->fails != NULL && strcmp(asked->fails, t->name) == 0)
        return error_code(error, EXIT_INTERRUPTED, "stopped at %s", t->name);
    return true;
}

static inline void expect_letters(const Tensor *t)
{
    const unsigned char *bytes = t->data;

    for (size_t i = 0; i < t->bytes; i++)
        if (bytes[i] != ((unsigned char)t->name[0] + i) % 251)
            test_fail(__FILE__, __LINE__, "%s: byte %zu is %d", t->name, i, bytes[i]);
}

static inline Tensor empty(const char *name, Dtype dtype, uint64_t count)
{
    return (Tensor){ .name = name, .dtype = dtype, .rank = 1, .shape = { count },
                     .bytes = (size_t)(count * (uint64_t)dtype_bits(dtype) / 8) };
}

#endif
