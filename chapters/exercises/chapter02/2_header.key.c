/* 2_header.key.c - the key of exercise 02.2: the engine reads the same header
 *
 *      my_header, ' → "  ┐
 *      98 bytes of data  ├──► a file in memory ──► safetensors_parse ──► views
 *                        ┘                                                 │
 *      my_answers[i]  ◄──────────── compared ──── worked out of them ◄─────┘
 *
 * No answer stands here as a number: each is worked out of the engine's view of
 * the file, its pointers included (a view's data, less the file's first byte, is a
 * place in the file). One case is one question, so that the report names it.
 *
 * The report says whether an answer is right, and not what it should have been: that
 * would answer the question. The wrong numbers that people bring have a sentence each.
 *
 * Read next: src/files/safetensors_header.c.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "chapters/exercises/judge.h"
#include "files/safetensors_header.h"   /* safetensors_parse: the engine's    */
#include "numbers/halffloat.h"          /* bf16_to_f32                        */

#include <string.h>                     /* strlen, strcmp, memcpy             */

/* The file as it was given out: the pupil's own header must still be this one. */
static const char given[] =
    "{'__metadata__':{'format':'pt'},"
    "'embed':{'dtype':'BF16','shape':[6,4],'data_offsets':[20,68]},"
    "'head':{'dtype':'F16','shape':[3,5],'data_offsets':[68,98]},"
    "'norm':{'dtype':'F32','shape':[4],'data_offsets':[4,20]},"
    "'scale':{'dtype':'F32','shape':[],'data_offsets':[0,4]}}     ";

#define LENGTH (sizeof given - 1)       /* N                                  */
#define DATA 98
#define ROW 3                           /* of embed, for questions 5 and 8    */

typedef struct {
    unsigned char bytes[8 + LENGTH + DATA];
    SafetensorsHeader header;
    const Tensor *embed, *head, *scale;
} File;

static const Tensor *find(const File *file, const char *name)
{
    for (int i = 0; i < file->header.count; i++)
        if (strcmp(file->header.tensors[i].name, name) == 0)
            return &file->header.tensors[i];
    must(false, "the header has no %s", name);
    return NULL;
}

/* The place of a view's data in the file. */
static double place(const File *file, const Tensor *tensor)
{
    return (double)((const unsigned char *)tensor->data - file->bytes);
}

/* Bytes of one row of embed. */
static double row_bytes(const File *file)
{
    return (double)(file->embed->bytes / file->embed->shape[0]);
}

static void open_file(File *file, Arena *arena)
{
    Error error = {0};
    unsigned char *row3;

    memset(file, 0, sizeof *file);
    file->bytes[0] = LENGTH & 0xFF;
    file->bytes[1] = LENGTH >> 8;
    for (size_t i = 0; i < LENGTH; i++)
        file->bytes[8 + i] = (unsigned char)(given[i] == '\'' ? '"' : given[i]);
    must(safetensors_parse(&file->header, arena, file->bytes, sizeof file->bytes,
                           &error), "%s", error.text);
    file->embed = find(file, "embed");
    file->head = find(file, "head");
    file->scale = find(file, "scale");
    row3 = file->bytes + (int)(place(file, file->embed) + ROW * row_bytes(file));
    memcpy(row3, "\xC0\x3F", 2);
}

/* All numbers of the file. */
static double count_all(const File *file)
{
    double count = 0;

    for (int i = 0; i < file->header.count; i++)
        count += (double)tensor_count(&file->header.tensors[i]);
    return count;
}

/* The two bytes at the beginning of embed's row 3, as a number. */
static double first_of_row3(const File *file)
{
    const unsigned char *p = file->bytes
        + (int)(place(file, file->embed) + ROW * row_bytes(file));

    return (double)bf16_to_f32((uint16_t)(p[0] | p[1] << 8));
}

static double million_bytes(const uint64_t *shape, int rank, Dtype dtype)
{
    uint64_t bytes;

    must(tensor_bytes(&bytes, shape, rank, dtype), "it fits");
    return (double)bytes / 1e6;
}

static double answer(const File *file, int question)
{
    static const uint64_t tinyllama[] = { 32000, 2048 };
    double data = 8 + LENGTH;

    switch (question) {
    case 0: return data - 8;
    case 1: return (double)tensor_count(file->embed);
    case 2: return (double)tensor_count(file->scale);
    case 3: return (double)file->head->bytes;
    case 4: return place(file, file->embed);
    case 5: return place(file, file->embed) + ROW * row_bytes(file);
    case 6: return (double)sizeof file->bytes;
    case 7: return 4 * count_all(file);
    case 8: return first_of_row3(file);
    default: return million_bytes(tinyllama, 2, DTYPE_BF16);
    }
}

static const Slip slips[] = {
    { 0, 0x1001, "the lowest byte comes first: 10 01 is 0x0110" },
    { 0, LENGTH - 5, "the spaces belong to the header" },
    { 1, 48, "these are its bytes; a BF16 takes two" },
    { 2, 0, "a product of no factors is not nothing: think of what may be multiplied "
            "without changing anything" },
    { 2, 4, "these are its bytes" },
    { 3, 15, "these are its numbers; an F16 takes two bytes" },
    { 3, 60, "an F16 takes two bytes, not four" },
    { 4, 20, "counted from the data; the file has 8 + N bytes before it" },
    { 4, LENGTH + 20, "the eight bytes of N come first, too" },
    { 4, 8 + LENGTH, "embed stands first in the header, but not in the data: look at "
                     "its data_offsets" },
    { 5, 8 + LENGTH + 20 + 3 * 2, "three numbers on; a row has four of them" },
    { 5, 8 + LENGTH + 20 + 3 * 4, "a row has four numbers, of two bytes each" },
    { 5, 8 + LENGTH + 20 + 2 * 8, "rows are counted from 0: three rows lie before "
                                  "row 3" },
    { 5, 8 + LENGTH + 20 + 3 * 12, "a row of shape [6, 4] has four numbers, not six" },
    { 6, DATA, "that is the data alone" },
    { 6, LENGTH + DATA, "the eight bytes of N belong to the file" },
    { 7, 98, "that is what they take in the file" },
    { 7, 196, "norm and scale have four bytes a number already" },
    { 7, 172, "scale has one number, too" },
    { 8, -2.984375, "the lowest byte comes first: the pattern is 0x3FC0" },
    { 9, 65.536, "millions of numbers; each takes two bytes" },
    { 9, 262.144, "a BF16 takes two bytes, not four" },
    { 9, 125, "a million is 1000000 here, not 1024 · 1024" },
    { 9, 131072000, "in millions" },
    { 0, 0, NULL },
};

static void run(Case *c)
{
    Arena arena = {0};
    File file;
    int question = case_number(c);
    double said = my_answers[question], right;

    case_says(c, "question %d", question);
    case_text(c, "my_header", my_header, given);
    open_file(&file, &arena);
    right = answer(&file, question);
    arena_free(&arena);
    case_answer(c, said, said == right,
                case_slip(slips, question, said, 0, "work it out once more, step by step; "
                          "./run hint 02.2 gives the first one"));
}

const Exercise exercise = {
    .stop = NULL, .visible = QUESTIONS, .hidden = 0, .run = run,
};
