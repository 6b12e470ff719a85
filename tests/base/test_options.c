/* test_options.c - every way to type it, and every sentence that says what is wrong */
#include "test.h"
#include "base/options.h"

#include <math.h>
#include <stdlib.h>

static const Word generate = { .name = "generate", .examples = "./run generate\n" };
static const Word tokenize = { .name = "tokenize", .examples = "./run tokenize\n" };
static const Word logits = { .name = "logits", .examples = "./run logits\n" };
static const Word map = { .name = "chapter00_map", .examples = "./run chapter00_map\n" };
static const Word benchmark = { .name = "benchmark", .examples = "./run benchmark\n" };
static const Word models = { .name = "models", .examples = "./run models\n" };

static const Word convert = { .name = "convert", .examples = "build/weights-tools/convert a b\n" };

/* Split at blanks; "_" inside a part stands for a blank, "''" for nothing. */
static int split(const char *line, char **argv)
{
    static char text[4096];
    int count = 0;

    snprintf(text, sizeof text, "%s", line);
    for (char *part = strtok(text, " "); part != NULL; part = strtok(NULL, " ")) {
        for (char *c = part; *c != '\0'; c++)
            if (*c == '_')
                *c = ' ';
        argv[count++] = strcmp(part, "''") == 0 ? part + 2 : part;
    }
    return count;
}

static Options parsed(const Word *word, const char *line)
{
    char *argv[100];
    Options options;
    Error error = {0};

    if (!options_parse(&options, word, split(line, argv), argv, &error))
        test_fail(__FILE__, __LINE__, "\"%s\": %s", line, error.text);
    return options;
}

static void refused(const Word *word, const char *line, const char *sentence)
{
    char *argv[100];
    Options options;
    Error error = {0};

    if (options_parse(&options, word, split(line, argv), argv, &error))
        test_fail(__FILE__, __LINE__, "\"%s\" was taken", line);
    expect_int(error.code, EXIT_USAGE);
    expect_text(error.text, sentence);
    expect(options.words == NULL);
}

/* The defaults that design and --help promise. */
TEST(nothing_typed)
{
    Options o = parsed(&generate, "");

    expect_text(o.model, "storyteller");
    expect_text(o.kernels, "auto");
    expect_text(o.color, "auto");
    expect(o.threads == 0 && o.chunk == 256 && o.ctx == 0 && o.kv == NULL);
    expect(o.n == 128 && o.top == 10 && o.logprobs == 0 && o.stop.count == 0);
    expect(o.temperature == -1 && o.top_k == -1 && o.top_p == -1);
    expect(o.min_p == -1 && o.repeat_penalty == -1 && o.seed == 0);
    expect(!o.json && !o.help && !o.version && !o.all && !o.chat && !o.no_special);
    expect(o.prompt == NULL && o.text == NULL && o.file == NULL && o.ids == NULL);
    expect(o.out == NULL && o.system == NULL && o.words == NULL);
}

TEST(every_option_of_generate)
{
    Options o = parsed(&generate, "--model M --threads 7 --kernels plain --chunk=9 "
                       "--ctx 2048 --kv f16 --seed 9007199254740991 --json "
                       "--color=never --prompt Once_upon --file F -n 0 "
                       "--temperature 0.7 --top-k 40 --top-p .95 --min-p 5e-2 "
                       "--repeat-penalty 1.1 --stop A --stop=B=C --logprobs 3 "
                       "--chat --system be_kind");

    expect_text(o.model, "M");
    expect_text(o.kernels, "plain");
    expect_text(o.kv, "f16");
    expect_text(o.color, "never");
    expect_text(o.prompt, "Once upon");
    expect_text(o.file, "F");
    expect_text(o.stop.item[0], "A");
    expect_text(o.stop.item[1], "B=C");
    expect_text(o.system, "be kind");
    expect(o.threads == 7 && o.chunk == 9 && o.ctx == 2048 && o.json && o.chat);
    expect(o.seed == 9007199254740991.0 && o.n == 0 && o.top_k == 40);
    expect(o.temperature == 0.7 && o.top_p == 0.95 && o.min_p == 0.05);
    expect(o.repeat_penalty == 1.1 && o.stop.count == 2 && o.logprobs == 3);
    expect(o.words == NULL);
}

