/* option_table.c - every option of every chapter and command, one line each
 *
 *                          ┌──► options_parse        what was typed ──► Options
 *      option_table ───────┤
 *      name, value, kind,  ├──► options_help         ./run generate --help
 *      field, range,       ├──► manual_page          man billion-llm
 *      words, help         └──► manual_completions   what Tab offers
 *
 * An option that is described in four places is described wrongly in one of them.
 * Here it stands once, and parsing, help, manual and completions are four readers
 * of the same line. To add one: a field in Options (options.h), a line here, and
 * a default in options.c if it is not zero.
 *
 * Lines are in the order of --help: first what a word is about, then what all words
 * that run a model have in common. An option exists from the change that builds
 * it: a line here without its code would be a promise.
 *
 * Read next: base/options.c.
 */
#include "base/options.h"

#define ALL "*"
#define LOOK "chapter03_layers chapter04_attention"     /* … into a model    */
#define DRAW "chapter05_sampling chapter07_speculative" /* … from it         */
#define CHAPTERS "chapter00_map chapter01_tokenizer chapter02_weights " LOOK  \
                 " " DRAW " chapter06_quantize chapter09_speed"
#define ANSWER "generate speculative"           /* words that write an answer */
#define MODEL "tokenize detokenize logits " ANSWER " perplexity " CHAPTERS
#define READ "tokenize logits"                  /* words that take a text    */
#define WRITE ANSWER " chapter00_map"           /* … that go on with a text  */
#define RUN "logits " WRITE                     /* … that run a model        */
#define PASS "perplexity " RUN                  /* … or a text through one   */
#define PICK WRITE " " DRAW                     /* … that choose words       */
#define PROMPT WRITE " chapter01_tokenizer " LOOK " " DRAW

#define GUESS ANSWER " chapter07_speculative"   /* … that guess ahead        */

#define JUDGE "grade watch"                     /* … that run an exercise    */
#define COURSE JUDGE " hint reset list"

#define MANY 1073741824                         /* 2^30                      */
#define WHOLE_DOUBLE 9007199254740991.0         /* 2^53 - 1                  */

#define FIELD(name) offsetof(Options, name)

