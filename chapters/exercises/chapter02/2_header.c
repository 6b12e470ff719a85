/* 2_header.c - exercise 02.2: what does this file hold, and where?
 *
 *      byte 0                         8                          8 + N      end
 *      ┌─────────────────────────────┬──────────────────────────┬────────────┐
 *      │ 10 01 00 00 00 00 00 00     │ the header, N bytes      │ numbers    │
 *      │ N, the lowest byte first    │ of JSON and spaces       │            │
 *      └─────────────────────────────┴──────────────────────────┴────────────┘
 *
 * A model's weights lie in a file of this form (safetensors). A reader that knows
 * the header knows where each number is without reading any of them: that is how a
 * model of two gigabytes is opened in a millisecond.
 *
 * Below is the whole header of a small file. (C wants a backslash before every
 * double quote; so single ones stand here. In the file they are double.)
 *
 *   dtype         F32 takes 4 bytes a number, F16 and BF16 take 2
 *   shape         the last index is the fastest: row after row, as one reads.
 *                 The number of numbers is the product; of no sizes at all it is
 *                 what a product of nothing is
 *   data_offsets  [begin, end): counted from byte 8 + N of the file. The
 *                 tensors lie side by side, without holes, up to the end
 *
 * An example, which is not among the questions: norm has 4 numbers of 4 bytes, its
 * last one begins at 8 + N + 4 + 3 · 4.
 *
 * Your task: answer the ten questions in my_answers, with pencil and paper, before
 * you run anything. A number each: write 0x20 or 32, as you like.
 */
#include "chapters/exercises/chapter02/tasks.h"

const char my_header[] =            /* look, do not change                   */
    "{'__metadata__':{'format':'pt'},"
    "'embed':{'dtype':'BF16','shape':[6,4],'data_offsets':[20,68]},"
    "'head':{'dtype':'F16','shape':[3,5],'data_offsets':[68,98]},"
    "'norm':{'dtype':'F32','shape':[4],'data_offsets':[4,20]},"
    "'scale':{'dtype':'F32','shape':[],'data_offsets':[0,4]}}     ";

const double my_answers[QUESTIONS] = {
/* your code begins */
    -1,     /* 0  N: how many bytes has the header, spaces included?         */
    -1,     /* 1  how many numbers has embed?                                */
    -1,     /* 2  how many numbers has scale?                                */
    -1,     /* 3  how many bytes does head take?                             */
    -1,     /* 4  which byte of the file is the first one of embed?          */
    -1,     /* 5  which byte of the file is the first of row 3 of embed (rows
                  are counted from 0)?                                       */
    -1,     /* 6  how many bytes has the whole file?                         */
    -1,     /* 7  how many bytes of memory take all tensors together when each
                  number is widened to a float of 4 bytes?                   */
    -1,     /* 8  the first two bytes of row 3 of embed are C0 3F; which number
                  is that? (exercise 02.1 shows the bits of a bf16)          */
    -1,     /* 9  TinyLlama's embedding is BF16 with the shape [32000, 2048]:
                  how many million bytes are that?                           */
/* your code ends */
};