TEST(every_option_of_the_others)
{
    Options o = parsed(&tokenize, "--model M --text T --file F --no-special --json");

    expect(o.no_special && o.json);
    expect_text(o.text, "T");
    o = parsed(&logits, "--text T --ids 1,2 --all --top 1000000 --out F "
               "--no-special --threads 1 --seed 1 --kv f32 --ctx 1 --chunk 4096 "
               "--kernels avx2 --json --color always");
    expect_text(o.ids, "1,2");
    expect_text(o.out, "F");
    expect(o.all && o.no_special && o.top == 1000000 && o.threads == 1);
    o = parsed(&map, "--prompt T --file F -n 3 --temperature 0 --top-k 0 --top-p 1 "
               "--min-p 0 --repeat-penalty 0.01 --json --threads 1024");
    expect(o.n == 3 && o.temperature == 0 && o.top_k == 0 && o.top_p == 1);
    expect(o.repeat_penalty == 0.01 && o.json && o.threads == 1024);
    o = parsed(&models, "--json --color never");
    expect(o.json);
}

/* --model and --quantize mean a list for benchmark, and one thing for others. */
TEST(lists_of_benchmark)
{
    Options o = parsed(&benchmark, "");

    expect(o.models.count == 0 && o.formats.count == 0 && o.answer_tokens == 64
           && o.prompt_tokens == 512 && o.repeat == 5 && o.baseline == NULL);
    o = parsed(&benchmark, "--model A --quantize int8 --model B --quantize=none -n 3 "
               "--repeat 1000 --out F --record R --label L --suite speed");
    expect(o.models.count == 2 && o.formats.count == 2 && o.stop.count == 0);
    expect_text(o.models.item[1], "B");
    expect_text(o.formats.item[0], "int8");
    expect_text(o.formats.item[1], "none");
    expect_text(o.model, "storyteller");
    expect(o.answer_tokens == 3 && o.n == 128 && o.repeat == 1000);
    refused(&benchmark, "--quantize int5", "benchmark: --quantize is \"int5\", and it "
            "must be none, int8 or int4");
    refused(&benchmark, "--model=", "benchmark: --model is an empty text");
    refused(&benchmark, "-n 0", "benchmark: -n is \"0\", and it must be a whole number "
            "from 1 to 1073741824");
    refused(&generate, "--repeat 2", "generate: takes no --repeat; that is an option of "
            "benchmark");
}

TEST(words_are_joined)
{
    Options o = parsed(&generate, "Once -n 3 upon a_time - ''");

    expect_text(o.words, "Once upon a time - ");
    expect_int(o.n, 3);
    options_free(&o);
    expect(o.words == NULL);
    o = parsed(&generate, "-n 3 -- -n --json -- x");
    expect_text(o.words, "-n --json -- x");
    expect(o.n == 3 && !o.json);
    options_free(&o);
    o = parsed(&generate, "--prompt=");
    expect_text(o.prompt, "");
    o = parsed(&generate, "--prompt '' --system --no-such-thing --stop=--json");
    expect_text(o.prompt, "");
    expect_text(o.system, "--no-such-thing");
    expect_text(o.stop.item[0], "--json");
    o = parsed(&generate, "-n 1 -n 2 -n=3");           /* the last one counts */
    expect_int(o.n, 3);
    expect(parsed(&models, "-h").help && parsed(&models, "--help").help);
    expect(parsed(&models, "--version").version);
}

/* The ranges of the contract: the ends are in, the next value is out. */
TEST(ranges)
{
    static const struct { const char *option, *bad[5], *range; } rows[] = {
        { "--threads", { "0", "1025", "-1" }, "a whole number from 1 to 1024" },
        { "--chunk", { "0", "4097" }, "a whole number from 1 to 4096" },
        { "--ctx", { "0", "1073741825" }, "a whole number from 1 to 1073741824" },
        { "-n", { "-1", "1073741825", "99999999999999999999999999" },
          "a whole number from 0 to 1073741824" },
        { "--top-k", { "-1", "1073741825" }, "a whole number from 0 to 1073741824" },
        { "--logprobs", { "-1", "1001" }, "a whole number from 0 to 1000" },
        { "--seed", { "-1", "9007199254740992", "18446744073709551616", "1.5" },
          "a whole number from 0 to 9007199254740991" },
        { "--temperature", { "-0.1", "100.1", "nan", "inf", "1e999" },
          "a number from 0 to 100" },
        { "--top-p", { "2", "1.0000001", "-1", "NAN", "infinity" },
          "a number from 0 to 1" },
        { "--min-p", { "1.1", "-1e-9" }, "a number from 0 to 1" },
        { "--repeat-penalty", { "0", "0.009", "101" }, "a number from 0.01 to 100" },
    };

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (int i = 0; i < 5 && rows[r].bad[i] != NULL; i++) {
            char line[100], sentence[200];

            snprintf(line, sizeof line, "word %s %s", rows[r].option,
                     rows[r].bad[i]);
            snprintf(sentence, sizeof sentence, "generate: %s is \"%s\", and it "
                     "must be %s", rows[r].option, rows[r].bad[i], rows[r].range);
            refused(&generate, line, sentence);
        }
    refused(&logits, "--top 0",
            "logits: --top is \"0\", and it must be a whole number from 1 to 1000000");
    expect_int(parsed(&generate, "--logprobs 1000").logprobs, 1000);
    expect_int(parsed(&generate, "-n 1073741824").n, 1073741824);
    expect_close(parsed(&generate, "--temperature 100").temperature, 100, 0);
    expect_close(parsed(&generate, "--repeat-penalty 100").repeat_penalty, 100, 0);
}

