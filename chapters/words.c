/* words.c - everything that may stand after ./run, as one table
 *
 *      ./run generate --prompt "Once upon a time"
 *               │
 *               ▼
 *      ┌───────────────┬──────────────────┬───────────┬─────────┬──────────┐
 *      │ name          │ function         │ arguments │ summary │ examples │
 *      ├───────────────┼──────────────────┼───────────┴─────────┴──────────┤
 *      │ chapter00_map │ chapter00_map    │                                │
 *      │ generate      │ command_generate │  --help, the man page and the  │
 *      │ …             │ …                │  shells' completions read these│
 *      └───────────────┴──────────────────┴────────────────────────────────┘
 *
 * The table of contents of the program. Which options a word takes stands in the
 * one option table (src/base/options.c); here stands what it does and how it is
 * used. Words of the lessons come first, in the order in which they are read.
 *
 * Read next: chapters/chapter00_map.c.
 */
#include "chapters/words.h"

const Word words[] = {
    { "chapter00_map", chapter00_map, "[--prompt T] [-n N]",
      "the finished machine runs one prompt, stage by stage",
      "./run chapter00_map\n"
      "./run chapter00_map --prompt \"The king had three daughters\" -n 60\n"
      "./run chapter00_map --json\n" },
    { "chapter01_tokenizer", chapter01_tokenizer, "[--prompt T]",
      "a text becomes numbers: pieces, merges, bytes",
      "./run chapter01_tokenizer\n"
      "./run chapter01_tokenizer --prompt \"A caf\303\251 in the wood\"\n" },
    { "chapter02_weights", chapter02_weights, "[--model M]",
      "a model is a file: its map, its bytes, one number",
      "./run chapter02_weights\n"
      "./run chapter02_weights --model smollm2-135m\n" },
    { "chapter03_layers", chapter03_layers, "[--prompt T]",
      "one row of numbers on its way up, without attention",
      "./run chapter03_layers\n"
      "./run chapter03_layers --prompt \"The cat\" --layer 2\n" },
    { "chapter04_attention", chapter04_attention, "[--prompt T]",
      "each word looks back: the heads, the cache, the turn",
      "./run chapter04_attention\n"
      "./run chapter04_attention --prompt \"The cat saw the dog\" --layer 3\n" },
    { "chapter05_sampling", chapter05_sampling, "[--prompt T]",
      "from scores to one word: filters and a dart",
      "./run chapter05_sampling\n"
      "./run chapter05_sampling --temperature 1.5 --top-k 5 --seed 7\n" },
    { "chapter06_quantize", chapter06_quantize, "[--file F]",
      "the same weights in a quarter of the bytes",
      "./run chapter06_quantize\n"
      "./run chapter06_quantize --model smollm2-135m --file story.txt\n" },
    { "chapter07_speculative", chapter07_speculative, "[--draft D] [--k K]",
      "guess some tokens, check them in one pass",
      "./run chapter07_speculative\n"
      "./run chapter07_speculative --draft int4 --k 6\n"
      "./run chapter07_speculative --temperature 0 --prompt \"The king said\"\n" },
    { "chapter09_speed", chapter09_speed, "[--model M]",
      "where the time goes: one product in versions, beside two walls",
      "./run chapter09_speed\n"
      "./run chapter09_speed --model smollm2-135m --threads 1\n" },
    { "tokenize", command_tokenize, "[--model M] [--text T]",
      "a text as the ids that the model sees",
      "./run tokenize --text \"Once upon a time\"\n"
      "./run tokenize --model tinyllama --json < story.txt\n" },
    { "detokenize", command_detokenize, "[--model M] ID…",
      "ids as the text that they stand for",
      "./run detokenize 1688 375 693 259 544\n"
      "./run tokenize --text \"a fox\" | ./run detokenize\n" },
    { "logits", command_logits, "[--model M] (--text T | --ids 1,2,3)",
      "what the model thinks comes next: scores and their hash",
      "./run logits --text \"Once upon a\" --top 5\n"
      "./run logits --ids 0,1688,375 --all --json\n"
      "./run logits --text \"Once\" --out logits.f32\n" },
    { "generate", command_generate, "[--model M] --prompt T [-n N]",
      "write on behind a prompt",
      "./run generate --prompt \"Once upon a time\" --temperature 0 -n 50\n"
      "./run generate --model smollm2-135m --chat --prompt \"Who are you?\"\n" },
    { "speculative", command_speculative, "[--draft D] [--k K|auto] --prompt T",
      "the same text, faster: guesses, checked together",
      "./run speculative --prompt \"Once upon a time\" --temperature 0\n"
      "./run speculative --model smollm2-135m --draft int4 --k auto --prompt \"Why?\"\n" },
    { "benchmark", command_benchmark, "[--model M]… [--quantize Q]… [--out F]",
      "how fast models read and write, beside this machine's limits",
      "./run benchmark --model storyteller --repeat 10\n"
      "./run benchmark --model smollm2-135m --quantize int4 --out a.json\n"
      "./run benchmark --model smollm2-135m --baseline a.json\n" },
    { "perplexity", command_perplexity, "[--model M] --file F",
      "how surprised the model is by a text",
      "./run perplexity --file models/heldout/just-so-stories.txt\n"
      "./run perplexity --file story.txt --window 200 --stride 50 --json\n" },
    { "models", command_models, "",
      "which models are on this machine, and what they need",
      "./run models\n"
      "./run models --json\n" },
    { "grade", command_grade, "[NN.K] [--all]",
      "is my answer to an exercise right, and if not, where",
      "./run grade 01.1\n"
      "./run grade\n"
      "./run grade --all --json --answers students/ada --seed 7\n" },
    { "hint", command_hint, "[NN.K]",
      "one more hint for an exercise, three in all",
      "./run hint 01.1\n"
      "./run hint 01.1 --level 1\n" },
    { "list", command_list, "",
      "the exercises, and how far I am",
      "./run list\n"
      "./run list --json\n" },
    { "reset", command_reset, "NN.K",
      "an exercise from its beginning; the old file is kept",
      "./run reset 01.1\n" },
    { "watch", command_watch, "[NN.K]",
      "grade again whenever the file is saved",
      "./run watch\n" },
    { "tour", command_tour, "[NN]",
      "walk through a chapter inside a debugger, stop by stop",
      "./run tour\n"
      "./run tour 04\n"
      "./run tour 04 --batch\n" },
    { .name = NULL },
};
