/* 2_order.c - exercise 05.2, Order: eight right lines, shuffled
 *
 *      logits ──► ? ──► ? ──► ? ──► ? ──► ? ──► ? ──► ? ──► ? ──► the next word
 *
 * A small storm has gone through this function. All of its lines are right,
 * none is missing, and they stand in no order at all. Put them into the order
 * in which the engine (and the transformers library) does them. Write nothing
 * new.
 *
 * Two arrays: s [V], the scores, are the logits at first; p [V] is garbage at
 * first and the probabilities in the end. Each step reads what the steps before
 * it left:
 *
 *      punish         of the words that were said, in s:
 *                     s_i = s_i · r  if s_i < 0,  else s_i / r
 *      largest        m = max s_i
 *      soften         p_i = e^((s_i - m) / temperature), for every i
 *      keep_best      p_i = 0 unless fewer than top_k words have a better score
 *      keep_mass      p_i = 0 unless the words with a better score hold less
 *                     than top_p of all that is left in p
 *      keep_near      p_i = 0 if p_i < min_p
 *      divide_by_sum  p_i = p_i / (p_0 + … + p_{V-1})
 *      throw_dart     id = the first with
 *                     p_0 + … + p_id > u · (p_0 + … + p_{V-1})
 *
 * (A tie is won by the smaller id, everywhere.)
 *
 * Three questions lead through: Which steps work on s, which on p? What does
 * "near" mean to keep_near, which compares with min_p itself: how large must
 * the best word's p be at that moment? And three filters cut the tail: the
 * library cuts to a number first, then to a mass, then by nearness.
 *
 * Why it matters, by hand: four words with p = 0.4, 0.3, 0.2, 0.1, top_k = 3,
 * top_p = 0.75. Number first: 0.9 is left; the first two hold 0.7 of it, which
 * is more than 0.75 · 0.9 = 0.675, so two words stay. Mass first: 0.7 < 0.75,
 * so three words stay, and top_k = 3 takes none of them.
 *
 * The grader compares the bits of p and the id.
 */
#include "chapters/exercises/chapter05/tasks.h"

int my_next_word(double *p, float *s, int V, const int *history, int n,
                 const SamplingConfig *config, float u)
{
    double m = 0;
    int id = 0;

/* your code begins */
    divide_by_sum(p, V);
    keep_near(p, V, config->min_p);
    id = throw_dart(p, V, u);
    m = largest(s, V);
    keep_mass(p, s, V, config->top_p);
    soften(p, s, V, m, config->temperature);
    punish(s, history, n, config->repeat_penalty);
    keep_best(p, s, V, config->top_k);
/* your code ends */
    return id;
}
