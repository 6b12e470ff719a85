/* download.c - fetch models and benchmarks, and know that they are right
 *
 *      download tinyllama
 *         │
 *         ▼
 *      plan      what, how large, is there room?            hub/plan.c
 *         │      shown; a person at a terminal is asked
 *         ▼
 *      transfer  bytes, resumed where they stopped          hub/transfer.c, hub/curl.c
 *         │      checksum right, then a name                hub/sha.c, hub/store.c
 *         ▼
 *      the Hugging Face cache, where other programs look too
 *
 *      download --verify       every checksum again, without the network (hub/verify.c)
 *      download                what there is to fetch
 *
 * Models are found by ./run where the hub's own tools keep them, so nothing is fetched
 * twice: what those have fetched is used here, and the other way round. Benchmarks lie
 * in a folder of our own (hub/benchplace.h).
 *
 * Exit codes: 1 something is damaged (--verify), 2 a name, 3 no model that can be read,
 * 4 the network, a refusal or a checksum, 5 no room, 130 Ctrl-C. After any of them the
 * same command goes on where it stopped.
 *
 * Read next: weights-tools/hub/plan.c.
 */
#include "weights-tools/common/tool.h"

#include <errno.h>              /* EINTR: Ctrl-C at the question             */
#include <string.h>             /* strcmp                                    */
#include <unistd.h>             /* isatty: also a dumb terminal has a person  */

#include "base/command.h"
#include "base/interrupt.h"
#include "decode/modelname.h"
#include "files/json_write.h"
#include "weights-tools/hub/transfer.h"
#include "weights-tools/hub/verify.h"

static const char *repository_of(const char *name)
{
    for (const ModelName *m = model_names; m->name != NULL; m++)
        if (strcmp(m->name, name) == 0)
            return m->repository;
    return strcmp(name, "mmlu") == 0 ? "datasets/cais/mmlu" : "openai/human-eval";
}

/* ---- without a word: what there is */

