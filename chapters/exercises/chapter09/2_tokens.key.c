/* 2_tokens.key.c - the key of exercise 09.2: the engine's own bytes, and two divisions
 *
 *      shapes ──► matrix_bytes (kernels/matmul.c), for F16, int8, int4
 *                      │
 *      30 GB/s, 200 ───┴──► what each question asks ◄── compared ── my_answers[i]
 *      and 400 Gop/s
 *
 * No answer stands here as a number: bytes come from the function that the engine itself
 * counts with, blocks and their scales included. One case is one question. Answers within
 * half a percent are right; where a whole number is asked for, that number.
 *
 * The report says whether an answer is right, not what it should have been.
 *
 * Read next: src/kernels/matmul.c, src/measure/walls.c.
 */
#include "chapters/exercises/chapter09/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/matmul.h"         /* matrix_bytes: the engine's            */

#include <math.h>                   /* ceil                                  */

#define LAYERS 22
#define MATRICES 7
#define READ 30e9                   /* bytes/s                               */
#define FLOAT_OPS 200e9             /* operations/s                          */
#define PROMPT 512
#define DRAFT 4
#define NEAR 0.005

static const int shape[MATRICES][2] = {         /* out, in                   */
    { 2048, 2048 }, { 256, 2048 }, { 256, 2048 }, { 2048, 2048 },
    { 5632, 2048 }, { 5632, 2048 }, { 2048, 5632 },
};

static double bytes_of(Format format, int rows, int columns)
{
    Matrix m = { NULL, format, rows, columns };

    return (double)matrix_bytes(&m);
}

static double layer_bytes(Format format)
{
    double bytes = 0;

    for (int i = 0; i < MATRICES; i++)
        bytes += bytes_of(format, shape[i][0], shape[i][1]);
    return bytes;
}

static double model_bytes(Format layers, Format output)
{
    return LAYERS * layer_bytes(layers) + bytes_of(output, 32000, 2048);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Seconds of a pass in F16 for T rows that all want logits, by the two walls. */
static double pass_seconds(double T)
{
    double bytes = model_bytes(FORMAT_F16, FORMAT_F16);

    return larger(bytes / READ, bytes * T / FLOAT_OPS);     /* 2 operations, 2 bytes */
}

static double answer(int question)
{
    double f16 = model_bytes(FORMAT_F16, FORMAT_F16);

    switch (question) {
    case 0: return layer_bytes(FORMAT_F16) / 2 / 1e6;
    case 1: return f16 / 2 / 1e6;
    case 2: return f16 / 1e9;
    case 3: return READ / f16;
    case 4: return READ / model_bytes(FORMAT_INT8, FORMAT_INT8);
    case 5: return READ / model_bytes(FORMAT_INT4, FORMAT_INT8);
    case 6: return 2.0 / (double)format_bytes(FORMAT_F16);
    case 7: return ceil(FLOAT_OPS / READ);
    case 8: return (PROMPT * LAYERS * layer_bytes(FORMAT_F16)
                    + bytes_of(FORMAT_F16, 32000, 2048)) / FLOAT_OPS;
    default: return pass_seconds(DRAFT) / pass_seconds(1);
    }
}

static const Slip slips[] = {
    { 0, 51.380224, "k and v are smaller: [256, 2048]" },
    { 0, 88.080384, "these are its bytes in F16, in millions; the question asks for "
                    "numbers" },
    { 0, 44040192, "in millions" },
    { 1, 968.884224, "the output matrix is read, too" },
    { 1, 1099.956224, "an embedding of its own is looked up, not read" },
    { 2, 1.034420224, "F16 takes two bytes a number" },
    { 2, 1.9267526, "a GB is 10^9 bytes here" },
    { 3, 0.06896, "these are seconds for a token; the question asks for tokens a second" },
    { 4, 29.0018, "each block of 32 has a scale of two bytes as well: 34 bytes" },
    { 4, 14.5, "int8 has about half the bytes of F16" },
    { 5, 51.5586, "the output matrix stays in int8: 34 bytes for 32 numbers" },
    { 5, 58.0, "each block of 32 has a scale of two bytes as well: 18 bytes" },
    { 6, 2, "two operations for a number, and it has two bytes" },
    { 6, 0.5, "a multiplication and an addition are two operations" },
    { 7, 6, "at six rows memory is still the wall: 6 · 30 is below 200" },
    { 7, 6.667, "a whole number of rows" },
    { 8, 5.2962, "only the last row meets the output matrix" },
    { 8, 2.4806, "a multiplication and an addition are two operations" },
    { 8, 0.06896, "that is the time to read the weights; is it the wall for 512 rows?" },
    { 9, 4, "four times the operations; but are they the wall?" },
    { 0, 0, NULL },
};

static void run(Case *c)
{
    int question = case_number(c);
    double said = my_answers[question], right = answer(question);
    bool whole = question == 7;

    case_says(c, "question %d", question);
    case_answer(c, said, whole ? said == right : case_near(said, right, NEAR),
                case_slip(slips, question, said, NEAR,
                          "work it out once more, step by step; ./run hint 09.2 gives the "
                          "first one"));
}

const Exercise exercise = {
    .stop = NULL, .visible = QUESTIONS, .hidden = 0, .run = run,
};
