/* 2_weigh.key.c - exercise 06.2: the engine answers nine questions
 *
 *      bits, bytes     block_bytes, blocks_bytes
 *      which byte      each byte of a block is changed in turn; blocks_row says whether
 *                      weight 21 of row 3 has moved
 *      which weight    that byte is set to 0x3A; blocks_row
 *      the largest s   a block of 127 times a row that is coded as 127: the kernel
 *
 * Each question is one case: all are answered, also when an early one is wrong.
 */
#include <string.h>

#include "chapters/exercises/chapter06/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/dot.h"

enum { ROW = 3, K = 21, COLUMNS = BLOCK_NUMBERS };

/* An empty block in which row 3 has the scale 0.5. */
static void empty(unsigned char block[INT4_BLOCK_BYTES])
{
    uint16_t half = f32_to_f16(0.5f);

    memset(block, 0x88, INT4_BLOCK_BYTES);
    memset(block, 0, 16);
    block[2 * ROW] = (unsigned char)half;
    block[2 * ROW + 1] = (unsigned char)(half >> 8);
}

/* The byte that weight 21 of row 3 depends on. */
static int byte_of_weight(void)
{
    unsigned char block[INT4_BLOCK_BYTES];
    float w[COLUMNS];

    for (int i = 16; i < INT4_BLOCK_BYTES; i++) {
        empty(block);
        block[i] = 0;
        blocks_row(w, block, FORMAT_INT4, COLUMNS, ROW);
        if (w[K] != 0)
            return i;
    }
    return -1;
}

/* The weight of row 3 in the half of that byte that is not weight `but`'s, or is. */
static double weight_in(bool high)
{
    unsigned char block[INT4_BLOCK_BYTES];
    float w[COLUMNS];

    empty(block);
    block[byte_of_weight()] = 0x3A;
    blocks_row(w, block, FORMAT_INT4, COLUMNS, ROW);
    for (int k = 0; k < COLUMNS && !high; k++)
        if (k != K && w[k] != 0)
            return (double)w[k];
    return (double)w[K];
}

/* A row of 127 times a row of 127, both with scale 1. */
static double largest_sum(Case *c)
{
    unsigned char block[INT8_BLOCK_BYTES];
    int8_t *codes = case_array(c, COLUMNS, 1);
    float scale = 1, y;
    int32_t sum = 127 * COLUMNS;
    Coded x = { 1, 1, codes, &scale, &sum };
    uint16_t one = f32_to_f16(1);

    memset(block, 127, sizeof block);
    for (int r = 0; r < GROUP_ROWS; r++) {
        block[2 * r] = (unsigned char)one;
        block[2 * r + 1] = (unsigned char)(one >> 8);
    }
    memset(codes, 127, COLUMNS);
    kernels->blocks[FORMAT_INT8](&y, 1, block, 1, &x);
    return (double)y;
}

static double answer(Case *c, int n)
{
    double block = GROUP_ROWS * BLOCK_NUMBERS;

    switch (n) {
    case 0: return 8 * (double)block_bytes(FORMAT_INT8) / block;
    case 1: return 8 * (double)block_bytes(FORMAT_INT4) / block;
    case 2: return (double)blocks_bytes(FORMAT_INT4, 2048, 2048);
    case 3: return (double)blocks_bytes(FORMAT_INT4, 10, 64);
    case 4: return byte_of_weight();
    case 5: return weight_in(true);
    case 6: return weight_in(false);
    case 7: return largest_sum(c);
    default: return 30 / 0.6;
    }
}

static const Slip slips[] = {
    { 0, 8, "the scale takes 2 bytes for 32 weights" },
    { 0, 9, "the scale is f16: 16 bits for 32 weights are half a bit each" },
    { 1, 4, "the scale takes 2 bytes for 32 weights" },
    { 1, 5, "the scale is f16: 16 bits for 32 weights are half a bit each" },
    { 2, 2097152, "and a scale for each 32 of them" },
    { 2, 18874368, "these are bits; the question is how many bytes" },
    { 3, 360, "groups of eight rows are stored whole: 10 rows are two groups" },
    { 3, 288, "10 rows are two groups; and 64 numbers are two blocks" },
    { 4, 45, "16 bytes of scales come first" },
    { 4, 189, "there are only four vectors: from k = 16 on they are the high halves" },
    { 4, 93, "k / 4 is 5; the high halves of vector 1 hold it, not those of vector 2" },
    { 4, 60, "k % 4 is 1: the second of the four bytes" },
    { 4, 53, "four bytes for each row before it: 4 · 3" },
    { 5, 1.5, "four bits are stored as code + 8" },
    { 5, 1, "k = 21 is in the high half; that is the low one" },
    { 5, -5, "times the scale" },
    { 5, -2.5 * 2, "times the scale" },
    { 6, 5, "four bits are stored as code + 8" },
    { 6, 2, "times the scale" },
    { 6, -2.5, "that is weight 21 itself: the other half of the byte is asked" },
    { 7, 16129, "that is one product; there are 32" },
    { 7, 524288, "codes go to 127, not 128" },
    { 8, 18, "bytes a second divided by bytes for a token" },
    { 8, 0.02, "that is seconds for a token" },
    { 0, 0, NULL },
};

static void run(Case *c)
{
    int question = case_number(c);
    double said = my_answers[question];

    case_says(c, "question %d", question);
    case_answer(c, said, said == answer(c, question),
                case_slip(slips, question, said, 0,
                          "work it out once more; ./run hint 06.2 says what to count"));
}

const Exercise exercise = { .stop = NULL, .visible = QUESTIONS, .hidden = 0,
                            .run = run };