static void list_json(const Settings *settings)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_array(&w, "available");
    for (const KnownDownload *k = known_downloads; k->name != NULL; k++) {
        json_write_object(&w, NULL);
        json_write_word(&w, "name", k->name);
        json_write_word(&w, "repository", repository_of(k->name));
        json_write_integer(&w, "about_bytes", k->bytes);
        json_write_word(&w, "licence", k->licence);
        json_write_bool(&w, "here", verify_is_here(k->name, settings));
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

static void list(const Settings *settings)
{
    char bytes[32];

    for (const KnownDownload *k = known_downloads; k->name != NULL; k++)
        printf("%-15s %10s  %-5s %s\n%34s%s\n", k->name, plan_bytes(bytes, k->bytes),
               verify_is_here(k->name, settings) ? "here" : "", k->what, "", k->licence);
    printf("Any other model of the hub: org/name or org/name@revision.\n"
           "Models go into %s,\nbenchmarks into %s.\n", settings->cache, settings->bench);
}

/* ---- --verify */

static const char *const verified_words[] = { "right", "damaged", "gone", "unknown" };

static void show_verified(const Verification *v)
{
    char bytes[32];
    const char *typed = NULL;
    int unknown = 0, right = 0;

    for (int i = 0; i < v->count; i++) {
        const VerifiedFile *f = &v->files[i];

        right += f->result == VERIFIED_RIGHT;
        unknown += f->result == VERIFIED_UNKNOWN;
        if (f->result != VERIFIED_RIGHT || v->count < 100)
            printf("%-8s %s: %s%s%s%s\n", verified_words[f->result], f->typed, f->file,
                   f->size >= 0 ? " (" : "", f->size >= 0 ? plan_bytes(bytes, f->size) : "",
                   f->size >= 0 ? ")" : "");
    }
    printf("%d right, %d damaged or gone, %d without a known checksum\n", right, v->wrong,
           unknown);
    for (int i = 0; i < v->count; i++)
        if ((v->files[i].result == VERIFIED_DAMAGED || v->files[i].result == VERIFIED_GONE)
            && (typed == NULL || strcmp(typed, v->files[i].typed) != 0)) {
            typed = v->files[i].typed;
            printf("to repair it: download %s\n", typed);
        }
}

static void verified_json(const Verification *v)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_array(&w, "verified");
    for (int i = 0; i < v->count; i++) {
        json_write_object(&w, NULL);
        json_write_word(&w, "name", v->files[i].typed);
        json_write_word(&w, "file", v->files[i].file);
        json_write_integer(&w, "bytes", v->files[i].size);
        json_write_word(&w, "result", verified_words[v->files[i].result]);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_integer(&w, "wrong", v->wrong);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* The words, or all short names of which something is here. */
static int verify(const Options *options, const Settings *settings)
{
    Verification v = {0};
    Error error = {0};
    bool fine = true;
    int code;

    for (int i = 0; fine && i < options->arguments; i++)
        fine = verify_word(&v, options->argument[i], settings, &error);
    for (const KnownDownload *k = known_downloads;
         fine && options->arguments == 0 && k->name != NULL; k++)
        fine = !verify_is_here(k->name, settings)
            || verify_word(&v, k->name, settings, &error);
    code = tool_finish(fine, &error);
    if (fine && options->json)
        verified_json(&v);
    else if (fine)
        show_verified(&v);
    if (fine && v.wrong > 0)
        code = EXIT_CHECK;
    verify_free(&v);
    return code;
}

/* ---- fetching */

/* Only a person is asked. Empty and y are yes. Errors: 130. */
static bool agreed(const Options *options, const Plan *plan, bool *yes, Error *error)
{
    char answer[16], bytes[32];

    *yes = true;
    if (options->yes || plan->missing == 0 || !isatty(STDIN_FILENO))
        return true;
    fflush(stdout);
    fprintf(stderr, "Fetch %s? [Y/n] ", plan_bytes(bytes, plan->missing));
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        fputc('\n', stderr);
        *yes = false;
        return !interrupt_asked()
            || error_code(error, EXIT_INTERRUPTED, "interrupted; nothing was fetched");
    }
    *yes = strchr("yY\n", answer[0]) != NULL;
    return true;
}

static void fetched_json(const Plan *plan)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_array(&w, "downloads");
    for (int i = 0; i < plan->count; i++) {
        const Parcel *p = &plan->parcels[i];

        json_write_object(&w, NULL);
        json_write_word(&w, "name", p->typed);
        json_write_word(&w, "repository", p->name.repository);
        json_write_word(&w, "commit", p->commit);
        json_write_word(&w, "folder", p->folder);
        json_write_array(&w, "files");
        for (int k = 0; k < p->count; k++) {
            json_write_object(&w, NULL);
            json_write_word(&w, "file", p->pieces[k].file);
            json_write_integer(&w, "bytes", p->pieces[k].size);
            json_write_word(&w, "checksum", p->pieces[k].checksum);
            json_write_bool(&w, "fetched", p->pieces[k].state == PIECE_FETCHED);
            json_write_object_end(&w);
        }
        json_write_array_end(&w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_integer(&w, "bytes", plan->size);
    json_write_integer(&w, "fetched_bytes", plan->missing);
    json_write_object_end(&w);
    json_write_line(&w);
}

static void say_done(const Plan *plan)
{
    for (int i = 0; i < plan->count; i++) {
        const Parcel *p = &plan->parcels[i];
        int fetched = 0;

        for (int k = 0; k < p->count; k++)
            fetched += p->pieces[k].state == PIECE_FETCHED;
        printf("%s: %s; every checksum is right", p->typed,
               fetched > 0 ? "fetched" : "all of it is here");
        if (p->kind == PARCEL_MODEL) {
            command_print(stdout, "\n    ./run generate --model ");
            printf("%s --prompt \"Once upon a time\"", p->typed);
        }
        printf("\n");
    }
}

static bool fetch(const Options *options, const Settings *settings, Plan *plan, Error *error)
{
    bool yes;

    if (!plan_make(plan, settings, options->argument,
                   min_int(options->arguments, OPTIONS_ARGUMENTS), error))
        return false;
    plan_show(options->json ? stderr : stdout, plan);
    if (!agreed(options, plan, &yes, error))
        return false;
    if (!yes) {
        fprintf(stderr, "nothing was fetched\n");
        return true;
    }
    fflush(stdout);
    if (!transfer_plan(plan, settings, error))
        return false;
    if (options->json)
        fetched_json(plan);
    else
        say_done(plan);
    return true;
}

/* A server could say the token back in what we quote. */
static void hide_token(Error *error, const char *token)
{
    for (char *p; token[0] != '\0' && (p = strstr(error->text, token)) != NULL;)
        memset(p, '*', strlen(token));
}

static int download(const Options *options)
{
    Settings settings;
    Error error = {0};
    Plan plan = {0};
    bool fine;

    if (!settings_read(&settings, &error))
        return tool_finish(false, &error);
    if (options->arguments > OPTIONS_ARGUMENTS)
        return tool_finish(error_code(&error, EXIT_USAGE, "at most %d words at once",
                                      OPTIONS_ARGUMENTS), &error);
    if (options->verify)
        return verify(options, &settings);
    if (options->arguments == 0) {
        if (options->json)
            list_json(&settings);
        else
            list(&settings);
        return EXIT_FINE;
    }
    if (settings.offline)
        return tool_finish(error_code(&error, EXIT_CRASH, "HF_HUB_OFFLINE is set, so nobody is "
                                      "asked and nothing fetched; unset it, or use --verify, "
                                      "which needs no network"), &error);
    if (settings.token[0] != '\0' && strncmp(settings.endpoint, "http:", 5) == 0)
        fprintf(stderr, "note: HF_ENDPOINT begins with http: your token travels without "
                "encryption\n");
    fine = fetch(options, &settings, &plan, &error);
    hide_token(&error, settings.token);
    plan_free(&plan);
    return tool_finish(fine, &error);
}

static const Word word = {
    .name = "download", .run = download, .arguments = "[NAME…]",
    .summary = "fetch models and benchmarks, verified, resumed where it stopped",
    .examples = "build/weights-tools/download smollm2-135m"
                "      # the smallest one that chats\n"
                "build/weights-tools/download tinyllama llama-68m-chat   # and a draft for it\n"
                "build/weights-tools/download EleutherAI/pythia-1b@step3000\n"
                "build/weights-tools/download mmlu humaneval\n"
                "build/weights-tools/download --verify\n",
};

int main(int argc, char **argv)
{
    return tool_main(&word, argc, argv);
}