TEST(strict_numbers)
{
    static const char *const whole[] = { "''", "5x", "0x10", "1e3", "1.0", "_5",
                                         "5_", "+5", "--", "-", "٣", "1,000" };
    static const char *const real[] = { "''", ".", "-", "1.2.3", "1e", "e5", "1e+",
                                        "0x1p-2", "0,5", "1_", "_1", "1e1.5", "1f",
                                        "1e99999999999", "1e--1", "1e+-1" };

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        char line[100];
        char *argv[3];
        Options options;
        Error error = {0};

        snprintf(line, sizeof line, "--chunk %s", whole[i]);
        if (options_parse(&options, &generate, split(line, argv), argv, &error))
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", line);
        expect(error_mentions(&error, "a whole number from 1 to 4096"));
    }
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        char line[100];
        char *argv[3];
        Options options;
        Error error = {0};

        snprintf(line, sizeof line, "--temperature %s", real[i]);
        if (options_parse(&options, &generate, split(line, argv), argv, &error))
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", line);
        expect(error_mentions(&error, "a number from 0 to 100"));
    }
}

/* The C library reads the same text (in the C locale, as here): the same bits. */
TEST(reals_are_the_nearest_doubles)
{
    static const char *const texts[] = {
        "0", "1", "0.1", "0.7", "0.95", ".05", "1.", "99.999", "0.3333333333333",
        "1e-3", "1E-22", "2.5e+1", "0.000001", "1e0", "7e1", "100", "0e999",
        "000000000000000000000000012.5", "0.123456789012345", "-0",
        "1e-37", "0.12345678901234567890", "12345678901234567890e-20",
        "4.35e-320", "0.1000000000000000055511151231257827021181583404541015626",
    };
    uint64_t state = 1;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char line[100];

        snprintf(line, sizeof line, "--temperature %s", texts[i]);
        expect_close(parsed(&generate, line).temperature, strtod(texts[i], NULL), 0);
    }
    for (int i = 0; i < 100000; i++) {
        char text[40], line[60];

        snprintf(text, sizeof text, "%u.%0*u", test_random(&state) % 100,
                 1 + (int)(test_random(&state) % 9), test_random(&state) % 1000000);
        snprintf(line, sizeof line, "--temperature=%s", text);
        expect_close(parsed(&generate, line).temperature, strtod(text, NULL), 0);
    }
}

TEST(sentences)
{
    refused(&generate, "--modle x", "generate: unknown option --modle, did you mean "
            "--model? ./run generate --help shows all of them");
    refused(&generate, "--tempreature=1", "generate: unknown option --tempreature, "
            "did you mean --temperature? ./run generate --help shows all of them");
    refused(&generate, "a --qqqqqqqq", "generate: unknown option --qqqqqqqq; ./run "
            "generate --help shows all of them");
    refused(&convert, "--dtpye F16", "convert: unknown option --dtpye, did you mean "
            "--dtype? build/weights-tools/convert --help shows all of them");
    refused(&generate, "-x", "generate: unknown option -x; ./run generate --help "
            "shows all of them");
    refused(&tokenize, "--top-k 3", "tokenize: takes no --top-k; that is an option "
            "of generate, speculative, chapter00_map, chapter05_sampling "
            "and chapter07_speculative");
    refused(&generate, "--ids 3", "generate: takes no --ids; that is an option of "
            "logits");
    refused(&models, "--model x", "models: takes no --model; that is an option of "
            "tokenize, detokenize, logits, generate, speculative, perplexity, "
            "chapter00_map, chapter01_tokenizer, chapter02_weights, chapter03_layers, "
            "chapter04_attention, chapter05_sampling, chapter07_speculative, "
            "chapter06_quantize and chapter09_speed");
    refused(&generate, "--json=1", "generate: --json takes no value");
    refused(&generate, "--top-k", "generate: --top-k needs a value, a whole number "
            "from 0 to 1073741824: --top-k K");
    refused(&generate, "--model --json", "generate: --model needs a value: "
            "--model M");
    refused(&generate, "--kv f64", "generate: --kv is \"f64\", and it must be f32 or "
            "f16");
    refused(&generate, "--kv f", "generate: --kv is \"f\", and it must be f32 or f16");
    refused(&generate, "--kv ''", "generate: --kv is \"\", and it must be f32 or f16");
    refused(&generate, "--kernels sse9", "generate: --kernels is \"sse9\", and it "
            "must be auto, plain, avx2, avx512 or neon");
    refused(&generate, "--color", "generate: --color needs a value, auto, always or "
            "never: --color auto|always|never");
    refused(&generate, "--stop=", "generate: --stop is an empty text, which would be "
            "found everywhere");
    refused(&generate, "--stop 1 --stop 2 --stop 3 --stop 4 --stop 5 --stop 6 "
            "--stop 7 --stop 8 --stop 9 --stop 10 --stop 11 --stop 12 --stop 13 "
            "--stop 14 --stop 15 --stop 16 --stop 17",
            "generate: --stop is given more than 16 times");
}