const Option option_table[] = {
    { "--prompt", 0, "T", OPTION_TEXT, FIELD(prompt), 0, 0, PROMPT,
      "the text to go on from; or words, --file, a pipe", false },
    { "--text", 0, "T", OPTION_TEXT, FIELD(text), 0, 0, READ,
      "the text to read", false },
    { "--ids", 0, "1,2,3", OPTION_TEXT, FIELD(ids), 0, 0, "logits",
      "token ids instead of a text", false },
    { "--file", 0, "F", OPTION_TEXT, FIELD(file), 0, 0,
      READ " perplexity chapter06_quantize " PROMPT,
      "take the text from a file", false },
    { "--no-special", 0, NULL, OPTION_FLAG, FIELD(no_special), 0, 0, READ,
      "add no token that begins or ends a text", false },
    { "--all", 0, NULL, OPTION_FLAG, FIELD(all), 0, 0, "logits grade",
      "every position, or every exercise", false },
    { "--top", 0, "K", OPTION_INT, FIELD(top), 1, 1000000, "logits",
      "how many tokens to show of each position (10)", false },
    { "--out", 0, "F", OPTION_TEXT, FIELD(out), 0, 0, "logits",
      "write them here too, as little-endian float32", false },
    { "--window", 0, "N", OPTION_INT, FIELD(window), 1, MANY, "perplexity",
      "tokens that are read together, from nothing (512)", false },
    { "--stride", 0, "S", OPTION_INT, FIELD(stride), 1, MANY, "perplexity",
      "tokens from one window to the next (the window)", false },
    { "-n", 0, "N", OPTION_INT, FIELD(n), 0, MANY, PICK,
      "write at most so many tokens (128)", false },
    { "--temperature", 0, "T", OPTION_REAL, FIELD(temperature), 0, 100, PICK,
      "0: always the likeliest (the model's own)", false },
    { "--top-k", 0, "K", OPTION_INT, FIELD(top_k), 0, MANY, PICK,
      "choose among the K likeliest; 0: all (model's own)", false },
    { "--top-p", 0, "P", OPTION_REAL, FIELD(top_p), 0, 1, PICK,
      "… among the likeliest that sum to P (model's own)", false },
    { "--min-p", 0, "P", OPTION_REAL, FIELD(min_p), 0, 1, PICK,
      "… among those above P times the best (model's own)", false },
    { "--repeat-penalty", 0, "R", OPTION_REAL, FIELD(repeat_penalty), 0.01, 100,
      PICK, "weaken what was said before; 1: off (model's own)", false },
    { "--stop", 0, "S", OPTION_LIST, FIELD(stop), 0, 0, ANSWER,
      "end in front of this text; may be repeated", false },
    { "--logprobs", 0, "K", OPTION_INT, FIELD(logprobs), 0, 1000, ANSWER,
      "log-probabilities of the K likeliest (0: none)", true },
    { "--chat", 0, NULL, OPTION_FLAG, FIELD(chat), 0, 0, ANSWER,
      "put the prompt into the model's chat template", false },
    { "--system", 0, "S", OPTION_TEXT, FIELD(system), 0, 0, ANSWER,
      "with --chat: what the model is told beforehand", true },
    { "--template", 0, "NAME", OPTION_TEXT, FIELD(template), 0, 0, ANSWER,
      "with --chat: zephyr, llama3, chatml, stablelm-zephyr or none: plain text", true },

    { "--draft", 0, "D|int4|int8|ngram", OPTION_TEXT, FIELD(draft), 0, 0, GUESS,
      "who guesses: a small model, a copy, the text itself", false },
    { "--k", 0, "K|auto", OPTION_TEXT, FIELD(k), 0, 0, GUESS,
      "guesses a pass, 0-16 (4); changes the text if T > 0", false },

    { "--layer", 0, "L", OPTION_INT, FIELD(layer), 0, 1000, LOOK,
      "the layer shown, from 0 (the lesson's choice)", false },
    { "--head", 0, "H", OPTION_INT, FIELD(head), 0, 1000, "chapter04_attention",
      "the head shown large (the lesson's choice)", false },

    { "--answers", 0, "DIR", OPTION_TEXT, FIELD(answers), 0, 0, COURSE,
      "folder with the answers (the clone's own)", false },
    { "--level", 0, "N", OPTION_INT, FIELD(level), 1, 3, "hint",
      "this hint alone, 1 to 3 (one more each time)", false },
    { "--seconds", 0, "S", OPTION_REAL, FIELD(seconds), 0.1, 3600, JUDGE,
      "stop an answer that computes longer (10)", false },
    { "--prove", 0, NULL, OPTION_FLAG, FIELD(prove), 0, 0, "grade",
      "prove the course: answers pass, mutants fail", false },
    { "--batch", 0, NULL, OPTION_FLAG, FIELD(batch), 0, 0, "tour",
      "nobody is there: check what the tour claims", false },
    { "--script", 0, NULL, OPTION_FLAG, FIELD(script), 0, 0, "tour",
      "print what the debugger would be told", false },
    { "--debugger", 0, "gdb|lldb", OPTION_CHOICE, FIELD(debugger), 0, 0, "tour",
      "which one (gdb where it is there)", false },

    { "--dtype", 0, "F32|F16|BF16", OPTION_CHOICE, FIELD(dtype), 0, 0,
      "synthesize convert", "what to write (BF16; convert: as read, or F16)", false },
    { "--shard-size", 0, "MB", OPTION_REAL, FIELD(shard), 0.001, 1e6, "synthesize convert",
      "cut the weights into files of at most so many MB", false },
    { "--verify", 0, NULL, OPTION_FLAG, FIELD(verify), 0, 0, "download",
      "check what is here against its checksums", false },
    { "--yes", 0, NULL, OPTION_FLAG, FIELD(yes), 0, 0, "download",
      "start without a question", false },

    { "--model", 0, "M", OPTION_TEXT, FIELD(model), 0, 0, MODEL,
      "name or folder; models lists them (storyteller)", false },
    { "--quantize", 0, "none|int8|int4", OPTION_CHOICE, FIELD(quantize), 0, 0,
      PASS " quantize", "weights as 8- or 4-bit blocks, made at load (none)", false },

    { "--suite", 0, "S", OPTION_TEXT, FIELD(suite), 0, 0, "benchmark",
      "what to measure (speed)", false },
    { "--model", 0, "M", OPTION_LIST, FIELD(models), 0, 0, "benchmark",
      "name or folder; may be repeated (all found)", false },
    { "--quantize", 0, "none|int8|int4", OPTION_LIST, FIELD(formats), 0, 0, "benchmark",
      "each model with each; may be repeated (none)", false },
    { "--prompt-tokens", 0, "N", OPTION_INT, FIELD(prompt_tokens), 1, MANY, "benchmark",
      "tokens that are read (512)", false },
    { "-n", 0, "N", OPTION_INT, FIELD(answer_tokens), 1, MANY, "benchmark",
      "tokens that are written (64)", false },
    { "--repeat", 0, "R", OPTION_INT, FIELD(repeat), 1, 1000, "benchmark",
      "how often each test runs (5)", false },
    { "--out", 0, "F", OPTION_TEXT, FIELD(out), 0, 0, "benchmark",
      "write the results here: F.json, F.csv or F.md", false },
    { "--baseline", 0, "F", OPTION_TEXT, FIELD(baseline), 0, 0, "benchmark",
      "compare with results that --out wrote (.json)", false },
    { "--record", 0, "F", OPTION_TEXT, FIELD(record), 0, 0, "benchmark",
      "compare with the last lines of F, and add one", false },
    { "--label", 0, "T", OPTION_TEXT, FIELD(label), 0, 0, "benchmark",
      "what the results are called: a commit", false },

    { "--threads", 0, "N", OPTION_INT, FIELD(threads), 1, 1024,
      PASS " " LOOK " " DRAW " chapter06_quantize chapter09_speed"
      " benchmark synthesize inspect quantize",
      "any number gives the same bits (all usable cores)", false },
    { "--kernels", 0, "auto|plain|avx2|avx512|neon", OPTION_CHOICE, FIELD(kernels), 0, 0,
      PASS " " LOOK " " DRAW " chapter06_quantize chapter09_speed"
      " benchmark",
      "plain is the definition, in C (auto)", false },
    { "--chunk", 0, "N", OPTION_INT, FIELD(chunk), 1, 4096, PASS " benchmark",
      "tokens per pass over a prompt (256)", true },
    { "--ctx", 0, "N", OPTION_INT, FIELD(ctx), 1, MANY, RUN,
      "positions in the cache (prompt + n)", true },
    { "--kv", 0, "f32|f16", OPTION_CHOICE, FIELD(kv), 0, 0, PASS " benchmark",
      "number format of the cache (as the weights)", true },
    { "--seed", 0, "S", OPTION_WHOLE, FIELD(seed), 0, WHOLE_DOUBLE,
      RUN " chapter01_tokenizer " DRAW " chapter06_quantize synthesize " JUDGE,
      "another seed, another result (0)", false },

    { "--json", 0, NULL, OPTION_FLAG, FIELD(json), 0, 0, ALL,
      "one JSON object on stdout, and nothing else there", true },
    { "--color", 0, "auto|always|never", OPTION_CHOICE, FIELD(color), 0, 0,
      ALL, "colours; auto: on a terminal (auto)", true },
    { "--help", 'h', NULL, OPTION_FLAG, FIELD(help), 0, 0, ALL,
      "this page", true },
    { "--version", 0, NULL, OPTION_FLAG, FIELD(version), 0, 0, ALL,
      "the version of this program", true },
    { NULL, 0, NULL, OPTION_FLAG, 0, 0, 0, NULL, NULL, false },
};