/* A name of any length and any bytes is only ever a sentence. */
TEST(long_names)
{
    static char name[5000] = "--";
    char *argv[] = { name };
    Options options;
    Error error = {0};

    memset(name + 2, 'x', sizeof name - 3);
    expect(!options_parse(&options, &generate, 1, argv, &error));
    expect(error_mentions(&error, "unknown option --xxx"));
    name[1] = '=';
    expect(!options_parse(&options, &generate, 1, argv, &error));
}

TEST(nearest)
{
    static const char *const names[] = { "chapter00_map", "chapter07_speculative",
                                         "tokenize", "generate", "models", NULL };
    static const char *const none[] = { NULL };

    expect_text(options_nearest("chapter07", names), "chapter07_speculative");
    expect_text(options_nearest("tokenise", names), "tokenize");
    expect_text(options_nearest("genarte", names), "generate");
    expect_text(options_nearest("model", names), "models");
    expect_text(options_nearest("generate", names), "generate");
    expect(options_nearest("kitten", names) == NULL);
    expect(options_nearest("", names) == NULL);
    expect(options_nearest("g", names) == NULL);
    expect(options_nearest("generate", none) == NULL);
}

/* Levenshtein's distance by way of what is still near: a third of the letters. */
TEST(a_third_of_the_letters)
{
    static const char *const names[] = { "abcdefghi", NULL };

    expect(options_nearest("abcdefxyz", names) != NULL);    /* 3 replaced    */
    expect(options_nearest("abcdexxyz", names) == NULL);    /* 4 replaced    */
    expect(options_nearest("bcdefghi_", names) != NULL);    /* moved: 2      */
    expect(options_nearest("abdefgi", names) != NULL);      /* 2 missing     */
    expect(options_nearest("adefi", names) == NULL);        /* 4 missing     */
    expect(options_nearest("axbcxdefxghi", names) != NULL); /* 3 too many    */
}

/* Is there a word that takes both? */
static bool share_a_word(const Option *a, const Option *b)
{
    char words[400], *word;

    if (strcmp(a->words, "*") == 0 || strcmp(b->words, "*") == 0)
        return true;
    snprintf(words, sizeof words, "%s", a->words);
    for (word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        if (option_belongs(b, word))
            return true;
    return false;
}

/* What the table says of itself: ranges fit the types, lists are spelled right. */
TEST(the_table)
{
    for (const Option *o = option_table; o->name != NULL; o++) {
        expect(o->name[0] == '-' && strlen(o->name) < 64 && o->help[0] != '\0');
        expect((o->kind == OPTION_FLAG) == (o->value == NULL));
        expect(o->field < sizeof(Options));
        if (o->kind == OPTION_INT)
            expect(o->low < o->high && o->low >= 0 && o->high <= 2147483647);
        if (o->kind == OPTION_CHOICE)
            expect(strchr(o->value, '|') != NULL);
        for (const Option *p = option_table; p < o; p++)
            expect((strcmp(p->name, o->name) != 0 || !share_a_word(p, o))
                   && (p->letter == 0 || p->letter != o->letter)
                   && (p->field != o->field || strcmp(p->name, o->name) == 0));
    }
}

const Test options_tests[] = {
    { "nothing typed: the defaults", nothing_typed },
    { "every option of generate", every_option_of_generate },
    { "every option of the other words", every_option_of_the_others },
    { "lists of benchmark", lists_of_benchmark },
    { "words are joined, -- ends the options", words_are_joined },
    { "ranges: the ends are in, the next is out", ranges },
    { "numbers are read strictly", strict_numbers },
    { "reals are the nearest doubles", reals_are_the_nearest_doubles },
    { "the sentences that say what is wrong", sentences },
    { "names of any length", long_names },
    { "the nearest name", nearest },
    { "near is a third of the letters", a_third_of_the_letters },
    { "the table keeps its own rules", the_table },
    { NULL, NULL },
};
